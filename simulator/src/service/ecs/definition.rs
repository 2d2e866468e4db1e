//! Task definitions on the wire.

use std::sync::Arc;

use serde_json::{Value, json};
use simulator_core::ecs::definition::{
    Condition, ContainerDefinition, Dependency, DeregisterTaskDefinition, DescribeTaskDefinition, Described, HealthCheck,
    ListTaskDefinitions, LogConfiguration, PortMapping, RegisterTaskDefinition, RuntimePlatform, Secret, TaskDefinition,
    Ulimit,
};
use simulator_core::page::Page;
use simulator_core::{Refusal, World};

use super::{CLIENT, INVALID, encode_tags, includes_tags, launch_type, limit, number, object, tags, time};
use crate::wire::{Input, Row, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("RegisterTaskDefinition", decode_register, |definition: Arc<TaskDefinition>, _| {
            object([("taskDefinition", encode(&definition)), ("tags", encode_tags(&definition.tags))])
        }),
        row("DescribeTaskDefinition", decode_describe, |described: Described, _| {
            let tags = if described.with_tags { encode_tags(&described.definition.tags) } else { json!([]) };
            object([("taskDefinition", encode(&described.definition)), ("tags", tags)])
        }),
        row("ListTaskDefinitions", decode_list, |page: Page<String>, _| {
            object([("taskDefinitionArns", json!(page.items)), ("nextToken", json!(page.next))])
        }),
        row("DeregisterTaskDefinition", decode_deregister, |definition: Arc<TaskDefinition>, _| {
            json!({"taskDefinition": encode(&definition)})
        }),
    ]
}

fn decode_register(input: &mut Input, _: &World) -> Result<RegisterTaskDefinition, Refusal> {
    let containers = input.structures("containerDefinitions")?;
    let requires = input.texts("requiresCompatibilities")?;
    let platform = match input.structure("runtimePlatform")? {
        None => None,
        Some(mut platform) => {
            let decoded = RuntimePlatform {
                cpu_architecture: platform.text("cpuArchitecture")?,
                operating_system: platform.text("operatingSystemFamily")?,
            };
            platform.finish()?;
            Some(decoded)
        }
    };
    let ephemeral_storage = match input.structure("ephemeralStorage")? {
        None => None,
        Some(mut storage) => {
            let size = number(&mut storage, "sizeInGiB")?;
            storage.finish()?;
            size
        }
    };
    Ok(RegisterTaskDefinition {
        family: input.required("family", CLIENT)?,
        task_role: input.text("taskRoleArn")?,
        execution_role: input.text("executionRoleArn")?,
        network_mode: input.text("networkMode")?,
        containers: containers.into_iter().map(decode_container).collect::<Result<_, _>>()?,
        requires: requires.iter().map(|it| launch_type(it)).collect::<Result<_, _>>()?,
        cpu: input.text("cpu")?,
        memory: input.text("memory")?,
        platform,
        ephemeral_storage,
        tags: tags(input)?,
    })
}

fn decode_describe(input: &mut Input, _: &World) -> Result<DescribeTaskDefinition, Refusal> {
    let task_definition = input.required("taskDefinition", CLIENT)?;
    Ok(DescribeTaskDefinition { task_definition, with_tags: includes_tags(input)? })
}

fn decode_list(input: &mut Input, _: &World) -> Result<ListTaskDefinitions, Refusal> {
    Ok(ListTaskDefinitions {
        family: input.text("familyPrefix")?,
        inactive: input.text("status")?.as_deref() == Some("INACTIVE"),
        descending: input.text("sort")?.as_deref() == Some("DESC"),
        limit: limit(input)?,
        token: input.text("nextToken")?,
    })
}

fn decode_deregister(input: &mut Input, _: &World) -> Result<DeregisterTaskDefinition, Refusal> {
    Ok(DeregisterTaskDefinition { task_definition: input.required("taskDefinition", CLIENT)? })
}

