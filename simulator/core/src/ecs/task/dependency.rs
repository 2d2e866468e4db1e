//! `dependsOn` and `volumesFrom`: when a container may go on, must wait, or will never be able to (`facts/aws.md` 3.6, the agent's rules).

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
    for (name, condition) in waiting.awaited() {
        let Some((on, on_definition)) = definition.container(name) else { continue };
        match one(condition, on_definition, &containers[on], now) {
            Verdict::Ready => {}
            Verdict::Wait(limit) => {
                ready = false;
                until = [until, limit].into_iter().flatten().min();
            }
            Verdict::Never(why) => {
                let (on, target) = (name, &waiting.name);
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
        Condition::Start => on.status >= ContainerStatus::Running,
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
    let depends = |other: &ContainerDefinition| other.awaited().any(|(on, _)| on == name);
    let mut dependants = definition.containers.iter().zip(containers).filter(|(other, _)| depends(other));
    dependants.all(|(_, container)| container.status == ContainerStatus::Stopped)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::id::{IdKind, IdStream, Uuid};

    const STARTED: Timestamp = Timestamp::from_millis(10_000);
    const NOW: Timestamp = Timestamp::from_millis(15_000);

    /// What a container waits for: a state of the other container, in words.
    fn dependency(state: &str) -> Container {
        let mut container = Container::new("on".into(), Uuid::draw(&mut IdStream::new(0), IdKind::Container), None);
        let (status, started, exit_code, health) = match state {
            "waiting" => (ContainerStatus::Waiting, false, None, Health::Unknown),
            "pulling" => (ContainerStatus::Pulling, false, None, Health::Unknown),
            "pulled" => (ContainerStatus::Pulled, false, None, Health::Unknown),
            "starting" => (ContainerStatus::Starting, false, None, Health::Unknown),
            "running" => (ContainerStatus::Running, true, None, Health::Unknown),
            "healthy" => (ContainerStatus::Running, true, None, Health::Healthy),
            "unhealthy" => (ContainerStatus::Running, true, None, Health::Unhealthy),
            "restarting" => (ContainerStatus::Restarting, true, None, Health::Unknown),
            "stopping" => (ContainerStatus::Stopping, true, None, Health::Unknown),
            "stopping while healthy" => (ContainerStatus::Stopping, true, None, Health::Healthy),
            "ended, nobody knows how" => (ContainerStatus::Stopped, true, None, Health::Unknown),
            "exited 0" => (ContainerStatus::Stopped, true, Some(0), Health::Unknown),
            "exited 1" => (ContainerStatus::Stopped, true, Some(1), Health::Unknown),
            "exited while healthy" => (ContainerStatus::Stopped, true, Some(0), Health::Healthy),
            "could not start" => (ContainerStatus::Stopped, false, None, Health::Unknown),
            "given up" => (ContainerStatus::Stopped, false, Some(143), Health::Unknown),
            other => panic!("no such state: {other}"),
        };
        container.status = status;
        container.started_at = started.then_some(STARTED);
        container.exit_code = exit_code;
        container.health = health;
        container
    }

    fn definition(start_timeout: Option<u64>) -> ContainerDefinition {
        ContainerDefinition {
            essential: false,
            start_timeout: start_timeout.map(Duration::from_secs),
            ..ContainerDefinition::new("on", "")
        }
    }

    fn says(condition: Condition, state: &str, start_timeout: Option<u64>) -> char {
        match one(condition, &definition(start_timeout), &dependency(state), NOW) {
            Verdict::Ready => 'r',
            Verdict::Wait(None) => 'w',
            Verdict::Wait(Some(_)) => 'l',
            Verdict::Never(_) => 'n',
        }
    }

    /// Facts 3.6, every condition against every state: `r`eady, `w`aits, `n`ever.
    #[test]
    fn every_condition_in_every_state() {
        for (state, start, complete, success, healthy) in [
            ("waiting", 'w', 'w', 'w', 'w'),
            ("pulling", 'w', 'w', 'w', 'w'),
            ("pulled", 'w', 'w', 'w', 'w'),
            ("starting", 'w', 'w', 'w', 'w'),
            ("running", 'r', 'w', 'w', 'w'),
            ("healthy", 'r', 'w', 'w', 'r'),
            ("unhealthy", 'r', 'w', 'w', 'w'),
            ("restarting", 'r', 'w', 'w', 'w'),
            ("stopping", 'r', 'w', 'w', 'w'),
            ("stopping while healthy", 'r', 'w', 'w', 'r'),
            ("ended, nobody knows how", 'r', 'w', 'n', 'w'),
            ("exited 0", 'r', 'r', 'r', 'w'),
            ("exited 1", 'r', 'r', 'n', 'w'),
            ("exited while healthy", 'r', 'r', 'r', 'w'),
            ("could not start", 'n', 'n', 'n', 'n'),
            ("given up", 'r', 'r', 'n', 'w'),
        ] {
            for (condition, expected) in [
                (Condition::Start, start),
                (Condition::Complete, complete),
                (Condition::Success, success),
                (Condition::Healthy, healthy),
            ] {
                assert_eq!(says(condition, state, None), expected, "{condition:?} of one that is {state}");
            }
        }
    }

    /// The dependency started five seconds ago. `l`: waits, but with a limit.
    #[test]
    fn a_start_timeout_is_the_dependencys_own_and_counts_from_its_start() {
        for (condition, state, start_timeout, expected) in [
            (Condition::Healthy, "running", 6, 'l'),
            (Condition::Healthy, "running", 5, 'n'),
            (Condition::Healthy, "unhealthy", 5, 'n'),
            (Condition::Success, "running", 5, 'n'),
            (Condition::Complete, "running", 5, 'n'),
            (Condition::Complete, "running", 6, 'l'),
            (Condition::Start, "starting", 5, 'w'),
            (Condition::Healthy, "starting", 5, 'w'),
            (Condition::Healthy, "healthy", 5, 'r'),
            (Condition::Healthy, "exited 0", 5, 'w'),
            (Condition::Complete, "exited 1", 5, 'r'),
        ] {
            let said = says(condition, state, Some(start_timeout));
            assert_eq!(said, expected, "{condition:?} of one that is {state}, with {start_timeout} s");
        }
    }
}
