//! Each statement of the deploy user's policy is there for certain calls: without it exactly those are denied.
//!
//! `deploy_policy.json` is the policy that `greenroom bootstrap` writes for a project of these names, as data: the two halves of the
//! program share no code.

use std::collections::BTreeMap;

use serde_json::Value;
use simulator_core::ecr::{
    BatchCheckLayerAvailability, BatchGetImage, CompleteLayerUpload, CreateRepository, DescribeImages,
    GetAuthorizationToken, GetDownloadUrlForLayer, InitiateLayerUpload, PutImage, UploadLayerPart,
};
use simulator_core::ecs::{
    DescribeServiceDeployments, DescribeServices, DescribeTaskDefinition, DescribeTasks, LaunchType,
    ListServiceDeployments, ListTasks, RegisterTaskDefinition, RunTask, StopTask, UpdateService,
};
use simulator_core::elb::DescribeTargetHealth;
use simulator_core::iam::{AttachPolicy, CreatePolicy, CreateUser, DetachPolicy, User};
use simulator_core::logs::{DescribeLogStreams, FilterLogEvents, GetLogEvents, StreamOrder};
use simulator_core::{Arn, Caller, Operation, Principal, Refusal, Timing, World};

use crate::virtual_time::{Account, CLUSTER, Deploy, container};

const POLICY: &str = include_str!("deploy_policy.json");
const REPOSITORY: &str = "news-api";
const SERVICE: &str = "news-api";

type Make = dyn Fn(&mut World, &Caller) -> Result<(), Refusal>;

/// A call of a deploy: its name, the statements that it needs, and how it is made.
struct Call {
    name: &'static str,
    needs: &'static [&'static str],
    make: Box<Make>,
}

fn call<O: Operation + Clone + 'static>(needs: &'static [&'static str], operation: O) -> Call {
    let make = move |world: &mut World, caller: &Caller| {
        let now = world.now();
        world.call(now, caller, operation.clone()).map(drop)
    };
    Call { name: O::NAME, needs, make: Box::new(make) }
}

fn registry() -> Vec<Call> {
    let repository = || REPOSITORY.to_owned();
    let digest = || format!("sha256:{}", "0".repeat(64));
    vec![
        call(&["Account"], GetAuthorizationToken {}),
        call(&["Push"], BatchCheckLayerAvailability { repository: repository(), digests: vec![digest()] }),
        call(&["Push"], BatchGetImage { repository: repository(), images: Vec::new() }),
        call(&["Push"], InitiateLayerUpload { repository: repository() }),
        call(&["Push"], UploadLayerPart { repository: repository(), upload_id: "none".to_owned() }),
        call(&["Push"], CompleteLayerUpload { repository: repository(), upload_id: None, digest: digest(), size: 1 }),
        call(&["Push"], PutImage { repository: repository(), ..PutImage::default() }),
        call(&["Push"], DescribeImages { repository: repository(), ..DescribeImages::default() }),
        call(&["Push"], GetDownloadUrlForLayer { repository: repository(), digest: digest() }),
    ]
}

fn rollout(account: &Account) -> Vec<Call> {
    let cluster = || Some(CLUSTER.to_owned());
    let register = |tags: BTreeMap<String, String>| RegisterTaskDefinition {
        family: "news-api".to_owned(),
        execution_role: Some("execution".to_owned()),
        network_mode: Some("awsvpc".to_owned()),
        requires: vec![LaunchType::Fargate],
        cpu: Some("256".to_owned()),
        memory: Some("512".to_owned()),
        containers: vec![container("app", "app:2")],
        tags,
        ..RegisterTaskDefinition::default()
    };
    let update = UpdateService {
        cluster: cluster(),
        service: SERVICE.to_owned(),
        task_definition: Some("news-api".to_owned()),
        ..UpdateService::default()
    };
    let service_deployment =
        "arn:aws:ecs:eu-central-1:123456789012:service-deployment/news/news-api/0123456789abcdefghijk".to_owned();
    let run = RunTask {
        cluster: cluster(),
        task_definition: "news-api".to_owned(),
        launch_type: Some(LaunchType::Fargate),
        network: Some(account.network.clone()),
        ..RunTask::default()
    };
    let task = account.world.ecs().tasks()[0].id.to_string();
    vec![
        call(&["Account"], DescribeTaskDefinition { task_definition: "news-api".to_owned(), with_tags: false }),
        call(&["Register", "Pass"], register(BTreeMap::new())),
        call(&["Register", "Pass", "Tag"], register([("a".to_owned(), "1".to_owned())].into())),
        call(&["Rollout"], update),
        call(
            &["Rollout"],
            DescribeServices { cluster: cluster(), services: vec![SERVICE.to_owned()], with_tags: false },
        ),
        call(
            &["Rollout"],
            ListServiceDeployments { cluster: cluster(), service: SERVICE.to_owned(), limit: 20, ..Default::default() },
        ),
        call(&["Rollout"], DescribeServiceDeployments { arns: vec![service_deployment] }),
        call(&["Run", "Pass"], run),
        call(&["Run"], DescribeTasks { cluster: cluster(), tasks: vec![task.clone()], with_tags: false }),
        call(&["Run"], StopTask { cluster: cluster(), task, reason: None }),
        call(&["Tasks"], ListTasks { cluster: cluster(), limit: 100, ..ListTasks::default() }),
    ]
}

