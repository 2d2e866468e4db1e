//! The same for a project whose deploys move requests from one target group to another.

use serde_json::json;

use super::cases::{Case, case};
use super::model::of;
use crate::observe::Observed;
use crate::resource::listener_rule::ListenerRuleState;
use crate::resource::role::RoleState;
use crate::resource::service::ServiceState;
use crate::resource::{Kind, Owner, ResourceId, State};

fn role(account: &mut Observed, name: &str, change: impl FnOnce(&mut RoleState)) {
    if let Some(state) = of!(account, Role, Role, name) {
        change(state);
    }
}

fn rule(account: &mut Observed, name: &str, change: impl FnOnce(&mut ListenerRuleState)) {
    if let Some(state) = of!(account, ListenerRule, ListenerRule, name) {
        change(state);
    }
}

fn service(account: &mut Observed, change: impl FnOnce(&mut ServiceState)) {
    if let Some(state) = of!(account, Service, Service, "news/news-api") {
        change(state);
    }
}

pub(super) const CASES: &[Case] = &[
    case("the infrastructure role is gone", |account| account.found.retain(|id, _| id.name != "news-api-infrastructure"), "\
1. create role `news-api-infrastructure`: missing; ECS moves requests with it
2. give role `news-api-infrastructure` the managed policy `arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers`: missing; it allows ECS to change listener rules (after 1)
"),
    case(
        "the infrastructure role's policy is taken away",
        |account| role(account, "news-api-infrastructure", |state| state.managed.clear()),
        "\
1. give role `news-api-infrastructure` the managed policy `arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers`: missing; it allows ECS to change listener rules
",
    ),
    case(
        "somebody else's infrastructure role lacks the policy",
        |account| {
            role(account, "news-api-infrastructure", |state| {
                state.managed.clear();
                state.owner = Owner::Unknown;
            })
        },
        "\
in the way: role `news-api-infrastructure` is somebody else's (it has no tag `greenroom:project`), so it is not touched; wanted: give role `news-api-infrastructure` the managed policy `arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers`; `--adopt` makes it this project's
",
    ),
    case(
        "the hooks' role calls everything",
        |account| {
            role(account, "news-api-hooks", |state| {
                let statement = json!({"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"});
                let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
                state.policies.insert("news-api-hooks".to_owned(), policy);
            })
        },
        "\
1. write policy of role `news-api-hooks` (172 of 10240 characters): it lacks `lambda:InvokeFunction` on `arn:aws:lambda:eu-central-1:123456789012:function:check`, has beyond it `lambda:InvokeFunction` on `*`
",
    ),
    case(
        "the infrastructure role trusts tasks",
        |account| role(account, "news-api-infrastructure", |state| state.trust = json!("none")),
        "\
1. write trust policy of role `news-api-infrastructure`: it cannot be read as a policy
",
    ),
    case(
        "the second target group and the rules are gone",
        |account| {
            account.found.retain(|id, _| id.kind != Kind::ListenerRule && id.name != "news-api-alt");
        },
        "\
1. create target group `news-api-alt`: missing; the tasks of every other revision are registered in it
2. create listener rule `news-api:80/test`: missing; ECS moves requests by it (after 1)
3. create listener rule `news-api:80/production`: missing; ECS moves requests by it (after 1)
left as it is: service `news/news-api`: registration in the second target group and its rules: wanted on, found off
",
    ),
    case(
        "ECS has moved the requests",
        |account| rule(account, "news-api:80/production", |state| state.forwards_to.reverse()),
        "\
nothing to do
",
    ),
    case(
        "the production rule is for something else",
        |account| rule(account, "news-api:80/production", |state| state.takes = "the paths `/admin`".to_owned()),
        "\
1. have listener rule `news-api:80/production` take the paths `/*`: takes: wanted the paths `/*`, found the paths `/admin`
",
    ),
    case(
        "the test rule forwards elsewhere",
        |account| rule(account, "news-api:80/test", |state| state.forwards_to.push("arn:other".to_owned())),
        "\
in the way: listener rule `news-api:80/test` cannot be used: it forwards to arn:other, not to target groups `news-api` and `news-api-alt`
",
    ),
    case(
        "the service replaces its tasks in place",
        |account| {
            service(account, |state| {
                state.traffic.steps = "ROLLING".to_owned();
                state.traffic.hooks = "none".to_owned();
            })
        },
        "\
left as it is: service `news/news-api`: strategy: wanted CANARY 10 % every 10 min, bake time 5 min, found ROLLING
left as it is: service `news/news-api`: lifecycle hooks: wanted arn:aws:lambda:eu-central-1:123456789012:function:check in POST_TEST_TRAFFIC_SHIFT, PRODUCTION_TRAFFIC_SHIFT, found none
",
    ),
];

#[test]
fn a_new_account_gets_what_shifting_takes() {
    use super::{new_account, plan};
    let text = plan(&crate::desired::tests::example_canary(), &new_account()).to_string();
    let about = ["infrastructure", "hooks", "-alt", "listener", "service `"];
    let lines: Vec<&str> = text.lines().filter(|line| about.iter().any(|word| line.contains(word))).collect();
    let expected = "\
10. create role `news-api-infrastructure`: missing; ECS moves requests with it
11. give role `news-api-infrastructure` the managed policy `arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers`: missing; it allows ECS to change listener rules (after 10)
12. create role `news-api-hooks`: missing; ECS asks lifecycle hooks with it
13. write policy of role `news-api-hooks` (172 of 10240 characters): missing; it allows ECS to call the hooks' functions (after 12)
22. create target group `news-api-alt`: missing; the tasks of every other revision are registered in it
23. create listener `news-api:80`: missing; the load balancer sends requests nowhere without it (after 20, 21)
24. create listener rule `news-api:80/test`: missing; ECS moves requests by it (after 22, 23)
25. create listener rule `news-api:80/production`: missing; ECS moves requests by it (after 22, 23)
29. create service `news/news-api` at desired count 0: missing; deploys update it (after 10, 12, 16, 24, 25, 27, 28)";
    assert_eq!(lines.join("\n"), expected);
}
