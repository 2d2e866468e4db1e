//! Collects what the deciding functions see, and when that will have changed by time alone.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::bounds::Bounds;
use super::crowd::zone_of;
use super::view::{AlarmsView, DeploymentView, End, Ended, Failing, Spread, Stage, TaskHealth, TaskView, View};
use super::words;
use crate::ecs::service::{Backoff, CircuitBreaker, Service, ServiceKey};
use crate::ecs::task::{Health, StopCode, Task, TaskStatus, for_scheduler};
use crate::elb::TargetState;
use crate::time::Timestamp;
use crate::world::World;

/// Longest wait between two attempts to start a task.
const LONGEST_BACKOFF: std::time::Duration = std::time::Duration::from_secs(15 * 60);

/// Attempts in a row that must have failed before the service says that it cannot start tasks.
const INCONSISTENT_FROM: u32 = 3;

/// The service called `key` as it is now.
pub(super) fn view(world: &World, key: &ServiceKey) -> View {
    let service = &world.ecs.services[key];
    let subnets = service.deployments.iter().flat_map(|deployment| &deployment.network.subnets);
    let zones: Zones<'_> = subnets.map(|subnet| (subnet.as_str(), zone_of(world, subnet))).collect();
    View {
        now: world.now,
        timing: world.timing.clone(),
        rules: world.ecs.rules,
        desired: service.desired,
        bounds: Bounds::of(service.desired, &service.configuration),
        breaker: breaker(service),
        alarms: AlarmsView {
            ringing: !world.ecs.ringing(service).is_empty(),
            rollback: service.configuration.alarms.rollback,
        },
        early_success: service.configuration.early_success,
        spread: spread(service, &zones),
        stop: service.history.last().and_then(|latest| latest.stop),
        start_not_before: service.backoff.until,
        steady_since: service.steady_since,
        deployments: service
            .deployments
            .iter()
            .map(|deployment| DeploymentView {
                id: deployment.id.clone(),
                state: deployment.rollout_state,
                failed_tasks: deployment.failed_tasks,
                has_run: deployment.has_run,
                trip_at: deployment.trip_at,
                alarmed: deployment.alarmed,
                bake_until: deployment.bake_until,
            })
            .collect(),
        tasks: world.ecs.live(service).map(|task| task_view(world, service, &zones, task)).collect(),
        ended: service.ended.clone(),
    }
}

/// The availability zones of subnets.
type Zones<'a> = BTreeMap<&'a str, SmolStr>;

/// A service is rebalanced if it is to be, and if it may have more tasks than are wanted (developer guide, service-rebalancing: not with a
/// `maximumPercent` of 100).
fn spread(service: &Service, zones: &Zones<'_>) -> Spread {
    let rebalances = service.zone_rebalancing && service.configuration.maximum_percent > 100;
    let subnets = service.primary().network.subnets.iter().filter(|_| rebalances);
    let zones: BTreeSet<&SmolStr> = subnets.filter_map(|subnet| zones.get(subnet.as_str())).collect();
    Spread {
        zones: zones.into_iter().cloned().collect(),
        rebalancing: service.rebalancing,
        unbalanced: service.unbalanced,
    }
}

/// The circuit breaker is for rolling deployments only (`facts/aws.md` 2.4), also once the traffic of another has shifted.
fn breaker(service: &Service) -> CircuitBreaker {
    let configured = service.configuration.circuit_breaker;
    CircuitBreaker { enable: configured.enable && service.primary().shift.is_none(), ..configured }
}

fn task_view(world: &World, service: &Service, zones: &Zones<'_>, task: &Task) -> TaskView {
    let stage = stage(task);
    TaskView {
        id: task.id,
        deployment: place(service, task),
        stage,
        health: if stage == Stage::Running { health(world, service, task).0 } else { TaskHealth::Unproven },
        proved: task.proved_at.is_some(),
        condemned: task.condemned,
        protected: world.ecs.protected_until(&task.id, world.now).is_some(),
        zone: task.subnet.as_ref().and_then(|subnet| zones.get(subnet.as_str())).cloned(),
    }
}

fn place(service: &Service, task: &Task) -> Option<usize> {
    let id = task.origin.started_by.as_deref()?;
    service.deployments.iter().position(|deployment| deployment.id == id)
}

const fn stage(task: &Task) -> Stage {
    match task.last_status {
        _ if task.stopping => Stage::Stopping,
        TaskStatus::Provisioning | TaskStatus::Pending | TaskStatus::Activating => Stage::Starting,
        TaskStatus::Running => Stage::Running,
        TaskStatus::Deactivating | TaskStatus::Stopping | TaskStatus::Deprovisioning | TaskStatus::Stopped => {
            Stage::Stopping
        }
    }
}

