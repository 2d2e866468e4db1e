//! The policy of the deploy user or role: what a push, a migration and a rollout of this one project's services take, and nothing else.

use super::action::{
    BATCH_CHECK_LAYER_AVAILABILITY, BATCH_GET_IMAGE, COMPLETE_LAYER_UPLOAD, DESCRIBE_IMAGES, DESCRIBE_LOG_STREAMS,
    DESCRIBE_SERVICE_DEPLOYMENTS, DESCRIBE_SERVICES, DESCRIBE_TARGET_HEALTH, DESCRIBE_TASK_DEFINITION, DESCRIBE_TASKS,
    FILTER_LOG_EVENTS, GET_AUTHORIZATION_TOKEN, GET_DOWNLOAD_URL_FOR_LAYER, GET_LOG_EVENTS, INITIATE_LAYER_UPLOAD,
    LIST_SERVICE_DEPLOYMENTS, LIST_TASKS, PASS_ROLE, PUT_IMAGE, REGISTER_TASK_DEFINITION, RUN_TASK, STOP_TASK,
    TAG_RESOURCE, UPDATE_SERVICE, UPLOAD_LAYER_PART,
};
use super::quota::Quota;
use super::statement::{Condition, Policy, Statement};
use crate::config::name::{ClusterName, Family, RepositoryName, ServiceName};
use crate::location::Location;

/// What the deploys of one project touch.
#[derive(Debug, Clone)]
pub struct Scope<'a> {
    /// Account and region.
    pub location: &'a Location,
    /// Where images are pushed.
    pub repositories: Vec<&'a RepositoryName>,
    /// The families whose revisions are registered.
    pub families: Vec<&'a Family>,
    /// The cluster that tasks run in.
    pub cluster: &'a ClusterName,
    /// The services that are updated.
    pub services: Vec<&'a ServiceName>,
    /// The ARNs of the roles that revisions name.
    pub roles: Vec<String>,
    /// The names of the log groups that tasks write to.
    pub log_groups: Vec<&'a str>,
    /// The families whose revisions are registered with tags.
    pub tagged: Vec<&'a Family>,
}

/// The policy of deploys, in as few statements as `quota` makes necessary.
#[must_use]
pub fn policy(scope: &Scope<'_>, quota: Quota) -> Policy {
    let Scope { location, repositories, families, cluster, services, roles, log_groups, tagged } = scope;
    let ecs = |resource: String| location.arn("ecs", &resource);
    let of = |families: &[&Family]| -> Vec<String> {
        families.iter().map(|family| ecs(format!("task-definition/{family}:*"))).collect()
    };
    let revisions = of(families);
    let in_services = |service: &&ServiceName| {
        [ecs(format!("service/{cluster}/{service}")), ecs(format!("service-deployment/{cluster}/{service}/*"))]
    };
    let in_cluster =
        Condition { operator: "ArnEquals", key: "ecs:cluster", values: vec![ecs(format!("cluster/{cluster}"))] };

    let mut statements = vec![
        Statement {
            sid: "Account",
            purposes: vec!["Log in to the registry, read the last revision, and see which targets are healthy."],
            actions: vec![&GET_AUTHORIZATION_TOKEN, &DESCRIBE_TASK_DEFINITION, &DESCRIBE_TARGET_HEALTH],
            resources: vec![],
            conditions: vec![],
        },
        Statement {
            sid: "Push",
            purposes: vec!["Push images to the project's repositories."],
            actions: vec![
                &BATCH_CHECK_LAYER_AVAILABILITY,
                &BATCH_GET_IMAGE,
                &COMPLETE_LAYER_UPLOAD,
                &DESCRIBE_IMAGES,
                &GET_DOWNLOAD_URL_FOR_LAYER,
                &INITIATE_LAYER_UPLOAD,
                &PUT_IMAGE,
                &UPLOAD_LAYER_PART,
            ],
            resources: repositories.iter().map(|name| location.arn("ecr", &format!("repository/{name}"))).collect(),
            conditions: vec![],
        },
        Statement {
            sid: "Register",
            purposes: vec!["Register revisions of the project's task definitions."],
            actions: vec![&REGISTER_TASK_DEFINITION],
            resources: revisions.clone(),
            conditions: vec![],
        },
        Statement {
            sid: "Rollout",
            purposes: vec!["Move the project's services to a revision and watch it get there."],
            actions: vec![
                &DESCRIBE_SERVICE_DEPLOYMENTS,
                &DESCRIBE_SERVICES,
                &LIST_SERVICE_DEPLOYMENTS,
                &UPDATE_SERVICE,
            ],
            resources: services.iter().flat_map(in_services).collect(),
            conditions: vec![in_cluster.clone()],
        },
        Statement {
            sid: "Run",
            purposes: vec!["Run a one-off task such as a migration, in the project's cluster only."],
            actions: vec![&DESCRIBE_TASKS, &RUN_TASK, &STOP_TASK],
            resources: revisions.into_iter().chain([ecs(format!("task/{cluster}/*"))]).collect(),
            conditions: vec![in_cluster.clone()],
        },
        Statement {
            sid: "Tasks",
            purposes: vec!["Find the tasks of a rollout to say why they stopped."],
            actions: vec![&LIST_TASKS],
            resources: vec![],
            conditions: vec![in_cluster],
        },
    ];
    if !roles.is_empty() {
        statements.push(Statement {
            sid: "Pass",
            purposes: vec!["Hand the project's own roles to its tasks."],
            actions: vec![&PASS_ROLE],
            resources: roles.clone(),
            conditions: vec![Condition {
                operator: "StringEquals",
                key: "iam:PassedToService",
                values: vec!["ecs-tasks.amazonaws.com".to_owned()],
            }],
        });
    }
    if !log_groups.is_empty() {
        statements.push(Statement {
            sid: "Logs",
            purposes: vec!["Read what the tasks wrote, to say why one failed."],
            actions: vec![&DESCRIBE_LOG_STREAMS, &FILTER_LOG_EVENTS, &GET_LOG_EVENTS],
            resources: log_groups.iter().flat_map(|name| super::execution::log_group_arns(location, name)).collect(),
            conditions: vec![],
        });
    }
    if !tagged.is_empty() {
        statements.push(Statement {
            sid: "Tag",
            purposes: vec!["Tag revisions as they are registered, since their task definition carries tags."],
            actions: vec![&TAG_RESOURCE],
            resources: of(tagged),
            conditions: vec![Condition {
                operator: "StringEquals",
                key: "ecs:CreateAction",
                values: vec!["RegisterTaskDefinition".to_owned()],
            }],
        });
    }
    Policy { statements }.fitted(quota.limit())
}
