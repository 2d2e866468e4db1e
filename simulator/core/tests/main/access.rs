//! What ECS asks IAM for: the long form of every ARN, the condition keys, and the rights that hide behind a call.

use std::collections::BTreeMap;

use simulator_core::ecs::{
    CreateCluster, DescribeServices, LaunchType, ListTasks, RegisterTaskDefinition, RunTask, StopTask, UpdateService,
};
use simulator_core::iam::{CreateUser, PutInlinePolicy, User};
use simulator_core::{Arn, Caller, Operation, Principal, Refusal, Timing};

use crate::virtual_time::{Account, CLUSTER, Deploy, container};

const SERVICE: &str = "arn:aws:ecs:eu-central-1:123456789012:service/news/news-api";
const CLUSTER_ARN: &str = "arn:aws:ecs:eu-central-1:123456789012:cluster/news";
const FAMILY: &str = "arn:aws:ecs:eu-central-1:123456789012:task-definition/news-api:*";
const EXECUTION: &str = "arn:aws:iam::123456789012:role/execution";

/// A call by a user who may do what `statements` say, and what comes of it: none if it is allowed, else action and resource of the
/// denial.
fn denied<O: Operation>(account: &mut Account, statements: &str, operation: O) -> Option<(String, String)> {
    let name = "deploy".to_owned();
    let tags = Vec::new();
    // The user may be there from the call before.
    let _made = account.call(CreateUser { name: name.clone(), path: None, boundary: None, tags });
    let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    account.must(PutInlinePolicy::<User>::new(name.clone(), "deploy".to_owned(), document));
    let arn = Arn::global("iam", account.world.account(), "user/deploy");
    let principal = Principal::User { name };
    let caller = Caller { account: account.world.account().clone(), arn, principal, access_key: None };
    let now = account.world.now();
    match account.world.call(now, &caller, operation) {
        Ok(_) => None,
        Err(Refusal::Denied(denial)) => Some((denial.action, denial.resource)),
        Err(refusal) => panic!("{} was refused for another reason: {refusal}", O::NAME),
    }
}

fn allow(action: &str, resource: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#)
}

fn allow_if(action: &str, resource: &str, operator: &str, key: &str, value: &str) -> String {
    format!(
        r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}","Condition":{{"{operator}":{{"{key}":"{value}"}}}}}}"#
    )
}

fn denial(action: &str, resource: &str) -> Option<(String, String)> {
    Some((action.to_owned(), resource.to_owned()))
}

fn revision() -> RegisterTaskDefinition {
    RegisterTaskDefinition {
        family: "news-api".to_owned(),
        execution_role: Some("execution".to_owned()),
        network_mode: Some("awsvpc".to_owned()),
        requires: vec![LaunchType::Fargate],
        cpu: Some("256".to_owned()),
        memory: Some("512".to_owned()),
        containers: vec![container("app", "app:1")],
        ..RegisterTaskDefinition::default()
    }
}

#[test]
fn registering_a_revision_needs_the_family_and_the_roles() {
    let account = &mut Account::new(Timing::aws());
    let register = allow("ecs:RegisterTaskDefinition", FAMILY);
    assert_eq!(denied(account, &register, revision()), denial("iam:PassRole", EXECUTION));
    let passed = |service: &str| allow_if("iam:PassRole", EXECUTION, "StringEquals", "iam:PassedToService", service);
    let to_ecs = format!("{register},{}", passed("ecs-tasks.amazonaws.com"));
    assert_eq!(denied(account, &to_ecs, revision()), None);
    let to_another = format!("{register},{}", passed("ecs.amazonaws.com"));
    assert_eq!(denied(account, &to_another, revision()), denial("iam:PassRole", EXECUTION));
    let other_family = format!(
        "{},{}",
        allow("ecs:RegisterTaskDefinition", &FAMILY.replace("api", "app")),
        passed("ecs-tasks.amazonaws.com")
    );
    assert_eq!(denied(account, &other_family, revision()), denial("ecs:RegisterTaskDefinition", FAMILY));
}

#[test]
fn tags_at_creation_are_a_right_of_their_own() {
    let account = &mut Account::new(Timing::aws());
    let arn = CLUSTER_ARN.replace("news", "tagged");
    let tags: BTreeMap<String, String> = [("owner".to_owned(), "news".to_owned())].into();
    let create = || CreateCluster { name: Some("tagged".to_owned()), tags: tags.clone(), ..CreateCluster::default() };
    let right = allow("ecs:CreateCluster", &arn);
    assert_eq!(denied(account, &right, create()), denial("ecs:TagResource", &arn));
    let tagging = |action: &str| allow_if("ecs:TagResource", &arn, "StringEquals", "ecs:CreateAction", action);
    assert_eq!(
        denied(account, &format!("{right},{}", tagging("CreateService")), create()),
        denial("ecs:TagResource", &arn)
    );
    assert_eq!(denied(account, &format!("{right},{}", tagging("CreateCluster")), create()), None);
}

