//! The containers of a task.

use smol_str::SmolStr;

use crate::agenda::Deadline;
use crate::event::Sequence;
use crate::id::Uuid;
use crate::probe::Schedule;
use crate::time::Timestamp;

/// One container of a task. Its place in [`super::Task::containers`] is that of its definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its name.
    pub name: SmolStr,
    /// The last part of its ARN.
    pub id: Uuid,
    /// How far it has come.
    pub status: ContainerStatus,
    /// `imageDigest`, where its service settled what the tag of its image stands for.
    pub digest: Option<SmolStr>,
    /// The engine's id of it, once it has run.
    pub runtime_id: Option<SmolStr>,
    /// `exitCode`; none if it never ran.
    pub exit_code: Option<i32>,
    /// `reason`, at most 1,024 characters.
    pub reason: Option<SmolStr>,
    /// Its health as the agent knows it: what other containers wait for.
    pub health: Health,
    /// Its health as the control plane knows it, up to `Timing::health_report` later: what services and callers see.
    pub reported: Health,
    /// Output of its last health check.
    pub health_output: SmolStr,
    /// The log group and stream that its output goes to.
    pub log: Option<Box<(String, String)>>,
    /// When its image was wanted.
    pub pull_started_at: Option<Timestamp>,
    /// When its image was there.
    pub pulled_at: Option<Timestamp>,
    /// When it was first started.
    pub started_at: Option<Timestamp>,
    /// How often its restart policy has started it again (`RestartCount` of its metadata; DescribeTasks does not tell).
    pub restarts: u32,
    /// The most memory that it was seen to use, in MiB, as far as the driver looks.
    pub peak_memory: Option<u32>,
    /// When its health check first passed.
    pub healthy_at: Option<Timestamp>,
    /// When it was told to stop.
    pub stopping_at: Option<Timestamp>,
    /// When it ended.
    pub stopped_at: Option<Timestamp>,
    /// The last entry of the trace about it.
    pub(super) event: Option<Sequence>,
    /// Its health checks while it runs.
    pub(super) schedule: Option<Schedule>,
    /// When the next of them is.
    pub(in crate::ecs) probe_due: Deadline,
    /// When the control plane learns of its health.
    pub(in crate::ecs) report_due: Deadline,
    /// Failed probes in a row that count.
    pub(super) failures: u32,
    /// When it was last found to need a restart.
    pub(super) restarted_at: Option<Timestamp>,
    /// When what runs now was started, from where its health check counts.
    pub(super) runs_since: Option<Timestamp>,
    /// While it is being restarted: how it ended before.
    pub(super) ended_with: Option<i32>,
}

impl Container {
    pub(super) fn new(name: SmolStr, id: Uuid, log: Option<Box<(String, String)>>) -> Self {
        Self {
            name,
            id,
            status: ContainerStatus::Waiting,
            digest: None,
            runtime_id: None,
            exit_code: None,
            reason: None,
            health: Health::Unknown,
            reported: Health::Unknown,
            health_output: SmolStr::new_static(""),
            log,
            pull_started_at: None,
            pulled_at: None,
            started_at: None,
            peak_memory: None,
            healthy_at: None,
            stopping_at: None,
            stopped_at: None,
            event: None,
            schedule: None,
            probe_due: Deadline::default(),
            report_due: Deadline::default(),
            failures: 0,
            restarts: 0,
            restarted_at: None,
            runs_since: None,
            ended_with: None,
        }
    }
}

/// How far a container has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContainerStatus {
    /// It waits for what it depends on, or for its task.
    Waiting,
    /// Its image is being fetched.
    Pulling,
    /// Its image is there.
    Pulled,
    /// It is being created and started.
    Starting,
    /// It runs.
    Running,
    /// It has ended, and its restart policy starts it again.
    Restarting,
    /// It has been told to stop.
    Stopping,
    /// It has ended, or will never start.
    Stopped,
}

impl ContainerStatus {
    /// `lastStatus`, as DescribeTasks shows it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting | Self::Pulling | Self::Pulled | Self::Starting => "PENDING",
            // A restart is nothing that the control plane is told of.
            Self::Running | Self::Restarting | Self::Stopping => "RUNNING",
            Self::Stopped => "STOPPED",
        }
    }
}

/// `healthStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Not yet known, or no health check.
    Unknown,
    /// The last check passed.
    Healthy,
    /// As many checks in a row as `retries` failed.
    Unhealthy,
}

impl Health {
    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Healthy => "HEALTHY",
            Self::Unhealthy => "UNHEALTHY",
        }
    }
}