fn decode_container(mut input: Input) -> Result<ContainerDefinition, Refusal> {
    let seconds = |input: &mut Input, key: &str| -> Result<_, Refusal> {
        Ok(number(input, key)?.map(std::time::Duration::from_secs))
    };
    let (mut init_process, linux) = (false, input.structure("linuxParameters")?);
    if let Some(mut linux) = linux {
        init_process = linux.boolean("initProcessEnabled")?.unwrap_or(false);
        linux.finish()?;
    }
    let container = ContainerDefinition {
        name: input.required("name", CLIENT)?,
        image: input.text("image")?.unwrap_or_default(),
        cpu: number(&mut input, "cpu")?.unwrap_or(0),
        memory: number(&mut input, "memory")?,
        memory_reservation: number(&mut input, "memoryReservation")?,
        essential: input.boolean("essential")?.unwrap_or(true),
        port_mappings: each(input.structures("portMappings")?, decode_port)?,
        entry_point: input.texts("entryPoint")?,
        command: input.texts("command")?,
        environment: each(input.structures("environment")?, |it| {
            Ok((it.text("name")?.unwrap_or_default(), it.text("value")?.unwrap_or_default()))
        })?,
        secrets: each(input.structures("secrets")?, |it| {
            Ok(Secret { name: it.required("name", CLIENT)?, value_from: it.required("valueFrom", CLIENT)? })
        })?,
        depends_on: each(input.structures("dependsOn")?, decode_dependency)?,
        start_timeout: seconds(&mut input, "startTimeout")?,
        stop_timeout: seconds(&mut input, "stopTimeout")?,
        health_check: match input.structure("healthCheck")? {
            None => None,
            Some(mut check) => {
                let or = |given: Option<std::time::Duration>, default| {
                    given.unwrap_or(std::time::Duration::from_secs(default))
                };
                let decoded = HealthCheck {
                    command: check.texts("command")?,
                    interval: or(seconds(&mut check, "interval")?, 30),
                    timeout: or(seconds(&mut check, "timeout")?, 5),
                    retries: number(&mut check, "retries")?.unwrap_or(3),
                    start_period: seconds(&mut check, "startPeriod")?,
                };
                check.finish()?;
                Some(decoded)
            }
        },
        log: match input.structure("logConfiguration")? {
            None => None,
            Some(mut log) => {
                let driver = log.required("logDriver", CLIENT)?;
                if driver != "awslogs" {
                    return Err(Refusal::NotSimulated { what: format!("log driver `{driver}` of ECS") });
                }
                let options = log.text_map("options")?.into_iter().collect();
                log.finish()?;
                Some(LogConfiguration { options })
            }
        },
        user: input.text("user")?,
        working_directory: input.text("workingDirectory")?,
        docker_labels: input.text_map("dockerLabels")?.into_iter().collect(),
        ulimits: each(input.structures("ulimits")?, |it| {
            let limit = |it: &mut Input, key: &str| it.integer(key).map(Option::unwrap_or_default);
            Ok(Ulimit {
                name: it.required("name", CLIENT)?,
                soft: limit(it, "softLimit")?,
                hard: limit(it, "hardLimit")?,
            })
        })?,
        init_process,
        read_only_root: input.boolean("readonlyRootFilesystem")?.unwrap_or(false),
    };
    input.finish()?;
    Ok(container)
}

fn decode_port(input: &mut Input) -> Result<PortMapping, Refusal> {
    Ok(PortMapping {
        container_port: number(input, "containerPort")?
            .ok_or_else(|| Refusal::fault(CLIENT, "Container port should not be null or empty."))?,
        host_port: number(input, "hostPort")?,
        protocol: input.text("protocol")?.unwrap_or_else(|| "tcp".to_owned()),
        name: input.text("name")?,
        app_protocol: input.text("appProtocol")?,
    })
}

fn decode_dependency(input: &mut Input) -> Result<Dependency, Refusal> {
    let condition = match input.required("condition", CLIENT)?.as_str() {
        "START" => Condition::Start,
        "COMPLETE" => Condition::Complete,
        "SUCCESS" => Condition::Success,
        "HEALTHY" => Condition::Healthy,
        other => return Err(Refusal::fault(INVALID, format!("Invalid value for condition: {other}"))),
    };
    Ok(Dependency { container: input.required("containerName", CLIENT)?, condition })
}

/// Decodes each structure to its end.
fn each<T>(
    structures: Vec<Input>,
    mut decode: impl FnMut(&mut Input) -> Result<T, Refusal>,
) -> Result<Vec<T>, Refusal> {
    structures
        .into_iter()
        .map(|mut input| {
            let decoded = decode(&mut input)?;
            input.finish()?;
            Ok(decoded)
        })
        .collect()
}

