//! Load balancers, listeners and tags on the wire.

use serde_json::{Value, json};
use simulator_core::elb::{
    CreateListener, CreateLoadBalancer, DescribeListeners, DescribeLoadBalancers, DescribeTags, Listener, LoadBalancer,
};
use simulator_core::{Refusal, World};

use super::{INVALID, encode_tags, number, only, tags};
use crate::wire::{self, Input, Row, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("CreateLoadBalancer", decode_create, |balancer: LoadBalancer, world| {
            json!({"LoadBalancers": [encode(&balancer, world)]})
        }),
        row("DescribeLoadBalancers", decode_describe, |balancers: Vec<LoadBalancer>, world| {
            let balancers: Value = balancers.iter().map(|it| encode(it, world)).collect();
            json!({"LoadBalancers": balancers})
        }),
        row("CreateListener", decode_create_listener, |listener: Listener, _| {
            json!({"Listeners": [encode_listener(&listener)]})
        }),
        row("DescribeListeners", decode_describe_listeners, |listeners: Vec<Listener>, _| {
            let listeners: Value = listeners.iter().map(encode_listener).collect();
            json!({"Listeners": listeners})
        }),
        row("DescribeTags", decode_describe_tags, |tags, _| encode_tags(&tags)),
    ]
}

fn decode_create(input: &mut Input, _: &World) -> Result<CreateLoadBalancer, Refusal> {
    only(input, "Type", "application")?;
    only(input, "IpAddressType", "ipv4")?;
    Ok(CreateLoadBalancer {
        name: input.required("Name", INVALID)?,
        subnets: input.texts("Subnets")?,
        security_groups: input.texts("SecurityGroups")?,
        scheme: input.text("Scheme")?,
        tags: tags(input)?,
    })
}

fn decode_describe(input: &mut Input, _: &World) -> Result<DescribeLoadBalancers, Refusal> {
    Ok(DescribeLoadBalancers { arns: input.texts("LoadBalancerArns")?, names: input.texts("Names")? })
}

fn decode_create_listener(input: &mut Input, _: &World) -> Result<CreateListener, Refusal> {
    only(input, "Protocol", "HTTP")?;
    let mut target_group = None;
    for mut action in input.structures("DefaultActions")? {
        only(&mut action, "Type", "forward")?;
        target_group = action.text("TargetGroupArn")?.or(target_group);
        action.finish()?;
    }
    Ok(CreateListener {
        load_balancer: input.required("LoadBalancerArn", INVALID)?,
        port: number(input, "Port")?.ok_or_else(|| Refusal::fault(INVALID, "A port must be specified"))?,
        target_group: target_group
            .ok_or_else(|| Refusal::fault(INVALID, "A default action with a target group must be specified"))?,
        tags: tags(input)?,
    })
}

fn decode_describe_listeners(input: &mut Input, _: &World) -> Result<DescribeListeners, Refusal> {
    Ok(DescribeListeners { load_balancer: input.text("LoadBalancerArn")?, arns: input.texts("ListenerArns")? })
}

fn decode_describe_tags(input: &mut Input, _: &World) -> Result<DescribeTags, Refusal> {
    Ok(DescribeTags { arns: input.texts("ResourceArns")? })
}

fn encode(balancer: &LoadBalancer, _: &World) -> Value {
    let zones: Value = balancer.subnets.iter().map(|subnet| json!({"SubnetId": subnet})).collect();
    json!({
        "LoadBalancerArn": balancer.arn.as_str(),
        "DNSName": balancer.dns_name,
        "CreatedTime": wire::time(balancer.created_at),
        "LoadBalancerName": balancer.name,
        "Scheme": balancer.scheme,
        "State": {"Code": "active"},
        "Type": "application",
        "AvailabilityZones": zones,
        "SecurityGroups": balancer.security_groups,
        "IpAddressType": "ipv4",
    })
}

fn encode_listener(listener: &Listener) -> Value {
    json!({
        "ListenerArn": listener.arn.as_str(),
        "LoadBalancerArn": listener.load_balancer.as_str(),
        "Port": listener.port,
        "Protocol": "HTTP",
        "DefaultActions": [{"Type": "forward", "TargetGroupArn": listener.target_group.as_str()}],
    })
}
