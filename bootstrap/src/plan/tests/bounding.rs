//! The same for a project whose roles and user have a permissions boundary, and whose user has a managed policy.

use serde_json::json;

use super::cases::{Case, case};
use super::model::of;
use super::*;
use crate::observe::Observed;
use crate::resource::deploy_user::DeployUserState;
use crate::resource::managed_policy::ManagedPolicyState;
use crate::resource::role::RoleState;

fn policy(account: &mut Observed, name: &str, change: impl FnOnce(&mut ManagedPolicyState)) {
    if let Some(state) = of!(account, ManagedPolicy, ManagedPolicy, name) {
        change(state);
    }
}

fn user(account: &mut Observed, change: impl FnOnce(&mut DeployUserState)) {
    if let Some(state) = of!(account, User, User, "news-api-deploy") {
        change(state);
    }
}

fn role(account: &mut Observed, name: &str, change: impl FnOnce(&mut RoleState)) {
    if let Some(state) = of!(account, Role, Role, name) {
        change(state);
    }
}

fn versions(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn everything() -> serde_json::Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
}

pub(super) const BOUNDED: &[Case] = &[
    case("the boundary is widened, for the first time", |account| policy(account, "news-api-boundary", |state| {
        state.document["Statement"].as_array_mut().expect("a list").push(json!(
            {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}
        ));
        state.others = versions(&["v1"]);
    }), "\
1. add a version (3099 of 6144 characters), which counts, to managed policy `news-api-boundary`: it has beyond it `iam:*` on `*`
"),
    case("the deploy policy is widened, and has all its versions", |account| policy(account, "news-api-deploy", |state| {
        state.document["Statement"].as_array_mut().expect("a list").push(json!(
            {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}
        ));
        state.others = versions(&["v3", "v4", "v5", "v6"]);
    }), "\
1. delete version v3 of managed policy `news-api-deploy`: IAM keeps five versions, and this is the oldest that does not count
2. add a version (2335 of 6144 characters), which counts, to managed policy `news-api-deploy`: it has beyond it `iam:*` on `*` (after 1)
"),
    case("the deploy policy belongs to somebody else", |account| policy(account, "news-api-deploy", |state| {
        state.owner = Owner::Unknown;
    }), "\
nothing to do
note: managed policy `news-api-deploy` is somebody else's (it has no tag `greenroom:project`); it is used as it is
"),
    case("the user has lost its policy and has got others", |account| user(account, |state| {
        state.managed = ["arn:aws:iam::aws:policy/AdministratorAccess".to_owned()].into();
        state.policies = [("more".to_owned(), everything())].into();
    }), "\
1. give user `news-api-deploy` the managed policy `arn:aws:iam::123456789012:policy/news-api-deploy`: missing; it is all that the user may do
2. delete policy `more` of user `news-api-deploy`: policies: wanted nothing else, found `more` (after 1)
3. take the managed policy `arn:aws:iam::aws:policy/AdministratorAccess` from user `news-api-deploy`: managed policies: wanted nothing else, found `arn:aws:iam::aws:policy/AdministratorAccess` (after 1)
"),
    case("the user is bounded by another policy", |account| user(account, |state| {
        state.boundary = Some("arn:aws:iam::aws:policy/AdministratorAccess".to_owned());
    }), "\
1. set permissions boundary of user `news-api-deploy`: permissions boundary: wanted arn:aws:iam::123456789012:policy/news-api-boundary, found arn:aws:iam::aws:policy/AdministratorAccess
"),
    case("the execution role has no boundary and another policy", |account| role(account, "news-api-execution", |state| {
        state.boundary = None;
        state.policies = [("news-api-execution".to_owned(), everything())].into();
    }), "\
1. set permissions boundary of role `news-api-execution`: permissions boundary: wanted arn:aws:iam::123456789012:policy/news-api-boundary, found none
2. write policy of role `news-api-execution` (1015 of 10240 characters): it lacks `ecr:BatchCheckLayerAvailability` on `arn:aws:ecr:eu-central-1:123456789012:repository/news-api` and 16 more, has beyond it `*` on `*` (after 1)
"),
    case("the task role has no boundary", |account| role(account, "news-api-task", |state| state.boundary = None), "\
1. set permissions boundary of role `news-api-task`: permissions boundary: wanted arn:aws:iam::123456789012:policy/news-api-boundary, found none
"),
];

#[test]
fn what_bounds_is_there_before_what_it_bounds() {
    let text = plan(&example_bounded(), &new_account()).to_string();
    let about = ["managed policy", " role `", "user"];
    let lines: Vec<&str> = text.lines().filter(|line| about.iter().any(|word| line.contains(word))).collect();
    let lines: Vec<&str> = lines.into_iter().filter(|line| !line.contains("service-linked")).collect();
    let expected = "\
11. create managed policy `news-api-boundary` (3099 of 6144 characters): missing; whoever has it as boundary can never be allowed more
12. create managed policy `news-api-deploy` (2335 of 6144 characters): missing; it is all that the deploy user may do, and longer than the 2048 characters of a user's inline policies
13. create role `news-api-execution`: missing; the task definition names it (after 11)
14. write policy of role `news-api-execution` (1015 of 10240 characters): missing; ECS does what it allows to start a task (after 13)
15. create role `news-api-task`: missing; the task definition names it (after 11)
29. create user `news-api-deploy`: missing; deploys are made as this user (after 11)
30. give user `news-api-deploy` the managed policy `arn:aws:iam::123456789012:policy/news-api-deploy`: missing; it is all that the user may do (after 12, 29)
31. create access key of user `news-api-deploy`: missing; deploys sign their requests with it (after 4, 6, 8, 10, 14, 17, 19, 21, 25, 28, 30)";
    assert_eq!(lines.join("\n"), expected);
}

#[test]
fn a_policy_that_a_stranger_has_is_in_the_way_of_its_end() {
    let desired = example_bounded();
    let mut account = complete(&desired);
    let end = |account: &Observed| plan_destruction(&desired, account, &PlanOptions::default());
    assert!(end(&account).blockers().is_empty());
    policy(&mut account, "news-api-boundary", |state| state.used_by = ["role `shop`".to_owned()].into());
    let said = end(&account).blockers().iter().map(ToString::to_string).collect::<Vec<_>>();
    let expected = "managed policy `news-api-boundary` cannot be deleted: role `shop` has it, and is not the project's";
    assert_eq!(said, [expected]);
}
