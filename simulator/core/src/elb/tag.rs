//! Tags of load balancers, listeners, rules and target groups: AddTags, RemoveTags, DescribeTags, and what tagging at creation asks for.

use std::collections::BTreeMap;

use super::State;
use super::load_balancer::fault;
use super::lookup::on;
use crate::arn::Arn;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

const MOST_TAGS: usize = 50;

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

/// Adds tags to resources, or changes their values.
#[derive(Clone, Debug)]
pub struct AddTags {
    /// `ResourceArns`.
    pub arns: Vec<String>,
    /// `Tags`.
    pub tags: BTreeMap<String, String>,
}

impl Operation for AddTags {
    type Output = ();
    const NAME: &'static str = "elasticloadbalancing:AddTags";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(self.arns.iter().map(|arn| tagged(on(world, Self::NAME, arn), &self.tags)).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { arns, tags: added } = authorized.operation;
        if added.is_empty() {
            return Err(fault("ValidationError", "At least one tag must be specified"));
        }
        let mut joined = Vec::new();
        for text in &arns {
            let (arn, mut present) = tags(world, text)?;
            present.extend(added.clone());
            check(&present)?;
            joined.push((arn, present));
        }
        for (arn, tags) in joined {
            *world.elb.tags_mut(&arn).expect("it was just found") = tags;
        }
        Ok(())
    }
}

/// Removes tags from resources. Tags that a resource does not have are gone already.
#[derive(Clone, Debug)]
pub struct RemoveTags {
    /// `ResourceArns`.
    pub arns: Vec<String>,
    /// `TagKeys`.
    pub keys: Vec<String>,
}

impl Operation for RemoveTags {
    type Output = ();
    const NAME: &'static str = "elasticloadbalancing:RemoveTags";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(self.arns.iter().map(|arn| on(world, Self::NAME, arn).tag_keys(&self.keys)).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { arns, keys } = authorized.operation;
        let found: Vec<Arn> = arns.iter().map(|text| Ok(tags(world, text)?.0)).collect::<Result<_, Refusal>>()?;
        for arn in found {
            world.elb.tags_mut(&arn).expect("it was just found").retain(|key, _| !keys.contains(key));
        }
        Ok(())
    }
}

impl State {
    /// The tags of whatever has the ARN `arn`.
    pub(crate) fn tags(&self, arn: &Arn) -> Option<&BTreeMap<String, String>> {
        match arn.resource().split('/').next()? {
            "loadbalancer" => self.balancers.get(arn).map(|balancer| &balancer.tags),
            "listener" => self.listeners.get(arn).map(|listener| &listener.tags),
            "listener-rule" => self.rules.get(arn).map(|rule| &rule.tags),
            "targetgroup" => self.groups.get(arn).map(|group| &group.tags),
            _ => None,
        }
    }

    fn tags_mut(&mut self, arn: &Arn) -> Option<&mut BTreeMap<String, String>> {
        match arn.resource().split('/').next()? {
            "loadbalancer" => self.balancers.get_mut(arn).map(|balancer| &mut balancer.tags),
            "listener" => self.listeners.get_mut(arn).map(|listener| &mut listener.tags),
            "listener-rule" => self.rules.get_mut(arn).map(|rule| &mut rule.tags),
            "targetgroup" => self.groups.get_mut(arn).map(|group| &mut group.tags),
            _ => None,
        }
    }
}

fn tags(world: &World, text: &str) -> Result<(Arn, BTreeMap<String, String>), Refusal> {
    let arn: Arn = text.parse().map_err(|_| fault("ValidationError", format!("'{text}' is not a valid ARN")))?;
    let code = match arn.resource().split('/').next() {
        Some("loadbalancer") => "LoadBalancerNotFound",
        Some("listener") => "ListenerNotFound",
        Some("listener-rule") => "RuleNotFound",
        Some(_) | None => "TargetGroupNotFound",
    };
    match world.elb.tags(&arn).cloned() {
        Some(tags) => Ok((arn, tags)),
        None => Err(fault(code, format!("'{text}' not found"))),
    }
}

/// The limits on a resource's tags (botocore elbv2, `TagKey`, `TagValue`; the user guide says 50 of them).
pub(super) fn check(tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
    if tags.len() > MOST_TAGS {
        return Err(fault("TooManyTags", format!("The maximum number of tags per resource is '{MOST_TAGS}'")));
    }
    let allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
    for (key, value) in tags {
        let sound = key.chars().chain(value.chars()).all(allowed);
        if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 || !sound {
            return Err(fault("ValidationError", format!("Tag '{key}' is not valid")));
        }
        if key.starts_with("aws:") {
            return Err(fault("ValidationError", format!("Tag key '{key}' cannot begin with 'aws:'")));
        }
    }
    Ok(())
}
