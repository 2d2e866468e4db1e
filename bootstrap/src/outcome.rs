//! What a bootstrapped account has: everything that a deploy needs to know of it.

use std::fmt;
use std::num::NonZeroU16;

use crate::location::Location;

/// The account after an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Account and region.
    pub location: Location,
    /// As whom to deploy.
    pub deploy: DeployIdentity,
    /// The cluster.
    pub cluster: Named,
    /// The services, that of `[service]` first.
    pub services: Vec<ServiceIdentity>,
    /// The ECR repositories, the first service's first.
    pub repositories: Vec<RepositoryIdentity>,
    /// The load balancer.
    pub load_balancer: LoadBalancerIdentity,
    /// The names of the log groups that tasks write to.
    pub log_groups: Vec<String>,
    /// Where tasks run.
    pub network: NetworkIdentity,
}

/// A name and the ARN that goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

/// An ECS service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceIdentity {
    /// Its name and ARN.
    pub service: Named,
    /// The newest revision of its task definition: its ARN.
    pub task_definition_arn: String,
    /// The port of the load balancer whose requests it gets, if it gets any.
    pub listener_port: Option<NonZeroU16>,
    /// The ARN of the listener on that port.
    pub listener_arn: Option<String>,
}

/// An ECR repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryIdentity {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// What an image in it is called, but for the tag.
    pub uri: String,
}

/// A load balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadBalancerIdentity {
    /// Its ARN.
    pub arn: String,
    /// The host name that it answers at.
    pub dns_name: String,
}

/// Where tasks run, and what may reach them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkIdentity {
    /// The id of the VPC.
    pub vpc_id: String,
    /// The ids of the subnets, one for each availability zone.
    pub subnet_ids: Vec<String>,
    /// The id of the load balancer's security group.
    pub load_balancer_group_id: String,
    /// The id of the security group of the service's tasks.
    pub service_group_id: String,
    /// The id of the database's security group, if the project has a database.
    pub database_group_id: Option<String>,
}

/// The user or role that deploys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeployIdentity {
    /// A user.
    User {
        /// Its name and ARN.
        user: Named,
        /// Its access key.
        key: DeployKey,
    },
    /// A role that workflows take: its name and ARN.
    Role(Named),
}

impl DeployIdentity {
    /// Name and ARN of the user or role.
    #[must_use]
    pub fn named(&self) -> &Named {
        match self {
            Self::User { user, key: _ } => user,
            Self::Role(role) => role,
        }
    }
}

/// The access key of the deploy user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeployKey {
    /// Made by this execution. AWS shows the secret half once and never again: this is that once.
    Created(AccessKey),
    /// There already; only whoever it was handed to knows the secret half.
    Kept {
        /// The ids of the active keys.
        access_key_ids: Vec<String>,
    },
}

/// An access key, both halves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// The public half.
    pub id: String,
    /// The secret half.
    pub secret: SecretAccessKey,
}

/// A secret that no output of this program may hold. It has no `Display` and no serialisation, and `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretAccessKey(String);

impl SecretAccessKey {
    /// Wraps a secret.
    #[must_use]
    pub fn new(secret: String) -> Self {
        Self(secret)
    }

    /// The secret itself: for signing requests and for the one handing over, never for a message.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretAccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretAccessKey(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_secret() {
        let key = AccessKey { id: "AKIAEXAMPLE".to_owned(), secret: SecretAccessKey::new("canary-4711".to_owned()) };
        let shown = format!("{key:?}");
        assert!(shown.contains("AKIAEXAMPLE") && !shown.contains("canary-4711"), "{shown}");
    }
}
