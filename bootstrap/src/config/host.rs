//! The section `[host]`: what an EC2 instance is for, which then has a role of its own.

use serde::Deserialize;

/// The section `[host]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Host {
    /// What runs on it.
    pub runs: Runs,
}

/// What runs on an EC2 instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runs {
    /// Docker Compose, which pulls the project's images.
    Compose,
    /// The ECS agent, which takes tasks of the project's cluster.
    Ecs,
}
