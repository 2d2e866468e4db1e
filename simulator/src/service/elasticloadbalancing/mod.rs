//! Elastic Load Balancing v2 on the wire: AWS Query.
//!
//! [`target_group`]s, [`balancer`]s with their listeners, [`rule`]s, what [`change`]s them, and what they share in [`shape`].

mod balancer;
mod change;
mod rule;
mod shape;
mod target_group;

#[cfg(test)]
mod tests;

use super::{Protocol, Service};
use crate::wire::row;

/// ELBv2 and its operations.
#[must_use]
pub fn service() -> Service {
    Service {
        signing_name: "elasticloadbalancing",
        protocol: Protocol::Query {
            namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
            denied: "AccessDenied",
        },
        operations: vec![
            row("CreateTargetGroup", target_group::create, |output, world| target_group::created(&output, world)),
            row("DescribeTargetGroups", target_group::describe, |output, world| {
                target_group::described(&output, world)
            }),
            row("DescribeTargetGroupAttributes", target_group::attributes, |output, world| {
                target_group::attributed(&output, world)
            }),
            row("ModifyTargetGroupAttributes", target_group::modify, |output, world| {
                target_group::attributed(&output, world)
            }),
            row("ModifyTargetGroup", target_group::modify_check, |output, world| target_group::created(&output, world)),
            row("DeleteTargetGroup", change::delete_group, change::done),
            row("RegisterTargets", target_group::register, change::done),
            row("DeregisterTargets", target_group::deregister, change::done),
            row("DescribeTargetHealth", target_group::health, |output, world| target_group::healthy(&output, world)),
            row("CreateLoadBalancer", balancer::create, |output, world| balancer::created(&output, world)),
            row("DescribeLoadBalancers", balancer::describe, |output, world| balancer::described(&output, world)),
            row("DescribeLoadBalancerAttributes", change::describe_attributes, |output, world| {
                target_group::attributed(&output, world)
            }),
            row("ModifyLoadBalancerAttributes", change::modify_attributes, |output, world| {
                target_group::attributed(&output, world)
            }),
            row("SetSecurityGroups", change::set_groups, change::groups_set),
            row("SetSubnets", change::set_subnets, |output, world| change::subnets_set(&output, world)),
            row("DeleteLoadBalancer", change::delete_balancer, change::done),
            row("CreateListener", balancer::create_listener, |output, world| {
                balancer::listener_created(&output, world)
            }),
            row("DescribeListeners", balancer::describe_listeners, |output, world| {
                balancer::listeners_described(&output, world)
            }),
            row("ModifyListener", change::modify_listener, |output, world| balancer::listener_created(&output, world)),
            row("DescribeListenerAttributes", change::describe_listener_attributes, |output, world| {
                target_group::attributed(&output, world)
            }),
            row("ModifyListenerAttributes", change::modify_listener_attributes, |output, world| {
                target_group::attributed(&output, world)
            }),
            row("DeleteListener", change::delete_listener, change::done),
            row("CreateRule", rule::create, |output, world| rule::one(&output, world)),
            row("DescribeRules", rule::describe, |output, world| rule::described(&output, world)),
            row("ModifyRule", rule::modify, |output, world| rule::one(&output, world)),
            row("DeleteRule", rule::delete, change::done),
            row("SetRulePriorities", change::set_priorities, |output, world| rule::several(&output, world)),
            row("AddTags", balancer::add_tags, change::done),
            row("RemoveTags", balancer::remove_tags, change::done),
            row("DescribeAccountLimits", change::limits, |output, world| change::limited(&output, world)),
            row("DescribeTags", balancer::describe_tags, |output, world| balancer::tags_described(&output, world)),
        ],
    }
}
