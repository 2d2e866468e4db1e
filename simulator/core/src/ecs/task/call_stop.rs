//! StopTask.

use super::describe::{access as task_access, find};
use super::stop::{self, Ending};
use crate::effect::TaskId;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Stops a task. If a service wants it, the service starts another.
#[derive(Clone, Debug)]
pub struct StopTask {
    /// `cluster`: name or ARN.
    pub cluster: Option<String>,
    /// `task`: id or ARN.
    pub task: String,
    /// `reason`.
    pub reason: Option<String>,
}

impl Operation for StopTask {
    type Output = TaskId;
    const NAME: &'static str = "ecs:StopTask";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![task_access(world, Self::NAME, self.cluster.as_deref(), &self.task)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<TaskId, Refusal> {
        let Self { cluster, task, reason } = authorized.operation;
        let cluster = world.ecs.cluster(cluster.as_deref())?.name.clone();
        let Some(id) = find(world, &cluster, &task).map(|task| task.id) else {
            return Err(Refusal::fault("InvalidParameterException", "The referenced task was not found."));
        };
        let reason = reason.unwrap_or_else(|| world.ecs.rules.stopped_by_user.to_owned());
        stop::begin(world, &id, Ending::User(reason.into()));
        Ok(id)
    }
}