/// What the scheduler thinks of the health of a RUNNING task, and when it will think again because time has passed.
fn health(world: &World, service: &Service, task: &Task) -> (TaskHealth, Option<Timestamp>) {
    let Some(started) = task.started_at else { return (TaskHealth::Unproven, None) };
    let containers =
        for_scheduler(&task.definition.containers, &task.containers, world.ecs.rules.unchecked_containers_count);
    let targets = task_targets(world, task);
    let failing = if containers == Some(Health::Unhealthy) {
        Some(Failing::Container)
    } else {
        targets.iter().find_map(|(state, failing)| (*state == TargetState::Unhealthy).then(|| failing.clone()))
    };
    if let Some(why) = failing {
        let excused_until = started + service.grace.unwrap_or_default();
        return if world.now < excused_until {
            (TaskHealth::Unproven, Some(excused_until))
        } else {
            (TaskHealth::Failing(why), None)
        };
    }
    let expected = place(service, task).map_or(0, |place| service.deployments[place].load_balancers.len());
    let served = targets.len() == expected && targets.iter().all(|(state, _)| *state == TargetState::Healthy);
    match containers {
        Some(Health::Unknown | Health::Unhealthy) => (TaskHealth::Unproven, None),
        Some(Health::Healthy) => (if served { TaskHealth::Healthy } else { TaskHealth::Unproven }, None),
        None if expected > 0 => (if served { TaskHealth::Healthy } else { TaskHealth::Unproven }, None),
        None => {
            let proved = started + world.timing.healthy_without_checks;
            if world.now < proved { (TaskHealth::Unproven, Some(proved)) } else { (TaskHealth::Healthy, None) }
        }
    }
}

fn task_targets(world: &World, task: &Task) -> Vec<(TargetState, Failing)> {
    let look = |target: &crate::ecs::task::TaskTarget| {
        let described = world.elb.target_group(&target.group)?.target(&target.target)?;
        let reason = described.reason.map(|reason| reason.description).unwrap_or_default();
        Some((described.state, Failing::Target { group: target.group.clone(), port: target.target.port, reason }))
    };
    task.targets.iter().filter_map(look).collect()
}

/// When the service will look different although nothing happens.
pub(super) fn next_change(world: &World, key: &ServiceKey) -> Option<Timestamp> {
    let service = &world.ecs.services[key];
    let running = world.ecs.live(service).filter(|task| stage(task) == Stage::Running);
    let by_health = running.clone().filter_map(|task| health(world, service, task).1);
    let by_registration = running.filter_map(|task| {
        let unregistered = task.targets.is_empty()
            && place(service, task).is_some_and(|place| !service.deployments[place].load_balancers.is_empty());
        task.started_at.filter(|_| unregistered).map(|started| started + world.timing.target_registration)
    });
    let others = [
        service.primary().trip_at,
        service.primary().bake_until,
        service.backoff.until,
        service.steady_since.map(|since| since + words::REPEAT),
        service.steady_since.zip(world.timing.zone_rebalancing).map(|(since, wait)| since + wait),
        super::traffic_shift::next_change(world, key),
    ];
    let by_protection = world.ecs.live(service).filter_map(|task| world.ecs.protected_until(&task.id, world.now));
    by_health
        .chain(by_protection)
        .chain(by_registration)
        .chain(others.into_iter().flatten())
        .filter(|at| *at > world.now)
        .min()
}

/// How a task of a service ended, for its scheduler to note.
pub(in crate::ecs) fn end_of(task: &Task) -> Ended {
    let how = match &task.stop {
        Some(stop) => match stop.code {
            StopCode::TaskFailedToStart => End::NeverRan(stop.reason.clone()),
            StopCode::EssentialContainerExited if task.started_at.is_none() => End::NeverRan(stop.reason.clone()),
            StopCode::EssentialContainerExited if task.proved_at.is_some() => End::AfterHealthy,
            StopCode::EssentialContainerExited => End::Failed,
            StopCode::ServiceSchedulerInitiated if task.replaced => End::Failed,
            StopCode::ServiceSchedulerInitiated | StopCode::UserInitiated => End::Unwanted,
        },
        None => End::Unwanted,
    };
    Ended { task: task.id, deployment: task.origin.started_by.clone().unwrap_or_default(), how }
}

/// Takes note of tasks of the primary deployment that ended: those that never ran make the service wait longer and longer, one
/// that ran ends the waiting (`facts/aws.md` 1.5).
pub(super) fn note_ends(world: &mut World, key: &ServiceKey) {
    let (now, first) = (world.now, world.timing.start_backoff);
    let service = &world.ecs.services[key];
    let primary = service.primary().id.clone();
    let ended: Vec<Ended> = service.ended.iter().filter(|ended| ended.deployment == primary).cloned().collect();
    let reasons = ended.iter().filter_map(|ended| match &ended.how {
        End::NeverRan(reason) => Some(reason.clone()),
        End::Failed | End::AfterHealthy | End::Unwanted => None,
    });
    let reasons: Vec<SmolStr> = reasons.collect();
    let ran_since = service.backoff.failed_at.is_some_and(|failed| {
        let started = world
            .ecs
            .live(service)
            .filter(|task| task.origin.started_by.as_deref() == Some(&primary))
            .filter_map(|task| task.started_at);
        started.max().is_some_and(|started| started > failed)
    });
    let ran = ran_since || ended.iter().any(|ended| matches!(ended.how, End::Failed | End::AfterHealthy));
    let Some(service) = world.ecs.services.get_mut(key) else { return };
    if ran {
        service.backoff = Backoff::default();
    }
    if reasons.is_empty() {
        return;
    }
    let wait = first.saturating_mul(1 << service.backoff.level.min(20)).min(LONGEST_BACKOFF);
    service.backoff = Backoff { level: service.backoff.level + 1, until: Some(now + wait), failed_at: Some(now) };
    let level = service.backoff.level;
    for reason in reasons.iter().filter(|reason| reason.contains("Error: ")) {
        words::say_once(world, key, &words::unable_to_place(reason));
    }
    if level >= INCONSISTENT_FROM {
        words::say_once(world, key, words::INCONSISTENT);
    }
}
