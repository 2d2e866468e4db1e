//! Attributes of target groups: DescribeTargetGroupAttributes, ModifyTargetGroupAttributes.

use std::time::Duration;

use super::TargetGroup;
use super::load_balancer::fault;
use super::tag::on_tagged;
use crate::arn::Arn;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

const DELAY: &str = "deregistration_delay.timeout_seconds";

/// Reads the attributes of a target group.
#[derive(Clone, Debug)]
pub struct DescribeTargetGroupAttributes {
    /// `TargetGroupArn`.
    pub target_group: String,
}

impl Operation for DescribeTargetGroupAttributes {
    type Output = Vec<(String, String)>;
    const NAME: &'static str = "elasticloadbalancing:DescribeTargetGroupAttributes";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let arn = known(world, &authorized.operation.target_group)?;
        Ok(attributes(&world.elb.groups[&arn]))
    }
}

/// Changes attributes of a target group.
#[derive(Clone, Debug)]
pub struct ModifyTargetGroupAttributes {
    /// `TargetGroupArn`.
    pub target_group: String,
    /// `Attributes`: key and value.
    pub attributes: Vec<(String, String)>,
}

impl Operation for ModifyTargetGroupAttributes {
    type Output = Vec<(String, String)>;
    const NAME: &'static str = "elasticloadbalancing:ModifyTargetGroupAttributes";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let access = Access::new(Self::NAME, &self.target_group);
        let group = known(world, &self.target_group).ok().and_then(|arn| world.elb.groups.get(&arn));
        Ok(vec![group.map_or(access.clone(), |group| on_tagged(access, &group.tags))])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { target_group, attributes: asked } = authorized.operation;
        let arn = known(world, &target_group)?;
        let group = world.elb.groups.get_mut(&arn).expect("it was just found");
        for (key, value) in asked {
            match key.as_str() {
                DELAY => group.deregistration_delay = delay(&value)?,
                _ if attributes(group).contains(&(key.clone(), value.clone())) => {}
                _ => return Err(Refusal::NotSimulated { what: format!("target group attribute `{key}` = `{value}`") }),
            }
        }
        Ok(attributes(group))
    }
}

/// Takes `asked`, a key and a value, of `owner` where that is what is in `listed` already: nothing else of it can be had.
///
/// # Errors
/// The value is another, or nothing has such an attribute.
pub(super) fn keep(listed: &[(String, String)], asked: &(String, String), owner: &str) -> Result<(), Refusal> {
    let (key, value) = asked;
    if listed.contains(asked) {
        return Ok(());
    }
    if listed.iter().any(|(known, _)| known == key) {
        let what = format!("{} attribute `{key}` = `{value}`", owner.to_lowercase());
        return Err(Refusal::NotSimulated { what });
    }
    Err(fault("ValidationError", format!("{owner} attribute key '{key}' is not recognized")))
}

/// The attributes that are simulated, and those others whose default is what the simulation does.
fn attributes(group: &TargetGroup) -> Vec<(String, String)> {
    let delay = group.deregistration_delay.as_secs().to_string();
    [
        (DELAY, delay.as_str()),
        ("stickiness.enabled", "false"),
        ("slow_start.duration_seconds", "0"),
        ("load_balancing.algorithm.type", "round_robin"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .to_vec()
}

fn delay(text: &str) -> Result<Duration, Refusal> {
    let seconds = text.parse().ok().filter(|seconds| *seconds <= 3600);
    let invalid = || fault("ValidationError", format!("'{DELAY}' must be between 0 and 3600: '{text}'"));
    seconds.map(Duration::from_secs).ok_or_else(invalid)
}

fn known(world: &World, text: &str) -> Result<Arn, Refusal> {
    let found = text.parse().ok().filter(|arn| world.elb.groups.contains_key(arn));
    found.ok_or_else(|| fault("TargetGroupNotFound", "One or more target groups not found"))
}