#[test]
fn a_deploy_is_pinned_to_service_cluster_and_family() {
    let account = &mut Account::new(Timing::aws());
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy::default());
    let update = |task_definition: Option<&str>| UpdateService {
        cluster: Some(CLUSTER.to_owned()),
        service: "news-api".to_owned(),
        task_definition: task_definition.map(str::to_owned),
        force: task_definition.is_none(),
        ..UpdateService::default()
    };
    for (statements, task_definition, allowed) in [
        (allow("ecs:UpdateService", SERVICE), Some("news-api"), true),
        (allow("ecs:UpdateService", "arn:aws:ecs:eu-central-1:123456789012:service/news-api"), Some("news-api"), false),
        (allow_if("ecs:UpdateService", "*", "ArnEquals", "ecs:cluster", CLUSTER_ARN), Some("news-api"), true),
        (
            allow_if("ecs:UpdateService", "*", "ArnEquals", "ecs:cluster", &CLUSTER_ARN.replace("news", "olds")),
            Some("news-api"),
            false,
        ),
        (allow_if("ecs:UpdateService", SERVICE, "ArnLike", "ecs:task-definition", FAMILY), Some("news-api"), true),
        // The key is in the request only when the call names a task definition.
        (allow_if("ecs:UpdateService", SERVICE, "ArnLike", "ecs:task-definition", FAMILY), None, false),
        (allow_if("ecs:UpdateService", SERVICE, "ArnLikeIfExists", "ecs:task-definition", FAMILY), None, true),
    ] {
        let expected = if allowed { None } else { denial("ecs:UpdateService", SERVICE) };
        assert_eq!(denied(account, &statements, update(task_definition)), expected, "{statements} {task_definition:?}");
    }
    let services = vec!["news-api".to_owned()];
    let describe = DescribeServices { cluster: Some(CLUSTER.to_owned()), services, with_tags: false };
    assert_eq!(denied(account, &allow("ecs:DescribeServices", SERVICE), describe), None);
}

/// A bare family is resolved first, so a policy must allow its revisions.
#[test]
fn running_a_task_needs_the_revision_the_cluster_and_the_roles() {
    let account = &mut Account::new(Timing::aws());
    account.register(vec![container("app", "app:1")]);
    let network = account.network.clone();
    let run = || RunTask {
        cluster: Some(CLUSTER.to_owned()),
        task_definition: "news-api".to_owned(),
        launch_type: Some(LaunchType::Fargate),
        network: Some(network.clone()),
        ..RunTask::default()
    };
    let revision = FAMILY.replace(":*", ":1");
    let pass = allow("iam:PassRole", EXECUTION);
    let bare = format!("{},{pass}", allow("ecs:RunTask", &FAMILY.replace(":*", "")));
    assert_eq!(denied(account, &bare, run()), denial("ecs:RunTask", &revision));
    assert_eq!(denied(account, &allow("ecs:RunTask", FAMILY), run()), denial("iam:PassRole", EXECUTION));
    let in_cluster = allow_if("ecs:RunTask", FAMILY, "ArnEquals", "ecs:cluster", CLUSTER_ARN);
    assert_eq!(denied(account, &format!("{in_cluster},{pass}"), run()), None);

    let id = account.world.ecs().tasks()[0].id.to_string();
    let task = format!("arn:aws:ecs:eu-central-1:123456789012:task/news/{id}");
    let stop = || StopTask { cluster: Some(CLUSTER.to_owned()), task: id.clone(), reason: None };
    assert_eq!(denied(account, &in_cluster, stop()), denial("ecs:StopTask", &task));
    assert_eq!(
        denied(account, &allow("ecs:StopTask", "arn:aws:ecs:eu-central-1:123456789012:task/news/*"), stop()),
        None
    );
    let list = || ListTasks { cluster: Some(CLUSTER.to_owned()), limit: 100, ..ListTasks::default() };
    assert_eq!(denied(account, &in_cluster, list()), denial("ecs:ListTasks", "*"));
    assert_eq!(denied(account, &allow_if("ecs:ListTasks", "*", "ArnEquals", "ecs:cluster", CLUSTER_ARN), list()), None);
}
