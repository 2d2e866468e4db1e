//! Finding what a request names by its ARN.
//!
//! A text that is no ARN of the kind is refused before anything is looked for: `'x' is not a valid target group ARN`.

use super::load_balancer::fault;
use super::{Listener, LoadBalancer, Rule, State, TargetGroup};
use crate::arn::Arn;
use crate::operation::Access;
use crate::refusal::Refusal;
use crate::world::World;

/// Reads the ARN of a load balancer.
pub(super) fn balancer_arn(text: &str) -> Result<Arn, Refusal> {
    of_kind(text, "loadbalancer/", "load balancer")
}

/// Reads the ARN of a target group.
pub(super) fn group_arn(text: &str) -> Result<Arn, Refusal> {
    of_kind(text, "targetgroup/", "target group")
}

/// Reads the ARN of a listener.
pub(super) fn listener_arn(text: &str) -> Result<Arn, Refusal> {
    of_kind(text, "listener/", "listener")
}

/// Reads the ARN of a listener rule.
pub(super) fn rule_arn(text: &str) -> Result<Arn, Refusal> {
    of_kind(text, "listener-rule/", "listener rule")
}

impl State {
    /// The load balancer with the ARN `text`.
    pub(super) fn named_balancer(&self, text: &str) -> Result<&LoadBalancer, Refusal> {
        self.balancers.get(&balancer_arn(text)?).ok_or_else(no_balancer)
    }

    /// The target group with the ARN `text`.
    pub(super) fn named_group(&self, text: &str) -> Result<&TargetGroup, Refusal> {
        self.groups.get(&group_arn(text)?).ok_or_else(no_group)
    }

    /// The listener with the ARN `text`.
    pub(super) fn named_listener(&self, text: &str) -> Result<&Listener, Refusal> {
        self.listeners.get(&listener_arn(text)?).ok_or_else(no_listener)
    }

    /// The listener rule with the ARN `text`.
    pub(super) fn named_rule(&self, text: &str) -> Result<&Rule, Refusal> {
        self.rules.get(&rule_arn(text)?).ok_or_else(no_rule)
    }
}

/// `action` on the resource with the ARN `text`, with the condition keys of the tags that it has.
pub(super) fn on(world: &World, action: &'static str, text: &str) -> Access {
    let access = Access::new(action, text);
    let tags = text.parse().ok().and_then(|arn: Arn| world.elb.tags(&arn));
    match tags {
        Some(tags) => super::tag::on_tagged(access, tags),
        None => access,
    }
}

pub(super) fn no_balancer() -> Refusal {
    fault("LoadBalancerNotFound", "One or more load balancers not found")
}

pub(super) fn no_group() -> Refusal {
    fault("TargetGroupNotFound", "One or more target groups not found")
}

pub(super) fn no_listener() -> Refusal {
    fault("ListenerNotFound", "One or more listeners not found")
}

pub(super) fn no_rule() -> Refusal {
    fault("RuleNotFound", "One or more rules not found")
}

fn of_kind(text: &str, prefix: &str, what: &str) -> Result<Arn, Refusal> {
    let arn = text.parse().ok().filter(|arn: &Arn| {
        text.split(':').nth(2) == Some("elasticloadbalancing") && arn.resource().starts_with(prefix)
    });
    arn.ok_or_else(|| fault("ValidationError", format!("'{text}' is not a valid {what} ARN")))
}
