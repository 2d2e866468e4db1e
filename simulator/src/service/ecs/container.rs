//! The containers of a task definition on the wire.

use std::collections::BTreeMap;
use std::time::Duration;

use simulator_core::Refusal;
use simulator_core::ecs::definition::{
    Condition, ContainerDefinition, Dependency, HealthCheck, LogConfiguration, MountPoint, PortMapping, RestartPolicy,
    Secret, Ulimit, VolumeFrom,
};

use super::shape::{self, object};
use crate::wire::{Document, Input, document};

/// Reads one of `containerDefinitions`. What is not read is refused: it would change how the container behaves.
pub(crate) fn read(mut input: Input) -> Result<ContainerDefinition, Refusal> {
    let container = members(&mut input)?;
    input.finish()?;
    Ok(container)
}

fn members(input: &mut Input) -> Result<ContainerDefinition, Refusal> {
    for key in ["privileged", "disableNetworking", "interactive", "pseudoTerminal"] {
        shape::refuse_true(input, key)?;
    }
    Ok(ContainerDefinition {
        name: input.text("name")?.unwrap_or_default(),
        image: input.text("image")?.unwrap_or_default(),
        cpu: shape::whole(input, "cpu")?.unwrap_or(0),
        memory: shape::whole(input, "memory")?,
        memory_reservation: shape::whole(input, "memoryReservation")?,
        essential: input.boolean("essential")?.unwrap_or(true),
        port_mappings: input.structures("portMappings")?.into_iter().map(port_mapping).collect::<Result<_, _>>()?,
        entry_point: input.texts("entryPoint")?,
        command: input.texts("command")?,
        environment: shape::pairs(input, "environment")?,
        secrets: input.structures("secrets")?.into_iter().map(secret).collect::<Result<_, _>>()?,
        depends_on: input.structures("dependsOn")?.into_iter().map(dependency).collect::<Result<_, _>>()?,
        start_timeout: shape::seconds(input, "startTimeout")?,
        stop_timeout: shape::seconds(input, "stopTimeout")?,
        health_check: input.structure("healthCheck")?.map(health_check).transpose()?,
        log: input.structure("logConfiguration")?.map(log).transpose()?,
        user: input.text("user")?,
        working_directory: input.text("workingDirectory")?,
        docker_labels: input.text_map("dockerLabels")?.into_iter().collect(),
        ulimits: input.structures("ulimits")?.into_iter().map(ulimit).collect::<Result<_, _>>()?,
        init_process: init_process(input)?,
        read_only_root: input.boolean("readonlyRootFilesystem")?.unwrap_or(false),
        restart_policy: input.structure("restartPolicy")?.map(restart_policy).transpose()?.flatten(),
        environment_files: environment_files(input)?,
        mount_points: input.structures("mountPoints")?.into_iter().map(mount_point).collect::<Result<_, _>>()?,
        volumes_from: input.structures("volumesFrom")?.into_iter().map(volume_from).collect::<Result<_, _>>()?,
        version_consistency: version_consistency(input)?,
    })
}

fn version_consistency(input: &mut Input) -> Result<bool, Refusal> {
    match input.text("versionConsistency")?.as_deref() {
        None | Some("enabled") => Ok(true),
        Some("disabled") => Ok(false),
        Some(other) => Err(Refusal::fault("ClientException", format!("Invalid versionConsistency '{other}'."))),
    }
}

/// Takes `environmentFiles`: `[{"value": ARN, "type": "s3"}]`.
pub(super) fn environment_files(input: &mut Input) -> Result<Vec<String>, Refusal> {
    let file = |mut file: Input| {
        let value = file.required("value", "ClientException")?;
        let kind = file.required("type", "ClientException")?;
        file.finish()?;
        if kind == "s3" {
            Ok(value)
        } else {
            Err(Refusal::fault("ClientException", format!("Invalid environment file type '{kind}'.")))
        }
    };
    input.structures("environmentFiles")?.into_iter().map(file).collect()
}

/// `environmentFiles` as it is shown; null where there are none.
pub(super) fn environment_files_json(files: &[String]) -> Document {
    some(files.iter().map(|file| document!({ "value": file, "type": "s3" })))
}

/// A restart policy that is not enabled is none.
fn restart_policy(mut input: Input) -> Result<Option<RestartPolicy>, Refusal> {
    let enabled = input.boolean("enabled")?.unwrap_or(false);
    let policy = RestartPolicy {
        ignored_exit_codes: input.integers("ignoredExitCodes")?,
        attempt_period: shape::seconds(&mut input, "restartAttemptPeriod")?.unwrap_or(Duration::from_secs(300)),
    };
    input.finish()?;
    Ok(enabled.then_some(policy))
}

