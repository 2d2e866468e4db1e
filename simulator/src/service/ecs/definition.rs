//! Task definitions on the wire.

use std::sync::Arc;

use simulator_core::ecs::cluster::Failure;
use simulator_core::ecs::definition::{DefinitionStatus, Described, FamilyStatus, RuntimePlatform};
use simulator_core::ecs::{
    DeleteTaskDefinitions, DeregisterTaskDefinition, DescribeTaskDefinition, ListTaskDefinitionFamilies,
    ListTaskDefinitions, RegisterTaskDefinition, TaskDefinition,
};
use simulator_core::{Home, Page, Refusal};

use super::{container, shape};
use crate::wire::{Document, Input, document};

/// ECS's code for what is wrong with a task definition.
const CLIENT: &str = "ClientException";

pub(super) fn register(input: &mut Input, _: &Home) -> Result<RegisterTaskDefinition, Refusal> {
    let containers = input.structures("containerDefinitions")?.into_iter().map(container::read);
    let requires = input.texts("requiresCompatibilities")?;
    Ok(RegisterTaskDefinition {
        family: input.required("family", CLIENT)?,
        task_role: input.text("taskRoleArn")?,
        execution_role: input.text("executionRoleArn")?,
        network_mode: input.text("networkMode")?,
        pid_mode: input.text("pidMode")?,
        containers: containers.collect::<Result<_, _>>()?,
        volumes: input.structures("volumes")?.into_iter().map(volume).collect::<Result<_, _>>()?,
        requires: requires.iter().map(|kind| shape::launch_type_named(kind)).collect::<Result<_, _>>()?,
        cpu: input.text("cpu")?,
        memory: input.text("memory")?,
        platform: platform(input)?,
        ephemeral_storage: ephemeral_storage(input)?,
        tags: shape::tags(input)?,
    })
}

fn platform(input: &mut Input) -> Result<Option<RuntimePlatform>, Refusal> {
    let Some(mut platform) = input.structure("runtimePlatform")? else { return Ok(None) };
    let cpu_architecture = platform.text("cpuArchitecture")?;
    let operating_system = platform.text("operatingSystemFamily")?;
    platform.finish()?;
    match operating_system.as_deref() {
        None | Some("LINUX") => Ok(Some(RuntimePlatform { cpu_architecture, operating_system })),
        Some(other) => Err(Refusal::NotSimulated { what: format!("operating system family `{other}`") }),
    }
}

/// A volume that lives as long as its task. Others are on file systems that are not simulated, and a host's are not on Fargate.
fn volume(mut input: Input) -> Result<String, Refusal> {
    let name = input.required("name", CLIENT)?;
    if let Some(mut host) = input.structure("host")? {
        if host.text("sourcePath")?.is_some_and(|path| !path.is_empty()) {
            return Err(Refusal::fault(CLIENT, "host.sourcePath should not be set for volumes in Fargate."));
        }
        host.finish()?;
    }
    if input.boolean("configuredAtLaunch")? == Some(true) {
        return Err(Refusal::NotSimulated { what: format!("`configuredAtLaunch` of the volume `{name}`") });
    }
    input.finish()?;
    Ok(name)
}

fn ephemeral_storage(input: &mut Input) -> Result<Option<u32>, Refusal> {
    let Some(mut storage) = input.structure("ephemeralStorage")? else { return Ok(None) };
    let size = shape::whole(&mut storage, "sizeInGiB")?;
    storage.finish()?;
    Ok(size)
}

pub(super) fn registered(definition: &TaskDefinition, _: &Home) -> Document {
    shape::object([("taskDefinition", json(definition)), ("tags", shape::tag_list(&definition.tags))])
}

pub(super) fn describe(input: &mut Input, _: &Home) -> Result<DescribeTaskDefinition, Refusal> {
    Ok(DescribeTaskDefinition {
        task_definition: input.required("taskDefinition", CLIENT)?,
        with_tags: shape::includes_tags(input)?,
    })
}

pub(super) fn described(described: &Described, _: &Home) -> Document {
    let Described { definition, with_tags } = described;
    let tags = if *with_tags { shape::tag_list(&definition.tags) } else { document!([]) };
    shape::object([("taskDefinition", json(definition)), ("tags", tags)])
}

pub(super) fn list(input: &mut Input, _: &Home) -> Result<ListTaskDefinitions, Refusal> {
    Ok(ListTaskDefinitions {
        family: input.text("familyPrefix")?,
        status: match input.text("status")?.as_deref() {
            None | Some("ACTIVE") => DefinitionStatus::Active,
            Some("INACTIVE") => DefinitionStatus::Inactive,
            Some("DELETE_IN_PROGRESS") => DefinitionStatus::DeleteInProgress,
            Some(other) => return Err(Refusal::fault(shape::INVALID, format!("Invalid status '{other}'."))),
        },
        descending: input.text("sort")?.as_deref() == Some("DESC"),
        limit: shape::limit(input, 100)?,
        token: input.text("nextToken")?,
    })
}

pub(super) fn listed(page: &Page<String>, _: &Home) -> Document {
    shape::page("taskDefinitionArns", page)
}

