//! RunTask: tasks that nobody restarts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use smol_str::SmolStr;

use super::Origin;
use super::launch::{Launch, launch};
use crate::arn::Arn;
use crate::ecs::capacity::{self, StrategyItem};
use crate::ecs::definition::{TaskDefinition, role_arn};
use crate::ecs::network::{self, Network};
use crate::ecs::{LaunchType, access, cluster, tag};
use crate::effect::TaskId;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// What RunTask changes in a task definition (`overrides`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `containerOverrides`.
    pub containers: Vec<ContainerOverride>,
    /// `taskRoleArn`.
    pub task_role: Option<String>,
    /// `executionRoleArn`.
    pub execution_role: Option<String>,
    /// Task-level `cpu` in units of 1/1024 vCPU.
    pub cpu: Option<u32>,
    /// Task-level `memory` in MiB.
    pub memory: Option<u32>,
}

impl Overrides {
    /// What is overridden in the container called `name`.
    pub(super) fn of(&self, name: &str) -> Option<&ContainerOverride> {
        self.containers.iter().find(|container| container.name == name)
    }
}

/// One of `containerOverrides`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerOverride {
    /// `name`.
    pub name: String,
    /// `command`, in place of the task definition's.
    pub command: Option<Vec<String>>,
    /// `environment`, over the task definition's.
    pub environment: Vec<(String, String)>,
    /// `cpu`.
    pub cpu: Option<u32>,
    /// `memory`.
    pub memory: Option<u32>,
    /// `memoryReservation`.
    pub memory_reservation: Option<u32>,
    /// `environmentFiles`, in place of the task definition's.
    pub environment_files: Vec<String>,
}

/// Runs tasks on their own.
#[derive(Clone, Debug, Default)]
pub struct RunTask {
    /// `cluster`: name or ARN.
    pub cluster: Option<String>,
    /// `taskDefinition`: family, `family:revision`, or ARN.
    pub task_definition: String,
    /// `count`, 1 to 10.
    pub count: Option<u32>,
    /// `launchType`; EC2 by default, of which there are no instances.
    pub launch_type: Option<LaunchType>,
    /// `capacityProviderStrategy`, in place of a launch type.
    pub strategy: Vec<StrategyItem>,
    /// `enableExecuteCommand`.
    pub execute_command: bool,
    /// `networkConfiguration`.
    pub network: Option<Network>,
    /// `overrides`.
    pub overrides: Overrides,
    /// `group`; `family:FAMILY` by default.
    pub group: Option<String>,
    /// `startedBy`.
    pub started_by: Option<String>,
    /// `tags`.
    pub tags: BTreeMap<String, String>,
    /// Whether `propagateTags` is TASK_DEFINITION.
    pub propagate: bool,
    /// `enableECSManagedTags`.
    pub managed_tags: bool,
    /// `clientToken`.
    pub client_token: Option<String>,
}

/// What a client token stood for: a hash would do, but the request itself can be compared without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ecs) struct Earlier {
    asked: String,
    tasks: Vec<TaskId>,
}

impl RunTask {
    fn definition<'a>(&self, world: &'a World) -> Result<&'a Arc<TaskDefinition>, Refusal> {
        world.ecs.usable_definition(&self.task_definition)
    }

    fn check(&self, definition: &TaskDefinition) -> Result<(), Refusal> {
        let count = self.count.unwrap_or(1);
        if !(1..=10).contains(&count) {
            return Err(invalid("Count must be between 1 and 10."));
        }
        if self.started_by.as_ref().is_some_and(|text| text.chars().count() > 128) {
            return Err(invalid("startedBy cannot be longer than 128 characters."));
        }
        for container in &self.overrides.containers {
            if definition.container(&container.name).is_none() {
                let name = &container.name;
                return Err(invalid(&format!(
                    "Override for container named {name} is not a container in the TaskDefinition."
                )));
            }
        }
        if self.client_token.as_ref().is_some_and(|token| !sound_token(token)) {
            return Err(invalid("clientToken must be 1 to 64 characters in the range of 33-126."));
        }
        if self.execute_command && self.task_role(definition).is_none() {
            return Err(invalid(NO_TASK_ROLE));
        }
        tag::check(&self.tags)
    }

    fn task_role<'a>(&'a self, definition: &'a TaskDefinition) -> Option<&'a String> {
        self.overrides.task_role.as_ref().or(definition.task_role.as_ref())
    }

    /// The tags that the tasks get, but for those that ECS adds.
    fn all_tags(&self, definition: &TaskDefinition) -> BTreeMap<String, String> {
        let mut tags = if self.propagate { definition.tags.clone() } else { BTreeMap::new() };
        tags.extend(self.tags.clone());
        tags
    }
}

