//! Changing and deleting on the wire.

use serde_json::{Value, json};
use simulator_core::elb::{
    DeleteListener, DeleteLoadBalancer, DeleteTargetGroup, DescribeAccountLimits, DescribeListenerAttributes,
    DescribeLoadBalancerAttributes, ModifyListener, ModifyListenerAttributes, ModifyLoadBalancerAttributes,
    SetRulePriorities, SetSecurityGroups, SetSubnets,
};
use simulator_core::{Home, Refusal};

use super::shape::{self, INVALID};
use super::{balancer, rule};
use crate::wire::Input;

/// The answer of an operation that has nothing to say.
pub(super) fn done((): (), _: &Home) -> Value {
    json!({})
}

pub(super) fn delete_balancer(input: &mut Input, _: &Home) -> Result<DeleteLoadBalancer, Refusal> {
    Ok(DeleteLoadBalancer { load_balancer: input.required("LoadBalancerArn", INVALID)? })
}

pub(super) fn delete_listener(input: &mut Input, _: &Home) -> Result<DeleteListener, Refusal> {
    Ok(DeleteListener { listener: input.required("ListenerArn", INVALID)? })
}

pub(super) fn delete_group(input: &mut Input, _: &Home) -> Result<DeleteTargetGroup, Refusal> {
    Ok(DeleteTargetGroup { target_group: input.required("TargetGroupArn", INVALID)? })
}

pub(super) fn modify_listener(input: &mut Input, _: &Home) -> Result<ModifyListener, Refusal> {
    shape::only(input, "Protocol", &["HTTP"])?;
    Ok(ModifyListener {
        listener: input.required("ListenerArn", INVALID)?,
        port: shape::port(input, "Port")?,
        forward: if input.has("DefaultActions") { Some(rule::forward(input, "DefaultActions")?) } else { None },
    })
}

pub(super) fn describe_attributes(input: &mut Input, _: &Home) -> Result<DescribeLoadBalancerAttributes, Refusal> {
    Ok(DescribeLoadBalancerAttributes { load_balancer: input.required("LoadBalancerArn", INVALID)? })
}

pub(super) fn modify_attributes(input: &mut Input, _: &Home) -> Result<ModifyLoadBalancerAttributes, Refusal> {
    Ok(ModifyLoadBalancerAttributes {
        load_balancer: input.required("LoadBalancerArn", INVALID)?,
        attributes: shape::attributes(input)?,
    })
}

pub(super) fn describe_listener_attributes(input: &mut Input, _: &Home) -> Result<DescribeListenerAttributes, Refusal> {
    Ok(DescribeListenerAttributes { listener: input.required("ListenerArn", INVALID)? })
}

pub(super) fn modify_listener_attributes(input: &mut Input, _: &Home) -> Result<ModifyListenerAttributes, Refusal> {
    Ok(ModifyListenerAttributes {
        listener: input.required("ListenerArn", INVALID)?,
        attributes: shape::attributes(input)?,
    })
}

pub(super) fn set_groups(input: &mut Input, _: &Home) -> Result<SetSecurityGroups, Refusal> {
    Ok(SetSecurityGroups {
        load_balancer: input.required("LoadBalancerArn", INVALID)?,
        security_groups: input.texts("SecurityGroups")?,
    })
}

pub(super) fn groups_set(groups: Vec<String>, _: &Home) -> Value {
    json!({ "SecurityGroupIds": groups })
}

pub(super) fn set_subnets(input: &mut Input, _: &Home) -> Result<SetSubnets, Refusal> {
    shape::only(input, "IpAddressType", &["ipv4"])?;
    Ok(SetSubnets { load_balancer: input.required("LoadBalancerArn", INVALID)?, subnets: shape::subnets(input)? })
}

pub(super) fn subnets_set(subnets: &[(String, String)], _: &Home) -> Value {
    json!({ "AvailabilityZones": balancer::zones(subnets), "IpAddressType": "ipv4" })
}

pub(super) fn set_priorities(input: &mut Input, _: &Home) -> Result<SetRulePriorities, Refusal> {
    let pair = |mut pair: Input| {
        let rule = pair.required("RuleArn", INVALID)?;
        let priority = shape::whole(&mut pair, "Priority")?;
        pair.finish()?;
        Ok((rule, priority.ok_or_else(|| Refusal::fault(INVALID, "A priority must be specified"))?))
    };
    let priorities = input.structures("RulePriorities")?.into_iter().map(pair).collect::<Result<_, Refusal>>()?;
    Ok(SetRulePriorities { priorities })
}

pub(super) fn limits(input: &mut Input, _: &Home) -> Result<DescribeAccountLimits, Refusal> {
    // All are on the first page.
    let _size = input.integer("PageSize")?;
    Ok(DescribeAccountLimits {})
}

pub(super) fn limited(limits: &[(&str, usize)], _: &Home) -> Value {
    let limit = |(name, most): &(&str, usize)| json!({ "Name": name, "Max": most.to_string() });
    json!({ "Limits": limits.iter().map(limit).collect::<Vec<_>>() })
}
