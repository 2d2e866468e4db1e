//! The containers of a task definition.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// One entry of `containerDefinitions`, with the defaults filled in that AWS fills in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerDefinition {
    /// `name`.
    pub name: String,
    /// `image`, as written.
    pub image: String,
    /// `cpu` in units of 1/1024 vCPU; 0 by default.
    pub cpu: u32,
    /// `memory`, the hard limit in MiB.
    pub memory: Option<u32>,
    /// `memoryReservation` in MiB.
    pub memory_reservation: Option<u32>,
    /// `essential`; true by default. When an essential container stops, the task stops.
    pub essential: bool,
    /// `portMappings`.
    pub port_mappings: Vec<PortMapping>,
    /// `entryPoint`; empty means the image's own.
    pub entry_point: Vec<String>,
    /// `command`; empty means the image's own.
    pub command: Vec<String>,
    /// `environment`, in the order it was written.
    pub environment: Vec<(String, String)>,
    /// `secrets`.
    pub secrets: Vec<Secret>,
    /// `dependsOn`.
    pub depends_on: Vec<Dependency>,
    /// `startTimeout`: how long those that depend on this container wait for it.
    pub start_timeout: Option<Duration>,
    /// `stopTimeout`: from the stop signal to SIGKILL.
    pub stop_timeout: Option<Duration>,
    /// `healthCheck`. A Dockerfile's HEALTHCHECK is ignored by ECS.
    pub health_check: Option<HealthCheck>,
    /// `logConfiguration`.
    pub log: Option<LogConfiguration>,
    /// `user`.
    pub user: Option<String>,
    /// `workingDirectory`.
    pub working_directory: Option<String>,
    /// `dockerLabels`.
    pub docker_labels: BTreeMap<String, String>,
    /// `ulimits`.
    pub ulimits: Vec<Ulimit>,
    /// `linuxParameters.initProcessEnabled`.
    pub init_process: bool,
    /// `readonlyRootFilesystem`.
    pub read_only_root: bool,
    /// `restartPolicy`, where it is enabled.
    pub restart_policy: Option<RestartPolicy>,
    /// `environmentFiles`: ARNs of S3 objects, at most 10.
    pub environment_files: Vec<String>,
    /// `mountPoints`.
    pub mount_points: Vec<MountPoint>,
    /// `volumesFrom`.
    pub volumes_from: Vec<VolumeFrom>,
    /// Whether `versionConsistency` is enabled, as it is by default: all tasks of a deployment run what the tag meant when it began.
    pub version_consistency: bool,
}

impl ContainerDefinition {
    /// An essential container called `name` of `image`, with AWS's defaults (BOTO `ContainerDefinition`).
    #[must_use]
    pub fn new(name: &str, image: &str) -> Self {
        Self {
            name: name.to_owned(),
            image: image.to_owned(),
            cpu: 0,
            memory: None,
            memory_reservation: None,
            essential: true,
            port_mappings: Vec::new(),
            entry_point: Vec::new(),
            command: Vec::new(),
            environment: Vec::new(),
            secrets: Vec::new(),
            depends_on: Vec::new(),
            start_timeout: None,
            stop_timeout: None,
            health_check: None,
            log: None,
            user: None,
            working_directory: None,
            docker_labels: BTreeMap::new(),
            ulimits: Vec::new(),
            init_process: false,
            read_only_root: false,
            restart_policy: None,
            environment_files: Vec::new(),
            mount_points: Vec::new(),
            volumes_from: Vec::new(),
            version_consistency: true,
        }
    }

    /// The containers that it waits for, and for what: `dependsOn`, and those whose volumes it mounts. The agent has it wait for the creation of
    /// the latter (`facts/aws.md` 3.6, CREATE), which an engine does in one step with their start.
    pub(in crate::ecs) fn awaited(&self) -> impl Iterator<Item = (&str, Condition)> {
        let depends_on = self.depends_on.iter().map(|on| (on.container.as_str(), on.condition));
        depends_on.chain(self.volumes_from.iter().map(|from| (from.container.as_str(), Condition::Start)))
    }

    /// How its health command is run, if it has one.
    pub(super) fn probe(&self) -> Option<Arc<[String]>> {
        self.health_check.as_ref().map(|check| check.argv().into())
    }

    /// How long the container has between the stop signal and SIGKILL: `stopTimeout`, by default 30 s.
    #[must_use]
    pub fn stop_timeout(&self) -> Duration {
        self.stop_timeout.unwrap_or(Duration::from_secs(30))
    }
}

