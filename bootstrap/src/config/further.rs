//! The sections `[services.NAME]`: services beside the one of `[service]`, each with a task definition of its own. They run in the same
//! cluster, and their tasks are replaced in place; those that get requests have a listener of their own on the load balancer.

use std::num::NonZeroU16;
use std::path::PathBuf;

use serde::Deserialize;

use super::Misplaced;
use super::name::{
    ContainerName, GracePeriodSeconds, HealthCheckPath, MaximumPercent, MinimumHealthyPercent, ProjectName,
    RepositoryName, ServiceKey, ServiceName,
};
use crate::policy::TaskRolePolicy;
use crate::task_definition::TaskDefinition;

/// A section `[services.NAME]` as it is written. [`Further::new`] is what it means.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FurtherSection {
    /// The file of its task definition, beside `greenroom.toml`.
    pub task_definition: PathBuf,
    /// The file of its app's policy, beside `greenroom.toml`.
    pub task_role_policy: Option<PathBuf>,
    /// The service's own name; left out, that of the project and the section's.
    pub name: Option<ServiceName>,
    /// The container that has its image; left out, it is called like the section.
    pub container: Option<ContainerName>,
    /// The ECR repository of its image; left out, it has the name of the project and the section's. It may be another service's, too.
    pub repository: Option<RepositoryName>,
    /// How many tasks a deploy should keep running.
    pub desired_count: u32,
    /// The port of the load balancer whose requests it gets; left out, it gets none.
    pub listener_port: Option<NonZeroU16>,
    /// With `listener-port`: the port of the container.
    pub port: Option<NonZeroU16>,
    /// With `listener-port`: the path that the load balancer asks a target for to learn whether it is healthy.
    pub health_check_path: Option<HealthCheckPath>,
    /// With `listener-port`: how long after its start a task may be unhealthy without being replaced.
    pub health_check_grace_period_seconds: Option<GracePeriodSeconds>,
    /// The share of the desired count that stays healthy during a rollout.
    #[serde(default)]
    pub minimum_healthy_percent: MinimumHealthyPercent,
    /// The share of the desired count that may run at once during a rollout.
    #[serde(default)]
    pub maximum_percent: MaximumPercent,
    /// Whether Application Auto Scaling is to change the desired count.
    #[serde(default)]
    pub autoscaling: bool,
}

/// A service beside the first.
#[derive(Debug, Clone)]
pub struct Further {
    /// What the section is called.
    pub key: ServiceKey,
    /// The service's own name.
    pub name: ServiceName,
    /// The container that has its image.
    pub container: ContainerName,
    /// The ECR repository of its image.
    pub repository: RepositoryName,
    /// How requests come to it, if they do.
    pub balanced: Option<Balanced>,
    /// The share of the desired count that stays healthy during a rollout.
    pub minimum_healthy_percent: MinimumHealthyPercent,
    /// The share of the desired count that may run at once during a rollout.
    pub maximum_percent: MaximumPercent,
    /// Whether Application Auto Scaling is to change the desired count.
    pub autoscaling: bool,
    /// Its task definition.
    pub task_definition: TaskDefinition,
    /// What its app may do, where the section says it.
    pub task_role_policy: Option<TaskRolePolicy>,
}

/// How requests come to a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balanced {
    /// The port of the load balancer.
    pub listener_port: NonZeroU16,
    /// The port of the container.
    pub port: NonZeroU16,
    /// The path that the load balancer asks for.
    pub health_check_path: HealthCheckPath,
    /// How long after its start a task may be unhealthy without being replaced.
    pub grace_period: GracePeriodSeconds,
}

