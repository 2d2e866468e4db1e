//! The same for a project of several services.

use serde_json::json;

use super::cases::{Case, case};
use super::model::of;
use super::*;
use crate::desired::tests::several::example_several;
use crate::resource::service::ServiceState;

fn service(account: &mut Observed, name: &str, change: impl FnOnce(&mut ServiceState)) {
    if let Some(state) = of!(account, Service, Service, name) {
        change(state);
    }
}

pub(super) const SEVERAL: &[Case] = &[
    case(
        "the worker's rollout is changed",
        |account| service(account, "news/news-api-worker", |state| state.maximum_percent = Some(200)),
        "\
1. set rollout of service `news/news-api-worker`: maximum percent: wanted 150, found 200
",
    ),
    case(
        "the worker is registered in a target group",
        |account| {
            service(account, "news/news-api-worker", |state| {
                state.targets.push(("arn:other".to_owned(), "worker".to_owned(), 9000));
            });
        },
        "\
left as it is: service `news/news-api-worker`: registration in the target group: wanted off, found on
",
    ),
    case(
        "the admin's grace period is changed",
        |account| service(account, "news/news-api-admin", |state| state.grace_period_seconds = 60),
        "\
1. set rollout of service `news/news-api-admin`: grace period: wanted 9 s, found 60 s
",
    ),
    case(
        "a deploy has scaled and moved the worker",
        |account| {
            service(account, "news/news-api-worker", |state| state.tasks = 2);
            if let Some(family) = of!(account, TaskDefinition, TaskDefinition, "news-worker") {
                family.active.push("arn:news-worker:2".to_owned());
            }
        },
        "\
nothing to do
",
    ),
    case(
        "somebody lets the world reach the worker",
        |account| {
            if let Some(group) = of!(account, SecurityGroup, SecurityGroup, "news-api-worker") {
                group.ingress.insert(crate::resource::security_group::Permission::everything_to("0.0.0.0/0"));
            }
        },
        "\
1. shut everything from 0.0.0.0/0 out of security group `news-api-worker`: inbound rules: wanted nothing else, found everything from 0.0.0.0/0
",
    ),
    case(
        "the app may do something else, and more beside it",
        |account| {
            if let Some(role) = of!(account, Role, Role, "news-api-task") {
                let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
                let document = json!({"Version": "2012-10-17", "Statement": [everything]});
                role.policies = [("task-role-policy".to_owned(), document.clone()), ("more".to_owned(), document)].into();
            }
        },
        "\
1. write policy of role `news-api-task` (98 of 10240 characters): it lacks `s3:GetObject` on `*`, has beyond it `*` on `*`
2. delete policy `more` of role `news-api-task`: policies: wanted nothing else, found `more`
",
    ),
    case(
        "greenroom.toml said once what the worker may do, and somebody else says it now",
        |account| {
            if let Some(role) = of!(account, Role, Role, "news-worker-task") {
                let nothing = json!({"Version": "2012-10-17", "Statement": []});
                role.policies = [("task-role-policy".to_owned(), nothing.clone()), ("more".to_owned(), nothing)].into();
            }
        },
        "\
1. delete policy `task-role-policy` of role `news-worker-task`: greenroom.toml has no `task-role-policy` for it any more
",
    ),
    case(
        "the repositories are encrypted otherwise",
        |account| {
            for (name, key) in [("news-api", None), ("news-api-worker", Some("arn:other".to_owned()))] {
                if let Some(state) = of!(account, Repository, Repository, name) {
                    let kind = if key.is_some() { "KMS" } else { "AES256" };
                    state.encryption = (kind.to_owned(), key);
                }
            }
        },
        "\
left as it is: repository `news-api`: encryption: wanted arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab, found AES256
left as it is: repository `news-api-worker`: encryption: wanted arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab, found arn:other
",
    ),
    case(
        "the worker's repository is gone",
        |account| {
            account.found.retain(|id, _| id.kind != Kind::Repository || id.name != "news-api-worker");
        },
        "\
1. create repository `news-api-worker` with immutable tags, encrypted by arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab: missing; the service's images are pushed to it
2. write lifecycle policy of repository `news-api-worker`: missing; images that no tag points at would pile up (after 1)
",
    ),
];

