//! What is changed behind bootstrap's back is found, with what was wanted and what was found, and mended; what a deploy changes
//! is not.

use serde_json::{Value, json};

use super::account::{Boto, Served, assert_alike};
use super::{Person, Project};

/// One change by hand: service, call, input, and what `drift` says of it.
type Case = (&'static str, &'static str, fn(&Found) -> Value, &'static [&'static str]);

/// Ids of what there is.
struct Found {
    group: String,
    host_group: String,
    target_group: String,
    listener: String,
    other_target_group: String,
}

impl Found {
    fn of(boto: &mut Boto, person: &Person) -> Self {
        let text = |value: &Value| value.as_str().expect("it is there").to_owned();
        let mut group = |name: &str| {
            let named = json!({"Filters": [{"Name": "group-name", "Values": [name]}]});
            text(&boto.call(person, "ec2", "describe_security_groups", named)["SecurityGroups"][0]["GroupId"])
        };
        let (service_group, host_group) = (group("news-api-service"), group("news-api-host"));
        let balancers = boto.call(person, "elbv2", "describe_load_balancers", json!({"Names": ["news-api"]}));
        let balancer = &balancers["LoadBalancers"][0]["LoadBalancerArn"];
        let listeners = boto.call(person, "elbv2", "describe_listeners", json!({"LoadBalancerArn": balancer}));
        let targets = boto.call(person, "elbv2", "describe_target_groups", json!({"Names": ["news-api"]}));
        let vpc = &targets["TargetGroups"][0]["VpcId"];
        let other = json!({"Name": "other", "Protocol": "HTTP", "Port": 80, "VpcId": vpc, "TargetType": "ip"});
        let other = boto.call(person, "elbv2", "create_target_group", other);
        Self {
            group: service_group,
            host_group,
            target_group: text(&targets["TargetGroups"][0]["TargetGroupArn"]),
            listener: text(&listeners["Listeners"][0]["ListenerArn"]),
            other_target_group: text(&other["TargetGroups"][0]["TargetGroupArn"]),
        }
    }
}

const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const ANYBODY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#;
const READ_ONLY: &str = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";

