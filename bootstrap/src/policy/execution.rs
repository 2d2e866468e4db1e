//! The policy of the execution role: what ECS does on a task's behalf before the app runs.

use std::collections::BTreeSet;

use super::action::{
    BATCH_CHECK_LAYER_AVAILABILITY, BATCH_GET_IMAGE, CREATE_LOG_STREAM, GET_AUTHORIZATION_TOKEN, GET_BUCKET_LOCATION,
    GET_DOWNLOAD_URL_FOR_LAYER, GET_OBJECT, GET_PARAMETERS, GET_SECRET_VALUE, PUT_LOG_EVENTS,
};
use super::statement::{Policy, Statement};
use super::{Action, Quota};
use crate::config::name::RepositoryName;
use crate::location::Location;
use crate::task_definition::reference::SecretReference;

/// What the start of a project's tasks touches.
#[derive(Debug, Clone)]
pub struct Scope<'a> {
    /// Account and region.
    pub location: &'a Location,
    /// Where images are pulled from.
    pub repositories: Vec<&'a RepositoryName>,
    /// The names of the log groups that tasks write to.
    pub log_groups: Vec<&'a str>,
    /// The secrets and parameters that containers name.
    pub secrets: BTreeSet<&'a SecretReference>,
    /// The ARNs of the environment files in S3.
    pub environment_files: BTreeSet<&'a str>,
}

/// The execution role's policy. A secret under a key of the customer's own also takes `kms:Decrypt` on that key, which
/// nothing in a task definition tells.
#[must_use]
pub fn policy(scope: &Scope<'_>) -> Policy {
    let Scope { location, repositories, log_groups, secrets, environment_files } = scope;
    let mut statements = vec![
        confined("Login", "Log in to the registry.", vec![&GET_AUTHORIZATION_TOKEN], vec![]),
        confined(
            "Pull",
            "Pull images from the project's repositories.",
            vec![&BATCH_CHECK_LAYER_AVAILABILITY, &BATCH_GET_IMAGE, &GET_DOWNLOAD_URL_FOR_LAYER],
            repositories.iter().map(|name| location.arn("ecr", &format!("repository/{name}"))).collect(),
        ),
    ];
    let mut when_any = |sid, purpose, actions, resources: Vec<String>| {
        if !resources.is_empty() {
            statements.push(confined(sid, purpose, actions, resources));
        }
    };
    when_any(
        "Logs",
        "Write what the containers print.",
        vec![&CREATE_LOG_STREAM, &PUT_LOG_EVENTS],
        log_groups.iter().flat_map(|name| log_group_arns(location, name)).collect(),
    );
    let (secret_arns, parameter_arns): (Vec<String>, Vec<String>) = secrets
        .iter()
        .flat_map(|secret| secret.policy_resources(location))
        .partition(|arn| GET_SECRET_VALUE.acts_on(arn));
    when_any("Secrets", "Read the secrets that containers name.", vec![&GET_SECRET_VALUE], secret_arns);
    when_any("Parameters", "Read the parameters that containers name.", vec![&GET_PARAMETERS], parameter_arns);
    when_any(
        "Files",
        "Read the environment files that containers name.",
        vec![&GET_OBJECT],
        environment_files.iter().map(|arn| (*arn).to_owned()).collect(),
    );
    let buckets: BTreeSet<String> =
        environment_files.iter().filter_map(|arn| arn.split_once('/')).map(|(bucket, _)| bucket.to_owned()).collect();
    when_any(
        "Buckets",
        "Find the region of the environment files' buckets.",
        vec![&GET_BUCKET_LOCATION],
        buckets.into_iter().collect(),
    );
    Policy { statements }.fitted(Quota::RoleInline.limit())
}

fn confined(
    sid: &'static str,
    purpose: &'static str,
    actions: Vec<&'static Action>,
    resources: Vec<String>,
) -> Statement {
    Statement { sid, purposes: vec![purpose], actions, resources, conditions: vec![] }
}

/// Both forms that a log group's ARN has in requests: some actions are judged by the group, others by what is in it.
pub(crate) fn log_group_arns(location: &Location, name: &str) -> [String; 2] {
    let group = location.arn("logs", &format!("log-group:{name}"));
    let within = format!("{group}:*");
    [group, within]
}
