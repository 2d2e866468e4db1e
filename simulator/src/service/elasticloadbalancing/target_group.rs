//! Target groups and the health of targets on the wire.

use std::time::Duration;

use serde_json::{Value, json};
use simulator_core::effect::Target;
use simulator_core::elb::target_group::TargetType;
use simulator_core::elb::{
    CreateTargetGroup, DescribeTargetGroupAttributes, DescribeTargetGroups, DescribeTargetHealth, HealthCheck,
    ModifyTargetGroupAttributes, TargetDescription, TargetGroup,
};
use simulator_core::{Refusal, World};

use super::{INVALID, number, only, tags};
use crate::wire::{Input, Row, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("CreateTargetGroup", decode_create, |group: TargetGroup, _| json!({"TargetGroups": [encode(&group)]})),
        row("DescribeTargetGroups", decode_describe, |groups: Vec<TargetGroup>, _| {
            let groups: Value = groups.iter().map(encode).collect();
            json!({"TargetGroups": groups})
        }),
        row("DescribeTargetGroupAttributes", decode_attributes, |attributes, _| encode_attributes(&attributes)),
        row("ModifyTargetGroupAttributes", decode_modify, |attributes, _| encode_attributes(&attributes)),
        row("DescribeTargetHealth", decode_health, |targets: Vec<TargetDescription>, _| {
            let targets: Value = targets.iter().map(encode_health).collect();
            json!({"TargetHealthDescriptions": targets})
        }),
    ]
}

fn decode_create(input: &mut Input, _: &World) -> Result<CreateTargetGroup, Refusal> {
    only(input, "Protocol", "HTTP")?;
    only(input, "ProtocolVersion", "HTTP1")?;
    only(input, "HealthCheckProtocol", "HTTP")?;
    only(input, "HealthCheckPort", "traffic-port")?;
    only(input, "HealthCheckEnabled", "true")?;
    let matcher = match input.structure("Matcher")? {
        None => None,
        Some(mut matcher) => {
            let code = matcher.text("HttpCode")?;
            matcher.finish()?;
            code
        }
    };
    let usual = HealthCheck::default();
    let seconds = |given: Option<u64>, usual: Duration| given.map_or(usual, Duration::from_secs);
    Ok(CreateTargetGroup {
        name: input.required("Name", INVALID)?,
        port: number(input, "Port")?.ok_or_else(|| Refusal::fault(INVALID, "A port must be specified"))?,
        vpc: input.required("VpcId", INVALID)?,
        target_type: match input.text("TargetType")?.as_deref() {
            Some("ip") => TargetType::Ip,
            None | Some("instance") => TargetType::Instance,
            Some(other) => return Err(Refusal::NotSimulated { what: format!("target type `{other}` of ELB") }),
        },
        health_check: HealthCheck {
            path: input.text("HealthCheckPath")?.unwrap_or(usual.path),
            interval: seconds(number(input, "HealthCheckIntervalSeconds")?, usual.interval),
            timeout: seconds(number(input, "HealthCheckTimeoutSeconds")?, usual.timeout),
            healthy_threshold: number(input, "HealthyThresholdCount")?.unwrap_or(usual.healthy_threshold),
            unhealthy_threshold: number(input, "UnhealthyThresholdCount")?.unwrap_or(usual.unhealthy_threshold),
            matcher: matcher.unwrap_or(usual.matcher),
        },
        tags: tags(input)?,
    })
}

fn decode_describe(input: &mut Input, _: &World) -> Result<DescribeTargetGroups, Refusal> {
    Ok(DescribeTargetGroups {
        arns: input.texts("TargetGroupArns")?,
        names: input.texts("Names")?,
        load_balancer: input.text("LoadBalancerArn")?,
    })
}

fn decode_attributes(input: &mut Input, _: &World) -> Result<DescribeTargetGroupAttributes, Refusal> {
    Ok(DescribeTargetGroupAttributes { target_group: input.required("TargetGroupArn", INVALID)? })
}

fn decode_modify(input: &mut Input, _: &World) -> Result<ModifyTargetGroupAttributes, Refusal> {
    let mut attributes = Vec::new();
    for mut attribute in input.structures("Attributes")? {
        attributes.push((attribute.required("Key", INVALID)?, attribute.text("Value")?.unwrap_or_default()));
        attribute.finish()?;
    }
    Ok(ModifyTargetGroupAttributes { target_group: input.required("TargetGroupArn", INVALID)?, attributes })
}

fn decode_health(input: &mut Input, _: &World) -> Result<DescribeTargetHealth, Refusal> {
    let mut targets = Vec::new();
    for mut target in input.structures("Targets")? {
        let id = target.required("Id", INVALID)?;
        let address = id.parse().map_err(|_| {
            Refusal::fault("InvalidTarget", format!("The IP address '{id}' is not a valid IPv4 address"))
        })?;
        let port = number(&mut target, "Port")?.ok_or_else(|| Refusal::fault(INVALID, "A port must be specified"))?;
        target.finish()?;
        targets.push(Target { address, port });
    }
    Ok(DescribeTargetHealth { target_group: input.required("TargetGroupArn", INVALID)?, targets })
}

fn encode(group: &TargetGroup) -> Value {
    let check = &group.health_check;
    let balancers: Value = group.load_balancer.iter().map(|arn| Value::from(arn.as_str())).collect();
    json!({
        "TargetGroupArn": group.arn.as_str(),
        "TargetGroupName": group.name,
        "Protocol": "HTTP",
        "ProtocolVersion": "HTTP1",
        "Port": group.port,
        "VpcId": group.vpc,
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckEnabled": true,
        "HealthCheckIntervalSeconds": check.interval.as_secs(),
        "HealthCheckTimeoutSeconds": check.timeout.as_secs(),
        "HealthyThresholdCount": check.healthy_threshold,
        "UnhealthyThresholdCount": check.unhealthy_threshold,
        "HealthCheckPath": check.path,
        "Matcher": {"HttpCode": check.matcher},
        "LoadBalancerArns": balancers,
        "TargetType": group.target_type.as_str(),
        "IpAddressType": "ipv4",
    })
}

fn encode_attributes(attributes: &[(String, String)]) -> Value {
    let attributes: Value = attributes.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    json!({"Attributes": attributes})
}

fn encode_health(described: &TargetDescription) -> Value {
    let mut health = json!({"State": described.state.as_str()});
    if let Some(reason) = &described.reason {
        health["Reason"] = json!(reason.code);
        health["Description"] = json!(reason.description);
    }
    json!({
        "Target": {"Id": described.target.address.to_string(), "Port": described.target.port},
        "HealthCheckPort": described.target.port.to_string(),
        "TargetHealth": health,
    })
}
