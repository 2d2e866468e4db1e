//! The same for a project of several services.

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
        "the worker's repository is gone",
        |account| {
            account.found.retain(|id, _| id.kind != Kind::Repository || id.name != "news-api-worker");
        },
        "\
1. create repository `news-api-worker` with immutable tags: missing; the service's images are pushed to it
2. write lifecycle policy of repository `news-api-worker`: missing; images that no tag points at would pile up (after 1)
",
    ),
];

#[test]
fn a_new_account_gets_each_service_with_what_it_needs() {
    let text = plan(&example_several(), &new_account()).to_string();
    let about = ["admin", "worker", "news-api-execution", "tcp", "listener", "service `", "user", "AutoScaling"];
    let lines: Vec<&str> = text.lines().filter(|line| about.iter().any(|word| line.contains(word))).collect();
    let expected = "\
3. create service-linked role `AWSServiceRoleForApplicationAutoScaling_ECSService`: missing; Application Auto Scaling changes the desired count through it
6. create repository `news-api-worker` with immutable tags: missing; the service's images are pushed to it
7. write lifecycle policy of repository `news-api-worker`: missing; images that no tag points at would pile up (after 6)
10. create log group `/ecs/news-worker`: missing; the task definition writes to it
11. set retention of log group `/ecs/news-worker` to 30 days: missing; its events would be kept for ever (after 10)
12. create managed policy `news-api-deploy` (3199 of 6144 characters): missing; it is all that the deploy user may do, and longer than the 2048 characters of a user's inline policies
13. create role `news-api-execution`: missing; the task definition names it
14. write policy of role `news-api-execution` (1072 of 10240 characters): missing; ECS does what it allows to start a task (after 13)
15. create role `news-admin-execution`: missing; the task definition names it
16. write policy of role `news-admin-execution` (690 of 10240 characters): missing; ECS does what it allows to start a task (after 15)
18. create role `news-admin-task`: missing; the task definition names it
19. create role `news-worker-task`: missing; the task definition names it
21. let tcp 80 from anywhere, tcp 8080 from anywhere into security group `news-api-load-balancer`: missing; nothing gets in without it (after 20)
23. let tcp 8000 from security group `news-api-load-balancer` into security group `news-api-service`: missing; nothing gets in without it (after 20, 22)
24. create security group `news-api-admin` in vpc-1: missing; the load balancer reaches the tasks of the service
25. let tcp 9000 from security group `news-api-load-balancer` into security group `news-api-admin`: missing; nothing gets in without it (after 20, 24)
26. create security group `news-api-worker` in vpc-1: missing; the tasks of the service are in it, and nothing reaches them
28. let tcp 5432 from security group `news-api-service`, tcp 5432 from security group `news-api-admin`, tcp 5432 from security group `news-api-worker` into security group `news-api-database`: missing; nothing gets in without it (after 22, 24, 26, 27)
31. create target group `news-api-admin`: missing; the service's tasks are registered in it
32. create listener `news-api:80`: missing; the load balancer sends requests nowhere without it (after 29, 30)
33. create listener `news-api:8080`: missing; the load balancer sends requests nowhere without it (after 29, 31)
35. create parameter `/news/admin` with a placeholder for its value: missing; containers read it when a task starts
36. create parameter `/news/worker` with a placeholder for its value: missing; containers read it when a task starts
39. register the first revision of task definition `news-admin`: missing; a service needs a revision to be made (after 15, 18)
40. register the first revision of task definition `news-worker`: missing; a service needs a revision to be made (after 13, 19)
41. create service `news/news-api` at desired count 0: missing; deploys update it (after 22, 32, 37, 38)
42. create service `news/news-api-admin` at desired count 0: missing; deploys update it (after 24, 33, 37, 39)
43. create service `news/news-api-worker` at desired count 0: missing; deploys update it (after 26, 37, 40)
44. create user `news-api-deploy`: missing; deploys are made as this user
45. give user `news-api-deploy` the managed policy `arn:aws:iam::123456789012:policy/news-api-deploy`: missing; it is all that the user may do (after 12, 44)
46. create access key of user `news-api-deploy`: missing; deploys sign their requests with it (after 3, 5, 7, 9, 11, 14, 16, 21, 23, 25, 28, 34, 35, 36, 41, 42, 43, 45)";
    assert_eq!(lines.join("\n"), expected);
}
