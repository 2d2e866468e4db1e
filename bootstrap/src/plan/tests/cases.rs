//! The ways in which an account can differ from the complete one, each with the plan for it.

use serde_json::json;

use super::model::of;
use crate::observe::Observed;
use crate::resource::cluster::ClusterState;
use crate::resource::deploy_user::{DeployUserState, Key};
use crate::resource::listener::ListenerState;
use crate::resource::load_balancer::LoadBalancerState;
use crate::resource::log_group::LogGroupState;
use crate::resource::network::NetworkState;
use crate::resource::repository::RepositoryState;
use crate::resource::role::RoleState;
use crate::resource::secret::SecretState;
use crate::resource::security_group::{Permission, SecurityGroupState};
use crate::resource::service::ServiceState;
use crate::resource::target_group::TargetGroupState;
use crate::resource::{Kind, Owner, ResourceId, State};

/// One difference.
pub(super) struct Case {
    pub(super) name: &'static str,
    /// Makes the difference, where the account has what would differ.
    pub(super) differ: fn(&mut Observed),
    /// The plan for the complete account with this difference.
    pub(super) plan: &'static str,
}

pub(super) const fn case(name: &'static str, differ: fn(&mut Observed), plan: &'static str) -> Case {
    Case { name, differ, plan }
}

fn repository(account: &mut Observed, change: impl FnOnce(&mut RepositoryState)) {
    if let Some(state) = of!(account, Repository, Repository, "news-api") {
        change(state);
    }
}

fn load_balancer(account: &mut Observed, change: impl FnOnce(&mut LoadBalancerState)) {
    if let Some(state) = of!(account, LoadBalancer, LoadBalancer, "news-api") {
        change(state);
    }
}

fn target_group(account: &mut Observed, change: impl FnOnce(&mut TargetGroupState)) {
    if let Some(state) = of!(account, TargetGroup, TargetGroup, "news-api") {
        change(state);
    }
}

fn listener(account: &mut Observed, change: impl FnOnce(&mut ListenerState)) {
    if let Some(state) = of!(account, Listener, Listener, "news-api:80") {
        change(state);
    }
}

fn cluster(account: &mut Observed, change: impl FnOnce(&mut ClusterState)) {
    if let Some(state) = of!(account, Cluster, Cluster, "news") {
        change(state);
    }
}

fn secret(account: &mut Observed, change: impl FnOnce(&mut SecretState)) {
    if let Some(state) = of!(account, Secret, Secret, "news-api/database-url") {
        change(state);
    }
}

fn service(account: &mut Observed, change: impl FnOnce(&mut ServiceState)) {
    if let Some(state) = of!(account, Service, Service, "news/news-api") {
        change(state);
    }
}

fn user(account: &mut Observed, change: impl FnOnce(&mut DeployUserState)) {
    if let Some(state) = of!(account, User, User, "news-api-deploy") {
        change(state);
    }
}

fn execution_role(account: &mut Observed, change: impl FnOnce(&mut RoleState)) {
    if let Some(state) = of!(account, Role, Role, "news-api-execution") {
        change(state);
    }
}

fn log_group(account: &mut Observed, change: impl FnOnce(&mut LogGroupState)) {
    if let Some(state) = of!(account, LogGroup, LogGroup, "/ecs/news-api") {
        change(state);
    }
}

fn security_group(account: &mut Observed, name: &str, change: impl FnOnce(&mut SecurityGroupState)) {
    if let Some(state) = of!(account, SecurityGroup, SecurityGroup, name) {
        change(state);
    }
}

/// Deletes a group, which EC2 only allows when no rule refers to it any more.
fn delete_security_group(account: &mut Observed, name: &str) {
    let Some(State::SecurityGroup(deleted)) = account.found.remove(&ResourceId::new(Kind::SecurityGroup, name)) else {
        return;
    };
    for state in account.found.values_mut() {
        if let State::SecurityGroup(group) = state {
            group.ingress.retain(|permission| permission.source != deleted.id);
        }
    }
}

