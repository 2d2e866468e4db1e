//! Task definitions: what a task is made of.
//!
//! In reading order: the containers ([`container`]), the checks that registration makes ([`validate`], [`check_container`], [`fargate`]), the
//! operations that write the catalogue ([`register`], [`delete`]) and those that read it ([`catalogue`], [`family`]).

pub mod catalogue;
mod check_container;
pub mod container;
pub mod delete;
mod family;
pub(super) mod fargate;
pub mod register;
mod validate;

use std::collections::BTreeMap;
use std::sync::Arc;

use smol_str::{SmolStr, format_smolstr};

pub use catalogue::{DeregisterTaskDefinition, DescribeTaskDefinition, Described, ListTaskDefinitions};
pub use container::{
    Condition, ContainerDefinition, Dependency, HealthCheck, LogConfiguration, MountPoint, PortMapping, RestartPolicy,
    Secret, Ulimit, VolumeFrom,
};
pub use delete::DeleteTaskDefinitions;
pub use family::{FamilyStatus, ListTaskDefinitionFamilies};
pub use register::RegisterTaskDefinition;
pub(crate) use register::role_arn;

use super::LaunchType;
use crate::arn::Arn;
use crate::time::Timestamp;

/// One revision of a task definition. Nothing in it changes once it is registered, but that it may be deregistered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskDefinition {
    /// `task-definition/FAMILY:REVISION`.
    pub arn: Arn,
    /// `family`.
    pub family: String,
    /// `revision`, from 1.
    pub revision: u32,
    /// `taskRoleArn`.
    pub task_role: Option<String>,
    /// `executionRoleArn`.
    pub execution_role: Option<String>,
    /// `networkMode`.
    pub network_mode: NetworkMode,
    /// `containerDefinitions`, in the order they were written.
    pub containers: Vec<ContainerDefinition>,
    /// How the health command of each container is run, by their places.
    pub probes: Vec<Option<Arc<[String]>>>,
    /// `volumes`, by name: each is empty when a task starts, is shared by the containers that mount it, and goes with the task.
    pub volumes: Vec<String>,
    /// `requiresCompatibilities`.
    pub requires: Vec<LaunchType>,
    /// Task-level `cpu` in units of 1/1024 vCPU.
    pub cpu: Option<u32>,
    /// Task-level `memory` in MiB.
    pub memory: Option<u32>,
    /// `runtimePlatform`.
    pub platform: Option<RuntimePlatform>,
    /// `ephemeralStorage.sizeInGiB`. A rehearsal's containers have the machine's own disk, so this is recorded only.
    pub ephemeral_storage: Option<u32>,
    /// `tags`.
    pub tags: BTreeMap<String, String>,
    /// `registeredAt`.
    pub registered_at: Timestamp,
    /// `registeredBy`.
    pub registered_by: Arn,
    /// `deregisteredAt`; a revision that has it is INACTIVE.
    pub deregistered_at: Option<Timestamp>,
    /// `deleteRequestedAt`; a revision that has it is DELETE_IN_PROGRESS.
    pub delete_requested_at: Option<Timestamp>,
}

/// `status` of a revision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DefinitionStatus {
    /// It can be used.
    #[default]
    Active,
    /// It is deregistered: what runs goes on.
    Inactive,
    /// It is being deleted. It stays so in this World: AWS does not say how long after its last task it goes.
    DeleteInProgress,
}

impl DefinitionStatus {
    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::DeleteInProgress => "DELETE_IN_PROGRESS",
        }
    }
}

impl TaskDefinition {
    /// `family:revision`.
    #[must_use]
    pub fn name(&self) -> SmolStr {
        format_smolstr!("{}:{}", self.family, self.revision)
    }

    /// Whether it can be used.
    #[must_use]
    pub const fn status(&self) -> DefinitionStatus {
        match (self.deregistered_at, self.delete_requested_at) {
            (_, Some(_)) => DefinitionStatus::DeleteInProgress,
            (Some(_), None) => DefinitionStatus::Inactive,
            (None, None) => DefinitionStatus::Active,
        }
    }

    /// The container called `name`, and its place.
    #[must_use]
    pub fn container(&self, name: &str) -> Option<(usize, &ContainerDefinition)> {
        self.containers.iter().enumerate().find(|(_, container)| container.name == name)
    }

    /// The launch types that this task definition can run on (`compatibilities`).
    #[must_use]
    pub fn compatibilities(&self) -> Vec<LaunchType> {
        let fargate = self.network_mode == NetworkMode::Awsvpc && fargate::size(self.cpu, self.memory).is_ok();
        if fargate { vec![LaunchType::Ec2, LaunchType::Fargate] } else { vec![LaunchType::Ec2] }
    }
}

/// `networkMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkMode {
    /// Every task has a network interface of its own, which its containers share.
    Awsvpc,
    /// Docker's bridge, on EC2 only.
    Bridge,
    /// The instance's own network, on EC2 only.
    Host,
    /// None.
    None,
}

impl NetworkMode {
    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Awsvpc => "awsvpc",
            Self::Bridge => "bridge",
            Self::Host => "host",
            Self::None => "none",
        }
    }
}

/// `runtimePlatform`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimePlatform {
    /// `cpuArchitecture`, such as `X86_64`.
    pub cpu_architecture: Option<String>,
    /// `operatingSystemFamily`, such as `LINUX`.
    pub operating_system: Option<String>,
}
