//! Target groups and their targets on the wire.

use serde_json::{Value, json};
use simulator_core::elb::target_group::TargetType;
use simulator_core::elb::{
    CreateTargetGroup, DeregisterTargets, DescribeTargetGroupAttributes, DescribeTargetGroups, DescribeTargetHealth,
    HealthCheck, ModifyTargetGroup, ModifyTargetGroupAttributes, RegisterTargets, TargetDescription, TargetGroup,
    TargetName,
};
use simulator_core::{Home, Page, Refusal};

use super::shape::{self, INVALID};
use crate::wire::Input;

pub(super) fn create(input: &mut Input, _: &Home) -> Result<CreateTargetGroup, Refusal> {
    for (key, value) in [("Protocol", "HTTP"), ("ProtocolVersion", "HTTP1"), ("IpAddressType", "ipv4")] {
        shape::only(input, key, &[value])?;
    }
    probed_as_usual(input)?;
    let default = HealthCheck::default();
    let matcher = matcher(input)?.unwrap_or(default.matcher);
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

/// Takes what of a health check can have one value only.
fn probed_as_usual(input: &mut Input) -> Result<(), Refusal> {
    shape::only(input, "HealthCheckProtocol", &["HTTP"])?;
    shape::only(input, "HealthCheckPort", &["traffic-port"])?;
    if input.boolean("HealthCheckEnabled")? == Some(false) {
        return Err(Refusal::NotSimulated { what: "target groups of type ip without health checks".to_owned() });
    }
    Ok(())
}

fn matcher(input: &mut Input) -> Result<Option<String>, Refusal> {
    let Some(mut matcher) = input.structure("Matcher")? else { return Ok(None) };
    let codes = matcher.text("HttpCode")?;
    matcher.finish()?;
    Ok(codes)
}

pub(super) fn modify_check(input: &mut Input, _: &Home) -> Result<ModifyTargetGroup, Refusal> {
    probed_as_usual(input)?;
    Ok(ModifyTargetGroup {
        target_group: input.required("TargetGroupArn", INVALID)?,
        path: input.text("HealthCheckPath")?,
        interval: shape::seconds(input, "HealthCheckIntervalSeconds")?,
        timeout: shape::seconds(input, "HealthCheckTimeoutSeconds")?,
        healthy_threshold: shape::whole(input, "HealthyThresholdCount")?,
        unhealthy_threshold: shape::whole(input, "UnhealthyThresholdCount")?,
        matcher: matcher(input)?,
    })
}

pub(super) fn register(input: &mut Input, _: &Home) -> Result<RegisterTargets, Refusal> {
    Ok(RegisterTargets { target_group: input.required("TargetGroupArn", INVALID)?, targets: names(input)? })
}

pub(super) fn deregister(input: &mut Input, _: &Home) -> Result<DeregisterTargets, Refusal> {
    Ok(DeregisterTargets { target_group: input.required("TargetGroupArn", INVALID)?, targets: names(input)? })
}

/// Takes `Targets`. Their zone is ignored, as it is while load balancers spread requests over all zones.
fn names(input: &mut Input) -> Result<Vec<TargetName>, Refusal> {
    let name = |mut target: Input| {
        let name = TargetName { id: target.required("Id", INVALID)?, port: shape::port(&mut target, "Port")? };
        let _zone = target.text("AvailabilityZone")?;
        target.finish()?;
        Ok(name)
    };
    input.structures("Targets")?.into_iter().map(name).collect()
}

pub(super) fn created(group: &TargetGroup, _: &Home) -> Value {
    json!({ "TargetGroups": [json(group)] })
}

pub(super) fn describe(input: &mut Input, _: &Home) -> Result<DescribeTargetGroups, Refusal> {
    Ok(DescribeTargetGroups {
        arns: input.texts("TargetGroupArns")?,
        names: input.texts("Names")?,
        load_balancer: input.text("LoadBalancerArn")?,
        window: shape::window(input)?,
    })
}

pub(super) fn described(page: &Page<TargetGroup>, _: &Home) -> Value {
    shape::paged("TargetGroups", page, json)
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

pub(super) fn attributes(input: &mut Input, _: &Home) -> Result<DescribeTargetGroupAttributes, Refusal> {
    Ok(DescribeTargetGroupAttributes { target_group: input.required("TargetGroupArn", INVALID)? })
}

pub(super) fn modify(input: &mut Input, _: &Home) -> Result<ModifyTargetGroupAttributes, Refusal> {
    Ok(ModifyTargetGroupAttributes {
        target_group: input.required("TargetGroupArn", INVALID)?,
        attributes: shape::attributes(input)?,
    })
}

pub(super) fn attributed(attributes: &[(String, String)], _: &Home) -> Value {
    let attribute = |(key, value): &(String, String)| json!({ "Key": key, "Value": value });
    json!({ "Attributes": attributes.iter().map(attribute).collect::<Vec<_>>() })
}

pub(super) fn health(input: &mut Input, _: &Home) -> Result<DescribeTargetHealth, Refusal> {
    Ok(DescribeTargetHealth { target_group: input.required("TargetGroupArn", INVALID)?, targets: names(input)? })
}

pub(super) fn healthy(targets: &[TargetDescription], _: &Home) -> Value {
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
