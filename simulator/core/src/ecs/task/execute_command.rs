//! ExecuteCommand, as far as its refusals go: the session that AWS answers with is Session Manager's, which is not simulated.

use std::convert::Infallible;

use super::describe::{access as task_access, find};
use super::{ContainerStatus, TaskStatus};
use crate::ecs::cluster;
use crate::ecs::cluster_configuration::on_cluster;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Runs a command in a container of a task that was started with `enableExecuteCommand`.
#[derive(Clone, Debug, Default)]
pub struct ExecuteCommand {
    /// `cluster`: name or ARN.
    pub cluster: Option<String>,
    /// `task`: id or ARN.
    pub task: String,
    /// `container`; need not be named where there is one.
    pub container: Option<String>,
    /// `command`.
    pub command: String,
    /// `interactive`, which must be true.
    pub interactive: bool,
}

impl Operation for ExecuteCommand {
    /// It is always refused.
    type Output = Infallible;
    const NAME: &'static str = "ecs:ExecuteCommand";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let cluster = cluster::cluster_name(self.cluster.as_deref());
        let on_task = task_access(world, Self::NAME, self.cluster.as_deref(), &self.task);
        let with_container = |access: Access| match &self.container {
            Some(container) => access.with("ecs:container-name", container),
            None => access,
        };
        let on_cluster =
            on_cluster(world, Self::NAME, cluster).with("ecs:cluster", cluster::cluster_arn(world, cluster).as_str());
        Ok(vec![with_container(on_cluster), with_container(on_task)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Infallible, Refusal> {
        let asked = authorized.operation;
        let cluster = world.ecs.cluster(asked.cluster.as_deref())?.name.clone();
        let invalid = |message: &str| Refusal::fault("InvalidParameterException", message);
        if !asked.interactive {
            return Err(invalid("Interactive is the only mode supported currently."));
        }
        let task = find(world, &cluster, &asked.task);
        let task = task.ok_or_else(|| invalid("The referenced task was not found."))?;
        // Seen on the real service, for tasks that have stopped also.
        let not_enabled = "The execute command failed because execute command was not enabled when the task was run or the execute command agent \
             isn’t running. Wait and try again or run a new task with execute command enabled and try again.";
        if !task.origin.execute_command || task.last_status != TaskStatus::Running {
            return Err(invalid(not_enabled));
        }
        let container = match (&asked.container, task.containers.as_slice()) {
            (Some(name), _) => task.container(name),
            (None, [only]) => Some(only),
            (None, _) => {
                return Err(invalid("A container name must be specified for tasks with multiple containers."));
            }
        };
        let Some(container) = container else {
            return Err(invalid("The specified container was not found in the task."));
        };
        let Some(id) = container.runtime_id.as_ref().filter(|_| container.status == ContainerStatus::Running) else {
            return Err(invalid(not_enabled));
        };
        let short = id.get(..12).unwrap_or(id);
        Err(Refusal::NotSimulated {
            what: format!(
                "Session Manager, whose session ExecuteCommand answers with; the same command runs with `docker exec -it {short} {}`",
                asked.command
            ),
        })
    }
}
