//! What the user wrote: the sections of `greenroom.toml` that bootstrap reads, and the task definition that they go with.
//!
//! - [`name`], [`number`]: what may stand in those sections; each type admits only what AWS admits
//! - [`encryption`]: how the images in repositories are encrypted
//! - [`further`]: the sections of services beside the first
//! - [`capacity`]: the section that says on which kinds of capacity tasks run
//! - [`ssh`]: the section that says who reaches a host of one's own by SSH
//! - [`deployment`]: the section that says how requests move to a new revision
//! - [`host`]: the section that says what an EC2 instance is for
//! - [`permissions`]: the section that says what nobody of the project may ever do
//! - [`deploy`]: the section that says as whom deploys are made; [`github`]: the words of GitHub's in it
//!
//! The file also has sections that are none of bootstrap's business. Whoever reads the file deserialises the whole of it
//! and hands over the structs from here.

pub mod capacity;
pub mod deploy;
pub mod deployment;
pub mod encryption;
pub mod further;
pub mod github;
pub mod host;
pub mod name;
pub mod number;
pub mod permissions;
pub mod ssh;

use std::num::NonZeroU16;

use serde::Deserialize;

use crate::location::{AccountId, Region};
use crate::policy::TaskRolePolicy;
use crate::task_definition::TaskDefinition;
pub use capacity::Capacity;
pub use deploy::{Deploy, Deployer};
pub use deployment::{Deployment, Hook, HookStage, Misplaced, Shift, Strategy, TestHeader};
pub use encryption::Encryption;
pub use further::{Balanced, Further, FurtherSection};
pub use host::Host;
use name::{
    ClusterName, ContainerName, GracePeriodSeconds, HealthCheckPath, MaximumPercent, MinimumHealthyPercent,
    ProjectName, RepositoryName, ServiceName,
};
pub use permissions::{Boundary, Permissions};
pub use ssh::Ssh;

/// Everything that decides what the account should look like.
#[derive(Debug, Clone)]
pub struct Config {
    /// The section `[project]`.
    pub project: Project,
    /// The section `[service]`.
    pub service: Service,
    /// The section `[repository]`, which may be left out.
    pub repository: Repository,
    /// What the sections `[services.NAME]` come to, in the order of their names: services beside the first.
    pub further: Vec<Further>,
    /// What the section `[deployment]` comes to: none where tasks are replaced in place.
    pub shift: Option<Shift>,
    /// What the section `[deploy]` comes to.
    pub deployer: Deployer,
    /// What the section `[permissions]` comes to.
    pub boundary: Option<Boundary>,
    /// The section `[host]`, where the project runs on an EC2 instance.
    pub host: Option<Host>,
    /// The task definition that `[files] task-definition` points at.
    pub task_definition: TaskDefinition,
    /// The policy that `[files] task-role-policy` points at: what the app itself may do. Left out, that is nobody's business but its owner's.
    pub task_role_policy: Option<TaskRolePolicy>,
    /// The TCP port of the project's database, if it has one: a security group then admits the service to it.
    pub database_port: Option<NonZeroU16>,
    /// The section `[capacity]`, if there is one: tasks run on Fargate's ordinary capacity alone without it.
    pub capacity: Option<Capacity>,
    /// The section `[ssh]`, if there is one: a security group then guards the project's host.
    pub ssh: Option<Ssh>,
}

/// The section `[project]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Project {
    /// The prefix of every name that bootstrap makes, and the value of its ownership tag.
    pub name: ProjectName,
    /// The account that everything is made in. Left out, it is whichever the credentials are for.
    pub account: Option<AccountId>,
    /// The region that everything is made in.
    pub region: Region,
}

/// The section `[service]`: the ECS service behind port 80 of the load balancer, and how it is deployed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Service {
    /// The cluster that the service runs in.
    pub cluster: ClusterName,
    /// The service's own name.
    pub name: ServiceName,
    /// The container behind the load balancer.
    pub container: ContainerName,
    /// The port of that container that the load balancer sends requests to.
    pub port: NonZeroU16,
    /// How many tasks a deploy should keep running. Bootstrap itself creates the service at zero, since its image comes later.
    pub desired_count: u32,
    /// The path that the load balancer asks a target for to learn whether it is healthy.
    pub health_check_path: HealthCheckPath,
    /// How long after its start a task may be unhealthy without being replaced.
    #[serde(default)]
    pub health_check_grace_period_seconds: GracePeriodSeconds,
    /// The share of the desired count that stays healthy during a rollout.
    #[serde(default)]
    pub minimum_healthy_percent: MinimumHealthyPercent,
    /// The share of the desired count that may run at once during a rollout.
    #[serde(default)]
    pub maximum_percent: MaximumPercent,
    /// Whether Application Auto Scaling is to change the desired count: bootstrap makes its service-linked role then, before
    /// anybody registers the service with it. The targets and policies are their owner's to register.
    #[serde(default)]
    pub autoscaling: bool,
}

/// The section `[repository]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Repository {
    /// The ECR repository of the service's image. Left out, it has the name of the project.
    pub name: Option<RepositoryName>,
    /// How the images in it and in every other repository of the project's are encrypted. Left out, ECR does it as `AES256`, and a repository
    /// that is there stays as it is.
    pub encryption: Option<Encryption>,
}

impl Repository {
    /// The repository's name, as written or after the project.
    #[must_use]
    pub fn name_for(&self, project: &ProjectName) -> RepositoryName {
        self.name.clone().unwrap_or_else(|| RepositoryName::from(project))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn service(change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> Result<Service, String> {
        let Value::Object(mut keys) = json!({
            "cluster": "news", "name": "news-api", "container": "app", "port": 8000, "desired-count": 2,
            "health-check-path": "/healthz",
        }) else {
            unreachable!("the literal is an object")
        };
        change(&mut keys);
        serde_json::from_value(Value::Object(keys)).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_left_out_takes_the_value_that_aws_gives_it() {
        let service = service(|_| {}).expect("the section is complete");
        assert_eq!(service.minimum_healthy_percent.get(), 100);
        assert_eq!(service.maximum_percent.get(), 200);
        assert_eq!(service.health_check_grace_period_seconds.get(), 0);
    }

    #[test]
    fn a_mistake_is_named_with_what_was_written() {
        let cases: [(&str, Value, &str); 9] = [
            ("port", json!(0), "nonzero"),
            ("desired-count", json!(-1), "`-1`"),
            ("minimum-healthy-percent", json!(101), "`101`"),
            ("maximum-percent", json!(99), "`99`"),
            ("health-check-grace-period-seconds", json!(2_147_483_648_u64), "`2147483648`"),
            ("health-check-path", json!("healthz"), "`healthz`"),
            ("cluster", json!("the news"), "`the news`"),
            ("container", json!(""), "``"),
            ("desired_count", json!(2), "unknown field `desired_count`"),
        ];
        for (key, value, expected) in cases {
            let error = service(|keys| {
                keys.insert(key.to_owned(), value.clone());
            })
            .expect_err(key);
            assert!(error.contains(expected), "{key} = {value}: {error}");
        }
    }

    #[test]
    fn the_repository_is_named_after_the_project() {
        let project = ProjectName::parse("news-api").expect("a name");
        assert_eq!(Repository::default().name_for(&project).as_str(), "news-api");
    }
}
