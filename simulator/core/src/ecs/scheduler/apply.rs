//! Carries out what has been decided, without deciding anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use smol_str::SmolStr;

use super::crowd::Crowd;
use super::step::Step;
use super::view::{End, Ended, Failing};
use super::words;
use crate::ecs::capacity::{StrategyItem, next_provider};
use crate::ecs::service::{
    Backoff, Cause, Controller, Propagate, RolloutState, ServiceKey, note_completed, note_failed, resolve_images,
    tell_deployment,
};
use crate::ecs::task::{Ending, Launch, Origin, TaskStatus, begin_stop, launch};
use crate::effect::TaskId;
use crate::event::EventKind;
use crate::id::IdKind;
use crate::refusal::Refusal;
use crate::world::World;

/// Takes one step.
pub(super) fn apply(world: &mut World, key: &ServiceKey, step: Step) {
    let now = world.now;
    match step {
        Step::Count { task, failures } => count(world, key, task, failures),
        Step::Run => primary(world, key, |deployment| deployment.has_run = true),
        Step::Prove(task) => world.ecs.task_mut(&task).proved_at = Some(now),
        Step::ResetFailures => primary(world, key, |deployment| deployment.failed_tasks = 0),
        Step::ArmBreaker(at) => primary(world, key, |deployment| deployment.trip_at = Some(at)),
        Step::DisarmBreaker => primary(world, key, |deployment| deployment.trip_at = None),
        Step::Fail { cause, roll_back_to } => fail(world, key, &cause, roll_back_to),
        Step::Condemn { task, why } => {
            world.ecs.task_mut(&task).condemned = true;
            words::say(world, key, &words::unhealthy(&task, &why));
        }
        Step::Start { count, replacing } => {
            start(world, key, 0, count, &Why::Wanted { replacing });
        }
        Step::Reinforce { place, count, replacing } => {
            start(world, key, place, count, &Why::Wanted { replacing });
        }
        Step::Rebalance { zones, starts } => rebalance(world, key, &zones, starts),
        Step::Rebalanced { stops } => rebalanced(world, key, stops),
        Step::Balanced { zones } => {
            if let Some(service) = world.ecs.services.get_mut(key) {
                service.unbalanced = false;
            }
            words::say(world, key, &words::balanced(&zones));
        }
        Step::Scale(tasks) => {
            let reason = words::scaling(&world.ecs.services[key].primary().id);
            stop(world, key, &tasks, &reason);
        }
        Step::Replace { task, why } => replace(world, key, task, &why),
        Step::Withhold { place, tasks } => {
            let id = world.ecs.services[key].deployments[place].id.clone();
            words::say_once(world, key, &words::protected(&id, tasks));
        }
        Step::Deadlock => words::say_once(world, key, words::DEADLOCK),
        Step::Bake(until) => primary(world, key, |deployment| deployment.bake_until = Some(until)),
        Step::Complete => complete(world, key),
        Step::Steady => {
            if let Some(service) = world.ecs.services.get_mut(key) {
                service.steady_since = Some(now);
                service.said.clear();
            }
            words::say(world, key, words::STEADY);
        }
        Step::Retire(places) => {
            if let Some(service) = world.ecs.services.get_mut(key) {
                for place in places.into_iter().rev() {
                    service.deployments.remove(place);
                }
            }
        }
    }
}

fn primary(world: &mut World, key: &ServiceKey, change: impl FnOnce(&mut crate::ecs::service::Deployment)) {
    if let Some(service) = world.ecs.services.get_mut(key) {
        change(service.primary_mut());
    }
}

fn count(world: &mut World, key: &ServiceKey, task: TaskId, failures: u32) {
    primary(world, key, |deployment| deployment.failed_tasks = failures);
    let service = &world.ecs.services[key];
    let breaker = service.configuration.circuit_breaker;
    let cause = world.ecs.tasks.get(&task).and_then(|task| task.event);
    if breaker.enable {
        let event = EventKind::BreakerCounted {
            service: key.service.to_string(),
            deployment: service.primary().id.to_string(),
            task,
            failures,
            threshold: super::breaker::threshold(&breaker, service.desired),
        };
        world.follow(cause);
        let counted = world.record(event);
        world.follow(Some(counted));
    }
}

