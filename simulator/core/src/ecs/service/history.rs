//! The history of a service: what each step of the scheduler means to the service deployment under way.
//!
//! It stays until the service is deleted, also when what was deployed has long left the list of deployments.

use super::ServiceKey;
use super::cause::Cause;
use super::controller::Controller;
use super::monitor::{AlarmMonitor, BreakerMonitor, MonitorStatus};
use super::revision::ServiceRevision;
use super::service_deployment::{ServiceDeployment, ServiceDeploymentStatus};
use crate::arn::Arn;
use crate::ecs::scheduler;
use crate::id::IdKind;
use crate::world::World;

/// The characters of a service deployment's id.
const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Records that the service called `key` has a new primary deployment. What CodeDeploy deploys has its history there.
pub(super) fn begin(world: &mut World, key: &ServiceKey) {
    if world.ecs.services[key].controller == Controller::CodeDeploy {
        return;
    }
    let now = world.now;
    let id = world.ids.text(IdKind::ServiceDeployment, ALPHABET, 21);
    let resource = format!("service-deployment/{}/{}/{id}", key.cluster, key.service);
    let arn = Arn::new("ecs", &world.region, &world.account, &resource);
    let service = &world.ecs.services[key];
    let revision = ServiceRevision::of(world, key, service.primary());
    let sources = world.ecs().deployments_of(service).skip(1).map(|deployment| deployment.id.clone()).collect();
    let configuration = service.configuration.clone();
    let monitor = |enabled| if enabled { MonitorStatus::Monitoring } else { MonitorStatus::Disabled };
    // The circuit breaker is for rolling deployments only (`facts/aws.md` 2.4).
    let status = monitor(configuration.circuit_breaker.enable && !configuration.shifting.shifts());
    let alarms = AlarmMonitor {
        status: monitor(configuration.alarms.enable),
        names: configuration.alarms.names.clone(),
        triggered: Vec::new(),
    };
    let begun = ServiceDeployment {
        arn,
        deployment: revision.deployment.clone(),
        sources,
        status: ServiceDeploymentStatus::Pending,
        reason: None,
        created_at: now,
        started_at: None,
        updated_at: now,
        finished_at: None,
        stopped_at: None,
        lifecycle_stage: None,
        configuration,
        rollback: None,
        breaker: BreakerMonitor { status, failures: 0, threshold: scheduler::threshold(service) },
        alarms,
        stop: None,
        frozen: None,
    };
    change(world, key, |earlier| earlier.supersede(now));
    if let Some(service) = world.ecs.services.get_mut(key) {
        service.revisions.push(revision);
        service.history.push(begun);
    }
}

/// The scheduler begins to look at the service.
pub(in crate::ecs) fn looked_at(world: &mut World, key: &ServiceKey) {
    let now = world.now;
    let Some(service) = world.ecs.services.get(key) else { return };
    let heeds_alarms = world.ecs.heeds_alarms(service);
    let Some(service) = world.ecs.services.get_mut(key) else { return };
    if service.history.last().is_some_and(|latest| latest.status == ServiceDeploymentStatus::Pending) {
        service.primary_mut().alarmed = heeds_alarms;
        if !heeds_alarms && let Some(latest) = service.history.last_mut() {
            latest.alarms.status = MonitorStatus::Disabled;
        }
    }
    let over = service.history.len().saturating_sub(1);
    for (place, entry) in service.history.iter_mut().enumerate() {
        if place == over || entry.status == ServiceDeploymentStatus::StopRequested {
            entry.looked_at(now);
        }
    }
    freeze(world, key);
}

/// The scheduler has looked at the service: takes over what the circuit breaker has counted.
pub(in crate::ecs) fn counted(world: &mut World, key: &ServiceKey) {
    let Some(service) = world.ecs.services.get_mut(key) else { return };
    let threshold = scheduler::threshold(service);
    let failures = service.primary().failed_tasks;
    let Some(entry) = service.history.last_mut() else { return };
    if matches!(entry.status, ServiceDeploymentStatus::Pending | ServiceDeploymentStatus::InProgress) {
        entry.breaker.failures = failures;
        entry.breaker.threshold = threshold;
    }
}

/// The service's primary deployment, whose failures are counted up to now, has failed; the one called `back_to` comes back.
pub(in crate::ecs) fn failed(world: &mut World, key: &ServiceKey, cause: &Cause, back_to: Option<&str>) {
    counted(world, key);
    let now = world.now;
    let Some(service) = world.ecs.services.get(key) else { return };
    let revision = back_to.and_then(|id| service.revision_of(id)).map(|revision| revision.arn.clone());
    let ringing = world.ecs.ringing(service);
    change(world, key, |entry| {
        if *cause == Cause::Alarm {
            entry.alarms.triggered = ringing;
        }
        entry.fail(cause, revision, now);
    });
    scheduler::poke(world, key);
}

/// The service's primary deployment is done.
pub(in crate::ecs) fn completed(world: &mut World, key: &ServiceKey) {
    let now = world.now;
    change(world, key, |entry| entry.succeed(now));
}

/// The service's deployment at `place`, which shifts traffic, has come into another lifecycle stage.
pub(in crate::ecs) fn staged(world: &mut World, key: &ServiceKey, place: usize) {
    let now = world.now;
    let Some(service) = world.ecs.services.get_mut(key) else { return };
    let Some(deployment) = service.deployments.get(place) else { return };
    let (id, stage) = (&deployment.id, deployment.lifecycle_stage());
    if let Some(entry) = service.history.iter_mut().rev().find(|entry| entry.deployment == *id) {
        entry.lifecycle_stage = stage;
        entry.updated_at = now;
    }
}

/// Changes the latest service deployment.
fn change(world: &mut World, key: &ServiceKey, change: impl FnOnce(&mut ServiceDeployment)) {
    let latest = world.ecs.services.get_mut(key).and_then(|service| service.history.last_mut());
    if let Some(entry) = latest {
        change(entry);
    }
    freeze(world, key);
}

/// Keeps the number of tasks that the revisions of what has ended had at its end: "the number of running tasks when the deployment
/// completed" (the guide's page on service deployments).
fn freeze(world: &mut World, key: &ServiceKey) {
    let Some(service) = world.ecs.services.get(key) else { return };
    let ended = |entry: &ServiceDeployment| entry.status.is_final() && entry.frozen.is_none();
    let places: Vec<usize> = (0..service.history.len()).filter(|place| ended(&service.history[*place])).collect();
    for place in places {
        let service = &world.ecs.services[key];
        let summaries = world.ecs().summaries(service, &service.history[place]);
        if let Some(service) = world.ecs.services.get_mut(key) {
            service.history[place].frozen = Some(summaries);
        }
    }
}
