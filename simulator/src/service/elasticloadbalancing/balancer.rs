//! Load balancers, listeners and their tags on the wire.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simulator_core::elb::{
    CreateListener, CreateLoadBalancer, DescribeListeners, DescribeLoadBalancers, DescribeTags, Listener, LoadBalancer,
};
use simulator_core::{Arn, Refusal, World};

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
    let actions = input.structures("DefaultActions")?;
    let [action] = <[Input; 1]>::try_from(actions).map_err(|actions| Refusal::NotSimulated {
        what: format!("a listener with {} default actions", actions.len()),
    })?;
    Ok(CreateListener {
        load_balancer: input.required("LoadBalancerArn", INVALID)?,
        port: shape::port(input, "Port")?.ok_or_else(|| Refusal::fault(INVALID, "A port must be specified"))?,
        target_group: forward_to(action)?,
        tags: shape::tags(input)?,
    })
}

/// The target group of a forward action, whether it is written directly or as the one entry of `ForwardConfig`.
fn forward_to(mut action: Input) -> Result<String, Refusal> {
    shape::only(&mut action, "Type", &["forward"])?;
    let _order = action.integer("Order")?;
    let direct = action.text("TargetGroupArn")?;
    let mut configured = Vec::new();
    if let Some(mut forward) = action.structure("ForwardConfig")? {
        for mut group in forward.structures("TargetGroups")? {
            let _only_one_weight = group.integer("Weight")?;
            configured.push(group.required("TargetGroupArn", INVALID)?);
            group.finish()?;
        }
        forward.finish()?;
    }
    action.finish()?;
    if configured.len() > 1 {
        return Err(Refusal::NotSimulated { what: "a listener that forwards to several target groups".to_owned() });
    }
    let target_group = direct.or_else(|| configured.pop());
    target_group.ok_or_else(|| Refusal::fault(INVALID, "A target group must be specified for a forward action"))
}

pub(super) fn listener_created(listener: &Listener, _: &World) -> Value {
    json!({ "Listeners": [listener_json(listener)] })
}

pub(super) fn describe_listeners(input: &mut Input, _: &World) -> Result<DescribeListeners, Refusal> {
    // All are on the first page.
    let _size = input.integer("PageSize")?;
    Ok(DescribeListeners { load_balancer: input.text("LoadBalancerArn")?, arns: input.texts("ListenerArns")? })
}

pub(super) fn listeners_described(listeners: &[Listener], _: &World) -> Value {
    json!({ "Listeners": listeners.iter().map(listener_json).collect::<Vec<_>>() })
}

fn listener_json(listener: &Listener) -> Value {
    let Listener { arn, load_balancer, port, target_group, tags: _, reach: _ } = listener;
    let target_group = target_group.as_str();
    json!({
        "ListenerArn": arn.as_str(),
        "LoadBalancerArn": load_balancer.as_str(),
        "Port": port,
        "Protocol": "HTTP",
        "DefaultActions": [{
            "Type": "forward",
            "TargetGroupArn": target_group,
            "Order": 1,
            "ForwardConfig": {
                "TargetGroups": [{ "TargetGroupArn": target_group, "Weight": 1 }],
                "TargetGroupStickinessConfig": { "Enabled": false },
            },
        }],
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