fn fail(world: &mut World, key: &ServiceKey, cause: &Cause, roll_back_to: Option<usize>) {
    let (now, rules) = (world.now, world.ecs.rules);
    let Some(service) = world.ecs.services.get_mut(key) else { return };
    let failed = service.primary_mut();
    failed.rollout_state = RolloutState::Failed;
    failed.reason = cause.failed(&rules).to_owned();
    failed.updated_at = now;
    failed.trip_at = None;
    failed.bake_until = None;
    let id = failed.id.clone();
    service.steady_since = None;
    tell_deployment(world, key, 0);
    if let Some(said) = words::failed(&id, cause) {
        words::say(world, key, &said);
    }
    let back_to = roll_back_to.map(|place| world.ecs.services[key].deployments[place].id.clone());
    note_failed(world, key, cause, back_to.as_deref());
    let Some(place) = roll_back_to else { return };
    let alarmed = world.ecs.heeds_alarms(&world.ecs.services[key]);
    let Some(service) = world.ecs.services.get_mut(key) else { return };
    let mut target = service.deployments.remove(place);
    target.rollout_state = RolloutState::InProgress;
    target.reason = cause.rolling_back(&target.id, &rules);
    target.updated_at = now;
    target.failed_tasks = 0;
    target.has_run = false;
    target.alarmed = alarmed;
    let id = target.id.clone();
    service.deployments.insert(0, target);
    service.backoff = Backoff::default();
    service.said.clear();
    tell_deployment(world, key, 0);
    words::say(world, key, &words::rolling_back(&id));
}

fn complete(world: &mut World, key: &ServiceKey) {
    let now = world.now;
    let Some(service) = world.ecs.services.get_mut(key) else { return };
    // The steady state that follows a deployment is always said.
    service.steady_since = None;
    let deployment = service.primary_mut();
    deployment.rollout_state = RolloutState::Completed;
    deployment.reason = format!("ECS deployment {} completed.", deployment.id);
    deployment.updated_at = now;
    deployment.trip_at = None;
    deployment.bake_until = None;
    let id = deployment.id.clone();
    let controller = service.controller;
    note_completed(world, key);
    tell_deployment(world, key, 0);
    if controller == Controller::Ecs {
        words::say(world, key, &words::completed(&id));
    }
}

/// What tasks are started for.
enum Why {
    /// So many are wanted, some of them in place of unhealthy ones.
    Wanted { replacing: u32 },
    /// This availability zone has too few.
    Zone(SmolStr),
}

/// Starts tasks of the deployment at `place`, and answers how many could be.
fn start(world: &mut World, key: &ServiceKey, place: usize, count: u32, why: &Why) -> u32 {
    unsettle(world, key);
    resolve_images(world, key);
    let (mut started, mut refused) = (Vec::new(), None);
    let cause = world.cause();
    let mut crowd = Crowd::of(world, key, place);
    let wanted = wanted(world, key, place);
    let mut providers = Providers::of(world, key, place);
    for _ in 0..count {
        world.follow(cause);
        let subnet = match why {
            Why::Wanted { .. } => crowd.next(None),
            Why::Zone(zone) => crowd.next(Some(zone)),
        };
        let origin = providers.next(&wanted.origin);
        match launch(world, Launch { subnet, origin, ..wanted.clone() }) {
            Ok(task) => started.push(task),
            Err(refusal) => {
                refused = Some(refusal);
                break;
            }
        }
    }
    world.follow(cause);
    if !started.is_empty() {
        let separator = world.ecs.rules.task_separator;
        let said = match why {
            Why::Wanted { replacing } => words::started(&started, *replacing, separator),
            Why::Zone(zone) => words::started_in(&started, zone, separator),
        };
        words::say(world, key, &said);
    }
    if let Some(refusal) = refused {
        not_launched(world, key, place, &refusal);
    }
    u32::try_from(started.len()).expect("no more than were wanted")
}

/// Starts tasks in zones that have too few. As many go elsewhere once these are healthy.
fn rebalance(world: &mut World, key: &ServiceKey, zones: &BTreeMap<SmolStr, u32>, starts: BTreeMap<SmolStr, u32>) {
    let Some(service) = world.ecs.services.get_mut(key) else { return };
    if !std::mem::replace(&mut service.unbalanced, true) {
        words::say(world, key, &words::unbalanced(zones));
    }
    for (zone, count) in starts {
        let started = start(world, key, 0, count, &Why::Zone(zone));
        if let Some(service) = world.ecs.services.get_mut(key) {
            service.rebalancing += started;
        }
    }
}

/// Stops tasks in zones that have too many.
fn rebalanced(world: &mut World, key: &ServiceKey, stops: BTreeMap<SmolStr, Vec<TaskId>>) {
    unsettle(world, key);
    let reason = SmolStr::new(words::scaling(&world.ecs.services[key].primary().id));
    let cause = world.cause();
    for (zone, tasks) in stops {
        world.follow(cause);
        let said = words::say(world, key, &words::stopped_in(&tasks, &zone, world.ecs.rules.task_separator));
        stop_each(world, &tasks, said, &reason);
    }
    world.follow(cause);
    if let Some(service) = world.ecs.services.get_mut(key) {
        service.rebalancing = 0;
    }
    super::poke(world, key);
}

