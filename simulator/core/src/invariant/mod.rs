//! What must hold of every account, whatever is deployed in it and whatever goes wrong. What breaks one of these rules is our bug: AWS
//! would not do it.
//!
//! Property tests hold traces to them, and so does whoever explores a user's own deploy.

mod catalogue;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::ecs::Service;
use crate::effect::TaskId;
use crate::event::{Event, EventKind};
use crate::world::World;

pub use catalogue::{NEVER_SAID, SAID, fits, knows};

/// The states of a task, in the only order that there is (`facts/aws.md` section 3).
const ORDER: [&str; 8] =
    ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"];

/// A rule that has been broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule, in words.
    pub rule: &'static str,
    /// What breaks it.
    pub evidence: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.evidence)
    }
}

/// Holds a whole trace to all rules about traces.
///
/// # Errors
/// The first rule that is broken.
pub fn trace(events: &[Event]) -> Result<(), Violation> {
    every_task_ends_once(events)?;
    only_known_texts(events)?;
    everything_has_a_cause(events)?;
    nothing_starts_after_failed(events)
}

/// Every task goes through AWS's states in their order, and so ends once.
fn every_task_ends_once(events: &[Event]) -> Result<(), Violation> {
    let mut last: BTreeMap<TaskId, usize> = BTreeMap::new();
    for event in events {
        let EventKind::Task { task, status, .. } = &event.kind else { continue };
        let rank = ORDER.iter().position(|known| known == status);
        let before = last.get(task).copied();
        match rank {
            Some(rank) if before.is_none_or(|before| before < rank) => {
                last.insert(*task, rank);
            }
            Some(_) | None => {
                let before = before.map_or("nothing", |before| ORDER[before]);
                return Err(Violation {
                    rule: "a task goes through AWS's states in their order, each once",
                    evidence: format!("task {task} is {status} after {before}"),
                });
            }
        }
    }
    Ok(())
}

/// No service says anything that is not in AWS's catalogue.
fn only_known_texts(events: &[Event]) -> Result<(), Violation> {
    let unknown = events.iter().find_map(|event| {
        let EventKind::Service { message, .. } = &event.kind else { return None };
        (!knows(message)).then(|| message.clone())
    });
    let rule = "a service says nothing that is not in AWS's catalogue";
    unknown.map_or(Ok(()), |evidence| Err(Violation { rule, evidence }))
}

/// Every entry of the trace but a call, and an alarm of which we are told, follows from an earlier one.
fn everything_has_a_cause(events: &[Event]) -> Result<(), Violation> {
    let baseless = events.iter().find(|event| {
        let from_outside = matches!(event.kind, EventKind::Called { .. } | EventKind::Alarm { .. });
        event.cause.is_none() != from_outside || event.cause.is_some_and(|cause| cause >= event.sequence)
    });
    let rule = "everything but a call and an alarm follows from something earlier";
    baseless.map_or(Ok(()), |event| Err(Violation { rule, evidence: format!("{event:?}") }))
}

/// No task of a deployment is launched once that deployment has FAILED.
fn nothing_starts_after_failed(events: &[Event]) -> Result<(), Violation> {
    let mut failed = BTreeSet::new();
    for event in events {
        if let EventKind::Deployment { id, rollout_state: "FAILED", .. } = &event.kind {
            failed.insert(id.as_str());
        } else if let EventKind::Task { task, started_by, status: "PROVISIONING", .. } = &event.kind
            && failed.contains(started_by.as_str())
        {
            let rule = "nothing is started for a deployment that has failed";
            return Err(Violation { rule, evidence: format!("task {task} of {started_by}") });
        }
    }
    Ok(())
}

/// Where `service` has just started a task, it has no more than its maximum allows. (It may have more for a while after somebody has
/// lowered the desired count.) Services that shift traffic have both revisions in full and are not held to it.
///
/// # Errors
/// It has more.
pub fn within_maximum(world: &World, service: &Service) -> Result<(), Violation> {
    if service.shifting().is_some() {
        return Ok(());
    }
    let tasks = world.ecs().tasks_of(service).count();
    let maximum = service.configuration.maximum_of(service.desired);
    if tasks <= usize::try_from(maximum).unwrap_or(usize::MAX) {
        return Ok(());
    }
    let rule = "a service starts no task beyond its maximum";
    Err(Violation { rule, evidence: format!("{tasks} tasks, where {maximum} are allowed") })
}
