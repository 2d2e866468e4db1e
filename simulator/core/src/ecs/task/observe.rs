//! Facts about tasks and containers, and the deadlines of their health checks.

use std::net::IpAddr;
use std::sync::Arc;

use smol_str::SmolStr;

use super::container::{ContainerStatus, Health};
use super::stop::{self, Ending};
use super::{TaskStatus, advance, execution, health, restart};
use crate::ecs::{State, Timer, scheduler};
use crate::effect::{Effect, TaskId};
use crate::event::EventKind;
use crate::world::World;

/// The place of the container called `name` in the task `id`, if both are known. What is recorded next follows from the last that
/// was recorded about it.
pub(in crate::ecs) fn place(world: &mut World, id: &TaskId, name: &str) -> Option<usize> {
    let task = world.ecs.tasks.get(id)?;
    let place = task.containers.iter().position(|container| container.name == name)?;
    let cause = task.containers[place].event.or(task.event);
    world.follow(cause);
    Some(place)
}

/// The task's network is there.
pub(in crate::ecs) fn prepared(world: &mut World, id: &TaskId, address: IpAddr) {
    let Some(task) = world.ecs.tasks.get_mut(id).filter(|task| task.preparing) else { return };
    task.preparing = false;
    task.address = Some(address);
    let (wanted, cause) = (!task.stopping, task.event);
    world.follow(cause);
    world.ecs.by_address.insert(address, *id);
    if wanted {
        advance::set_status(world, id, TaskStatus::Pending);
        if let Err(reason) = execution::initialise(world, id) {
            return stop::begin(world, id, Ending::FailedToStart(reason.into()));
        }
    }
    advance::advance(world, id);
}

/// The task's network could not be made.
pub(in crate::ecs) fn not_prepared(world: &mut World, id: &TaskId, message: &str) {
    let Some(task) = world.ecs.tasks.get_mut(id).filter(|task| task.preparing) else { return };
    task.preparing = false;
    let cause = task.event;
    world.follow(cause);
    let reason = format!("ResourceInitializationError: failed to configure ENI: {message}");
    stop::begin(world, id, Ending::FailedToStart(reason.into()));
    advance::advance(world, id);
}

/// The image of the container at `place` is there.
pub(in crate::ecs) fn pulled(world: &mut World, id: &TaskId, place: usize) {
    let now = world.now;
    let task = world.ecs.task_mut(id);
    let container = &mut task.containers[place];
    if container.status != ContainerStatus::Pulling {
        return;
    }
    container.status = ContainerStatus::Pulled;
    container.pulled_at = Some(now);
    task.pull_stopped_at = Some(now);
    advance::tell_container(world, id, place);
    advance::advance(world, id);
}

/// The image of the container at `place` could not be fetched: on Fargate the end of the task, whichever container needs it.
pub(in crate::ecs) fn not_pulled(world: &mut World, id: &TaskId, place: usize, message: &str) {
    let task = world.ecs.task_mut(id);
    if task.containers[place].status != ContainerStatus::Pulling {
        return;
    }
    let (image, digest) = (&task.definition.containers[place].image, task.containers[place].digest.as_deref());
    let reason = execution::cannot_pull(image, digest, message);
    task.containers[place].status = ContainerStatus::Stopped;
    task.containers[place].reason = Some(reason.chars().take(1024).collect());
    advance::tell_container(world, id, place);
    stop::begin(world, id, Ending::FailedToStart(reason.into()));
}

/// The container at `place` runs.
pub(in crate::ecs) fn started(world: &mut World, id: &TaskId, place: usize, runtime_id: SmolStr) {
    let now = world.now;
    let task = world.ecs.tasks.get_mut(id).expect("the place was found in it");
    let check = task.definition.containers[place].health_check.as_ref();
    let container = &mut task.containers[place];
    let again = container.status == ContainerStatus::Restarting;
    if !again && container.status != ContainerStatus::Starting {
        return;
    }
    container.status = ContainerStatus::Running;
    container.runtime_id = Some(runtime_id);
    container.started_at.get_or_insert(now);
    container.runs_since = Some(now);
    container.ended_with = None;
    container.failures = 0;
    // The engine looks for health anew.
    let was = std::mem::replace(&mut container.health, Health::Unknown);
    container.schedule = check.map(|check| health::schedule(check, &world.timing, now));
    if let Some(at) = container.schedule.as_ref().and_then(crate::probe::Schedule::next) {
        world.ecs.probe_at(id, place, at);
    }
    if was != Health::Unknown {
        let report =
            health::reported_at(world.ecs.tasks[id].containers[place].started_at.unwrap_or(now), now, &world.timing);
        world.ecs.report_at(id, place, report);
    }
    if !again {
        advance::tell_container(world, id, place);
    }
    advance::advance(world, id);
}