/// A task could not even be launched: that is a failure of the deployment like another, and is counted at the next look.
fn not_launched(world: &mut World, key: &ServiceKey, place: usize, refusal: &Refusal) {
    let error = match refusal {
        Refusal::Fault { message, .. } => message.trim_end_matches('.').to_owned(),
        Refusal::Denied(_) | Refusal::NotSimulated { .. } => refusal.to_string(),
    };
    words::say_once(world, key, &words::failed_to_launch(&error));
    let task = TaskId::new(world.ids.number(IdKind::Task));
    let Some(service) = world.ecs.services.get_mut(key) else { return };
    let deployment = service.deployments[place].id.as_str().into();
    service.unlaunched.push(Ended { task, deployment, how: End::NeverRan(error.into()) });
    super::poke(world, key);
}

/// The capacity providers of a deployment: how many tasks each has, and what the tasks on it have in common.
struct Providers {
    strategy: Vec<StrategyItem>,
    tasks: BTreeMap<SmolStr, u32>,
    origins: BTreeMap<SmolStr, Arc<Origin>>,
}

impl Providers {
    fn of(world: &World, key: &ServiceKey, place: usize) -> Self {
        let service = &world.ecs.services[key];
        let deployment = &service.deployments[place];
        let mut tasks = BTreeMap::new();
        let own = world.ecs.live(service).filter(|task| task.origin.started_by.as_deref() == Some(&deployment.id));
        for provider in own.filter(|task| !task.stopping).filter_map(|task| task.origin.provider.clone()) {
            *tasks.entry(provider).or_default() += 1;
        }
        Self { strategy: deployment.strategy.clone(), tasks, origins: BTreeMap::new() }
    }

    /// What the next task has in common with others like it: `common`, on the provider whose turn it is.
    fn next(&mut self, common: &Arc<Origin>) -> Arc<Origin> {
        let tasks = self.tasks.iter().map(|(provider, tasks)| (provider.as_str(), *tasks)).collect();
        let Some(provider) = next_provider(&self.strategy, &tasks).map(SmolStr::new) else { return Arc::clone(common) };
        *self.tasks.entry(provider.clone()).or_default() += 1;
        let on = || Arc::new(Origin { provider: Some(provider.clone()), ..Origin::clone(common) });
        Arc::clone(self.origins.entry(provider.clone()).or_insert_with(on))
    }
}

/// A task of the deployment at `place`, as they are launched now.
fn wanted(world: &World, key: &ServiceKey, place: usize) -> Launch {
    let service = &world.ecs.services[key];
    let deployment = &service.deployments[place];
    let mut tags = match service.propagate {
        Propagate::None => BTreeMap::new(),
        Propagate::Service => service.tags.clone(),
        Propagate::TaskDefinition => deployment.definition.tags.clone(),
    };
    if service.managed_tags {
        tags.insert("aws:ecs:clusterName".to_owned(), key.cluster.to_string());
        tags.insert("aws:ecs:serviceName".to_owned(), key.service.to_string());
    }
    let group = format!("service:{}", key.service);
    let origin = Origin {
        started_by: Some(deployment.id.as_str().into()),
        service: Some(key.clone()),
        execute_command: service.execute_command,
        tags,
        ..Origin::new(world, &key.cluster, group, deployment.network.clone())
    };
    Launch {
        definition: Arc::clone(&deployment.definition),
        origin: Arc::new(origin),
        subnet: None,
        digests: Arc::new(deployment.digests.clone()),
    }
}

fn replace(world: &mut World, key: &ServiceKey, task: TaskId, why: &Failing) {
    world.ecs.task_mut(&task).replaced = true;
    stop(world, key, &[task], &words::stopped_because(why));
}

fn stop(world: &mut World, key: &ServiceKey, tasks: &[TaskId], reason: &str) {
    let reason = SmolStr::new(reason);
    unsettle(world, key);
    let runs = |id: &TaskId| world.ecs.tasks[id].last_status == TaskStatus::Running;
    let (running, pending): (Vec<TaskId>, Vec<TaskId>) = tasks.iter().copied().partition(runs);
    let cause = world.cause();
    if !running.is_empty() {
        let said = words::say(world, key, &words::stopped_running(&running, world.ecs.rules.task_separator));
        stop_each(world, &running, said, &reason);
    }
    world.follow(cause);
    if !pending.is_empty() {
        let said = words::say(world, key, &words::stopped_pending(pending.len()));
        stop_each(world, &pending, said, &reason);
    }
    world.follow(cause);
}

fn stop_each(world: &mut World, tasks: &[TaskId], said: u64, reason: &SmolStr) {
    for task in tasks {
        world.follow(Some(said));
        begin_stop(world, task, Ending::Scheduler(reason.clone()));
    }
}

/// The service is not steady any more.
fn unsettle(world: &mut World, key: &ServiceKey) {
    if let Some(service) = world.ecs.services.get_mut(key) {
        service.steady_since = None;
    }
}
