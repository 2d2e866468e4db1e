//! Decides what to do: compares the account that should be with the one that is. Pure; a plan is data.
//!
//! - [`cause`]: why a change is made
//! - [`draft`]: a plan in the making
//! - [`leftover`]: what becomes of that which is not wanted any more
//! - [`destruction`]: what takes everything away
//! - [`blocker`]: what stands in the way, what differs but is left alone, and what else is worth saying
//! - [`record`]: a plan as JSON, and as a file that is applied later

pub mod blocker;
pub mod cause;
mod destruction;
mod draft;
mod leftover;
pub mod record;

use std::collections::BTreeSet;
use std::fmt;

pub use blocker::{Blocker, Drift, Remark};
pub use cause::Cause;
pub use destruction::plan_destruction;
pub(crate) use draft::Draft;
pub use record::{PlanRecord, Saved};

use crate::desired::Desired;
use crate::identifiers::Identifiers;
use crate::observe::Observed;
use crate::preflight::preflight;
use crate::preflight::quota::unchecked;
pub use crate::resource::Change;
use crate::resource::{Kind, Owner, ResourceId, Spec};

/// What to do with an account, in order. An empty one means that the account is as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    steps: Vec<Step>,
    blockers: Vec<Blocker>,
    drift: Vec<Drift>,
    remarks: Vec<Remark>,
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

/// What must be done before a change.
pub(crate) enum Needs {
    /// Whatever of these is in the plan.
    These(Vec<ResourceId>),
    /// Everything else.
    Everything,
}

/// What a person decides about a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanOptions {
    /// Which resources of somebody else's become this project's.
    pub adopt: Chosen,
    /// Which of the things that nobody asks for any more are taken away although something of value would go with them, or may break.
    pub remove: Chosen,
    /// Whether repositories may be deleted with their images.
    pub empties_repositories: bool,
    /// The id of the access key that the caller can show to have been handed over.
    pub key_in_hand: Option<String>,
    /// Of which secrets and parameters the caller has a value that is to be written.
    pub values: BTreeSet<String>,
}

/// Resources that a person has chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// Those of these names, as plans have them.
    Named(BTreeSet<String>),
    /// All that it can be said of.
    All,
}

impl Default for Chosen {
    fn default() -> Self {
        Self::Named(BTreeSet::new())
    }
}

impl Chosen {
    fn covers(&self, resource: &ResourceId) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.contains(&resource.name),
        }
    }
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

    /// What else is worth knowing.
    #[must_use]
    pub fn remarks(&self) -> &[Remark] {
        &self.remarks
    }

    /// Whether there is nothing to do and nothing in the way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.blockers.is_empty()
    }

    /// Whether the plan makes an access key, which must be handed to somebody.
    #[must_use]
    pub fn makes_access_key(&self) -> bool {
        self.steps.iter().any(|step| crate::resource::deploy_user::makes_key(&step.change))
    }

    /// Whether anything in the account is not as it should be. What is used as somebody else's counts where only this
    /// project's name can have made it: its tag has been taken off.
    #[must_use]
    pub fn has_drifted(&self) -> bool {
        let untagged = |remark: &Remark| match remark {
            Remark::Used { resource, owner } => {
                let others_may_have_made_it = matches!(resource.kind, Kind::Cluster | Kind::Secret | Kind::Parameter);
                !others_may_have_made_it && *owner != Owner::Ours
            }
            Remark::Absent { .. } | Remark::Stays { .. } | Remark::LeftOver { .. } | Remark::Unchecked { .. } => false,
        };
        !self.is_empty() || !self.drift.is_empty() || self.remarks.iter().any(untagged)
    }
}