pub(super) fn families(input: &mut Input, _: &Home) -> Result<ListTaskDefinitionFamilies, Refusal> {
    Ok(ListTaskDefinitionFamilies {
        prefix: input.text("familyPrefix")?,
        status: match input.text("status")?.as_deref() {
            None | Some("ALL") => FamilyStatus::All,
            Some("ACTIVE") => FamilyStatus::Active,
            Some("INACTIVE") => FamilyStatus::Inactive,
            Some(other) => return Err(Refusal::fault(shape::INVALID, format!("Invalid status '{other}'."))),
        },
        limit: shape::limit(input, 100)?,
        token: input.text("nextToken")?,
    })
}

pub(super) fn families_listed(page: &Page<String>, _: &Home) -> Document {
    shape::page("families", page)
}

pub(super) fn delete(input: &mut Input, _: &Home) -> Result<DeleteTaskDefinitions, Refusal> {
    Ok(DeleteTaskDefinitions { task_definitions: input.texts("taskDefinitions")? })
}

pub(super) fn deleted((deleted, failures): &(Vec<Arc<TaskDefinition>>, Vec<Failure>), _: &Home) -> Document {
    let definitions = deleted.iter().map(|definition| json(definition)).collect();
    shape::object([("taskDefinitions", definitions), ("failures", shape::failures(failures))])
}

pub(super) fn deregister(input: &mut Input, _: &Home) -> Result<DeregisterTaskDefinition, Refusal> {
    Ok(DeregisterTaskDefinition { task_definition: input.required("taskDefinition", CLIENT)? })
}

pub(super) fn deregistered(definition: &TaskDefinition, _: &Home) -> Document {
    shape::object([("taskDefinition", json(definition))])
}

fn json(definition: &TaskDefinition) -> Document {
    let TaskDefinition {
        arn,
        family,
        revision,
        task_role,
        execution_role,
        network_mode,
        containers,
        volumes,
        requires,
        cpu,
        memory,
        platform,
        ephemeral_storage,
        tags: _,
        registered_at,
        registered_by,
        deregistered_at,
        delete_requested_at,
        probes: _,
    } = definition;
    let names = |kinds: &[simulator_core::ecs::LaunchType]| {
        kinds.iter().map(|kind| document!(kind.as_str())).collect::<Document>()
    };
    let platform = platform.as_ref().map_or(Document::Null, |platform| {
        shape::object([
            ("cpuArchitecture", document!(&platform.cpu_architecture)),
            ("operatingSystemFamily", document!(&platform.operating_system)),
        ])
    });
    shape::object([
        ("taskDefinitionArn", document!(arn.as_str())),
        ("containerDefinitions", containers.iter().map(container::json).collect()),
        ("family", document!(family)),
        ("taskRoleArn", document!(task_role)),
        ("executionRoleArn", document!(execution_role)),
        ("networkMode", document!(network_mode.as_str())),
        ("revision", document!(revision)),
        ("volumes", volumes.iter().map(|name| document!({ "name": name, "host": {} })).collect()),
        ("status", document!(definition.status().as_str())),
        ("requiresAttributes", requires_attributes(definition)),
        ("placementConstraints", document!([])),
        ("compatibilities", names(&definition.compatibilities())),
        ("requiresCompatibilities", if requires.is_empty() { Document::Null } else { names(requires) }),
        ("cpu", document!(cpu.map(|cpu| cpu.to_string()))),
        ("memory", document!(memory.map(|memory| memory.to_string()))),
        ("runtimePlatform", platform),
        ("ephemeralStorage", document!(ephemeral_storage.map(|size| document!({ "sizeInGiB": size })))),
        ("registeredAt", shape::seconds_of(*registered_at)),
        ("registeredBy", document!(registered_by.as_str())),
        ("deregisteredAt", document!(deregistered_at.map(shape::seconds_of))),
        ("deleteRequestedAt", document!(delete_requested_at.map(shape::seconds_of))),
    ])
}

/// What an instance would have to be able to do, as AWS works it out from the definition.
fn requires_attributes(definition: &TaskDefinition) -> Document {
    let any =
        |has: fn(&simulator_core::ecs::definition::ContainerDefinition) -> bool| definition.containers.iter().any(has);
    let ecr = any(|container| container.image.contains(".dkr.ecr."));
    let mut names = Vec::new();
    if any(|container| container.log.is_some()) {
        names.push("com.amazonaws.ecs.capability.logging-driver.awslogs");
        names.push("ecs.capability.execution-role-awslogs");
    }
    if ecr {
        names.push("com.amazonaws.ecs.capability.ecr-auth");
        names.push("ecs.capability.execution-role-ecr-pull");
    }
    if definition.task_role.is_some() {
        names.push("com.amazonaws.ecs.capability.task-iam-role");
    }
    let (asm, ssm): (Vec<_>, Vec<_>) = definition
        .containers
        .iter()
        .flat_map(|container| &container.secrets)
        .partition(|secret| secret.value_from.contains(":secretsmanager:"));
    if !asm.is_empty() {
        names.push("ecs.capability.secrets.asm.environment-variables");
    }
    if !ssm.is_empty() {
        names.push("ecs.capability.secrets.ssm.environment-variables");
    }
    if any(|container| !container.environment_files.is_empty()) {
        names.push("ecs.capability.env-files.s3");
    }
    if any(|container| container.health_check.is_some()) {
        names.push("ecs.capability.container-health-check");
    }
    if any(|container| !container.depends_on.is_empty()) {
        names.push("ecs.capability.container-ordering");
    }
    if definition.network_mode == simulator_core::ecs::definition::NetworkMode::Awsvpc {
        names.push("ecs.capability.task-eni");
    }
    names.into_iter().map(|name| document!({ "name": name })).collect()
}
