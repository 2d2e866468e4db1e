//! Bringing a task into being.

use std::collections::BTreeMap;
use std::sync::Arc;

use smol_str::SmolStr;

use super::container::Container;
use super::{Overrides, Task, TaskStatus, advance, execution};
use crate::agenda::Deadline;
use crate::arn::Arn;
use crate::ecs::definition::TaskDefinition;
use crate::ecs::network::{self, Network};
use crate::ecs::service::ServiceKey;
use crate::effect::{Effect, TaskId, TaskSpec};
use crate::id::IdKind;
use crate::refusal::Refusal;
use crate::world::World;

/// A task to be launched.
pub(in crate::ecs) struct Launch {
    pub(in crate::ecs) cluster: String,
    pub(in crate::ecs) definition: Arc<TaskDefinition>,
    pub(in crate::ecs) overrides: Overrides,
    pub(in crate::ecs) group: String,
    pub(in crate::ecs) started_by: Option<SmolStr>,
    pub(in crate::ecs) service: Option<ServiceKey>,
    pub(in crate::ecs) network: Network,
    pub(in crate::ecs) subnet: Option<SmolStr>,
    /// What the tags of its images stand for, by container, where that is settled.
    pub(in crate::ecs) digests: BTreeMap<String, String>,
    pub(in crate::ecs) tags: BTreeMap<String, String>,
}

/// Launches a task: it is PROVISIONING, and the driver is asked for its network.
///
/// # Errors
/// AWS's `ClientException` if ECS cannot assume one of its roles.
pub(in crate::ecs) fn launch(world: &mut World, launch: Launch) -> Result<TaskId, Refusal> {
    let Launch { cluster, definition, overrides, group, started_by, service, network, subnet, digests, tags } = launch;
    let id = TaskId::new(world.ids.number(IdKind::Task)).kept_at(world.ecs.tasks.next_place());
    let execution = execution::assume_roles(world, &definition, &overrides, &id)?;
    let container = |world: &mut World, definition: &crate::ecs::definition::ContainerDefinition| {
        let log =
            definition.log.as_ref().map(|log| (log.group().to_owned(), log.stream(&definition.name, &id.to_string())));
        let digest = digests.get(&definition.name).cloned();
        Container { digest, ..Container::new(definition.name.as_str().into(), uuid(world), log) }
    };
    let containers = definition.containers.iter().map(|definition| container(world, definition)).collect();
    let task = Task {
        id,
        arn: Arn::new("ecs", &world.region, &world.account, &format!("task/{cluster}/{id}")),
        cluster,
        overrides,
        group,
        started_by,
        service: service.clone(),
        security_groups: network::security_groups(world, &network),
        network,
        subnet,
        attachment: uuid(world),
        tags,
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
        execution,
        dependency_due: Deadline::default(),
        preparing: true,
        clearing: false,
        targets: Vec::new(),
        condemned: false,
        replaced: false,
        secrets: execution::Secrets::default(),
        definition: Arc::clone(&definition),
    };
    world.want(Effect::PrepareTask(TaskSpec {
        task: id,
        family: definition.family.as_str().into(),
        service: service.as_ref().map(|key| key.service.clone()),
        cpu: task.overrides.cpu.or(definition.cpu),
        memory: task.overrides.memory.or(definition.memory),
    }));
    world.hold_security_groups(task.arn.as_str(), &task.security_groups);
    world.ecs.tasks.push(task);
    if let Some(service) = service.and_then(|key| world.ecs.services.get_mut(&key)) {
        service.live.extend(id.place());
    }
    advance::set_status(world, &id, TaskStatus::Provisioning);
    Ok(id)
}

/// What Fargate sets in every container. Its metadata and credentials endpoints are not served here, so their variables are not set.
pub(super) fn fargate_environment(world: &World) -> BTreeMap<String, String> {
    let region = world.region.to_string();
    [("AWS_EXECUTION_ENV", "AWS_ECS_FARGATE"), ("AWS_REGION", &region), ("AWS_DEFAULT_REGION", &region)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// The Docker labels that the agent gives the container called `container`.
pub(super) fn labels(world: &World, task: &Task, container: &str) -> BTreeMap<String, String> {
    let cluster = crate::ecs::cluster::cluster_arn(world, &task.cluster);
    [
        ("com.amazonaws.ecs.task-arn", task.arn.as_str()),
        ("com.amazonaws.ecs.container-name", container),
        ("com.amazonaws.ecs.task-definition-family", task.definition.family.as_str()),
        ("com.amazonaws.ecs.task-definition-version", &task.definition.revision.to_string()),
        ("com.amazonaws.ecs.cluster", cluster.as_str()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// A random UUID of version 4.
pub(in crate::ecs) fn uuid(world: &mut World) -> String {
    let digits = world.ids.hex(IdKind::Container, 32);
    let variant = world.ids.text(IdKind::Container, b"89ab", 1);
    format!("{}-{}-4{}-{variant}{}-{}", &digits[..8], &digits[8..12], &digits[13..16], &digits[17..20], &digits[20..])
}
