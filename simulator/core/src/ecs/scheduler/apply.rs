//! Carries out what has been decided, without deciding anything.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::start::{Why, rebalance, start};
use super::step::Step;
use super::view::Failing;
use super::words;
use crate::ecs::service::{
    Backoff, Cause, Controller, RolloutState, ServiceKey, note_completed, note_failed, tell_deployment,
};
use crate::ecs::task::{Ending, TaskStatus, begin_stop};
use crate::effect::TaskId;
use crate::event::EventKind;
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
pub(super) fn unsettle(world: &mut World, key: &ServiceKey) {
    if let Some(service) = world.ecs.services.get_mut(key) {
        service.steady_since = None;
    }
}
