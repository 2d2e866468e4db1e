//! Load balancers, listeners and their tags on the wire.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simulator_core::elb::{
    AddTags, CreateListener, CreateLoadBalancer, DescribeListeners, DescribeLoadBalancers, DescribeTags, Listener,
    LoadBalancer, RemoveTags,
};
use simulator_core::{Arn, Home, Page, Refusal, World};

use super::rule;
use super::shape::{self, INVALID};
use crate::wire::{Input, time};

pub(super) fn create(input: &mut Input, _: &Home) -> Result<CreateLoadBalancer, Refusal> {
    shape::only(input, "Type", &["application"])?;
    shape::only(input, "IpAddressType", &["ipv4"])?;
    Ok(CreateLoadBalancer {
        name: input.required("Name", INVALID)?,
        subnets: shape::subnets(input)?,
        security_groups: input.texts("SecurityGroups")?,
        scheme: input.text("Scheme")?,
        tags: shape::tags(input)?,
    })
}

pub(super) fn created(balancer: &LoadBalancer, _: &Home) -> Value {
    json!({ "LoadBalancers": [json(balancer)] })
}

pub(super) fn describe(input: &mut Input, _: &Home) -> Result<DescribeLoadBalancers, Refusal> {
    Ok(DescribeLoadBalancers {
        arns: input.texts("LoadBalancerArns")?,
        names: input.texts("Names")?,
        window: shape::window(input)?,
    })
}

pub(super) fn described(page: &Page<LoadBalancer>, _: &Home) -> Value {
    shape::paged("LoadBalancers", page, json)
}

fn json(balancer: &LoadBalancer) -> Value {
    let LoadBalancer { arn, name, dns_name, scheme, vpc, subnets, security_groups, tags: _, created_at, attributes: _ } =
        balancer;
    json!({
        "LoadBalancerArn": arn.as_str(),
        "DNSName": dns_name,
        "CreatedTime": time(*created_at),
        "LoadBalancerName": name,
        "Scheme": scheme,
        "VpcId": vpc,
        "State": { "Code": "active" },
        "Type": "application",
        "AvailabilityZones": zones(subnets),
        "SecurityGroups": security_groups,
        "IpAddressType": "ipv4",
    })
}

/// The subnets of a load balancer with their zones.
pub(super) fn zones(subnets: &[(String, String)]) -> Value {
    let zone = |(subnet, zone): &(String, String)| json!({ "ZoneName": zone, "SubnetId": subnet, "LoadBalancerAddresses": [] });
    subnets.iter().map(zone).collect()
}

pub(super) fn create_listener(input: &mut Input, _: &Home) -> Result<CreateListener, Refusal> {
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

pub(super) fn describe_listeners(input: &mut Input, _: &Home) -> Result<DescribeListeners, Refusal> {
    Ok(DescribeListeners {
        load_balancer: input.text("LoadBalancerArn")?,
        arns: input.texts("ListenerArns")?,
        window: shape::window(input)?,
    })
}

pub(super) fn listeners_described(page: &Page<Listener>, world: &World) -> Value {
    shape::paged("Listeners", page, |listener| listener_json(listener, world))
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

pub(super) fn describe_tags(input: &mut Input, _: &Home) -> Result<DescribeTags, Refusal> {
    Ok(DescribeTags { arns: input.texts("ResourceArns")? })
}

pub(super) fn add_tags(input: &mut Input, _: &Home) -> Result<AddTags, Refusal> {
    Ok(AddTags { arns: input.texts("ResourceArns")?, tags: shape::tags(input)? })
}

pub(super) fn remove_tags(input: &mut Input, _: &Home) -> Result<RemoveTags, Refusal> {
    Ok(RemoveTags { arns: input.texts("ResourceArns")?, keys: input.texts("TagKeys")? })
}

pub(super) fn tags_described(found: &[(Arn, BTreeMap<String, String>)], _: &Home) -> Value {
    let tag = |(key, value): (&String, &String)| json!({ "Key": key, "Value": value });
    let description = |(arn, tags): &(Arn, BTreeMap<String, String>)| json!({ "ResourceArn": arn.as_str(), "Tags": tags.iter().map(tag).collect::<Vec<_>>() });
    json!({ "TagDescriptions": found.iter().map(description).collect::<Vec<_>>() })
}
