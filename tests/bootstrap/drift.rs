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
    target_group: String,
    listener: String,
    other_target_group: String,
}

impl Found {
    fn of(boto: &mut Boto, person: &Person) -> Self {
        let text = |value: &Value| value.as_str().expect("it is there").to_owned();
        let named = json!({"Filters": [{"Name": "group-name", "Values": ["news-api-service"]}]});
        let groups = boto.call(person, "ec2", "describe_security_groups", named);
        let balancers = boto.call(person, "elbv2", "describe_load_balancers", json!({"Names": ["news-api"]}));
        let balancer = &balancers["LoadBalancers"][0]["LoadBalancerArn"];
        let listeners = boto.call(person, "elbv2", "describe_listeners", json!({"LoadBalancerArn": balancer}));
        let targets = boto.call(person, "elbv2", "describe_target_groups", json!({"Names": ["news-api"]}));
        let vpc = &targets["TargetGroups"][0]["VpcId"];
        let other = json!({"Name": "other", "Protocol": "HTTP", "Port": 80, "VpcId": vpc, "TargetType": "ip"});
        let other = boto.call(person, "elbv2", "create_target_group", other);
        Self {
            group: text(&groups["SecurityGroups"][0]["GroupId"]),
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

const CASES: [Case; 15] = [
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
    // Without it ECS takes no change of the service.
    (
        "elbv2",
        "modify_listener",
        |found| json!({"ListenerArn": found.listener, "DefaultActions": [{"Type": "forward", "TargetGroupArn": found.other_target_group}]}),
        &["listener `news-api:80`", "forwards to: wanted news-api, found arn:"],
    ),
];

/// Changes everything that is here, one after another.
pub(super) fn change_everything(boto: &mut Boto, administrator: &Person) {
    let found = Found::of(boto, administrator);
    for (service, call, with, _) in CASES {
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
fn a_retention_that_would_delete_events_is_left_and_told() {
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
    assert!(drift.stdout.contains("retention: wanted 30 days, found 365 days"), "{}", drift.stdout);
}
