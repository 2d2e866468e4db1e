//! How tasks come to an end.

use std::sync::Arc;

use smol_str::SmolStr;

use super::advance::{advance, set_status};
use super::{Stop, StopCode, TargetStage, TaskStatus};
use crate::ecs::State;
use crate::ecs::scheduler::{self, end_of};
use crate::effect::TaskId;
use crate::world::World;

/// Why a task is to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ecs) enum Ending {
    /// An essential container ended.
    EssentialExited,
    /// It could not be started, for this reason.
    FailedToStart(SmolStr),
    /// Somebody asked for it, with this reason.
    User(SmolStr),
    /// Its service does not want it any more, for this reason.
    Scheduler(SmolStr),
}

impl From<Ending> for Stop {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::EssentialExited => Self {
                code: StopCode::EssentialContainerExited,
                reason: SmolStr::new_static("Essential container in task exited"),
            },
            Ending::FailedToStart(reason) => Self { code: StopCode::TaskFailedToStart, reason },
            Ending::User(reason) => Self { code: StopCode::UserInitiated, reason },
            Ending::Scheduler(reason) => Self { code: StopCode::ServiceSchedulerInitiated, reason },
        }
    }
}

/// Sets `id` on its way to STOPPED. The first reason stays the reason.
///
/// A task that its service or somebody stops first leaves its target groups; one whose essential container has ended has nothing
/// left to drain, and its status does not change until its other containers have stopped too.
pub(in crate::ecs) fn begin(world: &mut World, id: &TaskId, ending: Ending) {
    let now = world.now;
    let task = world.ecs.task_mut(id);
    if task.last_status >= TaskStatus::Deprovisioning {
        return;
    }
    let asked = matches!(ending, Ending::User(_) | Ending::Scheduler(_));
    if !task.stopping {
        task.stopping = true;
        task.stopping_at = Some(now);
        task.stop = Some(Arc::new(ending.into()));
    }
    let status = task.last_status;
    if !asked {
        // Nothing is left to drain for, so containers may be stopped even if draining had begun.
        if status == TaskStatus::Deactivating {
            set_status(world, id, TaskStatus::Stopping);
        } else if let Some(key) = world.ecs.task_mut(id).origin.service.clone() {
            scheduler::poke(world, &key);
        }
    } else if status <= TaskStatus::Running {
        let served = task.targets.iter().any(|target| target.stage != TargetStage::Gone);
        set_status(world, id, if served { TaskStatus::Deactivating } else { TaskStatus::Stopping });
    }
    advance(world, id);
}

/// The last of the task's targets is gone: its containers may be stopped.
pub(in crate::ecs) fn drained(world: &mut World, id: &TaskId) {
    if world.ecs.task_mut(id).last_status == TaskStatus::Deactivating {
        set_status(world, id, TaskStatus::Stopping);
        advance(world, id);
    }
}

/// Nothing is left of the task outside.
pub(super) fn cleared(world: &mut World, id: &TaskId) {
    let now = world.now;
    let State { tasks, agenda, .. } = &mut world.ecs;
    let Some(task) = tasks.get_mut(id).filter(|task| task.clearing) else { return };
    agenda.cancel(&mut task.dependency_due);
    task.clearing = false;
    task.stopped_at = Some(now);
    task.secrets.forget();
    if let Some(address) = task.address
        && world.ecs.by_address.get(&address) == Some(id)
    {
        world.ecs.by_address.remove(&address);
    }
    set_status(world, id, TaskStatus::Stopped);
    let origin = Arc::clone(&world.ecs.tasks[id].origin);
    world.release_security_groups(&origin.security_groups);
    let task = world.ecs.task_mut(id);
    let (ended, place) = (end_of(task), task.id.place());
    if let Some(service) = task.origin.service.clone().and_then(|key| world.ecs.services.get_mut(&key)) {
        if let Some(place) = place {
            service.live.remove(&place);
        }
        service.ended.push(ended);
    }
}
