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
use crate::wire::{row, viewing_row};

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
            row("CreateTargetGroup", target_group::create, |output, home| target_group::created(&output, home)),
            row("DescribeTargetGroups", target_group::describe, |output, home| target_group::described(&output, home)),
            row("DescribeTargetGroupAttributes", target_group::attributes, |output, home| {
                target_group::attributed(&output, home)
            }),
            row("ModifyTargetGroupAttributes", target_group::modify, |output, home| {
                target_group::attributed(&output, home)
            }),
            row("ModifyTargetGroup", target_group::modify_check, |output, home| target_group::created(&output, home)),
            row("DeleteTargetGroup", change::delete_group, change::done),
            row("RegisterTargets", target_group::register, change::done),
            row("DeregisterTargets", target_group::deregister, change::done),
            row("DescribeTargetHealth", target_group::health, |output, home| target_group::healthy(&output, home)),
            row("CreateLoadBalancer", balancer::create, |output, home| balancer::created(&output, home)),
            row("DescribeLoadBalancers", balancer::describe, |output, home| balancer::described(&output, home)),
            row("DescribeLoadBalancerAttributes", change::describe_attributes, |output, home| {
                target_group::attributed(&output, home)
            }),
            row("ModifyLoadBalancerAttributes", change::modify_attributes, |output, home| {
                target_group::attributed(&output, home)
            }),
            row("SetSecurityGroups", change::set_groups, change::groups_set),
            row("SetSubnets", change::set_subnets, |output, home| change::subnets_set(&output, home)),
            row("DeleteLoadBalancer", change::delete_balancer, change::done),
            viewing_row("CreateListener", balancer::create_listener, |output, world| {
                balancer::listener_created(&output, world)
            }),
            viewing_row("DescribeListeners", balancer::describe_listeners, |output, world| {
                balancer::listeners_described(&output, world)
            }),
            viewing_row("ModifyListener", change::modify_listener, |output, world| {
                balancer::listener_created(&output, world)
            }),
            row("DescribeListenerAttributes", change::describe_listener_attributes, |output, home| {
                target_group::attributed(&output, home)
            }),
            row("ModifyListenerAttributes", change::modify_listener_attributes, |output, home| {
                target_group::attributed(&output, home)
            }),
            row("DeleteListener", change::delete_listener, change::done),
            row("CreateRule", rule::create, |output, home| rule::one(&output, home)),
            row("DescribeRules", rule::describe, |output, home| rule::described(&output, home)),
            row("ModifyRule", rule::modify, |output, home| rule::one(&output, home)),
            row("DeleteRule", rule::delete, change::done),
            row("SetRulePriorities", change::set_priorities, |output, home| rule::several(&output, home)),
            row("AddTags", balancer::add_tags, change::done),
            row("RemoveTags", balancer::remove_tags, change::done),
            row("DescribeAccountLimits", change::limits, |output, home| change::limited(&output, home)),
            row("DescribeTags", balancer::describe_tags, |output, home| balancer::tags_described(&output, home)),
        ],
    }
}
