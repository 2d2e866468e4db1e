//! Carries out the steps of a task, one by one, until there is none left to take.

use smol_str::SmolStr;

use super::container::ContainerStatus;
use super::life::{self, Step};
use super::stop::{self, Ending};
use super::{Task, TaskStatus, environment, execution, launch};
use crate::ecs::definition::MountPoint;
use crate::ecs::{State, Timer, scheduler};
use crate::effect::{ContainerSpec, Effect, Mount, TaskId};
use crate::event::EventKind;
use crate::world::World;

/// The exit code that the agent gives a container that never started because another one failed it.
const NEVER_STARTED: i32 = 143;

/// Takes every step that `id` can take now.
pub(in crate::ecs) fn advance(world: &mut World, id: &TaskId) {
    loop {
        let State { tasks, agenda, .. } = &mut world.ecs;
        let Some(task) = tasks.get_mut(id) else { return };
        let (steps, wake) = life::next(task, world.now);
        match wake {
            Some(at) => agenda.set(&mut task.dependency_due, Timer::Dependency(*id), at),
            None => agenda.cancel(&mut task.dependency_due),
        }
        // The first step may change what the others would be.
        match steps.into_iter().next() {
            Some(step) => take(world, id, step),
            None => return,
        }
    }
}

fn take(world: &mut World, id: &TaskId, step: Step) {
    let now = world.now;
    match step {
        Step::Pull(place) => pull(world, id, place),
        Step::Start(place) => start(world, id, place),
        Step::Abandon(place, why) => {
            let task = world.ecs.task_mut(id);
            task.containers[place].exit_code = Some(NEVER_STARTED);
            ended(world, id, place, Some(format!("CannotStartContainerError: {why}")));
        }
        Step::Skip(place) => {
            world.ecs.task_mut(id).containers[place].status = ContainerStatus::Stopped;
            tell_container(world, id, place);
        }
        Step::Stop(place) => {
            let task = world.ecs.task_mut(id);
            task.containers[place].status = ContainerStatus::Stopping;
            task.containers[place].stopping_at = Some(now);
            task.containers[place].schedule = None;
            // What it does from now on follows from the task's stopping.
            task.containers[place].event = task.event;
            let container = task.containers[place].name.clone();
            let timeout = task.definition.containers[place].stop_timeout();
            world.ecs.probe_no_more(id, place);
            world.want(Effect::StopContainer { task: *id, container, timeout });
        }
        Step::Run if scheduler::registers_first(world, id) => set_status(world, id, TaskStatus::Activating),
        Step::Run => run(world, id),
        Step::Clear => {
            world.ecs.task_mut(id).clearing = true;
            set_status(world, id, TaskStatus::Deprovisioning);
            world.want(Effect::ClearTask { task: *id });
        }
    }
}

fn run(world: &mut World, id: &TaskId) {
    let now = world.now;
    world.ecs.task_mut(id).started_at = Some(now);
    set_status(world, id, TaskStatus::Running);
}

/// The targets of an ACTIVATING task are registered: it is RUNNING.
pub(in crate::ecs) fn activated(world: &mut World, id: &TaskId) {
    let task = world.ecs.task_mut(id);
    if task.last_status == TaskStatus::Activating && !task.stopping {
        run(world, id);
    }
}

fn pull(world: &mut World, id: &TaskId, place: usize) {
    let now = world.now;
    let task = world.ecs.task_mut(id);
    task.pull_started_at.get_or_insert(now);
    task.containers[place].status = ContainerStatus::Pulling;
    task.containers[place].pull_started_at = Some(now);
    let pull = execution::pull(world, id, place);
    world.want(Effect::PullImage(pull));
}

/// Starts the container at `place` again, which has ended with `exit_code`. Nobody but the trace is told.
pub(super) fn restart(world: &mut World, id: &TaskId, place: usize, exit_code: Option<i32>) {
    let now = world.now;
    world.ecs.probe_no_more(id, place);
    let container = &mut world.ecs.task_mut(id).containers[place];
    container.status = ContainerStatus::Restarting;
    container.restarts += 1;
    container.restarted_at = Some(now);
    container.ended_with = exit_code;
    container.schedule = None;
    let name = container.name.clone();
    let event = EventKind::Container { task: *id, container: name, status: "RESTARTING", exit_code, reason: None };
    let told = world.record(event);
    world.ecs.task_mut(id).containers[place].event = Some(told);
    world.follow(Some(told));
    let spec = spec(world, &world.ecs.tasks[id], place);
    world.want(Effect::StartContainer(Box::new(spec)));
}