#[test]
fn a_new_account_gets_each_service_with_what_it_needs() {
    let text = plan(&example_several(), &new_account()).to_string();
    let about = [
        "admin",
        "worker",
        "news-api-execution",
        "tcp",
        "listener",
        "service `",
        "user",
        "AutoScaling",
        "task-role-policy",
    ];
    let lines: Vec<&str> = text.lines().filter(|line| about.iter().any(|word| line.contains(word))).collect();
    let expected = "\
3. create service-linked role `AWSServiceRoleForApplicationAutoScaling_ECSService`: missing; Application Auto Scaling changes the desired count through it
6. create repository `news-api-worker` with immutable tags, encrypted by arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab: missing; the service's images are pushed to it
7. write lifecycle policy of repository `news-api-worker`: missing; images that no tag points at would pile up (after 6)
10. create log group `/ecs/news-worker`: missing; the task definition writes to it
11. set retention of log group `/ecs/news-worker` to 30 days: missing; its events would be kept for ever (after 10)
12. create managed policy `news-api-deploy` (3199 of 6144 characters): missing; it is all that the deploy user may do, and longer than the 2048 characters of a user's inline policies
13. create role `news-api-execution`: missing; the task definition names it
14. write policy of role `news-api-execution` (1072 of 10240 characters): missing; ECS does what it allows to start a task (after 13)
15. create role `news-admin-execution`: missing; the task definition names it
16. write policy of role `news-admin-execution` (690 of 10240 characters): missing; ECS does what it allows to start a task (after 15)
18. write policy of role `news-api-task` (98 of 10240 characters): missing; `task-role-policy` in greenroom.toml says that the app may do it (after 17)
19. create role `news-admin-task`: missing; the task definition names it
20. create role `news-worker-task`: missing; the task definition names it
22. let tcp 80 from anywhere, tcp 8080 from anywhere into security group `news-api-load-balancer`: missing; nothing gets in without it (after 21)
24. let tcp 8000 from security group `news-api-load-balancer` into security group `news-api-service`: missing; nothing gets in without it (after 21, 23)
25. create security group `news-api-admin` in vpc-1: missing; the load balancer reaches the tasks of the service
26. let tcp 9000 from security group `news-api-load-balancer` into security group `news-api-admin`: missing; nothing gets in without it (after 21, 25)
27. create security group `news-api-worker` in vpc-1: missing; the tasks of the service are in it, and nothing reaches them
29. let tcp 5432 from security group `news-api-service`, tcp 5432 from security group `news-api-admin`, tcp 5432 from security group `news-api-worker` into security group `news-api-database`: missing; nothing gets in without it (after 23, 25, 27, 28)
32. create target group `news-api-admin`: missing; the service's tasks are registered in it
33. create listener `news-api:80`: missing; the load balancer sends requests nowhere without it (after 30, 31)
34. create listener `news-api:8080`: missing; the load balancer sends requests nowhere without it (after 30, 32)
36. create parameter `/news/admin` with a placeholder for its value: missing; containers read it when a task starts
37. create parameter `/news/worker` with a placeholder for its value: missing; containers read it when a task starts
40. register the first revision of task definition `news-admin`: missing; a service needs a revision to be made (after 15, 19)
41. register the first revision of task definition `news-worker`: missing; a service needs a revision to be made (after 13, 20)
42. create service `news/news-api` at desired count 0: missing; deploys update it (after 23, 33, 38, 39)
43. create service `news/news-api-admin` at desired count 0: missing; deploys update it (after 25, 34, 38, 40)
44. create service `news/news-api-worker` at desired count 0: missing; deploys update it (after 27, 38, 41)
45. create user `news-api-deploy`: missing; deploys are made as this user
46. give user `news-api-deploy` the managed policy `arn:aws:iam::123456789012:policy/news-api-deploy`: missing; it is all that the user may do (after 12, 45)
47. create access key of user `news-api-deploy`: missing; deploys sign their requests with it (after 3, 5, 7, 9, 11, 14, 16, 18, 22, 24, 26, 29, 35, 36, 37, 42, 43, 44, 46)";
    assert_eq!(lines.join("\n"), expected);
}