fn encode(definition: &TaskDefinition) -> Value {
    let launch_types = |types: &[simulator_core::ecs::LaunchType]| -> Value {
        types.iter().map(|it| Value::from(it.as_str())).collect()
    };
    object([
        ("taskDefinitionArn", json!(definition.arn.as_str())),
        ("containerDefinitions", definition.containers.iter().map(encode_container).collect()),
        ("family", json!(definition.family)),
        ("taskRoleArn", json!(definition.task_role)),
        ("executionRoleArn", json!(definition.execution_role)),
        ("networkMode", json!(definition.network_mode.as_str())),
        ("revision", json!(definition.revision)),
        ("volumes", json!([])),
        ("status", json!(definition.status())),
        ("placementConstraints", json!([])),
        ("compatibilities", launch_types(&definition.compatibilities())),
        ("requiresCompatibilities", launch_types(&definition.requires)),
        ("cpu", json!(definition.cpu.map(|it| it.to_string()))),
        ("memory", json!(definition.memory.map(|it| it.to_string()))),
        ("runtimePlatform", definition.platform.as_ref().map_or(Value::Null, encode_platform)),
        ("ephemeralStorage", definition.ephemeral_storage.map_or(Value::Null, |it| json!({"sizeInGiB": it}))),
        ("registeredAt", time(definition.registered_at)),
        ("registeredBy", json!(definition.registered_by.as_str())),
        ("deregisteredAt", definition.deregistered_at.map_or(Value::Null, time)),
    ])
}

fn encode_platform(platform: &RuntimePlatform) -> Value {
    object([
        ("cpuArchitecture", json!(platform.cpu_architecture)),
        ("operatingSystemFamily", json!(platform.operating_system)),
    ])
}

fn encode_container(container: &ContainerDefinition) -> Value {
    let or_absent = |empty: bool, value: Value| if empty { Value::Null } else { value };
    let seconds = |duration: Option<std::time::Duration>| json!(duration.map(|it| it.as_secs()));
    object([
        ("name", json!(container.name)),
        ("image", json!(container.image)),
        ("cpu", json!(container.cpu)),
        ("memory", json!(container.memory)),
        ("memoryReservation", json!(container.memory_reservation)),
        ("portMappings", container.port_mappings.iter().map(encode_port).collect()),
        ("essential", json!(container.essential)),
        ("entryPoint", or_absent(container.entry_point.is_empty(), json!(container.entry_point))),
        ("command", or_absent(container.command.is_empty(), json!(container.command))),
        (
            "environment",
            container.environment.iter().map(|(name, value)| json!({"name": name, "value": value})).collect(),
        ),
        ("mountPoints", json!([])),
        ("volumesFrom", json!([])),
        (
            "secrets",
            or_absent(
                container.secrets.is_empty(),
                container.secrets.iter().map(|it| json!({"name": it.name, "valueFrom": it.value_from})).collect(),
            ),
        ),
        (
            "dependsOn",
            or_absent(
                container.depends_on.is_empty(),
                container
                    .depends_on
                    .iter()
                    .map(|it| json!({"containerName": it.container, "condition": it.condition.as_str()}))
                    .collect(),
            ),
        ),
        ("startTimeout", seconds(container.start_timeout)),
        ("stopTimeout", seconds(container.stop_timeout)),
        ("user", json!(container.user)),
        ("workingDirectory", json!(container.working_directory)),
        ("readonlyRootFilesystem", or_absent(!container.read_only_root, json!(true))),
        ("dockerLabels", or_absent(container.docker_labels.is_empty(), json!(container.docker_labels))),
        (
            "ulimits",
            or_absent(
                container.ulimits.is_empty(),
                container
                    .ulimits
                    .iter()
                    .map(|it| json!({"name": it.name, "softLimit": it.soft, "hardLimit": it.hard}))
                    .collect(),
            ),
        ),
        ("linuxParameters", or_absent(!container.init_process, json!({"initProcessEnabled": true}))),
        (
            "logConfiguration",
            container.log.as_ref().map_or(Value::Null, |it| json!({"logDriver": "awslogs", "options": it.options})),
        ),
        ("healthCheck", container.health_check.as_ref().map_or(Value::Null, encode_health_check)),
        ("systemControls", json!([])),
    ])
}

fn encode_port(port: &PortMapping) -> Value {
    object([
        ("containerPort", json!(port.container_port)),
        ("hostPort", json!(port.host_port)),
        ("protocol", json!(port.protocol)),
        ("name", json!(port.name)),
        ("appProtocol", json!(port.app_protocol)),
    ])
}

fn encode_health_check(check: &HealthCheck) -> Value {
    object([
        ("command", json!(check.command)),
        ("interval", json!(check.interval.as_secs())),
        ("timeout", json!(check.timeout.as_secs())),
        ("retries", json!(check.retries)),
        ("startPeriod", json!(check.start_period.map(|it| it.as_secs()))),
    ])
}