const CASES: [Case; 22] = [
    (
        "ec2",
        "authorize_security_group_ingress",
        |found| json!({"GroupId": found.group, "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}),
        &["security group `news-api-service`", "inbound rules: wanted nothing else, found tcp 22 from 0.0.0.0/0"],
    ),
    (
        "iam",
        "put_role_policy",
        |_| json!({"RoleName": "news-api-execution", "PolicyName": "news-api-execution", "PolicyDocument": EVERYTHING}),
        &["policy of role `news-api-execution`", "has beyond it `*` on `*`"],
    ),
    (
        "iam",
        "put_role_policy",
        |_| json!({"RoleName": "news-api-execution", "PolicyName": "more", "PolicyDocument": EVERYTHING}),
        &["delete policy `more` of role `news-api-execution`"],
    ),
    (
        "iam",
        "attach_role_policy",
        |_| json!({"RoleName": "news-api-execution", "PolicyArn": READ_ONLY}),
        &["from role `news-api-execution`: managed policies: wanted nothing else"],
    ),
    (
        "iam",
        "update_assume_role_policy",
        |_| json!({"RoleName": "news-api-task", "PolicyDocument": ANYBODY}),
        &["trust policy of role `news-api-task`", "for `AWS *`"],
    ),
    (
        "iam",
        "put_role_policy",
        |_| json!({"RoleName": "news-api-task", "PolicyName": "task-role-policy", "PolicyDocument": EVERYTHING}),
        &["policy of role `news-api-task`", "it lacks `s3:GetObject` on `arn:aws:s3:::news-pictures/*` and 1 more"],
    ),
    (
        "iam",
        "put_user_policy",
        |_| json!({"UserName": "news-api-deploy", "PolicyName": "news-api-deploy", "PolicyDocument": EVERYTHING}),
        &["policy of user `news-api-deploy`", "has beyond it `*` on `*`"],
    ),
    (
        "iam",
        "attach_user_policy",
        |_| json!({"UserName": "news-api-deploy", "PolicyArn": READ_ONLY}),
        &["from user `news-api-deploy`: managed policies: wanted none"],
    ),
    (
        "ecr",
        "put_image_tag_mutability",
        |_| json!({"repositoryName": "news-api", "imageTagMutability": "MUTABLE"}),
        &["tags of repository `news-api`", "wanted IMMUTABLE, found MUTABLE"],
    ),
    (
        "ecr",
        "put_image_scanning_configuration",
        |_| json!({"repositoryName": "news-api", "imageScanningConfiguration": {"scanOnPush": false}}),
        &["scan on push: wanted on, found off"],
    ),
    (
        "ecr",
        "delete_lifecycle_policy",
        |_| json!({"repositoryName": "news-api"}),
        &["write lifecycle policy of repository `news-api`: missing"],
    ),
    (
        "logs",
        "put_retention_policy",
        |_| json!({"logGroupName": "/ecs/news-api", "retentionInDays": 7}),
        &["retention: wanted 30 days, found 7 days"],
    ),
    (
        "elbv2",
        "modify_target_group",
        |found| json!({"TargetGroupArn": found.target_group, "HealthCheckPath": "/", "HealthCheckIntervalSeconds": 10}),
        &[
            "health check of target group `news-api`",
            "wanted /healthz over HTTP every 30 s",
            "found / over HTTP every 10 s",
        ],
    ),
    (
        "ecs",
        "update_service",
        |_| json!({"cluster": "news", "service": "news-api", "healthCheckGracePeriodSeconds": 99}),
        &["rollout of service `news/news-api`", "grace period: wanted 5 s, found 99 s"],
    ),
    (
        "ecs",
        "update_service",
        |_| json!({"cluster": "news", "service": "news-api", "deploymentConfiguration": {"maximumPercent": 150, "minimumHealthyPercent": 50}}),
        &["maximum percent: wanted 200, found 150"],
    ),
    (
        "secretsmanager",
        "delete_secret",
        |_| json!({"SecretId": "news-api/database-url"}),
        &["restore secret `news-api/database-url`: deletion: wanted none, found scheduled"],
    ),
    (
        "ssm",
        "delete_parameter",
        |_| json!({"Name": "/news-api/session-key"}),
        &["create parameter `/news-api/session-key` with a placeholder for its value: missing"],
    ),
    (
        "ec2",
        "revoke_security_group_egress",
        |found| json!({"GroupId": found.group, "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]}),
        &["let everything out of security group `news-api-service`: missing"],
    ),
    (
        "ec2",
        "authorize_security_group_egress",
        |found| json!({"GroupId": found.group, "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 25, "ToPort": 25, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]}),
        &["keep tcp 25 to 10.0.0.0/8 in security group `news-api-service`", "found tcp 25 to 10.0.0.0/8"],
    ),
    (
        "ec2",
        "update_security_group_rule_descriptions_ingress",
        |found| json!({"GroupId": found.host_group, "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "x"}]}]}),
        &[
            "say why security group `news-api-host` lets tcp 22 from 0.0.0.0/0",
            "reason: wanted runners have no fixed addresses, found x",
        ],
    ),
    (
        "ecs",
        "put_cluster_capacity_providers",
        |_| json!({"cluster": "news", "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": []}),
        &[
            "set capacity of cluster `news`: capacity: wanted FARGATE with base 1 and weight 1, FARGATE_SPOT with weight 4, found no strategy",
        ],
    ),
    // Without it ECS takes no change of the service.
    (
        "elbv2",
        "modify_listener",
        |found| json!({"ListenerArn": found.listener, "DefaultActions": [{"Type": "forward", "TargetGroupArn": found.other_target_group}]}),
        &["listener `news-api:80`", "forwards to: wanted news-api, found arn:"],
    ),
];

/// Takes the project's tag off a security group.
pub(super) fn untag_a_group(boto: &mut Boto, administrator: &Person) {
    let group = Found::of(boto, administrator).host_group;
    boto.call(
        administrator,
        "ec2",
        "delete_tags",
        json!({"Resources": [group], "Tags": [{"Key": "greenroom:project"}]}),
    );
}

/// Changes everything that is here, one after another; but for the deploy user, where there is none.
pub(super) fn change_everything(boto: &mut Boto, administrator: &Person, has_user: bool) {
    let found = Found::of(boto, administrator);
    for (service, call, with, _) in CASES.iter().filter(|(_, call, ..)| has_user || !call.ends_with("_user_policy")) {
        boto.call(administrator, service, call, with(&found));
    }
}

#[test]
fn every_change_by_hand_is_found_and_mended() {
    let (project, served, mut boto) = (Project::check_out(), Served::start(&[]), Boto::start());
    let person = served.administrator(&project, "person");
    person.apply().ends(0);
    let found = Found::of(&mut boto, &person);
    let wanted = boto.dump(&person);
    for (service, call, with, says) in CASES {
        boto.call(&person, service, call, with(&found));
        let drift = person.run(&["drift"]).ends(2);
        for part in says {
            assert!(drift.stdout.contains(part), "{service}.{call}: `{part}` is not in\n{}", drift.stdout);
        }
        assert_eq!(person.run(&["plan"]).ends(2).stdout, drift.stdout, "{call}");
        person.run(&["apply", "--yes"]).ends(0);
        person.run(&["drift"]).ends(0);
        assert_alike(&boto.dump(&person), &wanted, call);
    }
}

#[test]
fn a_tag_that_was_taken_off_is_drift_and_is_put_back_on_request() {
    let (project, served, mut boto) = (Project::check_out(), Served::start(&[]), Boto::start());
    let person = served.administrator(&project, "person");
    person.apply().ends(0);
    boto.call(&person, "iam", "untag_role", json!({"RoleName": "news-api-task", "TagKeys": ["greenroom:project"]}));
    let drift = person.run(&["drift"]).ends(2);
    assert!(drift.stdout.contains("note: role `news-api-task` is somebody else's"), "{}", drift.stdout);
    person.run(&["plan"]).ends(0);
    person.run(&["apply", "--yes", "--adopt", "news-api-task"]).ends(0);
    person.run(&["drift"]).ends(0);
}

#[test]
fn a_retention_that_was_prolonged_by_hand_is_found_and_shortened_where_nothing_is_lost() {
    let (project, served, mut boto) = (Project::check_out(), Served::start(&[]), Boto::start());
    let person = served.administrator(&project, "person");
    person.apply().ends(0);
    // A new group has no events that are older, so that this shortens nothing.
    boto.call(
        &person,
        "logs",
        "put_retention_policy",
        json!({"logGroupName": "/ecs/news-api", "retentionInDays": 365}),
    );
    let drift = person.run(&["drift"]).ends(2);
    let said = "set retention of log group `/ecs/news-api` to 30 days: retention: wanted 30 days, found 365 days";
    assert!(drift.stdout.contains(said), "{}", drift.stdout);
    person.run(&["apply", "--yes"]).ends(0);
    person.run(&["drift"]).ends(0);
}
