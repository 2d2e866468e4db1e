//! What RegisterTaskDefinition refuses, in AWS's words (`facts/aws.md` 4.1). A text marked "ours" is not known from AWS.

use std::collections::BTreeSet;
use std::time::Duration;

use super::NetworkMode;
use super::container::{Condition, ContainerDefinition, HealthCheck, RestartPolicy};
use super::fargate::{self, Size};
use super::register::RegisterTaskDefinition;
use crate::ecs::LaunchType;
use crate::refusal::Refusal;

/// The range of `startTimeout` and `stopTimeout` on Fargate.
const SHORTEST_TIMEOUT: Duration = Duration::from_secs(2);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(120);

/// Checks everything that does not need the account, of which it matters only whether an image is `from_ecr`.
pub(super) fn check(asked: &RegisterTaskDefinition, network: NetworkMode, from_ecr: bool) -> Result<(), Refusal> {
    check_name("Family", &asked.family)?;
    if asked.containers.is_empty() {
        return refuse("Container list cannot be empty.");
    }
    let fargate = asked.requires.contains(&LaunchType::Fargate);
    if fargate {
        check_fargate(asked, network, from_ecr)?;
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
    check_environment_files(asked, container)?;
    container.restart_policy.as_ref().map_or(Ok(()), check_restart_policy)?;
    container.health_check.as_ref().map_or(Ok(()), check_health)
}

/// Facts 3.10. The texts are ours.
fn check_environment_files(asked: &RegisterTaskDefinition, container: &ContainerDefinition) -> Result<(), Refusal> {
    let files = &container.environment_files;
    if files.len() > 10 {
        return refuse("A container can have at most 10 environment files.");
    }
    for file in files {
        let object = file.strip_prefix("arn:aws:s3:::").and_then(|object| object.split_once('/'));
        if object.is_none_or(|(bucket, key)| bucket.is_empty() || key.is_empty()) {
            return refuse(format!("Invalid environment file '{file}': the value must be the ARN of an S3 object."));
        }
        if !file.ends_with(".env") {
            return refuse(format!("Invalid environment file '{file}': its name must end in .env."));
        }
    }
    if !files.is_empty() && asked.execution_role.is_none() {
        return refuse(
            "When you are specifying environment files, you must also specify a value for 'executionRoleArn'.",
        );
    }
    Ok(())
}

/// Ranges of BOTO `ContainerRestartPolicy`. The texts are ours.
fn check_restart_policy(policy: &RestartPolicy) -> Result<(), Refusal> {
    if policy.ignored_exit_codes.len() > 50 {
        return refuse("A restart policy can ignore at most 50 exit codes.");
    }
    let period = policy.attempt_period.as_secs();
    if !(60..=1800).contains(&period) {
        return refuse(format!("restartAttemptPeriod {period} is not between 60 and 1800."));
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

fn refuse<T>(message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::fault("ClientException", message))
}
