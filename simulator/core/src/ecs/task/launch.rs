//! Bringing a task into being.

use std::collections::BTreeMap;
use std::sync::Arc;

use smol_str::SmolStr;

use super::container::Container;
use super::{Origin, Task, TaskStatus, advance, execution};
use crate::agenda::Deadline;
use crate::ecs::definition::{ContainerDefinition, TaskDefinition};
use crate::effect::{Effect, TaskId, TaskSpec};
use crate::id::{IdKind, Uuid};
use crate::refusal::Refusal;
use crate::world::World;

/// A task to be launched.
#[derive(Clone)]
pub(in crate::ecs) struct Launch {
    pub(in crate::ecs) definition: Arc<TaskDefinition>,
    pub(in crate::ecs) origin: Arc<Origin>,
    pub(in crate::ecs) subnet: Option<SmolStr>,
    /// What the tags of its images stand for, by container, where that is settled.
    pub(in crate::ecs) digests: Arc<BTreeMap<String, SmolStr>>,
}

/// Launches a task: it is PROVISIONING, and the driver is asked for its network.
///
/// # Errors
/// AWS's `ClientException` if ECS cannot assume one of its roles.
pub(in crate::ecs) fn launch(world: &mut World, launch: Launch) -> Result<TaskId, Refusal> {
    let Launch { definition, origin, subnet, digests } = launch;
    let id = TaskId::new(world.ids.number(IdKind::Task)).kept_at(world.ecs.tasks.next_place());
    let execution = execution::assume_roles(world, &definition, &origin.overrides, &id)?;
    let container = |definition: &ContainerDefinition| {
        let log = definition.log.as_ref();
        let log = log.map(|log| Box::new((log.group().to_owned(), log.stream(&definition.name, &id.to_string()))));
        let digest = digests.get(&definition.name).cloned();
        let container_id = Uuid::draw(&mut world.ids, IdKind::Container);
        Container { digest, ..Container::new(definition.name.as_str().into(), container_id, log) }
    };
    let containers = definition.containers.iter().map(container).collect();
    let task = Task {
        id,
        origin: Arc::clone(&origin),
        subnet,
        attachment: Uuid::draw(&mut world.ids, IdKind::Container),
        last_status: TaskStatus::Provisioning,
        stopping: false,
        stop: None,
        containers,
        address: None,
        created_at: world.now,
        pull_started_at: None,
        pull_stopped_at: None,
        started_at: None,
        stopping_at: None,
        execution_stopped_at: None,
        stopped_at: None,
        proved_at: None,
        version: 0,
        event: None,
        execution: execution.map(Box::new),
        dependency_due: Deadline::default(),
        preparing: true,
        clearing: false,
        targets: Vec::new(),
        condemned: false,
        replaced: false,
        secrets: None,
        definition: Arc::clone(&definition),
    };
    world.want(Effect::PrepareTask(TaskSpec {
        task: id,
        family: definition.family.as_str().into(),
        service: origin.service.as_ref().map(|key| key.service.clone()),
        cpu: origin.overrides.cpu.or(definition.cpu),
        memory: origin.overrides.memory.or(definition.memory),
        ports: mapped_ports(&definition),
    }));
    world.hold_security_groups(&origin.security_groups);
    world.ecs.tasks.push(task);
    if let Some(service) = origin.service.as_ref().and_then(|key| world.ecs.services.get_mut(key)) {
        service.live.extend(id.place());
    }
    advance::set_status(world, &id, TaskStatus::Provisioning);
    Ok(id)
}

fn mapped_ports(definition: &TaskDefinition) -> Vec<u16> {
    let mappings = definition.containers.iter().flat_map(|container| &container.port_mappings);
    mappings.map(|mapping| mapping.container_port).collect()
}

/// What Fargate sets in every container. Where the agent's endpoint is served, the driver sets the variables that lead to it.
pub(super) fn fargate_environment(world: &World) -> BTreeMap<String, String> {
    let region = world.region.to_string();
    [("AWS_EXECUTION_ENV", "AWS_ECS_FARGATE"), ("AWS_REGION", &region), ("AWS_DEFAULT_REGION", &region)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// The Docker labels that the agent gives the container called `container`.
pub(super) fn labels(world: &World, task: &Task, container: &str) -> BTreeMap<String, String> {
    let cluster = crate::ecs::cluster::cluster_arn(world, &task.origin.cluster);
    [
        ("com.amazonaws.ecs.task-arn", task.arn().as_str()),
        ("com.amazonaws.ecs.container-name", container),
        ("com.amazonaws.ecs.task-definition-family", task.definition.family.as_str()),
        ("com.amazonaws.ecs.task-definition-version", &task.definition.revision.to_string()),
        ("com.amazonaws.ecs.cluster", cluster.as_str()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}
