//! What keeps an account from being set up as configured.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU16;

use super::part::{self, Part};
use crate::config::name::ServiceKey;
use crate::config::permissions::ServicePrefix;
use crate::config::{Boundary, Config, Encryption, Further};
use crate::fault::Fault;
use crate::location::{AccountId, Location, Region};
use crate::policy::TooLarge;
use crate::resource::{Kind, ResourceId};

/// Why there is no such account: everything that is wrong, at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredError {
    /// What is wrong; at least one thing.
    pub contradictions: Vec<Contradiction>,
}

/// The section of a service: `[service]`, or `[services.NAME]` of a further one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section(pub Option<ServiceKey>);

impl Section {
    /// The task definition that goes with it.
    fn definition(&self) -> String {
        match &self.0 {
            None => "the task definition".to_owned(),
            Some(_) => format!("the task definition of `{self}`"),
        }
    }
}

impl Section {
    /// A key of its table, which for the first service is `first`.
    fn key<'a>(&'a self, first: &'a str, key: &'a str) -> Vec<&'a str> {
        self.0.as_ref().map_or_else(|| vec![first, key], |own| vec!["services", own.as_str(), key])
    }

    /// The key that names the policy of its app's role.
    fn task_role_policy(&self) -> String {
        let table = self.0.as_ref().map_or_else(|| "[files]".to_owned(), |_| self.to_string());
        format!("`{table} task-role-policy`")
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("[service]"),
            Some(key) => write!(f, "[services.{key}]"),
        }
    }
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
    /// The credentials are for another account than the project's.
    #[error("`[project] account` is `{configured}`, the credentials are for `{connected}`")]
    ProjectAccount {
        /// The account in the configuration.
        configured: AccountId,
        /// The account that the credentials are for.
        connected: AccountId,
    },
    /// The credentials are for another account than the files.
    #[error("`{key}` of {} is in account `{named}`, the credentials are for `{connected}`", .section.definition())]
    OtherAccount {
        /// Whose task definition it is.
        section: Section,
        /// `executionRoleArn` or `taskRoleArn`.
        key: &'static str,
        /// The account in the file.
        named: AccountId,
        /// The account that the credentials are for.
        connected: AccountId,
    },
    /// A permissions boundary is of the same account as what it bounds, or AWS's own.
    #[error("`[permissions] boundary` is in account `{named}`, the credentials are for `{connected}`")]
    ForeignBoundary {
        /// The account in the file.
        named: String,
        /// The account that the credentials are for.
        connected: AccountId,
    },
    /// ECR takes keys of its own region alone (ECR API reference, EncryptionConfiguration).
    #[error("`[repository] encryption` is a key in region `{named}`, the project is in `{region}`")]
    KeyElsewhere {
        /// The region of the key.
        named: String,
        /// The project's region.
        region: Region,
    },
    /// Fargate neither pulls from ECR nor writes logs without an execution role.
    #[error("{} has no `executionRoleArn`, without which ECS cannot pull its image", .section.definition())]
    NoExecutionRole {
        /// Whose task definition it is.
        section: Section,
    },
    /// Logs would go to another region than the one that is set up.
    #[error("{} logs to group `{group}` in region `{named}`, the project is in `{region}`", .section.definition())]
    LogGroupElsewhere {
        /// Whose task definition it is.
        section: Section,
        /// The log group.
        group: String,
        /// The region in the file.
        named: String,
        /// The project's region.
        region: Region,
    },
    /// The container behind the load balancer is not in the task definition.
    #[error("`{section} container` is `{container}`, {} has {}", .section.definition(), list(.known))]
    NoSuchContainer {
        /// Whose task definition it is.
        section: Section,
        /// The container in the configuration.
        container: String,
        /// The containers in the file.
        known: Vec<String>,
    },
    /// The container behind the load balancer does not map the port.
    #[error("`{section} port` is {port}, container `{container}` maps {}", list(.known))]
    NoSuchPort {
        /// Whose task definition it is.
        section: Section,
        /// The container.
        container: String,
        /// The port in the configuration.
        port: NonZeroU16,
        /// The TCP ports that the container maps.
        known: Vec<u16>,
    },
    /// Fargate knows no other network mode.
    #[error("`networkMode` of {} is `{found}`, the service takes `awsvpc`", .section.definition())]
    NetworkMode {
        /// Whose task definition it is.
        section: Section,
        /// What the file says; `bridge` is what ECS takes where it says nothing.
        found: String,
    },
    /// Tasks that need an EC2 host, which bootstrap does not make.
    #[error("`requiresCompatibilities` of {} has {}, and not `FARGATE`", .section.definition(), list(.found))]
    NotFargate {
        /// Whose task definition it is.
        section: Section,
        /// What the file says.
        found: Vec<String>,
    },
    /// Target groups may have 32 characters in their names (Elastic Load Balancing CreateTargetGroup).
    #[error(
        "a target group would be called `{name}`, and AWS allows 32 characters: shorten `[project] name` by {excess}"
    )]
    TargetGroupName {
        /// The name.
        name: String,
        /// So many characters are too many.
        excess: usize,
    },
    /// Two things would have one name.
    #[error(
        "there would be two of {resource}: one of them needs another name, in greenroom.toml or in its task definition"
    )]
    NamedAlike {
        /// The name that both would have.
        resource: ResourceId,
    },
    /// A policy for an app without a role of its own.
    #[error(
        "{} is for the app's own role, and {} names no `taskRoleArn`, or a role that starts tasks", .section.task_role_policy(),
        .section.definition()
    )]
    NoTaskRole {
        /// Whose policy it is.
        section: Section,
    },
    /// One role can have one policy of greenroom.toml's.
    #[error("{} is not the policy that another service gives role `{role}`, which both apps have", .section.task_role_policy())]
    TwoTaskRolePolicies {
        /// Whose policy it is.
        section: Section,
        /// The role.
        role: String,
    },
    /// What a boundary does not allow, no policy can.
    #[error(
        "{} allows actions of {}, and the boundary none of them: add them to `[permissions] services`{}",
        .section.task_role_policy(), list(.services), but_not(.services)
    )]
    BeyondBoundary {
        /// Whose policy it is.
        section: Section,
        /// The prefixes of the services that the boundary leaves out.
        services: Vec<String>,
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

impl Contradiction {
    /// The key of greenroom.toml that is wrong, or that names the file that is, with the tables that it is in; none where no single one is.
    #[must_use]
    pub fn setting(&self) -> Option<Vec<&str>> {
        match self {
            Self::OtherRegion { .. } => Some(vec!["project", "region"]),
            Self::ProjectAccount { .. } => Some(vec!["project", "account"]),
            Self::ForeignBoundary { .. } => Some(vec!["permissions", "boundary"]),
            Self::KeyElsewhere { .. } => Some(vec!["repository", "encryption"]),
            Self::BeyondBoundary { .. } => Some(vec!["permissions", "services"]),
            Self::TargetGroupName { .. } => Some(vec!["project", "name"]),
            Self::OtherAccount { section, .. }
            | Self::NoExecutionRole { section }
            | Self::LogGroupElsewhere { section, .. }
            | Self::NetworkMode { section, .. }
            | Self::NotFargate { section, .. } => Some(section.key("files", "task-definition")),
            Self::NoTaskRole { section } | Self::TwoTaskRolePolicies { section, .. } => {
                Some(section.key("files", "task-role-policy"))
            }
            Self::NoSuchContainer { section, .. } => Some(section.key("service", "container")),
            Self::NoSuchPort { section, .. } => Some(section.key("service", "port")),
            Self::NamedAlike { .. } | Self::PolicyTooLarge { .. } => None,
        }
    }
}

/// Holds the configuration, the task definition and the account against one another.
pub(super) fn check_files(config: &Config, location: &Location, contradictions: &mut Vec<Contradiction>) {
    if config.project.region != location.region {
        let (configured, connected) = (config.project.region.clone(), location.region.clone());
        contradictions.push(Contradiction::OtherRegion { configured, connected });
    }
    if let Some(configured) = config.project.account.clone().filter(|account| *account != location.account) {
        contradictions.push(Contradiction::ProjectAccount { configured, connected: location.account.clone() });
    }
    if let Some(Boundary::Demanded(arn)) = &config.boundary
        && let Some(named) =
            arn.split(':').nth(4).filter(|named| *named != "aws" && *named != location.account.as_str())
    {
        let (named, connected) = (named.to_owned(), location.account.clone());
        contradictions.push(Contradiction::ForeignBoundary { named, connected });
    }
    if let Some(key) = config.repository.encryption.as_ref().and_then(Encryption::key)
        && let Some(named) = key.split(':').nth(3).filter(|named| *named != config.project.region.as_str())
    {
        let (named, region) = (named.to_owned(), config.project.region.clone());
        contradictions.push(Contradiction::KeyElsewhere { named, region });
    }
    let parts = part::all(config);
    let ports = std::iter::once(Some(config.service.port)).chain(config.further.iter().map(further_port));
    for (part, port) in parts.iter().zip(ports) {
        check_definition(config, part, port, location, contradictions);
    }
    check_roles(&parts, contradictions);
    let second = config.shift.as_ref().map(|_| super::traffic::alternate(&config.project.name));
    let listening = config.further.iter().filter(|further| further.balanced.is_some());
    for name in second.into_iter().chain(listening.map(|further| further.key.full(&config.project.name))) {
        if let Some(excess) = name.len().checked_sub(32).filter(|excess| *excess > 0) {
            contradictions.push(Contradiction::TargetGroupName { name, excess });
        }
    }
}

fn further_port(further: &Further) -> Option<NonZeroU16> {
    further.balanced.as_ref().map(|balanced| balanced.port)
}

/// Holds a service's task definition against its section; `port` is where requests come to its tasks.
fn check_definition(
    config: &Config,
    part: &Part<'_>,
    port: Option<NonZeroU16>,
    location: &Location,
    contradictions: &mut Vec<Contradiction>,
) {
    let (facts, section) = (part.definition.facts(), || Section(part.key.cloned()));
    for (key, role) in [("executionRoleArn", &facts.execution_role), ("taskRoleArn", &facts.task_role)] {
        if let Some(named) = role.as_ref().and_then(|role| role.account.clone())
            && named != location.account
        {
            let connected = location.account.clone();
            contradictions.push(Contradiction::OtherAccount { section: section(), key, named, connected });
        }
    }
    if facts.execution_role.is_none() {
        contradictions.push(Contradiction::NoExecutionRole { section: section() });
    }
    for group in &facts.log_groups {
        if let Some(named) = group.region.clone()
            && named != config.project.region.as_str()
        {
            let (group, region) = (group.name.clone(), config.project.region.clone());
            contradictions.push(Contradiction::LogGroupElsewhere { section: section(), group, named, region });
        }
    }
    let container = part.container.as_str();
    match facts.containers.iter().find(|candidate| candidate.name == container) {
        None => {
            let known = facts.containers.iter().map(|container| container.name.clone()).collect();
            let container = container.to_owned();
            contradictions.push(Contradiction::NoSuchContainer { section: section(), container, known });
        }
        Some(found) => {
            if let Some(port) = port.filter(|port| !found.ports.contains(&port.get())) {
                let (container, known) = (container.to_owned(), found.ports.clone());
                contradictions.push(Contradiction::NoSuchPort { section: section(), container, port, known });
            }
        }
    }
    // ECS takes `bridge` where nothing is said (RegisterTaskDefinition, networkMode).
    let mode = facts.network_mode.as_deref().unwrap_or("bridge");
    if mode != "awsvpc" {
        contradictions.push(Contradiction::NetworkMode { section: section(), found: mode.to_owned() });
    }
    let compatibilities = &facts.requires_compatibilities;
    if !compatibilities.is_empty() && !compatibilities.iter().any(|word| word == "FARGATE") {
        let found = compatibilities.clone();
        contradictions.push(Contradiction::NotFargate { section: section(), found });
    }
}

/// A role's name is its own in the account, whatever its path.
fn check_roles(parts: &[Part<'_>], contradictions: &mut Vec<Contradiction>) {
    let mut roles = BTreeMap::new();
    for role in parts.iter().flat_map(|part| part.execution_role().into_iter().chain(part.task_role())) {
        if *roles.entry(&role.name).or_insert(&role.path) != &role.path {
            contradictions.push(Contradiction::NamedAlike { resource: ResourceId::new(Kind::Role, &role.name) });
        }
    }
}

/// What `[permissions] services` does not take of what it would have to name.
fn but_not(services: &[String]) -> String {
    let refused: Vec<&String> = services.iter().filter(|service| ServicePrefix::parse(service).is_err()).collect();
    if refused.is_empty() { String::new() } else { format!(", which does not take {}", list(&refused)) }
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