impl FurtherSection {
    /// How requests come to the service; none where the load balancer has no port for it.
    ///
    /// # Errors
    /// If a key goes with `listener-port`, which is not there, or that needs a key that is missing.
    pub fn balanced(&self) -> Result<Option<Balanced>, Misplaced> {
        let Some(listener_port) = self.listener_port else {
            let given = [
                (self.port.is_some(), "port"),
                (self.health_check_path.is_some(), "health-check-path"),
                (self.health_check_grace_period_seconds.is_some(), "health-check-grace-period-seconds"),
            ];
            let what = "this key goes with `listener-port`, the load balancer's port for this service, only";
            let misplaced = given.into_iter().find(|(is_given, _)| *is_given);
            return misplaced.map_or(Ok(None), |(_, key)| Err(Misplaced { key, what }));
        };
        let lacks = |what| Misplaced { key: "listener-port", what };
        if listener_port.get() == 80 {
            return Err(lacks("port 80 of the load balancer is for `[service]`"));
        }
        Ok(Some(Balanced {
            listener_port,
            port: self.port.ok_or(lacks("`listener-port` needs `port`: where the container gets the requests"))?,
            health_check_path: self
                .health_check_path
                .clone()
                .ok_or(lacks("`listener-port` needs `health-check-path`: what the load balancer asks the tasks for"))?,
            grace_period: self.health_check_grace_period_seconds.unwrap_or_default(),
        }))
    }
}

impl Further {
    /// What a section called `key` means.
    ///
    /// # Errors
    /// As [`FurtherSection::balanced`].
    pub fn new(
        key: &ServiceKey,
        section: &FurtherSection,
        project: &ProjectName,
        task_definition: TaskDefinition,
        task_role_policy: Option<TaskRolePolicy>,
    ) -> Result<Self, Misplaced> {
        Ok(Self {
            name: section.name.clone().unwrap_or_else(|| key.service(project)),
            container: section.container.clone().unwrap_or_else(|| key.container()),
            repository: section.repository.clone().unwrap_or_else(|| key.repository(project)),
            balanced: section.balanced()?,
            minimum_healthy_percent: section.minimum_healthy_percent,
            maximum_percent: section.maximum_percent,
            autoscaling: section.autoscaling,
            task_definition,
            task_role_policy,
            key: key.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(more: &Value) -> Result<FurtherSection, String> {
        let mut section = json!({"task-definition": "worker.json", "desired-count": 1});
        section.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        serde_json::from_value(section).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_of_requests_go_together() {
        let whole = json!({"listener-port": 8080, "port": 9000, "health-check-path": "/"});
        for (more, misplaced) in [
            (json!({}), None),
            (whole, None),
            (json!({"port": 9000}), Some("port")),
            (json!({"health-check-path": "/"}), Some("health-check-path")),
            (json!({"health-check-grace-period-seconds": 1}), Some("health-check-grace-period-seconds")),
            (json!({"listener-port": 8080, "port": 9000}), Some("listener-port")),
            (json!({"listener-port": 8080, "health-check-path": "/"}), Some("listener-port")),
            (json!({"listener-port": 80, "port": 9000, "health-check-path": "/"}), Some("listener-port")),
        ] {
            let balanced = read(&more).expect("each key by itself is right").balanced();
            assert_eq!(balanced.err().map(|misplaced| misplaced.key), misplaced, "{more}");
        }
    }

    #[test]
    fn a_mistake_is_named_with_what_was_written() {
        for (more, said) in [
            (json!({"image": "worker"}), "unknown field `image`"),
            (json!({"repository": "Worker"}), "`Worker` is not a repository name"),
            (json!({"listener-port": 0}), "nonzero"),
            (json!({"desired-count": -1}), "`-1`"),
        ] {
            let error = read(&more).expect_err("something is wrong");
            assert!(error.contains(said), "{more}: {error}");
        }
        for key in ["", "Worker", "1st", "wor--ker", "worker-", "a_b", "a234567890123456789012345678901"] {
            assert!(ServiceKey::parse(key).is_err(), "{key}");
        }
    }

    #[test]
    fn what_is_left_out_is_called_after_the_project_and_the_section() {
        let project = ProjectName::parse("news-api").expect("a name");
        let key = ServiceKey::parse("worker").expect("a name");
        let definition = r#"{"family": "worker", "containerDefinitions": [{"name": "worker", "image": "worker:1"}]}"#;
        let definition = TaskDefinition::parse(definition).expect("a task definition");
        let section = read(&json!({})).expect("it is whole");
        let further = Further::new(&key, &section, &project, definition, None).expect("no key is misplaced");
        assert_eq!(further.name.as_str(), "news-api-worker");
        assert_eq!(further.repository.as_str(), "news-api-worker");
        assert_eq!(further.container.as_str(), "worker");
    }
}