/// One of `portMappings`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortMapping {
    /// `containerPort`.
    pub container_port: u16,
    /// `hostPort`.
    pub host_port: Option<u16>,
    /// `protocol`, `tcp` by default.
    pub protocol: String,
    /// `name`.
    pub name: Option<String>,
    /// `appProtocol`.
    pub app_protocol: Option<String>,
}

/// One of `secrets`: an environment variable whose value is fetched when a task starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// The environment variable.
    pub name: String,
    /// `valueFrom`: a Secrets Manager ARN, with an optional `:json-key:version-stage:version-id`, or the name or ARN of a parameter of
    /// Systems Manager's Parameter Store.
    pub value_from: String,
}

/// One of `dependsOn`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// `containerName`.
    pub container: String,
    /// `condition`.
    pub condition: Condition,
}

/// What a container waits for in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It runs, or has run.
    Start,
    /// It has ended, however.
    Complete,
    /// It has ended with exit code 0.
    Success,
    /// Its health check passes.
    Healthy,
}

impl Condition {
    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "START",
            Self::Complete => "COMPLETE",
            Self::Success => "SUCCESS",
            Self::Healthy => "HEALTHY",
        }
    }
}

/// `healthCheck`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// `command`, from `CMD` or `CMD-SHELL` on.
    pub command: Vec<String>,
    /// `interval`, 30 s by default.
    pub interval: Duration,
    /// `timeout`, 5 s by default.
    pub timeout: Duration,
    /// `retries`, 3 by default: so many failures in a row make the container unhealthy.
    pub retries: u32,
    /// `startPeriod`: failures of probes begun within it do not count.
    pub start_period: Option<Duration>,
}

impl HealthCheck {
    /// The command as it is run: the words after `CMD`, or a shell for `CMD-SHELL`.
    #[must_use]
    pub fn argv(&self) -> Vec<String> {
        match self.command.split_first() {
            Some((kind, words)) if kind == "CMD-SHELL" => {
                vec!["/bin/sh".to_owned(), "-c".to_owned(), words.join(" ")]
            }
            Some((kind, words)) if kind == "CMD" => words.to_vec(),
            Some(_) | None => self.command.clone(),
        }
    }
}

/// `restartPolicy`: a container that ends is started again without its task's noticing (`facts/aws.md` 3.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestartPolicy {
    /// `ignoredExitCodes`, at most 50: a container that ends with one of them has ended.
    pub ignored_exit_codes: Vec<i32>,
    /// `restartAttemptPeriod`, 60 s to 1,800 s and 300 s by default: a container that has not run for so long since its start, or since
    /// its last restart, is not restarted.
    pub attempt_period: Duration,
}

/// One of `mountPoints`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountPoint {
    /// `sourceVolume`: one of the task definition's `volumes`.
    pub volume: String,
    /// `containerPath`.
    pub path: String,
    /// `readOnly`.
    pub read_only: bool,
}

/// One of `volumesFrom`: every volume of another container, in the same places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeFrom {
    /// `sourceContainer`.
    pub container: String,
    /// `readOnly`, false by default.
    pub read_only: bool,
}

/// `logConfiguration`, whose driver is always `awslogs` here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfiguration {
    /// `options`: `awslogs-group`, `awslogs-region`, `awslogs-stream-prefix`, `awslogs-create-group`, `mode`,
    /// `max-buffer-size`.
    pub options: BTreeMap<String, String>,
}

impl LogConfiguration {
    /// `awslogs-group`.
    #[must_use]
    pub fn group(&self) -> &str {
        self.options.get("awslogs-group").map_or("", String::as_str)
    }

    /// The stream of a container: `prefix/container-name/task-id`.
    #[must_use]
    pub fn stream(&self, container: &str, task: &str) -> String {
        let prefix = self.options.get("awslogs-stream-prefix").map_or("", String::as_str);
        format!("{prefix}/{container}/{task}")
    }

    /// Whether the group is made if it does not exist (`awslogs-create-group`; false by default).
    #[must_use]
    pub fn creates_group(&self) -> bool {
        self.options.get("awslogs-create-group").is_some_and(|value| value == "true")
    }
}

/// One of `ulimits`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ulimit {
    /// `name`, such as `nofile`.
    pub name: String,
    /// `softLimit`.
    pub soft: i64,
    /// `hardLimit`.
    pub hard: i64,
}
