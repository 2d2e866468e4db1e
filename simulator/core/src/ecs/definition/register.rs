//! RegisterTaskDefinition.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::container::ContainerDefinition;
use super::{NetworkMode, RuntimePlatform, TaskDefinition, fargate, validate};
use crate::arn::Arn;
use crate::ecr;
use crate::ecs::{LaunchType, access};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Registers the next revision of a family.
#[derive(Clone, Debug, Default)]
pub struct RegisterTaskDefinition {
    /// `family`.
    pub family: String,
    /// `taskRoleArn`: an ARN, or the name of a role in this account.
    pub task_role: Option<String>,
    /// `executionRoleArn`: an ARN, or the name of a role in this account.
    pub execution_role: Option<String>,
    /// `networkMode`; `bridge` by default.
    pub network_mode: Option<String>,
    /// `pidMode`. Containers that see each other's processes are not simulated.
    pub pid_mode: Option<String>,
    /// `containerDefinitions`.
    pub containers: Vec<ContainerDefinition>,
    /// `volumes`, by name. None has a source outside its task: Fargate has no instance that could lend one.
    pub volumes: Vec<String>,
    /// `requiresCompatibilities`.
    pub requires: Vec<LaunchType>,
    /// `cpu`, as written: `1024` or `1 vCPU`.
    pub cpu: Option<String>,
    /// `memory`, as written: `2048` or `2GB`.
    pub memory: Option<String>,
    /// `runtimePlatform`.
    pub platform: Option<RuntimePlatform>,
    /// `ephemeralStorage.sizeInGiB`.
    pub ephemeral_storage: Option<u32>,
    /// `tags`.
    pub tags: BTreeMap<String, String>,
}

impl RegisterTaskDefinition {
    /// Task-level CPU in units of 1/1024 vCPU.
    pub(super) fn cpu_units(&self) -> Result<Option<u32>, Refusal> {
        self.cpu.as_deref().map(|text| fargate::cpu_units(text).ok_or_else(|| invalid("cpu"))).transpose()
    }

    /// Task-level memory in MiB.
    pub(super) fn memory_mib(&self) -> Result<Option<u32>, Refusal> {
        self.memory.as_deref().map(|text| fargate::memory_mib(text).ok_or_else(|| invalid("memory"))).transpose()
    }
}

impl Operation for RegisterTaskDefinition {
    type Output = Arc<TaskDefinition>;
    const NAME: &'static str = "ecs:RegisterTaskDefinition";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let resource = Arn::new("ecs", &world.region, &world.account, &format!("task-definition/{}:*", self.family));
        let mut register = access::tagged(Access::new(Self::NAME, resource.as_str()), &self.tags);
        for kind in &self.requires {
            register = register.with("ecs:compute-compatibility", kind.as_str());
        }
        register = register.with("ecs:privileged", "false");
        if let Some(cpu) = self.cpu_units()? {
            register = register.with("ecs:task-cpu", cpu.to_string());
        }
        if let Some(memory) = self.memory_mib()? {
            register = register.with("ecs:task-memory", memory.to_string());
        }
        let mut accesses = vec![register];
        accesses.extend(access::tag_on_create(&resource, "RegisterTaskDefinition", &self.tags));
        for role in [&self.task_role, &self.execution_role].into_iter().flatten() {
            accesses.push(access::pass_role(&role_arn(world, role)));
        }
        Ok(accesses)
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Authorized { operation, caller, .. } = authorized;
        let network_mode = match operation.network_mode.as_deref() {
            None | Some("bridge") => NetworkMode::Bridge,
            Some("awsvpc") => NetworkMode::Awsvpc,
            Some("host") => NetworkMode::Host,
            Some("none") => NetworkMode::None,
            Some(_) => return Err(invalid("networkMode")),
        };
        let from_ecr = operation.containers.iter().any(|container| ecr::is_private(world, &container.image));
        validate::check(&operation, network_mode, from_ecr)?;
        let (cpu, memory) = (operation.cpu_units()?, operation.memory_mib()?);
        let revisions = world.ecs.definitions.entry(operation.family.clone()).or_default();
        let revision = u32::try_from(revisions.len()).expect("a family's revisions fit memory") + 1;
        let name = format!("task-definition/{}:{revision}", operation.family);
        let definition = Arc::new(TaskDefinition {
            arn: Arn::new("ecs", &world.region, &world.account, &name),
            family: operation.family,
            revision,
            task_role: operation.task_role.map(|role| role_arn_in(&world.account, &role)),
            execution_role: operation.execution_role.map(|role| role_arn_in(&world.account, &role)),
            network_mode,
            probes: operation.containers.iter().map(ContainerDefinition::probe).collect(),
            containers: operation.containers,
            volumes: operation.volumes,
            requires: operation.requires,
            cpu,
            memory,
            platform: operation.platform,
            ephemeral_storage: operation.ephemeral_storage,
            tags: operation.tags,
            registered_at: world.now,
            registered_by: caller.arn,
            deregistered_at: None,
            delete_requested_at: None,
        });
        revisions.push(Arc::clone(&definition));
        Ok(definition)
    }
}

/// The ARN of a role given by ARN or by name.
pub(crate) fn role_arn(world: &World, role: &str) -> String {
    role_arn_in(&world.account, role)
}

fn role_arn_in(account: &crate::arn::AccountId, role: &str) -> String {
    if role.starts_with("arn:") { role.to_owned() } else { format!("arn:aws:iam::{account}:role/{role}") }
}

pub(super) fn invalid(what: &str) -> Refusal {
    Refusal::fault("ClientException", format!("Invalid '{what}' setting for task."))
}
