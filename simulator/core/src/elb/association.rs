//! Which load balancer uses which target group: the one whose rules forward to it, whatever the weight.
//!
//! Targets of a group that no rule uses are `unused` and are never probed (`facts/aws.md` section 8).

use std::collections::{BTreeMap, BTreeSet};

use super::forward::Share;
use super::load_balancer::fault;
use super::quota::GROUPS_PER_ACTION;
use super::{probing, target};
use crate::arn::Arn;
use crate::refusal::Refusal;
use crate::world::World;

/// A forward action as it was asked for.
pub(super) struct Check<'a> {
    pub(super) load_balancer: &'a Arn,
    pub(super) forward: &'a [(String, u32)],
}

/// The shares that a forward action asks for.
///
/// # Errors
/// A target group does not exist, belongs to another load balancer or is named twice; a weight is too great; there are too many groups.
pub(super) fn check(world: &World, asked: &Check<'_>) -> Result<Vec<Share>, Refusal> {
    let Check { load_balancer, forward } = *asked;
    if forward.is_empty() {
        return Err(fault("ValidationError", "A target group must be specified for a forward action"));
    }
    if forward.len() > GROUPS_PER_ACTION {
        let message = format!("A forward action can have at most '{GROUPS_PER_ACTION}' target groups");
        return Err(fault("TooManyTargetGroups", message));
    }
    let mut seen = BTreeSet::new();
    let share = |(text, weight): &(String, u32)| {
        let arn = text.parse().ok().filter(|arn| world.elb.groups.contains_key(arn));
        let target_group = arn.ok_or_else(|| fault("TargetGroupNotFound", "One or more target groups not found"))?;
        let other = world.elb.groups[&target_group].load_balancer.as_ref().is_some_and(|other| other != load_balancer);
        if other {
            let message = format!(
                "The following target groups cannot be associated with more than one load balancer: {target_group}"
            );
            return Err(fault("TargetGroupAssociationLimit", message));
        }
        if *weight > 999 {
            return Err(fault("ValidationError", format!("Weight '{weight}' must be between 0 and 999")));
        }
        if !seen.insert(target_group.clone()) {
            return Err(fault("ValidationError", format!("Target group '{target_group}' is specified more than once")));
        }
        Ok(Share { target_group, weight: *weight })
    };
    forward.iter().map(share).collect()
}

/// Brings the target groups in line with the rules: those that a rule uses for the first time are probed from now on, those that
/// none uses any more are not.
pub(super) fn follow(world: &mut World) {
    let mut used: BTreeMap<Arn, Arn> = BTreeMap::new();
    for rule in world.elb.rules.values() {
        let Some(listener) = world.elb.listeners.get(&rule.listener) else { continue };
        used.extend(rule.shares.iter().map(|share| (share.target_group.clone(), listener.load_balancer.clone())));
    }
    let groups: Vec<Arn> = world.elb.groups.keys().cloned().collect();
    for arn in groups {
        let load_balancer = used.get(&arn).cloned();
        let Some(group) = world.elb.groups.get_mut(&arn) else { continue };
        if group.load_balancer == load_balancer {
            continue;
        }
        let comes = group.load_balancer.is_none();
        group.load_balancer = load_balancer;
        target::begin_anew(world, &arn);
        if comes {
            probing::announce_route(world, &arn);
        } else {
            probing::reroute(world, &arn);
        }
    }
}