fn start(world: &mut World, id: &TaskId, place: usize) {
    world.ecs.task_mut(id).containers[place].status = ContainerStatus::Starting;
    let spec = spec(world, &world.ecs.tasks[id], place);
    world.want(Effect::StartContainer(Box::new(spec)));
}

/// The container at `place` is over, or never came to be, for `reason` where that is not plain from its exit code.
pub(super) fn ended(world: &mut World, id: &TaskId, place: usize, reason: Option<String>) {
    let now = world.now;
    world.ecs.probe_no_more(id, place);
    let task = world.ecs.task_mut(id);
    let essential = task.definition.containers[place].essential;
    let container = &mut task.containers[place];
    let ran = container.started_at.is_some();
    container.status = ContainerStatus::Stopped;
    container.stopped_at = Some(now);
    container.schedule = None;
    container.reason = reason.map(|text| text.chars().take(1024).collect());
    tell_container(world, id, place);
    if essential {
        let ending = if ran {
            Ending::EssentialExited
        } else {
            Ending::FailedToStart(SmolStr::new_static("Task failed to start"))
        };
        stop::begin(world, id, ending);
    }
}

/// Sets `lastStatus` and lets everybody know.
pub(super) fn set_status(world: &mut World, id: &TaskId, status: TaskStatus) {
    let task = world.ecs.task_mut(id);
    task.last_status = status;
    task.version += 1;
    let event = EventKind::Task {
        task: *id,
        started_by: task.starter(),
        task_definition: task.definition.name(),
        status: status.as_str(),
        stop: task.stop.clone(),
    };
    let service = task.origin.service.clone();
    let sequence = world.record(event);
    world.ecs.task_mut(id).event = Some(sequence);
    world.follow(Some(sequence));
    if let Some(key) = service {
        scheduler::poke(world, &key);
    }
}

/// Records where the container at `place` stands.
pub(super) fn tell_container(world: &mut World, id: &TaskId, place: usize) {
    let now = world.now;
    let task = world.ecs.task_mut(id);
    task.version += 1;
    let container = &task.containers[place];
    // The agent's RecordExecutionStoppedAt: the first essential container that is known to be STOPPED, whether it ran or not.
    if container.status == ContainerStatus::Stopped && task.definition.containers[place].essential {
        task.execution_stopped_at.get_or_insert(now);
    }
    let status = match container.status {
        ContainerStatus::Pulled => "PULLED",
        ContainerStatus::Waiting
        | ContainerStatus::Pulling
        | ContainerStatus::Starting
        | ContainerStatus::Running
        | ContainerStatus::Restarting
        | ContainerStatus::Stopping
        | ContainerStatus::Stopped => container.status.as_str(),
    };
    let event = EventKind::Container {
        task: *id,
        container: container.name.clone(),
        status,
        exit_code: container.exit_code,
        reason: container.reason.clone(),
    };
    let sequence = world.record(event);
    world.ecs.task_mut(id).containers[place].event = Some(sequence);
    world.follow(Some(sequence));
}

/// The container at `place` as the engine is to make it.
fn spec(world: &World, task: &Task, place: usize) -> ContainerSpec {
    let definition = &task.definition.containers[place];
    let overridden = task.origin.overrides.of(&definition.name);
    let mut labels = definition.docker_labels.clone();
    labels.extend(launch::labels(world, task, &definition.name));
    ContainerSpec {
        task: task.id,
        name: task.containers[place].name.clone(),
        id: task.containers[place].id,
        has_role: task.role().is_some(),
        image: definition.image.clone(),
        digest: task.containers[place].digest.clone(),
        entry_point: definition.entry_point.clone(),
        command: overridden
            .and_then(|overridden| overridden.command.clone())
            .unwrap_or_else(|| definition.command.clone()),
        environment: environment::of(world, task, place),
        labels,
        user: definition.user.clone(),
        working_directory: definition.working_directory.clone(),
        cpu: overridden.and_then(|overridden| overridden.cpu).unwrap_or(definition.cpu),
        memory: overridden.and_then(|overridden| overridden.memory).or(definition.memory),
        memory_reservation: definition.memory_reservation,
        init_process: definition.init_process,
        read_only_root: definition.read_only_root,
        ulimits: definition.ulimits.iter().map(|limit| (limit.name.clone(), limit.soft, limit.hard)).collect(),
        mounts: definition.mount_points.iter().map(mount).collect(),
        volumes_from: definition.volumes_from.iter().map(|from| (from.container.clone(), from.read_only)).collect(),
        logged: definition.log.is_some(),
    }
}

fn mount(point: &MountPoint) -> Mount {
    Mount { volume: point.volume.clone(), path: point.path.clone(), read_only: point.read_only }
}
