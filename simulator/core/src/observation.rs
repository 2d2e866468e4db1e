//! Facts from outside. The World believes them and decides what follows.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use smol_str::SmolStr;

use crate::arn::Arn;
use crate::ecr::ScanOutcome;
use crate::ecs::AlarmState;
use crate::effect::{Target, TaskId};

/// One fact from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Observation {
    /// A task's network exists.
    TaskPrepared {
        /// The task.
        task: TaskId,
        /// The address its containers share.
        address: IpAddr,
    },
    /// A task's network could not be made.
    TaskNotPrepared {
        /// The task.
        task: TaskId,
        /// What the engine said.
        message: String,
    },
    /// An image is there.
    ImagePulled {
        /// The task.
        task: TaskId,
        /// The container that needed it.
        container: SmolStr,
    },
    /// An image could not be fetched.
    ImageNotPulled {
        /// The task.
        task: TaskId,
        /// The container that needed it.
        container: SmolStr,
        /// What the engine or registry said.
        message: String,
    },
    /// A container runs.
    ContainerStarted {
        /// The task.
        task: TaskId,
        /// The container's name.
        container: SmolStr,
        /// The engine's id of it.
        runtime_id: SmolStr,
    },
    /// A container could not be created or started.
    ContainerNotStarted {
        /// The task.
        task: TaskId,
        /// The container's name.
        container: SmolStr,
        /// What the engine said.
        message: String,
    },
    /// A container ended.
    ContainerExited {
        /// The task.
        task: TaskId,
        /// The container's name.
        container: SmolStr,
        /// Its exit code, if the engine knows one.
        exit_code: Option<i32>,
        /// Whether the kernel killed it for its memory.
        out_of_memory: bool,
    },
    /// A container uses more memory than was known of it.
    MemoryUsed {
        /// The task.
        task: TaskId,
        /// The container's name.
        container: SmolStr,
        /// How much, in MiB, without file pages that the kernel can take back.
        mebibytes: u32,
    },
    /// A health command ended.
    HealthProbed {
        /// The task.
        task: TaskId,
        /// The container's name.
        container: SmolStr,
        /// Its exit code; none if it timed out or could not be run.
        exit_code: Option<i32>,
        /// Its output, or the engine's message; at most 1,024 characters.
        output: SmolStr,
    },
    /// A container wrote a line.
    Logged {
        /// The task.
        task: TaskId,
        /// The container's name.
        container: SmolStr,
        /// The line without its end.
        line: String,
    },
    /// Nothing is left of a task.
    TaskCleared {
        /// The task.
        task: TaskId,
    },
    /// A load balancer's health check ended.
    TargetProbed {
        /// The target group's ARN.
        target_group: Arn,
        /// The target.
        target: Target,
        /// What came back.
        answer: ProbeAnswer,
    },
    /// A draining target has answered everything it had.
    TargetDrained {
        /// The target group's ARN.
        target_group: Arn,
        /// The target.
        target: Target,
    },
    /// A lifecycle hook's function has answered, or could not be called.
    HookAnswered {
        /// `executionId` of the call.
        execution: String,
        /// What came back.
        answer: HookAnswer,
    },
    /// Somebody has looked for vulnerabilities in an image, or could not.
    ImageScanned {
        /// The repository.
        repository: String,
        /// The image's digest.
        digest: String,
        /// What came of it.
        outcome: ScanOutcome,
    },
    /// A CloudWatch alarm is in a state, whether it has just changed or is told of for the first time.
    AlarmChanged {
        /// The alarm's name.
        alarm: String,
        /// Its state.
        state: AlarmState,
    },
    /// A listener has its port.
    Listening {
        /// The listener's ARN.
        listener: Arn,
        /// Where it is reached.
        address: SocketAddr,
    },
    /// A listener could not be given a port.
    NotListening {
        /// The listener's ARN.
        listener: Arn,
        /// What the system said.
        message: String,
    },
}

/// What came back from a lifecycle hook's function (developer guide, lambda-lifecycle-hooks).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum HookAnswer {
    /// `SUCCEEDED`.
    Succeeded,
    /// `FAILED`.
    Failed,
    /// `IN_PROGRESS`: it is to be called again.
    InProgress {
        /// `callBackDelay`; 30 seconds by default.
        call_back: Option<Duration>,
        /// `hookDetails` for the next call, as JSON text.
        details: Option<String>,
    },
    /// No valid `hookStatus`, an error of the function or none that could be called, in our words.
    Broken(String),
}

/// What a load balancer's health check met.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ProbeAnswer {
    /// An HTTP status.
    Status(u16),
    /// No answer within the timeout.
    TimedOut,
    /// The connection was refused or broke.
    Failed(String),
}
