//! Tasks: containers that start, live and stop together.
//!
//! In reading order: what a task is (here, [`origin`], [`container`]), the rules ([`dependency`], [`health`], [`restart`], [`life`]: values in,
//! values out), what carries them out ([`advance`], [`launch`], [`execution`], [`environment`], [`stop`]), what comes in ([`observe`]), and the
//! operations ([`run`], [`describe`], [`call_stop`], [`protection`], [`execute_command`]); [`credentials`] are what its containers call with. All of them are in one place ([`kept`]).

pub(super) mod advance;
pub mod call_stop;
pub mod container;
mod credentials;
mod dependency;
pub mod describe;
mod environment;
pub mod execute_command;
mod execution;
pub(super) mod health;
mod kept;
pub(super) mod launch;
mod life;
pub(super) mod observe;
pub mod origin;
pub mod protection;
mod restart;
pub mod run;
pub(super) mod stop;

pub(super) use advance::activated;
pub(super) use health::for_scheduler;
pub(super) use kept::Tasks;
pub(super) use launch::{Launch, launch};
pub(super) use stop::{Ending, begin as begin_stop, drained};

use std::net::IpAddr;
use std::sync::Arc;

use smol_str::SmolStr;

pub use call_stop::StopTask;
pub use container::{Container, ContainerStatus, Health};
pub use describe::{DescribeTasks, ListTasks};
pub use environment::parse as parse_environment_file;
pub use execute_command::{ExecuteCommand, Execution, ManagedAgent};
pub use origin::Origin;
pub use protection::{GetTaskProtection, ProtectedTask, UpdateTaskProtection};
pub(super) use run::Earlier;
pub use run::{ContainerOverride, Overrides, RunTask};

use super::definition::TaskDefinition;
use crate::agenda::Deadline;
use crate::arn::Arn;
use crate::effect::{Target, TaskId};
use crate::event::Sequence;
use crate::id::Uuid;
use crate::operation::Caller;
use crate::time::Timestamp;

/// A task. It stays readable after it has stopped.
#[derive(Clone, Debug)]
pub struct Task {
    /// The 32 digits that end its ARN.
    pub id: TaskId,
    /// What it is made of.
    pub definition: Arc<TaskDefinition>,
    /// What it has in common with those launched with it.
    pub origin: Arc<Origin>,
    /// The subnet it was put in.
    pub subnet: Option<SmolStr>,
    /// The id of the attachment of its network interface.
    pub attachment: Uuid,
    /// `lastStatus`.
    pub last_status: TaskStatus,
    /// Whether `desiredStatus` is STOPPED.
    pub stopping: bool,
    /// Why it stops or stopped.
    pub stop: Option<Arc<Stop>>,
    /// Its containers, in the order of the task definition.
    pub containers: Vec<Container>,
    /// The address that its containers share, once there is one.
    pub address: Option<IpAddr>,
    /// `createdAt`.
    pub created_at: Timestamp,
    /// `pullStartedAt`.
    pub pull_started_at: Option<Timestamp>,
    /// `pullStoppedAt`.
    pub pull_stopped_at: Option<Timestamp>,
    /// `startedAt`: when it reached RUNNING.
    pub started_at: Option<Timestamp>,
    /// `stoppingAt`.
    pub stopping_at: Option<Timestamp>,
    /// `executionStoppedAt`: when its first essential container stopped.
    pub execution_stopped_at: Option<Timestamp>,
    /// `stoppedAt`.
    pub stopped_at: Option<Timestamp>,
    /// When its service first counted it as healthy.
    pub proved_at: Option<Timestamp>,
    /// `version`: rises with every change that an event would tell of.
    pub version: u64,
    /// The last entry of the trace about its status.
    pub(super) event: Option<Sequence>,
    /// The session of its execution role.
    pub(super) execution: Option<Box<Caller>>,
    /// When a start timeout ends the waiting of some container.
    pub(super) dependency_due: Deadline,
    /// Whether its network is being made.
    pub(super) preparing: bool,
    /// Whether what is left of it is being removed.
    pub(super) clearing: bool,
    /// Its targets.
    pub(super) targets: Vec<TaskTarget>,
    /// Whether an event has told that it is unhealthy.
    pub(super) condemned: bool,
    /// Whether its service stops it because it is unhealthy.
    pub(super) replaced: bool,
    /// What its containers alone may see, where there is such a thing.
    pub(super) secrets: Option<Box<execution::Secrets>>,
}