fn looking() -> Vec<Call> {
    let group = || "/news".to_owned();
    let target_group =
        "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/news/0123456789abcdef".to_owned();
    vec![
        call(&["Account"], DescribeTargetHealth { target_group, targets: Vec::new() }),
        call(
            &["Logs"],
            DescribeLogStreams {
                group: group(),
                prefix: None,
                order: StreamOrder::default(),
                descending: false,
                limit: None,
                next_token: None,
            },
        ),
        call(
            &["Logs"],
            FilterLogEvents {
                group: group(),
                streams: Vec::new(),
                prefix: None,
                start: None,
                end: None,
                pattern: None,
                next_token: None,
                limit: None,
                from_head: true,
            },
        ),
        call(
            &["Logs"],
            GetLogEvents {
                group: group(),
                stream: "ecs/app/1".to_owned(),
                start: None,
                end: None,
                next_token: None,
                limit: None,
                from_head: true,
            },
        ),
    ]
}

/// An account with the service, and the deploy user.
fn scene() -> (Account, Caller) {
    let mut account = Account::new(Timing::aws());
    account.must(CreateRepository { repository: REPOSITORY.to_owned(), ..CreateRepository::default() });
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy::default());
    account.until_steady();
    account.must(CreateUser { name: "deploy".to_owned(), ..CreateUser::default() });
    let caller = Caller {
        account: account.world.account().clone(),
        arn: Arn::global("iam", account.world.account(), "user/deploy"),
        principal: Principal::User { name: "deploy".to_owned() },
        access_key: None,
    };
    (account, caller)
}

/// The policy without the statement called `removed`, if one is.
fn without(removed: Option<&str>) -> String {
    let mut policy: Value = serde_json::from_str(POLICY).expect("a policy is JSON");
    let statements = policy["Statement"].as_array_mut().expect("a list");
    statements.retain(|statement| removed.is_none_or(|sid| statement["Sid"] != sid));
    policy.to_string()
}

#[test]
fn without_a_statement_exactly_the_calls_that_need_it_are_denied() {
    let (mut account, caller) = scene();
    let calls: Vec<Call> = registry().into_iter().chain(rollout(&account)).chain(looking()).collect();
    let policy: Value = serde_json::from_str(POLICY).expect("a policy is JSON");
    let statements = policy["Statement"].as_array().expect("a list");
    let sids: Vec<&str> = statements.iter().map(|statement| statement["Sid"].as_str().expect("a name")).collect();
    let rounds = std::iter::once(None).chain(sids.iter().copied().map(Some));
    for removed in rounds {
        // With tags it is longer than a user's inline policies may be together.
        let name = format!("deploy-without-{}", removed.unwrap_or("nothing"));
        let policy = account.must(CreatePolicy { name, document: without(removed), ..CreatePolicy::default() }).arn;
        account.must(AttachPolicy::<User>::new("deploy".to_owned(), policy.clone()));
        for Call { name, needs, make } in &calls {
            let outcome = make(&mut account.world.clone(), &caller);
            let denied = matches!(outcome, Err(Refusal::Denied(_)));
            let expected = removed.is_some_and(|sid| needs.contains(&sid));
            assert_eq!(denied, expected, "{name} without {removed:?}: {outcome:?}");
        }
        account.must(DetachPolicy::<User>::new("deploy".to_owned(), policy));
    }
    // And every statement is needed by some call.
    for sid in sids {
        assert!(calls.iter().any(|call| call.needs.contains(&sid)), "no call needs {sid}");
    }
}
