//! What RegisterTaskDefinition refuses, in AWS's words (`facts/aws.md` 4.1). A text marked "ours" is not known from AWS.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::NetworkMode;
use super::check_container::check_container;
use super::container::{Condition, ContainerDefinition};
use super::fargate::{self, Size};
use super::register::{RegisterTaskDefinition, invalid};
use crate::ecs::LaunchType;
use crate::refusal::Refusal;

/// The range of `startTimeout` and `stopTimeout` on Fargate.
const SHORTEST_TIMEOUT: Duration = Duration::from_secs(2);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(120);

/// Task-level CPU on EC2, in units of 1/1024 vCPU (BOTO `cpu`): an eighth of a vCPU to 192 of them.
const EC2_CPU: RangeInclusive<u32> = 128..=196_608;

/// Checks everything that does not need the account, of which it matters only whether an image is `from_ecr`.
pub(super) fn check(asked: &RegisterTaskDefinition, network: NetworkMode, from_ecr: bool) -> Result<(), Refusal> {
    check_name("Family", &asked.family)?;
    if asked.containers.is_empty() {
        return refuse("Container list cannot be empty.");
    }
    let fargate = asked.requires.contains(&LaunchType::Fargate);
    if fargate {
        check_fargate(asked, network, from_ecr)?;
    } else if asked.cpu_units()?.is_some_and(|units| !EC2_CPU.contains(&units)) {
        return Err(invalid("cpu"));
    }
    if let Some(mode) = &asked.pid_mode {
        return Err(Refusal::NotSimulated { what: format!("`pidMode` = `{mode}`") });
    }
    let mut names = BTreeSet::new();
    for container in &asked.containers {
        check_container(asked, container, network)?;
        if !names.insert(&container.name) {
            return refuse(format!("Container name '{}' is used more than once.", container.name)); // ours
        }
    }
    if !asked.containers.iter().any(|container| container.essential) {
        return refuse("At least one container in the task definition must be marked as essential.");
    }
    check_dependencies(&asked.containers)?;
    check_volumes(asked)?;
    if asked.tags.iter().any(|(key, _)| key.is_empty()) {
        return refuse("Tags can not be empty.");
    }
    Ok(())
}

fn check_fargate(asked: &RegisterTaskDefinition, network: NetworkMode, from_ecr: bool) -> Result<(), Refusal> {
    if network != NetworkMode::Awsvpc {
        return refuse("Fargate only supports network mode ‘awsvpc’.");
    }
    if asked.pid_mode.as_deref() == Some("host") {
        return refuse(
            "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for pidMode is 'task'.",
        );
    }
    match fargate::size(asked.cpu_units()?, asked.memory_mib()?) {
        Ok(()) => {}
        Err(Size::NoCpu) => return refuse("Fargate requires that 'cpu' be defined at the task level."),
        Err(Size::NoMemory) => return refuse("Fargate requires that 'memory' be defined at the task level."),
        Err(Size::Unoffered { cpu, memory }) => {
            return refuse(format!(
                "No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. \
                 See the Amazon ECS documentation for the valid values."
            ));
        }
    }
    if asked.execution_role.is_none() {
        if from_ecr {
            return refuse("Fargate requires task definition to have execution role ARN to support ECR images.");
        }
        if asked.containers.iter().any(|container| container.log.is_some()) {
            return refuse(
                "Fargate requires task definition to have execution role ARN to support log driver awslogs.",
            );
        }
    }
    for container in &asked.containers {
        if container.stop_timeout.is_some_and(|timeout| timeout > LONGEST_TIMEOUT) {
            return refuse(
                "Tasks using the Fargate launch type must have a container stop timeout of less than 120 seconds.",
            );
        }
        for (what, timeout) in [("stop", container.stop_timeout), ("start", container.start_timeout)] {
            if timeout.is_some_and(|timeout| !(SHORTEST_TIMEOUT..=LONGEST_TIMEOUT).contains(&timeout)) {
                // The range is AWS's (facts 3.5, 3.6), the text ours.
                return refuse(format!(
                    "Tasks using the Fargate launch type must have a container {what} timeout between 2 and 120 seconds."
                ));
            }
        }
        if let Some(log) = &container.log
            && !log.options.contains_key("awslogs-stream-prefix")
        {
            return missing_log_option("awslogs-stream-prefix");
        }
    }
    Ok(())
}

fn check_volumes(asked: &RegisterTaskDefinition) -> Result<(), Refusal> {
    let mut names = BTreeSet::new();
    for name in &asked.volumes {
        check_name("Volume name", name)?;
        if !names.insert(name) {
            return refuse(format!("Volume name '{name}' is used more than once.")); // ours
        }
    }
    for container in &asked.containers {
        let mut paths = BTreeSet::new();
        for mount in &container.mount_points {
            if !names.contains(&mount.volume) {
                return refuse(format!("Unknown volume '{}'.", mount.volume));
            }
            if !mount.path.starts_with('/') || !paths.insert(&mount.path) {
                // Ours: an engine can mount only once at an absolute path.
                return refuse(format!("Invalid mount point '{}' of container '{}'.", mount.path, container.name));
            }
        }
    }
    Ok(())
}

fn check_dependencies(containers: &[ContainerDefinition]) -> Result<(), Refusal> {
    for container in containers {
        for from in &container.volumes_from {
            if !containers.iter().any(|other| other.name == from.container) {
                let (name, source) = (&container.name, &from.container);
                return refuse(format!(
                    "Container '{name}' mounts volumes of container '{source}', which does not exist."
                )); // ours
            }
        }
        for dependency in &container.depends_on {
            let Some(on) = containers.iter().find(|other| other.name == dependency.container) else {
                return refuse(format!(
                    "Cannot depend on container + '{}' because it does not exist",
                    dependency.container
                ));
            };
            match dependency.condition {
                Condition::Success | Condition::Complete if on.essential => {
                    return refuse(
                        "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
                    );
                }
                Condition::Healthy if on.health_check.is_none() => {
                    return refuse("A dependency container with HEALTHY condition must have health check configured");
                }
                Condition::Start | Condition::Complete | Condition::Success | Condition::Healthy => {}
            }
        }
    }
    match cycle(containers) {
        Some(name) => refuse(format!("Container '{name}' depends on itself, directly or through others.")), // ours
        None => Ok(()),
    }
}

/// A container that waits for itself, if there is one: what remains after taking away, again and again, those that wait for
/// nothing that is left.
fn cycle(containers: &[ContainerDefinition]) -> Option<&str> {
    let mut left: Vec<&ContainerDefinition> = containers.iter().collect();
    loop {
        let names: BTreeSet<&str> = left.iter().map(|container| container.name.as_str()).collect();
        let before = left.len();
        left.retain(|container| container.awaited().any(|(on, _)| names.contains(on)));
        if left.is_empty() {
            return None;
        }
        if left.len() == before {
            return left.first().map(|container| container.name.as_str());
        }
    }
}

pub(super) fn check_name(what: &str, name: &str) -> Result<(), Refusal> {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.is_empty() || name.len() > 255 || !name.bytes().all(valid) {
        return refuse(format!("{what} contains invalid characters."));
    }
    Ok(())
}

pub(super) fn missing_log_option(option: &str) -> Result<(), Refusal> {
    refuse(format!("Log driver awslogs requires options: {option}"))
}

pub(super) fn refuse<T>(message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::fault("ClientException", message))
}
