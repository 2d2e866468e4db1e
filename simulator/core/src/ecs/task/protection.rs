//! Task scale-in protection: GetTaskProtection, UpdateTaskProtection.
//!
//! A protected task is not stopped because its service wants fewer tasks, or others; it is stopped all the same when it fails its
//! health checks, when somebody stops it, and when its service is deleted.

use std::time::Duration;

use super::describe::{access as task_access, arn, find};
use crate::ecs::cluster::Failure;
use crate::ecs::{State, scheduler};
use crate::effect::TaskId;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// Minutes that a protection lasts where nobody says (BOTO UpdateTaskProtection).
const MINUTES: u32 = 120;

/// Most minutes that it can last (BOTO UpdateTaskProtection).
const MOST_MINUTES: u32 = 2880;

/// One of `protectedTasks`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtectedTask {
    /// `taskArn`.
    pub arn: String,
    /// `expirationDate`, of a task that is protected.
    pub until: Option<Timestamp>,
}

/// Which tasks are protected.
#[derive(Clone, Debug)]
pub struct GetTaskProtection {
    /// `cluster`: name or ARN.
    pub cluster: String,
    /// `tasks`: ids or ARNs, at most 100.
    pub tasks: Vec<String>,
}

/// Protects tasks, or ends their protection.
#[derive(Clone, Debug)]
pub struct UpdateTaskProtection {
    /// `cluster`: name or ARN.
    pub cluster: String,
    /// `tasks`: ids or ARNs, at most 10.
    pub tasks: Vec<String>,
    /// `protectionEnabled`.
    pub enabled: bool,
    /// `expiresInMinutes`.
    pub minutes: Option<u32>,
}

impl State {
    /// Until when a task is protected, if it is at `now`.
    pub(in crate::ecs) fn protected_until(&self, task: &TaskId, now: Timestamp) -> Option<Timestamp> {
        self.protected.get(task).copied().filter(|until| *until > now)
    }
}

/// The tasks that can be protected among those asked for, and why the others cannot: AWS's failure reasons.
fn known(world: &World, cluster: &str, asked: &[String]) -> (Vec<TaskId>, Vec<Failure>) {
    let (mut tasks, mut failures) = (Vec::new(), Vec::new());
    for reference in asked {
        let reason = match find(world, cluster, reference) {
            None => "MISSING",
            // A task on its own, or one that is on its way out, has nothing to be protected from.
            Some(task) if task.origin.service.is_none() || task.stopping => "TASK_NOT_VALID",
            Some(task) => {
                tasks.push(task.id);
                continue;
            }
        };
        failures.push(Failure { arn: arn(world, cluster, reference), reason });
    }
    (tasks, failures)
}

fn shown(world: &World, id: TaskId) -> ProtectedTask {
    ProtectedTask { arn: world.ecs.tasks[&id].arn().to_string(), until: world.ecs.protected_until(&id, world.now) }
}

/// The bounds are the model's; the texts are ours.
fn check_number(tasks: &[String], most: usize) -> Result<(), Refusal> {
    let invalid = |message: String| Err(Refusal::fault("InvalidParameterException", message));
    match tasks.len() {
        0 => invalid("Tasks cannot be empty.".to_owned()),
        number if number > most => invalid(format!("Tasks can contain at most {most} tasks.")),
        _ => Ok(()),
    }
}

impl Operation for GetTaskProtection {
    type Output = (Vec<ProtectedTask>, Vec<Failure>);
    const NAME: &'static str = "ecs:GetTaskProtection";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(self.tasks.iter().map(|task| task_access(world, Self::NAME, Some(&self.cluster), task)).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { cluster, tasks } = authorized.operation;
        let cluster = world.ecs.cluster(Some(&cluster))?.name.clone();
        check_number(&tasks, 100)?;
        let (tasks, failures) = known(world, &cluster, &tasks);
        Ok((tasks.into_iter().map(|id| shown(world, id)).collect(), failures))
    }
}

impl Operation for UpdateTaskProtection {
    type Output = (Vec<ProtectedTask>, Vec<Failure>);
    const NAME: &'static str = "ecs:UpdateTaskProtection";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(self.tasks.iter().map(|task| task_access(world, Self::NAME, Some(&self.cluster), task)).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { cluster, tasks, enabled, minutes } = authorized.operation;
        let cluster = world.ecs.cluster(Some(&cluster))?.name.clone();
        check_number(&tasks, 10)?;
        let minutes = minutes.unwrap_or(MINUTES);
        if enabled && !(1..=MOST_MINUTES).contains(&minutes) {
            let message = format!("expiresInMinutes must be between 1 and {MOST_MINUTES}.");
            return Err(Refusal::fault("InvalidParameterException", message));
        }
        let (tasks, failures) = known(world, &cluster, &tasks);
        let until = world.now + Duration::from_secs(u64::from(minutes) * 60);
        for id in &tasks {
            if enabled {
                world.ecs.protected.insert(*id, until);
            } else {
                world.ecs.protected.remove(id);
            }
            if let Some(key) = world.ecs.tasks[id].origin.service.clone() {
                scheduler::poke(world, &key);
            }
        }
        Ok((tasks.into_iter().map(|id| shown(world, id)).collect(), failures))
    }
}