/// Compares, and says what to do.
#[must_use]
pub fn plan(desired: &Desired, observed: &Observed, options: &PlanOptions) -> Plan {
    let mut draft = Draft::default();
    draft.key_in_hand.clone_from(&options.key_in_hand);
    draft.values.clone_from(&options.values);
    preflight(desired, observed).into_iter().for_each(|obstacle| draft.block(Blocker::Account(obstacle)));
    let identifiers = observed.identifiers(desired);
    for spec in desired.resources() {
        let mut found = observed.found.get(&spec.id()).cloned();
        let owner = found.as_mut().and_then(|state| state.owner().cloned());
        draft.about(spec.id(), spec.id(), Owner::Ours);
        match (owner, spec.adopt()) {
            (None, _) => {
                let held = held(&spec, observed, options);
                let holder = spec.held_by().unwrap_or_else(|| spec.id());
                draft.about(spec.id(), holder, held);
            }
            (Some(Owner::Ours), _) => {}
            (Some(owner), Some(change)) if options.adopt.covers(&spec.id()) => draft.adopt(change, owner),
            (Some(owner), _) => {
                draft.remark(Remark::Used { resource: spec.id(), owner: owner.clone() });
                draft.about(spec.id(), spec.id(), owner);
            }
        }
        spec.compare(found.as_ref(), &identifiers, &mut draft);
    }
    leftover::plan(desired, observed, options, &mut draft);
    if let Some((what, services)) = unchecked(desired, observed) {
        draft.remark(Remark::Unchecked { what, services: services.into_iter().collect() });
    }
    finished(draft, desired, identifiers)
}

/// Whose a resource is that has no tags, or is not there: its holder's owner's.
fn held(spec: &Spec, observed: &Observed, options: &PlanOptions) -> Owner {
    let Some(holder) = spec.held_by() else { return Owner::Ours };
    if options.adopt.covers(&holder) {
        return Owner::Ours;
    }
    let found = observed.found.get(&holder).cloned();
    found.and_then(|mut state| state.owner().cloned()).unwrap_or(Owner::Ours)
}

fn finished(draft: Draft, desired: &Desired, identifiers: Identifiers) -> Plan {
    let (steps, blockers, drift, mut remarks) = draft.finish();
    // What is in the way has been named already.
    let blocked = |resource: &ResourceId| {
        blockers.iter().any(|blocker| matches!(blocker, Blocker::NotOurs { resource: other, .. } if other == resource))
    };
    remarks.retain(|remark| !matches!(remark, Remark::Used { resource, .. } if blocked(resource)));
    Plan { steps, blockers, drift, remarks, desired: desired.clone(), identifiers }
}

impl Step {
    /// What is lost by it and cannot be brought back by running bootstrap again; none if nothing is.
    #[must_use]
    pub fn destroys(&self) -> Option<&'static str> {
        use crate::resource::service::Change::{AwaitGone, AwaitIdle, ScaleToZero};
        let is_wait = matches!(self.change, Change::Service(ScaleToZero(_) | AwaitIdle(_) | AwaitGone(_)));
        // What nobody asks for any more is never made again.
        let is_former = matches!(self.cause, Cause::Former { .. }) && !is_wait;
        self.change.loses().or(is_former.then_some("it"))
    }
}

/// One line: number, change, cause, what is lost by it, and what it waits for.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, change, cause, waits_for } = self;
        write!(f, "{number}. {change}: {cause}")?;
        if let Some(lost) = self.destroys() {
            write!(f, "; destroys {lost}")?;
        }
        if waits_for.is_empty() {
            return Ok(());
        }
        let numbers: Vec<String> = waits_for.iter().map(usize::to_string).collect();
        write!(f, " (after {})", numbers.join(", "))
    }
}

/// One line for each step, then for what is in the way, then for what is left as it is, then for what else is worth knowing.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { steps, blockers, drift, remarks, desired: _, identifiers: _ } = self;
        if steps.is_empty() && blockers.is_empty() && drift.is_empty() {
            writeln!(f, "nothing to do")?;
        }
        steps.iter().try_for_each(|step| writeln!(f, "{step}"))?;
        blockers.iter().try_for_each(|blocker| writeln!(f, "in the way: {blocker}"))?;
        drift.iter().try_for_each(|drift| writeln!(f, "left as it is: {drift}"))?;
        remarks.iter().try_for_each(|remark| writeln!(f, "note: {remark}"))
    }
}

#[cfg(test)]
mod tests;
