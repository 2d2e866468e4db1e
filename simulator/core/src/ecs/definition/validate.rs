//! What RegisterTaskDefinition refuses, in AWS's words (`facts/aws.md` 4.1). A text marked "ours" is not known from AWS.

use std::collections::BTreeSet;
use std::time::Duration;

use super::NetworkMode;
use super::container::{Condition, ContainerDefinition, HealthCheck};
use super::fargate::{self, Size};
use super::register::RegisterTaskDefinition;
use crate::ecs::LaunchType;
use crate::refusal::Refusal;

/// Checks everything that does not need the account.
pub(super) fn check(asked: &RegisterTaskDefinition, network: NetworkMode) -> Result<(), Refusal> {
    check_name("Family", &asked.family)?;
    if asked.containers.is_empty() {
        return refuse("Container list cannot be empty.");
    }
    let fargate = asked.requires.contains(&LaunchType::Fargate);
    if fargate {
        check_fargate(asked, network)?;
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
    if asked.tags.iter().any(|(key, _)| key.is_empty()) {
        return refuse("Tags can not be empty.");
    }
    Ok(())
}

fn check_fargate(asked: &RegisterTaskDefinition, network: NetworkMode) -> Result<(), Refusal> {
    if network != NetworkMode::Awsvpc {
        return refuse("Fargate only supports network mode ‘awsvpc’.");
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
        if asked.containers.iter().any(|container| is_ecr(&container.image)) {
            return refuse("Fargate requires task definition to have execution role ARN to support ECR images.");
        }
        if asked.containers.iter().any(|container| container.log.is_some()) {
            return refuse(
                "Fargate requires task definition to have execution role ARN to support log driver awslogs.",
            );
        }
    }
    for container in &asked.containers {
        if container.stop_timeout.is_some_and(|timeout| timeout > Duration::from_secs(120)) {
            return refuse(
                "Tasks using the Fargate launch type must have a container stop timeout of less than 120 seconds.",
            );
        }
        if let Some(log) = &container.log
            && !log.options.contains_key("awslogs-stream-prefix")
        {
            return missing_log_option("awslogs-stream-prefix");
        }
    }
    Ok(())
}

fn check_container(
    asked: &RegisterTaskDefinition,
    container: &ContainerDefinition,
    network: NetworkMode,
) -> Result<(), Refusal> {
    let name = &container.name;
    if name.is_empty() {
        return refuse("Container.name should not be null or empty.");
    }
    check_name("Container name", name)?;
    if container.image.is_empty() {
        return refuse("Container.image should not be null or empty.");
    }
    if asked.memory.is_none() && container.memory.is_none() && container.memory_reservation.is_none() {
        return refuse(format!(
            "Invalid setting for container '{name}'. At least one of 'memory' or 'memoryReservation' must be specified."
        ));
    }
    let mismatched =
        container.port_mappings.iter().any(|port| port.host_port.is_some_and(|host| host != port.container_port));
    if network == NetworkMode::Awsvpc && mismatched {
        return refuse("When networkMode=awsvpc, the host ports and container ports in port mappings must match.");
    }
    if !container.secrets.is_empty() && asked.execution_role.is_none() {
        return refuse(
            "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
        );
    }
    for secret in &container.secrets {
        if container.environment.iter().any(|(variable, _)| *variable == secret.name) {
            return refuse(format!(
                "The secret name must be unique and not shared with any new or existing environment variables set on \
                 the container, such as '{}'.",
                secret.name
            ));
        }
    }
    if let Some(log) = &container.log {
        for option in ["awslogs-group", "awslogs-region"] {
            if !log.options.contains_key(option) {
                return missing_log_option(option);
            }
        }
    }
    container.health_check.as_ref().map_or(Ok(()), check_health)
}

/// Ranges of BOTO `HealthCheck`. The texts are ours.
fn check_health(check: &HealthCheck) -> Result<(), Refusal> {
    if !matches!(check.command.first().map(String::as_str), Some("CMD" | "CMD-SHELL")) || check.command.len() < 2 {
        return refuse("Health check command must start with CMD or CMD-SHELL, followed by the command.");
    }
    for (what, value, lowest, highest) in [
        ("interval", check.interval.as_secs(), 5, 300),
        ("timeout", check.timeout.as_secs(), 2, 60),
        ("retries", u64::from(check.retries), 1, 10),
        ("startPeriod", check.start_period.unwrap_or_default().as_secs(), 0, 300),
    ] {
        if !(lowest..=highest).contains(&value) {
            return refuse(format!("Health check {what} {value} is not between {lowest} and {highest}."));
        }
    }
    Ok(())
}

fn check_dependencies(containers: &[ContainerDefinition]) -> Result<(), Refusal> {
    for container in containers {
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
        left.retain(|container| container.depends_on.iter().any(|on| names.contains(on.container.as_str())));
        if left.is_empty() {
            return None;
        }
        if left.len() == before {
            return left.first().map(|container| container.name.as_str());
        }
    }
}

fn check_name(what: &str, name: &str) -> Result<(), Refusal> {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.is_empty() || name.len() > 255 || !name.bytes().all(valid) {
        return refuse(format!("{what} contains invalid characters."));
    }
    Ok(())
}

fn missing_log_option(option: &str) -> Result<(), Refusal> {
    refuse(format!("Log driver awslogs requires options: {option}"))
}

/// Whether an image reference names a private ECR repository.
pub(crate) fn is_ecr(image: &str) -> bool {
    let host = image.split('/').next().unwrap_or_default();
    host.contains(".dkr.ecr.") && host.contains(".amazonaws.com")
}

fn refuse<T>(message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::fault("ClientException", message))
}
