//! `dependsOn`: when a container may go on, must wait, or will never be able to (`facts/aws.md` 3.6, the agent's rules).

use super::container::{Container, ContainerStatus, Health};
use crate::ecs::definition::{Condition, ContainerDefinition, TaskDefinition};
use crate::time::Timestamp;

/// What a container's dependencies say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All are satisfied.
    Ready,
    /// Some are not yet; at the time given, if any, a start timeout ends the waiting.
    Wait(Option<Timestamp>),
    /// One never will be.
    Never(String),
}

/// Whether the container at `place` may be fetched or started now.
pub(super) fn verdict(definition: &TaskDefinition, containers: &[Container], place: usize, now: Timestamp) -> Verdict {
    let waiting = &definition.containers[place];
    let (mut ready, mut until) = (true, None::<Timestamp>);
    for dependency in &waiting.depends_on {
        let Some((on, on_definition)) = definition.container(&dependency.container) else { continue };
        match one(dependency.condition, on_definition, &containers[on], now) {
            Verdict::Ready => {}
            Verdict::Wait(limit) => {
                ready = false;
                until = [until, limit].into_iter().flatten().min();
            }
            Verdict::Never(why) => {
                let (on, target) = (&dependency.container, &waiting.name);
                return Verdict::Never(match why.as_str() {
                    TIMED_OUT => format!(
                        "dependency graph: container ordering dependency [{on}] for target [{target}] has timed out."
                    ),
                    _ => format!(
                        "dependency graph: failed to resolve container ordering dependency [{on}] for target [{target}] {why}"
                    ),
                });
            }
        }
    }
    if ready { Verdict::Ready } else { Verdict::Wait(until) }
}

const TIMED_OUT: &str = "timed out";

/// What one dependency says.
fn one(condition: Condition, definition: &ContainerDefinition, on: &Container, now: Timestamp) -> Verdict {
    let stopped = on.status == ContainerStatus::Stopped;
    // One that was given up itself has the exit code that the agent invents, and counts as having ended with it.
    let never_started = stopped && on.started_at.is_none() && on.exit_code.is_none();
    let satisfied = match condition {
        Condition::Start => stopped || matches!(on.status, ContainerStatus::Running | ContainerStatus::Stopping),
        Condition::Complete => stopped && on.exit_code.is_some(),
        Condition::Success => stopped && on.exit_code == Some(0),
        Condition::Healthy => !stopped && on.health == Health::Healthy,
    };
    if satisfied && !never_started {
        return Verdict::Ready;
    }
    if never_started {
        return Verdict::Never("as dependency has not started and will not start.".to_owned());
    }
    if condition == Condition::Success && stopped {
        return Verdict::Never("as dependency did not exit successfully.".to_owned());
    }
    // A start timeout is the dependency's own, counts from its start, and never applies to START.
    let limit = match (condition, definition.start_timeout, on.started_at) {
        (Condition::Complete | Condition::Success | Condition::Healthy, Some(timeout), Some(started)) if !stopped => {
            Some(started + timeout)
        }
        (Condition::Start | Condition::Complete | Condition::Success | Condition::Healthy, _, _) => None,
    };
    match limit {
        Some(limit) if now >= limit => Verdict::Never(TIMED_OUT.to_owned()),
        limit => Verdict::Wait(limit),
    }
}

/// Whether the container at `place` may be stopped now: only when every container that depends on it has stopped, whatever the
/// condition (`facts/aws.md` 3.5).
pub(super) fn may_stop(definition: &TaskDefinition, containers: &[Container], place: usize) -> bool {
    let name = &definition.containers[place].name;
    let depends = |other: &ContainerDefinition| other.depends_on.iter().any(|dependency| dependency.container == *name);
    let mut dependants = definition.containers.iter().zip(containers).filter(|(other, _)| depends(other));
    dependants.all(|(_, container)| container.status == ContainerStatus::Stopped)
}
