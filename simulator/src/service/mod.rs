//! The services of the simulated account: one folder or file each, with its operation table.

#![expect(clippy::needless_pass_by_value, reason = "a row hands its output over, though `json!` only reads it")]

pub mod ec2;
pub mod ecr;
pub mod ecs;
pub mod elasticloadbalancing;
pub mod iam;
mod json;
pub mod logs;
pub mod secretsmanager;
pub mod ssm;
pub mod sts;
#[cfg(test)]
mod table;
#[cfg(test)]
mod trial;

use std::sync::Arc;

use crate::data_channel::Sessions;
use crate::oidc::Issuer;
use crate::wire::Row;

/// All services, in the order in which a first deploy meets them.
#[must_use]
pub fn all() -> Vec<Service> {
    all_trusting(None)
}

/// The same, with STS trusting the identity tokens of `issuer`; of none, no identity token can be checked.
#[must_use]
pub fn all_trusting(issuer: Option<&Arc<Issuer>>) -> Vec<Service> {
    all_reaching(issuer, None)
}

/// The same, with ECS letting clients into containers by `sessions`; without, nobody gets in.
#[must_use]
pub fn all_reaching(issuer: Option<&Arc<Issuer>>, sessions: Option<&Arc<Sessions>>) -> Vec<Service> {
    vec![
        sts::service_trusting(issuer.cloned()),
        iam::service(),
        ecr::service(),
        logs::service(),
        elasticloadbalancing::service(),
        ecs::service_reaching(sessions.cloned()),
        secretsmanager::service(),
        ssm::service(),
        ec2::service(),
    ]
}

/// A service: how it is addressed and what it can do.
pub struct Service {
    /// Its signing name, such as `ecs`, which IAM prefixes its actions with.
    pub signing_name: &'static str,
    /// Its protocol.
    pub protocol: Protocol,
    /// Its operations.
    pub operations: Vec<Row>,
}

/// The protocols of the services that a deploy touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// AWS JSON 1.1: `X-Amz-Target: <target>.<Operation>`.
    Json {
        /// What stands before the operation in `X-Amz-Target`, such as `AmazonEC2ContainerServiceV20141113`.
        target: &'static str,
    },
    /// AWS Query: form-encoded `Action=…&Version=…`, answered in XML.
    Query {
        /// XML namespace of answers.
        namespace: &'static str,
        /// Code that IAM denials carry, such as `AccessDenied`.
        denied: &'static str,
    },
    /// EC2's dialect of Query.
    Ec2Query {
        /// XML namespace of answers.
        namespace: &'static str,
    },
}