/// A place where a service's load balancers reach a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TaskTarget {
    pub(super) group: Arn,
    pub(super) target: Target,
    pub(super) stage: TargetStage,
}

/// How far a task's target has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TargetStage {
    Registered,
    Draining,
    Gone,
}

/// `lastStatus`.
///
/// AWS also has DELETED, which it says to be shown by DescribeTasks alone and gives no moment for (developer guide,
/// task-lifecycle-explanation): here a task that has stopped stays STOPPED, as it does on AWS for at least an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskStatus {
    /// Its network is being made.
    Provisioning,
    /// Its containers are being fetched and started.
    Pending,
    /// All its containers run, or have run, and its targets are still to be registered: only where its service has several target
    /// groups (developer guide, task-lifecycle-explanation).
    Activating,
    /// All its containers run, or have run.
    Running,
    /// It is to be stopped, and its targets drain first.
    Deactivating,
    /// Its containers are being stopped.
    Stopping,
    /// Its network is being removed.
    Deprovisioning,
    /// Nothing is left of it.
    Stopped,
}

impl TaskStatus {
    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
        }
    }

    /// Whether it counts towards `runningCount`.
    #[must_use]
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Running)
    }

    /// Whether it counts towards `pendingCount`.
    #[must_use]
    pub const fn is_pending(self) -> bool {
        matches!(self, Self::Provisioning | Self::Pending | Self::Activating)
    }
}

/// Why a task stops: `stopCode` and `stoppedReason`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// `stopCode`.
    pub code: StopCode,
    /// `stoppedReason`.
    pub reason: SmolStr,
}

/// `stopCode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCode {
    /// It never came to run.
    TaskFailedToStart,
    /// An essential container ended.
    EssentialContainerExited,
    /// StopTask.
    UserInitiated,
    /// Its service did not want it any more.
    ServiceSchedulerInitiated,
}

impl StopCode {
    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TaskFailedToStart => "TaskFailedToStart",
            Self::EssentialContainerExited => "EssentialContainerExited",
            Self::UserInitiated => "UserInitiated",
            Self::ServiceSchedulerInitiated => "ServiceSchedulerInitiated",
        }
    }
}

impl Task {
    /// `RUNNING` or `STOPPED`.
    #[must_use]
    pub const fn desired_status(&self) -> &'static str {
        if self.stopping { "STOPPED" } else { "RUNNING" }
    }

    /// `healthStatus`, as the control plane knows it: over the essential containers, any UNHEALTHY is UNHEALTHY, else any
    /// UNKNOWN (a container without a check included) is UNKNOWN, else HEALTHY.
    #[must_use]
    pub fn health(&self) -> Health {
        health::of_task(&self.definition.containers, &self.containers)
    }

    /// The ARN of its task role: RunTask's, or else the task definition's.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        self.origin.overrides.task_role.as_ref().or(self.definition.task_role.as_ref()).map(String::as_str)
    }

    /// The container called `name`.
    #[must_use]
    pub fn container(&self, name: &str) -> Option<&Container> {
        let (place, _) = self.definition.container(name)?;
        self.containers.get(place)
    }

    /// `task/CLUSTER/ID`.
    #[must_use]
    pub fn arn(&self) -> Arn {
        Arn::from_parts(&self.origin.prefix, &self.id.to_string())
    }

    /// `containerArn` of one of its containers: `container/CLUSTER/TASK/ID`.
    #[must_use]
    pub fn container_arn(&self, container: &Container) -> String {
        let prefix = self.arn().as_str().replacen(":task/", ":container/", 1);
        format!("{prefix}/{}", container.id)
    }

    /// What the trace names as its starter.
    fn starter(&self) -> SmolStr {
        self.origin.started_by.clone().unwrap_or_default()
    }
}
