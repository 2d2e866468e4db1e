//! What keeps an account from being set up as configured.

use std::fmt;
use std::num::NonZeroU16;

use crate::config::Config;
use crate::fault::Fault;
use crate::location::{AccountId, Location, Region};
use crate::policy::TooLarge;
use crate::resource::ResourceId;

/// Why there is no such account: everything that is wrong, at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredError {
    /// What is wrong; at least one thing.
    pub contradictions: Vec<Contradiction>,
}

/// One thing that keeps an account from being set up as configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// The connection is to another region than the project's.
    #[error("`[project] region` is `{configured}`, the connection is to `{connected}`")]
    OtherRegion {
        /// The region in the configuration.
        configured: Region,
        /// The region that was connected to.
        connected: Region,
    },
    /// The credentials are for another account than the files.
    #[error("the task definition's `{key}` is in account `{named}`, the credentials are for `{connected}`")]
    OtherAccount {
        /// `executionRoleArn` or `taskRoleArn`.
        key: &'static str,
        /// The account in the file.
        named: AccountId,
        /// The account that the credentials are for.
        connected: AccountId,
    },
    /// Fargate neither pulls from ECR nor writes logs without an execution role.
    #[error("the task definition has no `executionRoleArn`, without which ECS cannot pull its image")]
    NoExecutionRole,
    /// Logs would go to another region than the one that is set up.
    #[error("the task definition logs to group `{group}` in region `{named}`, the project is in `{region}`")]
    LogGroupElsewhere {
        /// The log group.
        group: String,
        /// The region in the file.
        named: String,
        /// The project's region.
        region: Region,
    },
    /// The container behind the load balancer is not in the task definition.
    #[error("`[service] container` is `{container}`, the task definition has {}", list(.known))]
    NoSuchContainer {
        /// The container in the configuration.
        container: String,
        /// The containers in the file.
        known: Vec<String>,
    },
    /// The container behind the load balancer does not map the port.
    #[error("`[service] port` is {port}, container `{container}` maps {}", list(.known))]
    NoSuchPort {
        /// The container.
        container: String,
        /// The port in the configuration.
        port: NonZeroU16,
        /// The TCP ports that the container maps.
        known: Vec<u16>,
    },
    /// Fargate knows no other network mode.
    #[error("the task definition's `networkMode` is `{found}`, the service takes `awsvpc`")]
    NetworkMode {
        /// What the file says; `bridge` is what ECS takes where it says nothing.
        found: String,
    },
    /// Tasks that need an EC2 host, which bootstrap does not make.
    #[error("the task definition's `requiresCompatibilities` has {}, and not `FARGATE`", list(.found))]
    NotFargate {
        /// What the file says.
        found: Vec<String>,
    },
    /// Target groups may have 32 characters in their names (Elastic Load Balancing CreateTargetGroup).
    #[error(
        "the second target group would be called `{name}`, and AWS allows 32 characters: shorten `[project] name` by {excess}"
    )]
    TargetGroupName {
        /// The name.
        name: String,
        /// So many characters are too many.
        excess: usize,
    },
    /// A policy is larger than IAM takes; shorter names make it smaller.
    #[error("the {resource} is too large: {too_large}")]
    PolicyTooLarge {
        /// Which policy.
        resource: ResourceId,
        /// By how much.
        too_large: TooLarge,
    },
}

/// Holds the configuration, the task definition and the account against one another.
pub(super) fn check_files(config: &Config, location: &Location, contradictions: &mut Vec<Contradiction>) {
    if config.project.region != location.region {
        let (configured, connected) = (config.project.region.clone(), location.region.clone());
        contradictions.push(Contradiction::OtherRegion { configured, connected });
    }
    let facts = config.task_definition.facts();
    for (key, role) in [("executionRoleArn", &facts.execution_role), ("taskRoleArn", &facts.task_role)] {
        if let Some(named) = role.as_ref().and_then(|role| role.account.clone())
            && named != location.account
        {
            contradictions.push(Contradiction::OtherAccount { key, named, connected: location.account.clone() });
        }
    }
    if facts.execution_role.is_none() {
        contradictions.push(Contradiction::NoExecutionRole);
    }
    for group in &facts.log_groups {
        if let Some(named) = group.region.clone()
            && named != config.project.region.as_str()
        {
            let (group, region) = (group.name.clone(), config.project.region.clone());
            contradictions.push(Contradiction::LogGroupElsewhere { group, named, region });
        }
    }
    let container = config.service.container.as_str();
    match facts.containers.iter().find(|candidate| candidate.name == container) {
        None => {
            let known = facts.containers.iter().map(|container| container.name.clone()).collect();
            contradictions.push(Contradiction::NoSuchContainer { container: container.to_owned(), known });
        }
        Some(found) if !found.ports.contains(&config.service.port.get()) => {
            let (container, known) = (container.to_owned(), found.ports.clone());
            contradictions.push(Contradiction::NoSuchPort { container, port: config.service.port, known });
        }
        Some(_) => {}
    }
    if config.shift.is_some() {
        let name = super::traffic::alternate(&config.project.name);
        if let Some(excess) = name.len().checked_sub(32).filter(|excess| *excess > 0) {
            contradictions.push(Contradiction::TargetGroupName { name, excess });
        }
    }
    // ECS takes `bridge` where nothing is said (RegisterTaskDefinition, networkMode).
    let mode = facts.network_mode.as_deref().unwrap_or("bridge");
    if mode != "awsvpc" {
        contradictions.push(Contradiction::NetworkMode { found: mode.to_owned() });
    }
    let compatibilities = &facts.requires_compatibilities;
    if !compatibilities.is_empty() && !compatibilities.iter().any(|word| word == "FARGATE") {
        contradictions.push(Contradiction::NotFargate { found: compatibilities.clone() });
    }
}

fn list<T: fmt::Display>(items: &[T]) -> String {
    match items {
        [] => "none".to_owned(),
        some => some.iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", "),
    }
}

impl DesiredError {
    /// Whose turn it is: the user's.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Input
    }
}

impl fmt::Display for DesiredError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.contradictions.iter().map(Contradiction::to_string).collect();
        f.write_str(&lines.join("; "))
    }
}

impl std::error::Error for DesiredError {}
