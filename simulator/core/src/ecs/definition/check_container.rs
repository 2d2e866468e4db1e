//! What RegisterTaskDefinition refuses in one container, in AWS's words (`facts/aws.md` 4.1). A text marked "ours" is not known from AWS.

use super::NetworkMode;
use super::container::{ContainerDefinition, HealthCheck, RestartPolicy};
use super::register::RegisterTaskDefinition;
use super::validate::{check_name, missing_log_option, refuse};
use crate::refusal::Refusal;

/// Checks `container`, one of those `asked` for, apart from the others.
pub(super) fn check_container(
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
    check_ports(container, network)?;
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

/// Facts 3.9. The text for `host` follows that for `awsvpc`; that for `none` is ours.
fn check_ports(container: &ContainerDefinition, network: NetworkMode) -> Result<(), Refusal> {
    let mappings = &container.port_mappings;
    let mismatched = mappings.iter().any(|port| port.host_port.is_some_and(|host| host != port.container_port));
    match network {
        NetworkMode::Awsvpc | NetworkMode::Host if mismatched => refuse(format!(
            "When networkMode={}, the host ports and container ports in port mappings must match.",
            network.as_str()
        )),
        NetworkMode::None if !mappings.is_empty() => refuse("When networkMode=none, port mappings are not supported."),
        NetworkMode::Awsvpc | NetworkMode::Bridge | NetworkMode::Host | NetworkMode::None => Ok(()),
    }
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