fn mount_point(mut input: Input) -> Result<MountPoint, Refusal> {
    let mount = MountPoint {
        volume: input.required("sourceVolume", "ClientException")?,
        path: input.required("containerPath", "ClientException")?,
        read_only: input.boolean("readOnly")?.unwrap_or(false),
    };
    input.finish()?;
    Ok(mount)
}

fn volume_from(mut input: Input) -> Result<VolumeFrom, Refusal> {
    let from = VolumeFrom {
        container: input.required("sourceContainer", "ClientException")?,
        read_only: input.boolean("readOnly")?.unwrap_or(false),
    };
    input.finish()?;
    Ok(from)
}

fn port_mapping(mut input: Input) -> Result<PortMapping, Refusal> {
    let container_port = shape::port(&mut input, "containerPort")?;
    let mapping = PortMapping {
        container_port: container_port.ok_or_else(|| {
            Refusal::fault("ClientException", "Container.portMappings.containerPort should not be null.")
        })?,
        // Port 0 asks for any free port, which in `awsvpc` mode is the container's own.
        host_port: shape::port(&mut input, "hostPort")?.filter(|port| *port != 0),
        protocol: input.text("protocol")?.unwrap_or_else(|| "tcp".to_owned()),
        name: input.text("name")?,
        app_protocol: input.text("appProtocol")?,
    };
    input.finish()?;
    Ok(mapping)
}

fn secret(mut input: Input) -> Result<Secret, Refusal> {
    let secret = Secret {
        name: input.required("name", "ClientException")?,
        value_from: input.required("valueFrom", "ClientException")?,
    };
    input.finish()?;
    Ok(secret)
}

fn dependency(mut input: Input) -> Result<Dependency, Refusal> {
    let container = input.required("containerName", "ClientException")?;
    let condition = match input.required("condition", "ClientException")?.as_str() {
        "START" => Condition::Start,
        "COMPLETE" => Condition::Complete,
        "SUCCESS" => Condition::Success,
        "HEALTHY" => Condition::Healthy,
        other => {
            return Err(Refusal::fault("ClientException", format!("Invalid dependsOn condition '{other}'.")));
        }
    };
    input.finish()?;
    Ok(Dependency { container, condition })
}

fn health_check(mut input: Input) -> Result<HealthCheck, Refusal> {
    let check = HealthCheck {
        command: input.texts("command")?,
        interval: shape::seconds(&mut input, "interval")?.unwrap_or(Duration::from_secs(30)),
        timeout: shape::seconds(&mut input, "timeout")?.unwrap_or(Duration::from_secs(5)),
        retries: shape::whole(&mut input, "retries")?.unwrap_or(3),
        start_period: shape::seconds(&mut input, "startPeriod")?.filter(|period| !period.is_zero()),
    };
    input.finish()?;
    Ok(check)
}

/// Options of the awslogs driver that are simulated, and those that only say how lines travel.
const LOG_OPTIONS: [&str; 6] =
    ["awslogs-group", "awslogs-region", "awslogs-stream-prefix", "awslogs-create-group", "mode", "max-buffer-size"];

fn log(mut input: Input) -> Result<LogConfiguration, Refusal> {
    let driver = input.required("logDriver", "ClientException")?;
    if driver != "awslogs" {
        return Err(Refusal::NotSimulated { what: format!("log driver `{driver}`") });
    }
    let options: BTreeMap<String, String> = input.text_map("options")?.into_iter().collect();
    input.finish()?;
    match options.keys().find(|option| !LOG_OPTIONS.contains(&option.as_str())) {
        Some(option) => Err(Refusal::NotSimulated { what: format!("log option `{option}`") }),
        None => Ok(LogConfiguration { options }),
    }
}

fn ulimit(mut input: Input) -> Result<Ulimit, Refusal> {
    let ulimit = Ulimit {
        name: input.required("name", "ClientException")?,
        soft: input.integer("softLimit")?.unwrap_or(0),
        hard: input.integer("hardLimit")?.unwrap_or(0),
    };
    input.finish()?;
    Ok(ulimit)
}

fn init_process(input: &mut Input) -> Result<bool, Refusal> {
    let Some(mut linux) = input.structure("linuxParameters")? else { return Ok(false) };
    let init = linux.boolean("initProcessEnabled")?.unwrap_or(false);
    if let Some(mut capabilities) = linux.structure("capabilities")? {
        // Empty lists, which is what AWS echoes, change nothing.
        for key in ["add", "drop"] {
            if !capabilities.texts(key)?.is_empty() {
                return Err(Refusal::NotSimulated { what: format!("`{key}` of {}", capabilities.place()) });
            }
        }
        capabilities.finish()?;
    }
    linux.finish()?;
    Ok(init)
}

