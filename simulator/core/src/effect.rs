//! What the World wants done outside. A driver carries effects out and answers with observations.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;

use crate::arn::Arn;
use crate::ecs::service::Percent;
use crate::elb::Forwarding;
use crate::id::Uuid;
pub use crate::task_id::TaskId;

/// One thing to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Make the network namespace that a task's containers share. Answered by `TaskPrepared` or `TaskNotPrepared`.
    PrepareTask(TaskSpec),
    /// Fetch an image. Answered by `ImagePulled` or `ImageNotPulled`.
    PullImage(Pull),
    /// Create and start a container; one that has ended is started again, with what it had written to its disk. Answered by `ContainerStarted` or `ContainerNotStarted`, and later `ContainerExited`.
    StartContainer(Box<ContainerSpec>),
    /// Run a container's health command once. Answered by `HealthProbed`.
    ProbeHealth {
        /// The task.
        task: TaskId,
        /// The container's name in the task definition.
        container: SmolStr,
        /// The command as argv: `CMD` arguments, or `/bin/sh -c …` for `CMD-SHELL`.
        command: Arc<[String]>,
        /// After this long the probe counts as failed.
        timeout: Duration,
    },
    /// Send the stop signal, and SIGKILL after `timeout`. Answered by `ContainerExited`.
    StopContainer {
        /// The task.
        task: TaskId,
        /// The container's name.
        container: SmolStr,
        /// `stopTimeout`.
        timeout: Duration,
    },
    /// Remove what is left of a stopped task. Answered by `TaskCleared`.
    ClearTask {
        /// The task.
        task: TaskId,
    },
    /// Ask a target for its health check path once. Answered by `TargetProbed`.
    ProbeTarget {
        /// The target group's ARN.
        target_group: Arn,
        /// The target.
        target: Target,
        /// `HealthCheckPath`.
        path: SmolStr,
        /// `HealthCheckTimeoutSeconds`.
        timeout: Duration,
    },
    /// From now on requests that reach this target group go to exactly these targets.
    Route {
        /// The target group's ARN.
        target_group: Arn,
        /// Where requests may go; with none, they are answered with 503.
        targets: Vec<Target>,
    },
    /// Wait until a target that gets no new requests has answered those it has. Answered by `TargetDrained`.
    DrainTarget {
        /// The target group's ARN.
        target_group: Arn,
        /// The target.
        target: Target,
    },
    /// A listener was made: open a port for it on loopback. Answered by `Listening` or `NotListening`.
    Listen {
        /// The listener's ARN.
        listener: Arn,
        /// How its requests are spread over target groups, as in `Forward`.
        rules: Vec<Forwarding>,
        /// The port that the listener has in AWS.
        port: u16,
    },
    /// A listener is gone, or gets another port: close the port that was opened for it.
    StopListening {
        /// The listener's ARN.
        listener: Arn,
    },
    /// Call the function of a lifecycle hook. Answered by `HookAnswered`.
    InvokeHook(Box<HookCall>),
    /// From now on requests that reach this listener are spread over target groups so.
    Forward {
        /// The listener's ARN.
        listener: Arn,
        /// Its rules, in the order in which they are tried. The last takes every request.
        rules: Vec<Forwarding>,
    },
}

/// A target of a target group of type `ip`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Target {
    /// The task's address.
    pub address: IpAddr,
    /// The container port.
    pub port: u16,
}

impl PartialOrd for Target {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Target {
    /// By address and then by port. It matters how soon that is known: a target is looked for at every probe of it.
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        let number = |address: Ipv4Addr, port: u16| u64::from(address.to_bits()) << 16 | u64::from(port);
        match (self.address, other.address) {
            (IpAddr::V4(one), IpAddr::V4(another)) => number(one, self.port).cmp(&number(another, other.port)),
            (one, another) => one.cmp(&another).then_with(|| self.port.cmp(&other.port)),
        }
    }
}

