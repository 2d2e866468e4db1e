//! Load balancers, listeners and their tags on the wire.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simulator_core::elb::{
    CreateListener, CreateLoadBalancer, DescribeListeners, DescribeLoadBalancers, DescribeTags, Listener, LoadBalancer,
};
use simulator_core::{Arn, Refusal, World};

use super::rule;
use super::shape::{self, INVALID};
use crate::wire::{Input, time};

pub(super) fn create(input: &mut Input, _: &World) -> Result<CreateLoadBalancer, Refusal> {
    shape::only(input, "Type", &["application"])?;
    shape::only(input, "IpAddressType", &["ipv4"])?;
    Ok(CreateLoadBalancer {
        name: input.required("Name", INVALID)?,
        subnets: input.texts("Subnets")?,
        security_groups: input.texts("SecurityGroups")?,
        scheme: input.text("Scheme")?,
        tags: shape::tags(input)?,
    })
}

pub(super) fn created(balancer: &LoadBalancer, _: &World) -> Value {
    json!({ "LoadBalancers": [json(balancer)] })
}

pub(super) fn describe(input: &mut Input, _: &World) -> Result<DescribeLoadBalancers, Refusal> {
    // All are on the first page.
    let _size = input.integer("PageSize")?;
    Ok(DescribeLoadBalancers { arns: input.texts("LoadBalancerArns")?, names: input.texts("Names")? })
}

pub(super) fn described(balancers: &[LoadBalancer], _: &World) -> Value {
    json!({ "LoadBalancers": balancers.iter().map(json).collect::<Vec<_>>() })
}

fn json(balancer: &LoadBalancer) -> Value {
    let LoadBalancer { arn, name, dns_name, scheme, vpc, subnets, security_groups, tags: _, created_at } = balancer;
    json!({
        "LoadBalancerArn": arn.as_str(),
        "DNSName": dns_name,
        "CreatedTime": time(*created_at),
        "LoadBalancerName": name,
        "Scheme": scheme,
        "VpcId": vpc,
        "State": { "Code": "active" },
        "Type": "application",
        "AvailabilityZones": subnets
            .iter()
            .map(|(subnet, zone)| json!({ "ZoneName": zone, "SubnetId": subnet, "LoadBalancerAddresses": [] }))
            .collect::<Vec<_>>(),
        "SecurityGroups": security_groups,
        "IpAddressType": "ipv4",
    })
}

pub(super) fn create_listener(input: &mut Input, _: &World) -> Result<CreateListener, Refusal> {
    shape::only(input, "Protocol", &["HTTP"])?;
    Ok(CreateListener {
        load_balancer: input.required("LoadBalancerArn", INVALID)?,
        port: shape::port(input, "Port")?.ok_or_else(|| Refusal::fault(INVALID, "A port must be specified"))?,
        forward: rule::forward(input, "DefaultActions")?,
        tags: shape::tags(input)?,
    })
}

pub(super) fn listener_created(listener: &Listener, world: &World) -> Value {
    json!({ "Listeners": [listener_json(listener, world)] })
}

pub(super) fn describe_listeners(input: &mut Input, _: &World) -> Result<DescribeListeners, Refusal> {
    // All are on the first page.
    let _size = input.integer("PageSize")?;
    Ok(DescribeListeners { load_balancer: input.text("LoadBalancerArn")?, arns: input.texts("ListenerArns")? })
}

pub(super) fn listeners_described(listeners: &[Listener], world: &World) -> Value {
    json!({ "Listeners": listeners.iter().map(|listener| listener_json(listener, world)).collect::<Vec<_>>() })
}

fn listener_json(listener: &Listener, world: &World) -> Value {
    let Listener { arn, load_balancer, port, tags: _, reach: _ } = listener;
    let default = world.elb().rules_of(arn).pop().map(|default| rule::action_json(&default.shares));
    json!({
        "ListenerArn": arn.as_str(),
        "LoadBalancerArn": load_balancer.as_str(),
        "Port": port,
        "Protocol": "HTTP",
        "DefaultActions": default.into_iter().collect::<Vec<_>>(),
    })
}

pub(super) fn describe_tags(input: &mut Input, _: &World) -> Result<DescribeTags, Refusal> {
    Ok(DescribeTags { arns: input.texts("ResourceArns")? })
}

pub(super) fn tags_described(found: &[(Arn, BTreeMap<String, String>)], _: &World) -> Value {
    let tag = |(key, value): (&String, &String)| json!({ "Key": key, "Value": value });
    let description = |(arn, tags): &(Arn, BTreeMap<String, String>)| json!({ "ResourceArn": arn.as_str(), "Tags": tags.iter().map(tag).collect::<Vec<_>>() });
    json!({ "TagDescriptions": found.iter().map(description).collect::<Vec<_>>() })
}