fn network(account: &mut Observed, change: impl FnOnce(&mut NetworkState)) {
    if let Some(state) = of!(account, Vpc, Network, "") {
        change(state);
    }
}

fn gone(account: &mut Observed, kind: Kind, name: &str) {
    account.found.remove(&ResourceId::new(kind, name));
}

fn off(id: &str) -> Key {
    Key { id: id.to_owned(), is_active: false, is_in_hands: true, used: None }
}

fn everything() -> serde_json::Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
}

pub(super) const CASES: &[Case] = &[
    case(
        "the ECS role is gone",
        |account| {
            gone(account, Kind::ServiceLinkedRole, "AWSServiceRoleForECS");
        },
        "\
1. create service-linked role `AWSServiceRoleForECS`: missing; ECS attaches tasks to the network through it
",
    ),
    case("the repository is gone", |account| gone(account, Kind::Repository, "news-api"), "\
1. create repository `news-api` with immutable tags: missing; the service's images are pushed to it
2. write lifecycle policy of repository `news-api`: missing; images that no tag points at would pile up (after 1)
"),
    case("the lifecycle policy is gone", |account| repository(account, |state| state.lifecycle = None), "\
1. write lifecycle policy of repository `news-api`: missing; images that no tag points at would pile up
"),
    case(
        "the lifecycle policy is another",
        |account| repository(account, |state| state.lifecycle = Some(json!({"rules": []}))),
        "\
1. write lifecycle policy of repository `news-api`: rules: wanted {\"rules\":[{\"rulePriority\":1,\"description\":\"Expire untagged images after 14 days\",\"selection\":{\"tagStatus\":\"untagged\",\"countType\":\"sinceImagePushed\",\"countUnit\":\"days\",\"countNumber\":14},\"action\":{\"type\":\"expire\"}}]}, found {\"rules\":[]}
",
    ),
    case(
        "the lifecycle policy of somebody else's repository is gone",
        |account| {
            repository(account, |state| {
                state.lifecycle = None;
                state.owner = Owner::Unknown;
            })
        },
        "\
in the way: repository `news-api` is somebody else's (it has no tag `greenroom:project`), so it is not touched; wanted: write lifecycle policy of repository `news-api`; `--adopt` makes it this project's
",
    ),
    case(
        "somebody else's repository is as wanted",
        |account| repository(account, |state| state.owner = Owner::Project("shop".to_owned())),
        "\
nothing to do
note: repository `news-api` is project `shop`'s; it is used as it is
",
    ),
    case(
        "tags can move and nothing is scanned",
        |account| {
            repository(account, |state| {
                state.tag_mutability = "MUTABLE".to_owned();
                state.scan_on_push = false;
            })
        },
        "\
1. make tags of repository `news-api` immutable: tags: wanted IMMUTABLE, found MUTABLE
2. switch scan on push of repository `news-api` on: scan on push: wanted on, found off
",
    ),
    case("the log group is gone", |account| {
        gone(account, Kind::LogGroup, "/ecs/news-api");
    }, "\
1. create log group `/ecs/news-api`: missing; the task definition writes to it
2. set retention of log group `/ecs/news-api` to 30 days: missing; its events would be kept for ever (after 1)
"),
    case("logs are kept for ever", |account| log_group(account, |state| state.retention_days = None), "\
1. set retention of log group `/ecs/news-api` to 30 days: retention: wanted 30 days, found for ever
"),
    case("logs are kept for a week", |account| log_group(account, |state| state.retention_days = Some(7)), "\
1. set retention of log group `/ecs/news-api` to 30 days: retention: wanted 30 days, found 7 days
"),
    case("the execution role is gone", |account| gone(account, Kind::Role, "news-api-execution"), "\
1. create role `news-api-execution`: missing; the task definition names it
2. write policy of role `news-api-execution` (725 of 10240 characters): missing; ECS does what it allows to start a task (after 1)
"),
    case("the execution role's policy is gone", |account| execution_role(account, |state| state.policies.clear()), "\
1. write policy of role `news-api-execution` (725 of 10240 characters): missing; ECS does what it allows to start a task
"),
    case(
        "the execution role's policy was widened",
        |account| execution_role(account, |state| drop(state.policies.insert("news-api-execution".to_owned(), everything()))),
        "\
1. write policy of role `news-api-execution` (725 of 10240 characters): it lacks `ecr:BatchCheckLayerAvailability` on `arn:aws:ecr:eu-central-1:123456789012:repository/news-api` and 8 more, has beyond it `*` on `*`
",
    ),
    case(
        "the execution role is somebody else's",
        |account| {
            execution_role(account, |state| {
                state.policies.clear();
                state.owner = Owner::Unknown;
            })
        },
        "\
in the way: role `news-api-execution` is somebody else's (it has no tag `greenroom:project`), so it is not touched; wanted: write policy of role `news-api-execution` (725 of 10240 characters); `--adopt` makes it this project's
",
    ),
    case(
        "the execution role trusts others",
        |account| execution_role(account, |state| state.trust = json!("none")),
        "\
1. write trust policy of role `news-api-execution`: it cannot be read as a policy
",
    ),
    case(
        "the execution role has another path",
        |account| {
            execution_role(account, |state| {
                state.arn = "arn:aws:iam::123456789012:role/apps/news-api-execution".to_owned()
            })
        },
        "\
in the way: role `news-api-execution` cannot be used: its ARN is `arn:aws:iam::123456789012:role/apps/news-api-execution`, and the task definition names `arn:aws:iam::123456789012:role/news-api-execution`
",
    ),
    case("there is no default VPC", |account| network(account, |state| state.default_vpc = None), "\
in the way: the region has no default VPC; `aws ec2 create-default-vpc` makes one
"),
    case("there is one availability zone", |account| network(account, |state| state.subnets.truncate(1)), "\
in the way: VPC `vpc-1` has default subnets in too few availability zones (1, a load balancer takes 2); `aws ec2 create-default-subnet` makes one
"),
    case(
        "the load balancer's security group is gone",
        |account| delete_security_group(account, "news-api-load-balancer"),
        "\
1. create security group `news-api-load-balancer` in vpc-1: missing; requests from the internet reach the load balancer
2. let tcp 80 from anywhere into security group `news-api-load-balancer`: missing; nothing gets in without it (after 1)
3. let tcp 8000 from security group `news-api-load-balancer` into security group `news-api-service`: missing; nothing gets in without it (after 1)
4. set security groups of load balancer `news-api`: security groups: wanted news-api-load-balancer, found sg-news-api-load-balancer (after 1)
",
    ),
    case("a rule is gone", |account| security_group(account, "news-api-database", |group| group.ingress.clear()), "\
1. let tcp 5432 from security group `news-api-service` into security group `news-api-database`: missing; nothing gets in without it
"),
    case(
        "a rule of somebody else's group is gone",
        |account| {
            security_group(account, "news-api-service", |group| {
                group.ingress.clear();
                group.owner = Owner::Unknown;
            })
        },
        "\
in the way: security group `news-api-service` is somebody else's (it has no tag `greenroom:project`), so it is not touched; wanted: let tcp 8000 from security group `news-api-load-balancer` into security group `news-api-service`; `--adopt` makes it this project's
",
    ),
    case(
        "a rule was added by hand",
        |account| {
            security_group(account, "news-api-database", |group| {
                group.ingress.insert(Permission {
                    protocol: "tcp".to_owned(),
                    from_port: Some(22),
                    to_port: Some(22),
                    source: "0.0.0.0/0".to_owned(),
                });
            })
        },
        "\
1. shut tcp 22 from 0.0.0.0/0 out of security group `news-api-database`: inbound rules: wanted nothing else, found tcp 22 from 0.0.0.0/0
",
    ),
    case(
        "nothing gets out, but to one place",
        |account| {
            security_group(account, "news-api-service", |group| {
                group.egress = [Permission { source: "10.0.0.0/8".to_owned(), ..Permission::everything_to("") }].into();
            })
        },
        "\
1. let everything out of security group `news-api-service`: missing; what is in the group reaches nothing without it
2. keep everything to 10.0.0.0/8 in security group `news-api-service`: outbound rules: wanted everything, and nothing said twice, found everything to 10.0.0.0/8
",
    ),
    case(
        "the load balancer is gone",
        |account| {
            gone(account, Kind::LoadBalancer, "news-api");
            gone(account, Kind::Listener, "news-api:80");
        },
        "\
1. create load balancer `news-api` in subnet-a, subnet-b: missing; requests reach the service through it
2. create listener `news-api:80`: missing; the load balancer sends requests nowhere without it (after 1)
",
    ),
    case(
        "the load balancer is internal",
        |account| load_balancer(account, |state| state.scheme = "internal".to_owned()),
        "\
left as it is: load balancer `news-api`: scheme: wanted internet-facing, found internal
",
    ),
    case(
        "the load balancer is a network load balancer",
        |account| load_balancer(account, |state| state.kind = "network".to_owned()),
        "\
in the way: load balancer `news-api` cannot be used: it is a load balancer of type `network`, not `application`
",
    ),
    case(
        "the load balancer has failed",
        |account| load_balancer(account, |state| state.state = "failed".to_owned()),
        "\
in the way: load balancer `news-api` cannot be used: AWS could not set it up; delete it so that it can be made again
",
    ),
    case(
        "the load balancer has another group",
        |account| load_balancer(account, |state| state.security_groups = vec!["sg-other".to_owned()]),
        "\
1. set security groups of load balancer `news-api`: security groups: wanted news-api-load-balancer, found sg-other
",
    ),
    case("the listener is gone", |account| gone(account, Kind::Listener, "news-api:80"), "\
1. create listener `news-api:80`: missing; the load balancer sends requests nowhere without it
"),
    case(
        "the listener of somebody else's load balancer is gone",
        |account| {
            gone(account, Kind::Listener, "news-api:80");
            load_balancer(account, |state| state.owner = Owner::Unknown);
        },
        "\
in the way: load balancer `news-api` is somebody else's (it has no tag `greenroom:project`), so it is not touched; wanted: create listener `news-api:80`; `--adopt` makes it this project's
",
    ),
    case(
        "the listener forwards elsewhere",
        |account| listener(account, |state| state.forwards_to = vec!["arn:other".to_owned()]),
        "\
1. have listener `news-api:80` forward to `news-api`: forwards to: wanted news-api, found arn:other
",
    ),
    case(
        "the target group takes instances",
        |account| target_group(account, |state| state.target_type = "instance".to_owned()),
        "\
in the way: target group `news-api` cannot be used: its targets are of type `instance`; tasks need `ip`
",
    ),
    case(
        "the target group is checked at another path",
        |account| {
            target_group(account, |state| {
                state.health_check = state.health_check.replace("/healthz", "/");
                state.port = Some(80);
            })
        },
        "\
1. set health check of target group `news-api`: health check: wanted /healthz over HTTP every 30 s for 5 s, healthy after 5, unhealthy after 2, codes 200, found / over HTTP every 30 s for 5 s, healthy after 5, unhealthy after 2, codes 200
left as it is: target group `news-api`: port: wanted 8000, found 80
",
    ),
    case("the secret is gone", |account| gone(account, Kind::Secret, "news-api/database-url"), "\
1. create secret `news-api/database-url` without a value: missing; containers read it when a task starts
"),
    case("the secret is going", |account| secret(account, |state| state.is_going = true), "\
1. restore secret `news-api/database-url`: deletion: wanted none, found scheduled
"),
    case(
        "somebody else's secret is going",
        |account| {
            secret(account, |state| {
                state.is_going = true;
                state.owner = Some(Owner::Unknown);
            })
        },
        "\
in the way: secret `news-api/database-url` is somebody else's (it has no tag `greenroom:project`), so it is not touched; wanted: restore secret `news-api/database-url`; `--adopt` makes it this project's
",
    ),
    case(
        "the secret is somebody else's",
        |account| secret(account, |state| state.owner = Some(Owner::Unknown)),
        "\
nothing to do
note: secret `news-api/database-url` is somebody else's (it has no tag `greenroom:project`); it is used as it is
",
    ),
    case("the cluster is gone", |account| gone(account, Kind::Cluster, "news"), "\
1. create cluster `news`: missing; the service runs in it
"),
    case(
        "the cluster is being made",
        |account| cluster(account, |state| state.status = "PROVISIONING".to_owned()),
        "\
in the way: cluster `news` cannot be used: its status is `PROVISIONING`
",
    ),
    case(
        "the cluster is another project's",
        |account| cluster(account, |state| state.owner = Owner::Project("shop".to_owned())),
        "\
nothing to do
note: cluster `news` is project `shop`'s; it is used as it is
",
    ),
    case("no revision is active", |account| gone(account, Kind::TaskDefinition, "news-api"), "\
1. register the first revision of task definition `news-api`: missing; a service needs a revision to be made
"),
    case(
        "a deploy has registered a revision",
        |account| {
            if let Some(state) = of!(account, TaskDefinition, TaskDefinition, "news-api") {
                state.active.push("arn:task-definition:42".to_owned());
            }
        },
        "\
nothing to do
",
    ),
    case("the service is gone", |account| gone(account, Kind::Service, "news/news-api"), "\
1. create service `news/news-api` at desired count 0: missing; deploys update it
"),
    case("the service is being deleted", |account| service(account, |state| state.status = "DRAINING".to_owned()), "\
in the way: service `news/news-api` cannot be used: its status is `DRAINING`; wait until it is gone
"),
    case(
        "the service is rolled out otherwise",
        |account| {
            service(account, |state| {
                state.maximum_percent = Some(150);
                state.rolls_back = false;
                state.targets.clear();
            })
        },
        "\
1. set rollout of service `news/news-api`: maximum percent: wanted 200, found 150
2. set rollout of service `news/news-api`: circuit breaker with rollback: wanted on, found off
left as it is: service `news/news-api`: registration in the target group: wanted on, found off
",
    ),
    case("the user is gone", |account| gone(account, Kind::User, "news-api-deploy"), "\
1. create user `news-api-deploy`: missing; deploys are made as this user
2. write policy of user `news-api-deploy` (2045 of 2048 characters): missing; it is all that the user may do (after 1)
3. create access key of user `news-api-deploy`: missing; deploys sign their requests with it (after 2)
"),
    case("the user's policy was widened", |account| user(account, |state| drop(state.policies.insert("news-api-deploy".to_owned(), everything()))), "\
1. write policy of user `news-api-deploy` (2045 of 2048 characters): it lacks `ecr:BatchCheckLayerAvailability` on `arn:aws:ecr:eu-central-1:123456789012:repository/news-api` and 34 more, has beyond it `*` on `*`
"),
    case(
        "the user is somebody else's",
        |account| {
            user(account, |state| {
                state.policies.insert("news-api-deploy".to_owned(), everything());
                state.keys.clear();
                state.owner = Owner::Unknown;
            })
        },
        "\
in the way: user `news-api-deploy` is somebody else's (it has no tag `greenroom:project`), so it is not touched; wanted: write policy of user `news-api-deploy` (2045 of 2048 characters); `--adopt` makes it this project's
in the way: user `news-api-deploy` is somebody else's (it has no tag `greenroom:project`), so it is not touched; wanted: create access key of user `news-api-deploy`; `--adopt` makes it this project's
",
    ),
    case(
        "the user's key is switched off",
        |account| {
            user(account, |state| {
                state.keys.iter_mut().for_each(|key| key.is_active = false);
            })
        },
        "\
1. create access key of user `news-api-deploy`: missing; deploys sign their requests with it
",
    ),
    case(
        "both of the user's keys are switched off",
        |account| {
            user(account, |state| {
                state.keys = vec![off("AKIA1"), off("AKIA2")];
            })
        },
        "\
in the way: user `news-api-deploy` cannot be used: it has 2 access keys, all switched off, and IAM allows no more
",
    ),
];