/// What a task needs before its first container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskSpec {
    /// The task.
    pub task: TaskId,
    /// The task definition's family.
    pub family: SmolStr,
    /// The service's name, for a service's task.
    pub service: Option<SmolStr>,
    /// Task-level CPU in units of 1/1024 vCPU.
    pub cpu: Option<u32>,
    /// Task-level memory in MiB.
    pub memory: Option<u32>,
    /// The ports of its containers' `portMappings`.
    pub ports: Vec<u16>,
}

/// An image to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pull {
    /// The task.
    pub task: TaskId,
    /// The container that needs it.
    pub container: SmolStr,
    /// The image as the task definition writes it.
    pub image: String,
    /// The digest that its tag stands for, whatever the tag may mean by now; where that is not settled, the tag decides.
    pub digest: Option<SmolStr>,
    /// For an image in this account's ECR: the execution role's authorization token (the password of user `AWS`).
    pub token: Option<String>,
}

/// A call of a lifecycle hook's function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookCall {
    /// `executionId`.
    pub execution: String,
    /// `hookTargetArn`.
    pub function: String,
    /// `lifecycleStage`.
    pub stage: &'static str,
    /// `resourceArn`: the service deployment's ARN.
    pub resource: String,
    /// `serviceArn`.
    pub service: Arn,
    /// `targetServiceRevisionArn`: green's, also while it is rolled back.
    pub target: String,
    /// `testTrafficWeights` by service revision ARN; empty but where test requests shift.
    pub test: Vec<(String, Percent)>,
    /// `productionTrafficWeights` by service revision ARN; empty but where production requests shift or are about to.
    pub production: Vec<(String, Percent)>,
    /// `hookDetails`, as JSON text.
    pub details: Option<String>,
    /// A call that takes longer has failed (15 minutes).
    pub timeout: Duration,
}

/// A volume in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The volume's name in the task definition. It is empty when the first container of a task that mounts it starts.
    pub volume: String,
    /// Where the container finds it.
    pub path: String,
    /// Whether the container may only read it.
    pub read_only: bool,
}

/// A container to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerSpec {
    /// The task.
    pub task: TaskId,
    /// The container's name in the task definition.
    pub name: SmolStr,
    /// The last part of its ARN, by which it finds its metadata.
    pub id: Uuid,
    /// Whether its task has a role, so that it gets credentials.
    pub has_role: bool,
    /// The image as the task definition writes it.
    pub image: String,
    /// The digest under which it was pulled, if it was pulled by digest.
    pub digest: Option<SmolStr>,
    /// `entryPoint`; empty means the image's own.
    pub entry_point: Vec<String>,
    /// `command`; empty means the image's own.
    pub command: Vec<String>,
    /// Every variable, secrets included.
    pub environment: BTreeMap<String, String>,
    /// Docker labels (`com.amazonaws.ecs.…`).
    pub labels: BTreeMap<String, String>,
    /// `user`.
    pub user: Option<String>,
    /// `workingDirectory`.
    pub working_directory: Option<String>,
    /// `cpu` in units of 1/1024 vCPU; zero means no share of its own.
    pub cpu: u32,
    /// Hard limit in MiB.
    pub memory: Option<u32>,
    /// `memoryReservation`, in MiB: what the container is brought back to when the machine has too little.
    pub memory_reservation: Option<u32>,
    /// `linuxParameters.initProcessEnabled`.
    pub init_process: bool,
    /// `readonlyRootFilesystem`.
    pub read_only_root: bool,
    /// `ulimits`: name, soft, hard.
    pub ulimits: Vec<(String, i64, i64)>,
    /// `mountPoints`: volumes that live as long as the task, and that its containers share by name.
    pub mounts: Vec<Mount>,
    /// `volumesFrom`: containers of the same task, which have run, and whether their volumes may only be read.
    pub volumes_from: Vec<(String, bool)>,
    /// Whether output goes to CloudWatch Logs (`awslogs`), so that the driver must observe each line.
    pub logged: bool,
}
