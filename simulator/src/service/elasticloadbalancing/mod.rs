//! Elastic Load Balancing v2 on the wire: AWS Query.
//!
//! [`target_group`]s, [`balancer`]s with their listeners, [`rule`]s, and what they share in [`shape`].

mod balancer;
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
            row("DescribeTargetHealth", target_group::health, |output, world| target_group::healthy(&output, world)),
            row("CreateLoadBalancer", balancer::create, |output, world| balancer::created(&output, world)),
            row("DescribeLoadBalancers", balancer::describe, |output, world| balancer::described(&output, world)),
            row("CreateListener", balancer::create_listener, |output, world| {
                balancer::listener_created(&output, world)
            }),
            row("DescribeListeners", balancer::describe_listeners, |output, world| {
                balancer::listeners_described(&output, world)
            }),
            row("CreateRule", rule::create, |output, world| rule::one(&output, world)),
            row("DescribeRules", rule::describe, |output, world| rule::described(&output, world)),
            row("ModifyRule", rule::modify, |output, world| rule::one(&output, world)),
            row("DeleteRule", rule::delete, |(), _| serde_json::json!({})),
            row("DescribeTags", balancer::describe_tags, |output, world| balancer::tags_described(&output, world)),
        ],
    }
}
