//! ExecuteCommand: whether a session in a container may begin. The session itself is Session Manager's, which is outside.

use super::describe::{access as task_access, find};
use super::{Container, ContainerStatus, Task, TaskStatus};
use crate::ecs::cluster;
use crate::ecs::cluster_configuration::on_cluster;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// `name` of the managed agent (the only value of the API's `ManagedAgentName`).
pub const AGENT: &str = "ExecuteCommandAgent";

/// What the agent calls with the task's role to be reached ("Task IAM role", ECS Exec in the ECS developer guide).
const AGENT_CALLS: [&str; 4] = [
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
];

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
    /// Whether a session can be had: whoever drives the World runs containers, and lets people in.
    pub enterable: bool,
}

/// What is to be run in a session, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    /// `clusterArn`.
    pub cluster_arn: String,
    /// `taskArn`.
    pub task_arn: String,
    /// `containerArn`.
    pub container_arn: String,
    /// `containerName`.
    pub container: String,
    /// The engine's id of the container.
    pub runtime_id: String,
    /// The command, as it was given.
    pub command: String,
}

/// The agent beside a container that lets sessions in: an element of `managedAgents`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ManagedAgent {
    /// `lastStatus`: `PENDING`, `RUNNING` or `STOPPED`.
    pub status: &'static str,
    /// `lastStartedAt`.
    pub started_at: Option<Timestamp>,
}

impl Task {
    /// The agent of the container at `place`; none where the task was started without `enableExecuteCommand`.
    ///
    /// It starts with its container. Where the root file system is read-only it cannot: it "requires that the container file system is
    /// able to be written to" (ECS developer guide, considerations for using ECS Exec).
    #[must_use]
    pub fn managed_agent(&self, place: usize) -> Option<ManagedAgent> {
        let (container, definition) = (self.containers.get(place)?, self.definition.containers.get(place)?);
        if !self.origin.execute_command {
            return None;
        }
        let started_at = container.runs_since.or(container.started_at).filter(|_| !definition.read_only_root);
        let status = match (container.status, definition.read_only_root) {
            (ContainerStatus::Running | ContainerStatus::Stopping, false) => "RUNNING",
            (ContainerStatus::Running | ContainerStatus::Stopping, true) | (ContainerStatus::Stopped, _) => "STOPPED",
            (
                ContainerStatus::Waiting
                | ContainerStatus::Pulling
                | ContainerStatus::Pulled
                | ContainerStatus::Starting
                | ContainerStatus::Restarting,
                _,
            ) => "PENDING",
        };
        Some(ManagedAgent { status, started_at })
    }
}

impl Operation for ExecuteCommand {
    type Output = Execution;
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

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Execution, Refusal> {
        let asked = authorized.operation;
        let cluster = world.ecs.cluster(asked.cluster.as_deref())?;
        let invalid = |message: &str| Refusal::fault("InvalidParameterException", message);
        if !asked.interactive {
            return Err(invalid("Interactive is the only mode supported currently."));
        }
        let task = find(world, &cluster.name, &asked.task);
        let task = task.ok_or_else(|| invalid("The referenced task was not found."))?;
        // Seen on the real service, for tasks that have stopped also.
        let not_enabled = "The execute command failed because execute command was not enabled when the task was run or the execute command agent \
             isn’t running. Wait and try again or run a new task with execute command enabled and try again.";
        if !task.origin.execute_command || task.last_status != TaskStatus::Running {
            return Err(invalid(not_enabled));
        }
        let (place, container) = place_of(task, asked.container.as_deref()).map_err(invalid)?;
        let runs = task.managed_agent(place).is_some_and(|agent| agent.status == "RUNNING");
        let Some(id) = container.runtime_id.as_ref().filter(|_| runs) else {
            return Err(invalid(not_enabled));
        };
        if !is_connected(world, task) {
            // Its documentation names "incorrect IAM permissions" first among the causes; the text is the real service's.
            let message = "The execute command failed due to an internal error. Try again later.";
            return Err(Refusal::fault("TargetNotConnectedException", message));
        }
        if !asked.enterable {
            let what = "a session in a container that is played by a script, which `--engine docker` would run";
            return Err(Refusal::NotSimulated { what: what.to_owned() });
        }
        Ok(Execution {
            cluster_arn: cluster.arn.to_string(),
            task_arn: task.arn().to_string(),
            container_arn: task.container_arn(container),
            container: container.name.to_string(),
            runtime_id: id.to_string(),
            command: asked.command,
        })
    }
}

/// The container called `name`, or the only one where it has no name, and its place.
fn place_of<'t>(task: &'t Task, name: Option<&str>) -> Result<(usize, &'t Container), &'static str> {
    let place = match (name, task.containers.len()) {
        (Some(name), _) => task.containers.iter().position(|container| container.name == name),
        (None, 1) => Some(0),
        (None, _) => return Err("A container name must be specified for tasks with multiple containers."),
    };
    let found = place.and_then(|place| Some((place, task.containers.get(place)?)));
    found.ok_or("The specified container was not found in the task.")
}

/// Whether the role of `task` lets its agents be reached.
fn is_connected(world: &World, task: &Task) -> bool {
    let caller = task.role().and_then(|role| world.assumed(role, &task.id.to_string()));
    let may = |caller| AGENT_CALLS.iter().all(|call| world.decide(caller, &Access::new(call, "*")).is_ok());
    caller.as_ref().is_some_and(may)
}