impl Operation for RunTask {
    type Output = Vec<TaskId>;
    const NAME: &'static str = "ecs:RunTask";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        // A bare family is resolved before IAM is asked, so policies must allow its revisions.
        let definition = self.definition(world)?;
        let cluster = cluster::cluster_name(self.cluster.as_deref());
        let run = access::on_tagged(Access::new(Self::NAME, definition.arn.as_str()), &definition.tags)
            .with("ecs:cluster", cluster::cluster_arn(world, cluster).as_str())
            .with("ecs:enable-execute-command", self.execute_command.to_string());
        let run = capacity::with_providers(run, world, self.strategy.iter().map(|item| &item.provider));
        let run =
            access::with_size(run, self.overrides.cpu.or(definition.cpu), self.overrides.memory.or(definition.memory));
        let tags = self.all_tags(definition);
        let mut accesses = vec![access::tagged(run, &self.tags)];
        let tasks = Arn::new("ecs", &world.region, &world.account, &format!("task/{cluster}/*"));
        accesses.extend(access::tag_on_create(&tasks, "RunTask", &tags));
        let overridden =
            [self.task_role(definition), self.overrides.execution_role.as_ref().or(definition.execution_role.as_ref())];
        accesses.extend(overridden.into_iter().flatten().map(|role| access::pass_role(&role_arn(world, role))));
        Ok(accesses)
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Vec<TaskId>, Refusal> {
        let asked = authorized.operation;
        let there = world.ecs.cluster(asked.cluster.as_deref())?;
        let (launch_type, strategy) = capacity::chosen(there, asked.launch_type, &asked.strategy)?;
        let cluster = there.name.clone();
        let definition = Arc::clone(asked.definition(world)?);
        asked.check(&definition)?;
        if launch_type == LaunchType::Ec2 {
            return Err(invalid("No Container Instances were found in your cluster."));
        }
        network::check(world, &definition, asked.network.as_ref())?;
        // Debug output of the request stands for its parameters: the same request is the same text.
        let fingerprint = format!("{asked:?}");
        if let Some(earlier) = asked.client_token.as_ref().and_then(|token| world.ecs.client_tokens.get(token)) {
            if earlier.asked == fingerprint {
                return Ok(earlier.tasks.clone());
            }
            let message = "The client token was already used with different parameters.";
            return Err(Refusal::fault("ConflictException", message));
        }
        let mut tags = asked.all_tags(&definition);
        if asked.managed_tags {
            tags.insert("aws:ecs:clusterName".to_owned(), cluster.clone());
        }
        let network = asked.network.clone().unwrap_or_default();
        let group = asked.group.clone().unwrap_or_else(|| format!("family:{}", definition.family));
        let subnet = network.subnets.first().map(SmolStr::new);
        let origin = Origin {
            overrides: asked.overrides.clone(),
            started_by: asked.started_by.as_deref().map(SmolStr::new),
            execute_command: asked.execute_command,
            tags,
            ..Origin::new(world, &cluster, group, network)
        };
        // A task on its own belongs to no deployment whose tasks it would have to be like.
        let mut launched = Launch { definition, origin: Arc::new(origin), subnet, digests: Arc::default() };
        let mut tasks = Vec::new();
        let mut placed = BTreeMap::new();
        for _ in 0..asked.count.unwrap_or(1) {
            if let Some(provider) = capacity::next_provider(&strategy, &placed) {
                *placed.entry(provider).or_default() += 1;
                Arc::make_mut(&mut launched.origin).provider = Some(provider.into());
            }
            tasks.push(launch(world, launched.clone())?);
        }
        debug_assert_eq!(tasks.iter().collect::<BTreeSet<_>>().len(), tasks.len(), "task ids do not repeat");
        if let Some(token) = asked.client_token {
            world.ecs.client_tokens.insert(token, Earlier { asked: fingerprint, tasks: tasks.clone() });
        }
        Ok(tasks)
    }
}

/// Whether a client token is one (BOTO RunTask).
fn sound_token(token: &str) -> bool {
    (1..=64).contains(&token.len()) && token.bytes().all(|byte| (33..=126).contains(&byte))
}

/// Execute command needs a task role. The sentence is UpdateService's (`facts/aws.md` 4.2), for a task.
const NO_TASK_ROLE: &str = "The task couldn't be started because a valid taskRoleArn is not being used. Specify a valid task role in \
     your task definition and try again.";

fn invalid(message: &str) -> Refusal {
    Refusal::fault("InvalidParameterException", message)
}
