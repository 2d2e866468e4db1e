//! The policy of an EC2 instance that the project runs on.

use super::action::{
    BATCH_CHECK_LAYER_AVAILABILITY, BATCH_GET_IMAGE, CREATE_LOG_STREAM, DEREGISTER_CONTAINER_INSTANCE,
    DISCOVER_POLL_ENDPOINT, GET_AUTHORIZATION_TOKEN, GET_DOWNLOAD_URL_FOR_LAYER, POLL, PUT_LOG_EVENTS,
    REGISTER_CONTAINER_INSTANCE, START_TELEMETRY_SESSION, SUBMIT_ATTACHMENT_STATE_CHANGES,
    SUBMIT_CONTAINER_STATE_CHANGE, SUBMIT_TASK_STATE_CHANGE, TAG_RESOURCE, UPDATE_CONTAINER_INSTANCES_STATE,
};
use super::execution::log_group_arns;
use super::statement::{Condition, Policy, Statement};
use crate::config::host::Runs;
use crate::config::name::{ClusterName, RepositoryName};
use crate::location::Location;

/// What an instance touches.
#[derive(Debug, Clone)]
pub struct Scope<'a> {
    /// Account and region.
    pub location: &'a Location,
    /// Where images are pulled from.
    pub repositories: Vec<&'a RepositoryName>,
    /// The cluster whose tasks it takes.
    pub cluster: &'a ClusterName,
    /// The names of the log groups that containers write to.
    pub log_groups: Vec<&'a str>,
}

/// The policy of an instance on which `runs` runs.
///
/// For ECS it is what AWS's `AmazonEC2ContainerServiceforEC2Role` allows everywhere, on the project's cluster alone, and without what the
/// project has otherwise: its cluster is there already, and its tasks pull and log by their execution role (ECS developer guide, "Amazon
/// ECS container instance IAM role").
#[must_use]
pub fn policy(runs: Runs, scope: &Scope<'_>) -> Policy {
    match runs {
        Runs::Compose => compose(scope),
        Runs::Ecs => agent(scope),
    }
}

fn compose(scope: &Scope<'_>) -> Policy {
    let Scope { location, repositories, cluster: _, log_groups } = scope;
    let statement = |sid, purpose, actions, resources| Statement {
        sid,
        purposes: vec![purpose],
        actions,
        resources,
        conditions: vec![],
    };
    let mut statements = vec![
        statement("Login", "Log in to the registry.", vec![&GET_AUTHORIZATION_TOKEN], vec![]),
        statement(
            "Pull",
            "Pull images from the project's repositories.",
            vec![&BATCH_CHECK_LAYER_AVAILABILITY, &BATCH_GET_IMAGE, &GET_DOWNLOAD_URL_FOR_LAYER],
            repositories.iter().map(|name| location.arn("ecr", &format!("repository/{name}"))).collect(),
        ),
    ];
    if !log_groups.is_empty() {
        let groups = log_groups.iter().flat_map(|name| log_group_arns(location, name)).collect();
        let actions = vec![&CREATE_LOG_STREAM, &PUT_LOG_EVENTS];
        statements.push(statement("Logs", "Write what the containers print.", actions, groups));
    }
    Policy { statements }
}

fn agent(scope: &Scope<'_>) -> Policy {
    let Scope { location, repositories: _, cluster, log_groups: _ } = scope;
    let arn = location.arn("ecs", &format!("cluster/{cluster}"));
    let instances = location.arn("ecs", &format!("container-instance/{cluster}/*"));
    let in_cluster = Condition { operator: "ArnEquals", key: "ecs:cluster", values: vec![arn.clone()] };
    let on_registering = Condition {
        operator: "StringEquals",
        key: "ecs:CreateAction",
        values: vec!["RegisterContainerInstance".to_owned()],
    };
    let statement = |sid, purpose, actions, resources, conditions| Statement {
        sid,
        purposes: vec![purpose],
        actions,
        resources,
        conditions,
    };
    Policy {
        statements: vec![
            statement("Endpoint", "Find where the agent asks for work.", vec![&DISCOVER_POLL_ENDPOINT], vec![], vec![]),
            statement(
                "Join",
                "Join the project's cluster, and tell it what became of its tasks.",
                vec![
                    &DEREGISTER_CONTAINER_INSTANCE,
                    &REGISTER_CONTAINER_INSTANCE,
                    &SUBMIT_ATTACHMENT_STATE_CHANGES,
                    &SUBMIT_CONTAINER_STATE_CHANGE,
                    &SUBMIT_TASK_STATE_CHANGE,
                ],
                vec![arn],
                vec![],
            ),
            statement(
                "Work",
                "Take work as an instance of the project's cluster, and drain when it ends.",
                vec![&POLL, &START_TELEMETRY_SESSION, &UPDATE_CONTAINER_INSTANCES_STATE],
                vec![instances.clone()],
                vec![in_cluster],
            ),
            statement(
                "Tag",
                "Have the instance's tags as it joins.",
                vec![&TAG_RESOURCE],
                vec![instances],
                vec![on_registering],
            ),
        ],
    }
}