/// The container at `place` could not be created or started.
pub(in crate::ecs) fn not_started(world: &mut World, id: &TaskId, place: usize, message: &str) {
    let container = &mut world.ecs.task_mut(id).containers[place];
    match container.status {
        ContainerStatus::Starting => {
            advance::ended(world, id, place, Some(format!("CannotStartContainerError: {message}")));
        }
        // A restart that fails leaves the container as it had ended.
        ContainerStatus::Restarting => {
            container.exit_code = container.ended_with;
            advance::ended(world, id, place, None);
        }
        ContainerStatus::Waiting
        | ContainerStatus::Pulling
        | ContainerStatus::Pulled
        | ContainerStatus::Running
        | ContainerStatus::Stopping
        | ContainerStatus::Stopped => return,
    }
    advance::advance(world, id);
}

/// The container at `place` uses so much memory.
pub(in crate::ecs) fn uses(world: &mut World, id: &TaskId, place: usize, mebibytes: u32) {
    let container = &mut world.ecs.task_mut(id).containers[place];
    container.peak_memory = container.peak_memory.max(Some(mebibytes));
}

/// The container at `place` has ended.
pub(in crate::ecs) fn exited(
    world: &mut World,
    id: &TaskId,
    place: usize,
    exit_code: Option<i32>,
    out_of_memory: bool,
) {
    let now = world.now;
    let task = world.ecs.task_mut(id);
    let container = &task.containers[place];
    if !matches!(
        container.status,
        ContainerStatus::Running | ContainerStatus::Restarting | ContainerStatus::Stopping | ContainerStatus::Starting
    ) {
        return;
    }
    let policy = task.definition.containers[place].restart_policy.as_ref();
    if !task.stopping && restart::is_due(policy, container, exit_code, now) {
        return advance::restart(world, id, place, exit_code);
    }
    let container = &mut task.containers[place];
    // What has ended has run, even if its end is heard of before its start.
    container.started_at.get_or_insert(now);
    container.exit_code = exit_code;
    let reason = out_of_memory.then(|| "OutOfMemoryError: container killed due to memory usage".to_owned());
    advance::ended(world, id, place, reason);
    advance::advance(world, id);
}

/// A health command of the container at `place` has ended.
pub(in crate::ecs) fn probed(world: &mut World, id: &TaskId, place: usize, exit_code: Option<i32>, output: SmolStr) {
    let now = world.now;
    let State { tasks, agenda, .. } = &mut world.ecs;
    let task = tasks.get_mut(id).expect("the place was found in it");
    let Some(check) = &task.definition.containers[place].health_check else { return };
    let container = &mut task.containers[place];
    let Some(probe) = container.schedule.as_mut().and_then(|schedule| schedule.end(now)) else { return };
    let before = container.health;
    let passed = exit_code == Some(0);
    // The output of an extra probe that failed tells nothing that a declared one would not.
    if passed || probe.declared {
        container.health_output = match output.char_indices().nth(1024).filter(|_| output.len() > 1024) {
            Some((end, _)) => output[..end].into(),
            None => output,
        };
    }
    health::judge(container, check, probe, passed, now);
    let changed = container.health != before;
    let schedule = container.schedule.as_mut().expect("a probe of it has just ended");
    if changed {
        schedule.found();
    }
    if let Some(at) = schedule.next() {
        agenda.set(&mut container.probe_due, Timer::Probe(*id, place), at);
    }
    if changed {
        let started = container.started_at.unwrap_or(now);
        let event = EventKind::ContainerHealth {
            task: *id,
            container: container.name.clone(),
            status: container.health.as_str(),
            output: container.health_output.clone(),
        };
        let told = world.record(event);
        world.ecs.task_mut(id).containers[place].event = Some(told);
        world.ecs.report_at(id, place, health::reported_at(started, now, &world.timing));
        advance::advance(world, id);
    }
}

/// A probe of the container at `place` is due.
pub(in crate::ecs) fn probe_due(world: &mut World, id: &TaskId, place: usize) {
    let now = world.now;
    let Some(task) = world.ecs.tasks.get_mut(id) else { return };
    let Some(command) = &task.definition.probes[place] else { return };
    let container = &mut task.containers[place];
    let Some(schedule) = &mut container.schedule else { return };
    match schedule.begin(now) {
        Some(timeout) => {
            let (container, command) = (container.name.clone(), Arc::clone(command));
            world.want(Effect::ProbeHealth { task: *id, container, command, timeout });
        }
        None => {
            if let Some(at) = schedule.next() {
                world.ecs.probe_at(id, place, at);
            }
        }
    }
}

/// The agent's report of the health of the container at `place` reaches the control plane.
pub(in crate::ecs) fn report_due(world: &mut World, id: &TaskId, place: usize) {
    let Some(task) = world.ecs.tasks.get_mut(id) else { return };
    let container = &mut task.containers[place];
    if container.reported != container.health && container.status != ContainerStatus::Stopped {
        container.reported = container.health;
        task.version += 1;
        let cause = container.event;
        if let Some(key) = task.origin.service.clone() {
            world.follow(cause);
            scheduler::poke(world, &key);
        }
    }
}

/// A line of output of the container at `place`.
pub(in crate::ecs) fn logged(world: &mut World, id: &TaskId, place: usize, line: String) {
    execution::log(world, id, place, line);
}

/// Nothing is left of the task.
pub(in crate::ecs) fn cleared(world: &mut World, id: &TaskId) {
    if let Some(task) = world.ecs.tasks.get(id) {
        world.follow(task.event);
        stop::cleared(world, id);
    }
}
