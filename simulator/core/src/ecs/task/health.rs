//! Container health, as Docker decides it from a health command's results (`facts/aws.md` 3.8).

use super::container::{Container, ContainerStatus, Health};
use crate::ecs::definition::{ContainerDefinition, HealthCheck};
use crate::probe::{Probe, Schedule, Spacing};
use crate::time::Timestamp;
use crate::timing::Timing;

/// The probes of a container with `check` that was started at `started`: the first declared one after one interval.
pub(super) fn schedule(check: &HealthCheck, timing: &Timing, started: Timestamp) -> Schedule {
    let first_extra = started + timing.early_probe.unwrap_or_default();
    Schedule::new(check.interval, check.timeout, Spacing::FromEnd, started + check.interval)
        .seeking(timing.early_probe, first_extra)
}

/// What a probe's end does to the container's health, as the agent sees it.
///
/// Failures of probes begun within the start period do not count as long as the container was never healthy; `retries` failures in
/// a row that count make it unhealthy; one success makes it healthy.
pub(super) fn judge(container: &mut Container, check: &HealthCheck, probe: Probe, passed: bool, now: Timestamp) {
    if passed {
        container.failures = 0;
        container.healthy_at.get_or_insert(now);
        container.health = Health::Healthy;
    } else if probe.declared && counts(container, check, probe) {
        container.failures += 1;
        if container.failures >= check.retries {
            container.health = Health::Unhealthy;
        }
    }
}

fn counts(container: &Container, check: &HealthCheck, probe: Probe) -> bool {
    let starting = container.health == Health::Unknown;
    let in_start_period = match (container.runs_since, check.start_period) {
        (Some(started), Some(period)) => probe.begun < started + period,
        (_, _) => false,
    };
    !(starting && in_start_period)
}

/// When the control plane learns of a change at `now`: the agent reports every `Timing::health_report` from the container's start.
pub(super) fn reported_at(started: Timestamp, now: Timestamp, timing: &Timing) -> Timestamp {
    crate::time::next_beat(started, timing.health_report, now)
}

/// `healthStatus` of a task, over its essential containers.
pub(super) fn of_task(definitions: &[ContainerDefinition], containers: &[Container]) -> Health {
    let essential = || definitions.iter().zip(containers).filter(|(definition, _)| definition.essential);
    if essential().any(|(_, container)| container.reported == Health::Unhealthy) {
        Health::Unhealthy
    } else if essential().any(|(_, container)| container.reported == Health::Unknown) {
        Health::Unknown
    } else {
        Health::Healthy
    }
}

/// What the service scheduler makes of the containers: it looks at those essential ones that have a health check, so that a sidecar
/// without one does not hold a rollout up (BOTO `minimumHealthyPercent`), unless `unchecked_count`. None means that no essential container
/// has a check.
pub(in crate::ecs) fn for_scheduler(
    definitions: &[ContainerDefinition],
    containers: &[Container],
    unchecked_count: bool,
) -> Option<Health> {
    let mut health = None;
    let mut unchecked = false;
    for (definition, container) in definitions.iter().zip(containers) {
        if !definition.essential {
            continue;
        }
        if definition.health_check.is_none() {
            unchecked = true;
            continue;
        }
        let running = matches!(container.status, ContainerStatus::Running | ContainerStatus::Restarting);
        health = match (health, container.reported) {
            (Some(Health::Unhealthy), _) | (_, Health::Unhealthy) => Some(Health::Unhealthy),
            (None | Some(Health::Healthy), Health::Healthy) if running => Some(Health::Healthy),
            (_, Health::Unknown | Health::Healthy) => Some(Health::Unknown),
        };
    }
    match health {
        Some(Health::Healthy) if unchecked && unchecked_count => Some(Health::Unknown),
        health => health,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{IdKind, IdStream, Uuid};

    /// Containers in words: `e`ssential or `s`idecar, then what the control plane knows of it: `h`ealthy, `u`nhealthy, or `?`; `-` says that it has
    /// no health check.
    fn containers(words: &str) -> (Vec<ContainerDefinition>, Vec<Container>) {
        let container = |word: &str| {
            let check = HealthCheck {
                command: Vec::new(),
                interval: std::time::Duration::ZERO,
                timeout: std::time::Duration::ZERO,
                retries: 1,
                start_period: None,
            };
            let definition = ContainerDefinition {
                essential: word.starts_with('e'),
                health_check: Some(check).filter(|_| !word.ends_with('-')),
                ..ContainerDefinition::new("app", "app:1")
            };
            let reported = match &word[1..] {
                "h" => Health::Healthy,
                "u" => Health::Unhealthy,
                _ => Health::Unknown,
            };
            let new = Container::new("app".into(), Uuid::draw(&mut IdStream::new(0), IdKind::Container), None);
            (definition, Container { status: ContainerStatus::Running, reported, ..new })
        };
        words.split_whitespace().map(container).unzip()
    }

    /// Facts 3.8 and 1.2: the task's own health, and what its service makes of it; `.` where no essential container has a check.
    #[test]
    fn health_is_that_of_the_essential_containers() {
        for (words, task, scheduler) in [
            ("eh", "HEALTHY", "HEALTHY"),
            ("e?", "UNKNOWN", "UNKNOWN"),
            ("eu", "UNHEALTHY", "UNHEALTHY"),
            ("e-", "UNKNOWN", "."),
            ("eh eh", "HEALTHY", "HEALTHY"),
            ("eh eu", "UNHEALTHY", "UNHEALTHY"),
            ("eu e?", "UNHEALTHY", "UNHEALTHY"),
            ("eh e?", "UNKNOWN", "UNKNOWN"),
            ("e? eh", "UNKNOWN", "UNKNOWN"),
            ("eh e-", "UNKNOWN", "HEALTHY"),
            ("eu e-", "UNHEALTHY", "UNHEALTHY"),
            ("eh su", "HEALTHY", "HEALTHY"),
            ("eh s-", "HEALTHY", "HEALTHY"),
            ("e- sh", "UNKNOWN", "."),
        ] {
            let (definitions, containers) = containers(words);
            let as_str = |health: Option<Health>| health.map_or(".", Health::as_str);
            assert_eq!(as_str(for_scheduler(&definitions, &containers, false)), scheduler, "{words}");
            assert_eq!(of_task(&definitions, &containers).as_str(), task, "{words}");
        }
    }
}
