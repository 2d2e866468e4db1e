//! Target groups and their targets on the wire.

use serde_json::{Value, json};
use simulator_core::effect::Target;
use simulator_core::elb::target_group::TargetType;
use simulator_core::elb::{
    CreateTargetGroup, DescribeTargetGroupAttributes, DescribeTargetGroups, DescribeTargetHealth, HealthCheck,
    ModifyTargetGroupAttributes, TargetDescription, TargetGroup,
};
use simulator_core::{Refusal, World};

use super::shape::{self, INVALID};
use crate::wire::Input;

pub(super) fn create(input: &mut Input, _: &World) -> Result<CreateTargetGroup, Refusal> {
    for (key, values) in [
        ("Protocol", &["HTTP"][..]),
        ("ProtocolVersion", &["HTTP1"]),
        ("IpAddressType", &["ipv4"]),
        ("HealthCheckProtocol", &["HTTP"]),
        ("HealthCheckPort", &["traffic-port"]),
    ] {
        shape::only(input, key, values)?;
    }
    if input.boolean("HealthCheckEnabled")? == Some(false) {
        return Err(Refusal::NotSimulated { what: "target groups of type ip without health checks".to_owned() });
    }
    let default = HealthCheck::default();
    let matcher = match input.structure("Matcher")? {
        Some(mut matcher) => {
            let codes = matcher.text("HttpCode")?;
            matcher.finish()?;
            codes.unwrap_or(default.matcher)
        }
        None => default.matcher,
    };
    Ok(CreateTargetGroup {
        name: input.required("Name", INVALID)?,
        port: shape::port(input, "Port")?.ok_or_else(|| Refusal::fault(INVALID, "A port must be specified"))?,
        vpc: input.required("VpcId", INVALID)?,
        target_type: match shape::only(input, "TargetType", &["ip", "instance"])?.as_deref() {
            Some("ip") => TargetType::Ip,
            Some(_) | None => TargetType::Instance,
        },
        health_check: HealthCheck {
            path: input.text("HealthCheckPath")?.unwrap_or(default.path),
            interval: shape::seconds(input, "HealthCheckIntervalSeconds")?.unwrap_or(default.interval),
            timeout: shape::seconds(input, "HealthCheckTimeoutSeconds")?.unwrap_or(default.timeout),
            healthy_threshold: shape::whole(input, "HealthyThresholdCount")?.unwrap_or(default.healthy_threshold),
            unhealthy_threshold: shape::whole(input, "UnhealthyThresholdCount")?.unwrap_or(default.unhealthy_threshold),
            matcher,
        },
        tags: shape::tags(input)?,
    })
}

pub(super) fn created(group: &TargetGroup, _: &World) -> Value {
    json!({ "TargetGroups": [json(group)] })
}

pub(super) fn describe(input: &mut Input, _: &World) -> Result<DescribeTargetGroups, Refusal> {
    // All are on the first page.
    let _size = input.integer("PageSize")?;
    Ok(DescribeTargetGroups {
        arns: input.texts("TargetGroupArns")?,
        names: input.texts("Names")?,
        load_balancer: input.text("LoadBalancerArn")?,
    })
}

pub(super) fn described(groups: &[TargetGroup], _: &World) -> Value {
    json!({ "TargetGroups": groups.iter().map(json).collect::<Vec<_>>() })
}

fn json(group: &TargetGroup) -> Value {
    let HealthCheck { path, interval, timeout, healthy_threshold, unhealthy_threshold, matcher } = &group.health_check;
    json!({
        "TargetGroupArn": group.arn.as_str(),
        "TargetGroupName": group.name,
        "Protocol": "HTTP",
        "Port": group.port,
        "VpcId": group.vpc,
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckEnabled": true,
        "HealthCheckIntervalSeconds": interval.as_secs(),
        "HealthCheckTimeoutSeconds": timeout.as_secs(),
        "HealthyThresholdCount": healthy_threshold,
        "UnhealthyThresholdCount": unhealthy_threshold,
        "HealthCheckPath": path,
        "Matcher": { "HttpCode": matcher },
        "LoadBalancerArns": group.load_balancer.iter().map(|arn| arn.as_str()).collect::<Vec<_>>(),
        "TargetType": group.target_type.as_str(),
        "ProtocolVersion": "HTTP1",
        "IpAddressType": "ipv4",
    })
}

pub(super) fn attributes(input: &mut Input, _: &World) -> Result<DescribeTargetGroupAttributes, Refusal> {
    Ok(DescribeTargetGroupAttributes { target_group: input.required("TargetGroupArn", INVALID)? })
}

pub(super) fn modify(input: &mut Input, _: &World) -> Result<ModifyTargetGroupAttributes, Refusal> {
    let attribute = |mut attribute: Input| {
        let pair = (attribute.required("Key", INVALID)?, attribute.text("Value")?.unwrap_or_default());
        attribute.finish()?;
        Ok(pair)
    };
    Ok(ModifyTargetGroupAttributes {
        target_group: input.required("TargetGroupArn", INVALID)?,
        attributes: input.structures("Attributes")?.into_iter().map(attribute).collect::<Result<_, Refusal>>()?,
    })
}

pub(super) fn attributed(attributes: &[(String, String)], _: &World) -> Value {
    let attribute = |(key, value): &(String, String)| json!({ "Key": key, "Value": value });
    json!({ "Attributes": attributes.iter().map(attribute).collect::<Vec<_>>() })
}

pub(super) fn health(input: &mut Input, world: &World) -> Result<DescribeTargetHealth, Refusal> {
    let target_group = input.required("TargetGroupArn", INVALID)?;
    let default_port = target_group.parse().ok().and_then(|arn| world.elb().target_group(&arn)).map(|group| group.port);
    let target = |mut target: Input| {
        let id = target.required("Id", INVALID)?;
        let port = shape::port(&mut target, "Port")?.or(default_port).unwrap_or(0);
        target.finish()?;
        let address =
            id.parse().map_err(|_| Refusal::fault("InvalidTarget", format!("The target '{id}' is not valid")))?;
        Ok(Target { address, port })
    };
    let targets = input.structures("Targets")?.into_iter().map(target).collect::<Result<_, Refusal>>()?;
    Ok(DescribeTargetHealth { target_group, targets })
}

pub(super) fn healthy(targets: &[TargetDescription], _: &World) -> Value {
    json!({ "TargetHealthDescriptions": targets.iter().map(target_json).collect::<Vec<_>>() })
}

fn target_json(described: &TargetDescription) -> Value {
    let TargetDescription { target, state, reason } = described;
    let mut health = json!({ "State": state.as_str() });
    if let Some(reason) = reason {
        health["Reason"] = json!(reason.code);
        health["Description"] = json!(reason.description);
    }
    json!({
        "Target": { "Id": target.address.to_string(), "Port": target.port },
        "HealthCheckPort": target.port.to_string(),
        "TargetHealth": health,
    })
}
