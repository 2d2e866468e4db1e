//! Decides what to do: compares the account that should be with the one that is. Pure; a plan is data.
//!
//! - [`change`]: the calls that a plan can hold
//! - [`draft`]: a plan in the making
//! - [`blocker`]: what stands in the way, and what differs but is left alone

pub mod blocker;
pub mod change;
mod draft;

use std::fmt;

pub use blocker::{Blocker, Drift};
pub use change::{Cause, Change};
pub(crate) use draft::Draft;

use crate::desired::Desired;
use crate::identifiers::Identifiers;
use crate::observe::Observed;
use crate::resource::network;
use crate::resource::service_linked_role::ServiceLinkedRole;

/// What to do with an account, in order. An empty one means that the account is as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    steps: Vec<Step>,
    blockers: Vec<Blocker>,
    drift: Vec<Drift>,
    pub(crate) desired: Desired,
    pub(crate) identifiers: Identifiers,
}

/// One call that a plan will make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its place in the plan, from 1.
    pub number: usize,
    /// What it does.
    pub change: Change,
    /// Why.
    pub cause: Cause,
    /// The numbers of the steps that must be done before it. Those that they wait for in turn are not repeated.
    pub waits_for: Vec<usize>,
}

impl Plan {
    /// The steps, each after all that it waits for.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// What stands in the way. Nothing is executed while there is any.
    #[must_use]
    pub fn blockers(&self) -> &[Blocker] {
        &self.blockers
    }

    /// What differs from what is desired and is left as it is.
    #[must_use]
    pub fn drift(&self) -> &[Drift] {
        &self.drift
    }

    /// Whether there is nothing to do and nothing in the way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.blockers.is_empty()
    }
}

/// Compares, and says what to do.
#[must_use]
pub fn plan(desired: &Desired, observed: &Observed) -> Plan {
    let mut finished = Draft::default();
    let draft = &mut finished;
    for role in ServiceLinkedRole::ALL {
        role.plan(observed.service_linked_roles.contains(&role), draft);
    }
    let network = network::plan(&observed.network, draft);
    desired.repository.plan(observed.repository.as_ref(), draft);
    for group in &desired.log_groups {
        group.plan(observed.log_groups.get(&group.name), draft);
    }
    for role in desired.roles() {
        role.plan(observed.roles.get(&role.name), draft);
    }
    let mut identifiers = identifiers(desired, observed);
    let target_group = observed.target_group.as_ref().map(|group| group.arn.as_str());
    let alternate = observed.alternate_target_group.as_ref().map(|group| group.arn.as_str());
    if let Some(network) = &network {
        for group in &desired.security_groups {
            group.plan(&network.vpc_id, &observed.security_groups, draft);
        }
        let groups = observed.security_groups.iter().filter(|group| group.vpc_id == network.vpc_id);
        identifiers.security_groups = groups.map(|group| (group.name.clone(), group.id.clone())).collect();
        identifiers.vpc_id = Some(network.vpc_id.clone());
        identifiers.subnet_ids = network.subnet_ids.clone();
        let group = identifiers.security_groups.get(&desired.load_balancer.security_group).map(String::as_str);
        desired.load_balancer.plan(network, group, observed.load_balancer.as_ref(), draft);
        desired.target_group.plan(network, observed.target_group.as_ref(), draft);
        if let Some(group) = &desired.alternate_target_group {
            group.plan(network, observed.alternate_target_group.as_ref(), draft);
        }
        let owner = observed.load_balancer.as_ref().map(|found| &found.owner);
        desired.listener.plan(owner, target_group, observed.listener.as_ref(), draft);
        for rule in desired.listener_rules() {
            rule.plan(owner, [target_group, alternate], observed.listener_rules.get(&rule.id().name), draft);
        }
    }
    desired.cluster.plan(observed.cluster.as_ref(), draft);
    desired.first_revision.plan(observed.task_definition.as_deref(), draft);
    if let Some(network) = &network {
        desired.service.plan(network, &identifiers, observed.service.as_ref(), draft);
    }
    desired.user.plan(observed.user.as_ref(), draft);
    let (steps, blockers, drift) = finished.finish();
    Plan { steps, blockers, drift, desired: desired.clone(), identifiers }
}

/// What AWS calls the things that are there. Those that depend on the network are added when it is known.
fn identifiers(desired: &Desired, observed: &Observed) -> Identifiers {
    let groups = [
        (Some(&desired.target_group), &observed.target_group),
        (desired.alternate_target_group.as_ref(), &observed.alternate_target_group),
    ];
    let groups =
        groups.into_iter().filter_map(|(wanted, found)| Some((wanted?.name.clone(), found.as_ref()?.arn.clone())));
    Identifiers {
        vpc_id: None,
        subnet_ids: Vec::new(),
        repository_uri: observed.repository.as_ref().map(|found| found.uri.clone()),
        roles: observed.roles.iter().map(|(name, found)| (name.clone(), found.arn.clone())).collect(),
        security_groups: std::collections::BTreeMap::new(),
        load_balancer: observed.load_balancer.as_ref().map(|found| found.identity.clone()),
        target_groups: groups.collect(),
        listener: observed.listener.as_ref().map(|found| found.arn.clone()),
        listener_rules: observed.listener_rules.iter().map(|(name, found)| (name.clone(), found.arn.clone())).collect(),
        cluster: observed.cluster.as_ref().map(|found| found.arn.clone()),
        task_definition: observed.task_definition.clone(),
        service: observed.service.as_ref().map(|found| found.arn.clone()),
        user: observed.user.as_ref().map(|found| found.arn.clone()),
        access_keys: observed.user.as_ref().map(|found| found.active_keys.clone()).unwrap_or_default(),
        new_key: None,
    }
}

/// One line: number, change, cause, and what it waits for.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, change, cause, waits_for } = self;
        write!(f, "{number}. {change}: {cause}")?;
        if waits_for.is_empty() {
            return Ok(());
        }
        let numbers: Vec<String> = waits_for.iter().map(usize::to_string).collect();
        write!(f, " (after {})", numbers.join(", "))
    }
}

/// One line for each step, then for what is in the way, then for what is left as it is.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { steps, blockers, drift, desired: _, identifiers: _ } = self;
        if steps.is_empty() && blockers.is_empty() && drift.is_empty() {
            return writeln!(f, "nothing to do");
        }
        steps.iter().try_for_each(|step| writeln!(f, "{step}"))?;
        blockers.iter().try_for_each(|blocker| writeln!(f, "in the way: {blocker}"))?;
        drift.iter().try_for_each(|drift| writeln!(f, "left as it is: {drift}"))
    }
}

#[cfg(test)]
mod tests;
