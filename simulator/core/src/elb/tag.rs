//! Tags of load balancers, listeners, rules and target groups: DescribeTags, and what tagging at creation asks for.

use std::collections::BTreeMap;

use super::load_balancer::fault;
use crate::arn::Arn;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// `access` with the condition keys of the tags that a request gives.
pub(super) fn tagged(mut access: Access, tags: &BTreeMap<String, String>) -> Access {
    for (key, value) in tags {
        access = access.with(&format!("aws:RequestTag/{key}"), value).with("aws:TagKeys", key);
    }
    access
}

/// `access` with the condition keys of the tags that the resource has.
pub(super) fn on_tagged(mut access: Access, tags: &BTreeMap<String, String>) -> Access {
    for (key, value) in tags {
        access = access
            .with(&format!("aws:ResourceTag/{key}"), value)
            .with(&format!("elasticloadbalancing:ResourceTag/{key}"), value);
    }
    access
}

/// What tagging at creation asks for besides, if there are tags.
pub(super) fn on_create(resource: &Arn, create_action: &str, tags: &BTreeMap<String, String>) -> Option<Access> {
    if tags.is_empty() {
        return None;
    }
    let access = Access::new("elasticloadbalancing:AddTags", resource.as_str())
        .with("elasticloadbalancing:CreateAction", create_action);
    Some(tagged(access, tags))
}

/// Reads the tags of resources.
#[derive(Clone, Debug)]
pub struct DescribeTags {
    /// `ResourceArns`.
    pub arns: Vec<String>,
}

impl Operation for DescribeTags {
    type Output = Vec<(Arn, BTreeMap<String, String>)>;
    const NAME: &'static str = "elasticloadbalancing:DescribeTags";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        authorized.operation.arns.iter().map(|text| tags(world, text)).collect()
    }
}

fn tags(world: &World, text: &str) -> Result<(Arn, BTreeMap<String, String>), Refusal> {
    let arn: Arn = text.parse().map_err(|_| fault("ValidationError", format!("'{text}' is not a valid ARN")))?;
    let state = &world.elb;
    let (found, code) = match arn.resource().split('/').next() {
        Some("loadbalancer") => (state.balancers.get(&arn).map(|balancer| &balancer.tags), "LoadBalancerNotFound"),
        Some("listener") => (state.listeners.get(&arn).map(|listener| &listener.tags), "ListenerNotFound"),
        Some("listener-rule") => (state.rules.get(&arn).map(|rule| &rule.tags), "RuleNotFound"),
        Some(_) | None => (state.groups.get(&arn).map(|group| &group.tags), "TargetGroupNotFound"),
    };
    match found.cloned() {
        Some(tags) => Ok((arn, tags)),
        None => Err(fault(code, format!("'{text}' not found"))),
    }
}
