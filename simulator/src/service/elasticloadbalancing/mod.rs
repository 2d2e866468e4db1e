//! Elastic Load Balancing v2 on the wire: AWS Query.
//!
//! [`target_group`]s, [`balancer`]s with their listeners, and what they share in [`shape`].

mod balancer;
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
            row("CreateTargetGroup", target_group::create, target_group::created),
            row("DescribeTargetGroups", target_group::describe, target_group::described),
            row("DescribeTargetGroupAttributes", target_group::attributes, target_group::attributed),
            row("ModifyTargetGroupAttributes", target_group::modify, target_group::attributed),
            row("DescribeTargetHealth", target_group::health, target_group::healthy),
            row("CreateLoadBalancer", balancer::create, balancer::created),
            row("DescribeLoadBalancers", balancer::describe, balancer::described),
            row("CreateListener", balancer::create_listener, balancer::listener_created),
            row("DescribeListeners", balancer::describe_listeners, balancer::listeners_described),
            row("DescribeTags", balancer::describe_tags, balancer::tags_described),
        ],
    }
}