/// A container as DescribeTaskDefinition shows it: with its defaults, and without what was not given.
pub(super) fn json(container: &ContainerDefinition) -> Document {
    let ContainerDefinition {
        name,
        image,
        cpu,
        memory,
        memory_reservation,
        essential,
        port_mappings,
        entry_point,
        command,
        environment,
        secrets,
        depends_on,
        start_timeout,
        stop_timeout,
        health_check,
        log,
        user,
        working_directory,
        docker_labels,
        ulimits,
        init_process,
        read_only_root,
        restart_policy,
        environment_files,
        mount_points,
        volumes_from,
        version_consistency,
    } = container;
    let seconds = |duration: &Option<Duration>| document!(duration.map(|duration| duration.as_secs()));
    object([
        ("name", document!(name)),
        ("image", document!(image)),
        ("cpu", document!(cpu)),
        ("memory", document!(memory)),
        ("memoryReservation", document!(memory_reservation)),
        ("portMappings", port_mappings.iter().map(port_mapping_json).collect()),
        ("essential", document!(essential)),
        ("entryPoint", list(entry_point)),
        ("command", list(command)),
        ("environment", pair_list(environment)),
        ("environmentFiles", environment_files_json(environment_files)),
        ("mountPoints", mount_points.iter().map(mount_point_json).collect()),
        ("volumesFrom", volumes_from.iter().map(volume_from_json).collect()),
        (
            "secrets",
            some(secrets.iter().map(|secret| document!({ "name": &secret.name, "valueFrom": &secret.value_from }))),
        ),
        (
            "dependsOn",
            some(
                depends_on
                    .iter()
                    .map(|on| document!({ "containerName": &on.container, "condition": on.condition.as_str() })),
            ),
        ),
        ("startTimeout", seconds(start_timeout)),
        ("stopTimeout", seconds(stop_timeout)),
        ("healthCheck", document!(health_check.as_ref().map(health_check_json))),
        (
            "logConfiguration",
            document!(log.as_ref().map(|log| document!({ "logDriver": "awslogs", "options": &log.options }))),
        ),
        ("user", document!(user)),
        ("workingDirectory", document!(working_directory)),
        ("dockerLabels", if docker_labels.is_empty() { Document::Null } else { document!(docker_labels) }),
        (
            "ulimits",
            some(
                ulimits
                    .iter()
                    .map(|limit| document!({ "name": &limit.name, "softLimit": limit.soft, "hardLimit": limit.hard })),
            ),
        ),
        ("linuxParameters", if *init_process { document!({ "initProcessEnabled": true }) } else { Document::Null }),
        ("readonlyRootFilesystem", if *read_only_root { document!(true) } else { Document::Null }),
        ("versionConsistency", if *version_consistency { Document::Null } else { document!("disabled") }),
        ("restartPolicy", document!(restart_policy.as_ref().map(restart_policy_json))),
        ("systemControls", document!([])),
    ])
}

fn port_mapping_json(mapping: &PortMapping) -> Document {
    object([
        ("containerPort", document!(mapping.container_port)),
        // In `awsvpc` mode AWS fills in the container's port.
        ("hostPort", document!(mapping.host_port.unwrap_or(mapping.container_port))),
        ("protocol", document!(&mapping.protocol)),
        ("name", document!(&mapping.name)),
        ("appProtocol", document!(&mapping.app_protocol)),
    ])
}

fn restart_policy_json(policy: &RestartPolicy) -> Document {
    let RestartPolicy { ignored_exit_codes, attempt_period } = policy;
    document!({
        "enabled": true,
        "ignoredExitCodes": ignored_exit_codes,
        "restartAttemptPeriod": attempt_period.as_secs(),
    })
}

fn mount_point_json(mount: &MountPoint) -> Document {
    let MountPoint { volume, path, read_only } = mount;
    document!({ "sourceVolume": volume, "containerPath": path, "readOnly": read_only })
}

fn volume_from_json(from: &VolumeFrom) -> Document {
    let VolumeFrom { container, read_only } = from;
    document!({ "sourceContainer": container, "readOnly": read_only })
}

fn health_check_json(check: &HealthCheck) -> Document {
    object([
        ("command", document!(&check.command)),
        ("interval", document!(check.interval.as_secs())),
        ("timeout", document!(check.timeout.as_secs())),
        ("retries", document!(check.retries)),
        ("startPeriod", document!(check.start_period.map(|period| period.as_secs()))),
    ])
}

/// `[{"name": …, "value": …}]`.
pub(super) fn pair_list(pairs: &[(String, String)]) -> Document {
    pairs.iter().map(|(name, value)| document!({ "name": name, "value": value })).collect()
}

fn list(texts: &[String]) -> Document {
    if texts.is_empty() { Document::Null } else { document!(texts) }
}

fn some(values: impl Iterator<Item = Document>) -> Document {
    let values: Vec<Document> = values.collect();
    if values.is_empty() { Document::Null } else { Document::List(values) }
}
