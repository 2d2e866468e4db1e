pub(crate) mod rights;
pub(crate) mod several;

use serde_json::{Value, json};

use super::*;
use crate::config::{self, Project};
use crate::location::{AccountId, Region};
use crate::task_definition::TaskDefinition;

/// The task definition of the example project.
pub(crate) fn example_task_definition() -> Value {
    json!({
        "family": "news-api",
        "executionRoleArn": "arn:aws:iam::123456789012:role/news-api-execution",
        "taskRoleArn": "arn:aws:iam::123456789012:role/news-api-task",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{
            "name": "app",
            "image": "news-api:v1",
            "portMappings": [{"containerPort": 8000}],
            "secrets": [{"name": "DATABASE_URL", "valueFrom": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:news-api/database-url"}],
            "logConfiguration": {"logDriver": "awslogs", "options": {
                "awslogs-group": "/ecs/news-api", "awslogs-region": "eu-central-1", "awslogs-stream-prefix": "app",
            }},
        }],
    })
}

pub(crate) fn example_location() -> Location {
    Location {
        account: AccountId::parse("123456789012").expect("twelve digits"),
        region: Region::parse("eu-central-1").expect("a region"),
    }
}

/// The example project with changes to its task definition.
pub(crate) fn example_config(change: impl FnOnce(&mut Value)) -> Config {
    let mut definition = example_task_definition();
    change(&mut definition);
    let project = json!({"name": "news-api", "region": "eu-central-1"});
    let service = json!({
        "cluster": "news", "name": "news-api", "container": "app", "port": 8000, "desired-count": 2,
        "health-check-path": "/healthz", "health-check-grace-period-seconds": 60,
    });
    Config {
        project: serde_json::from_value::<Project>(project).expect("a section"),
        service: serde_json::from_value::<config::Service>(service).expect("a section"),
        repository: config::Repository::default(),
        further: Vec::new(),
        shift: None,
        capacity: None,
        ssh: None,
        deployer: config::Deployer::User,
        boundary: None,
        host: None,
        task_definition: TaskDefinition::parse(&definition.to_string()).expect("a task definition"),
        task_role_policy: None,
        database_port: NonZeroU16::new(5432),
    }
}

pub(crate) fn example() -> Desired {
    Desired::new(&example_config(|_| ()), &example_location()).expect("the example has no contradictions")
}

/// The example project, whose deploys move requests in two steps and are tested and watched on the way.
pub(crate) fn example_canary_config() -> Config {
    let deployment = json!({
        "strategy": "canary", "canary-percent": 10, "bake-time-minutes": 5,
        "test-header": {"name": "x-release", "value": "next"},
        "hooks": [{"function": "check", "stages": ["post-test-traffic-shift", "production-traffic-shift"]}],
    });
    let deployment = serde_json::from_value::<config::Deployment>(deployment).expect("a section");
    Config { shift: deployment.shift().expect("the keys go together"), ..example_config(|_| ()) }
}

pub(crate) fn example_canary() -> Desired {
    Desired::new(&example_canary_config(), &example_location()).expect("the example has no contradictions")
}

/// The example project, deployed by the jobs of a workflow that name an environment and are of one branch, with an EC2 instance for tasks.
pub(crate) fn example_oidc_config() -> Config {
    let deploy = json!({
        "identity": "oidc", "repository": "acme/news-api", "repository-id": 74, "owner-id": 65,
        "environment": "production", "branch": "main",
    });
    let deploy = serde_json::from_value::<config::Deploy>(deploy).expect("a section");
    let host = serde_json::from_value::<config::Host>(json!({"runs": "ecs"})).expect("a section");
    let deployer = deploy.deployer().expect("the keys go together");
    Config { deployer, host: Some(host), ..example_config(|_| ()) }
}

pub(crate) fn example_oidc() -> Desired {
    Desired::new(&example_oidc_config(), &example_location()).expect("the example has no contradictions")
}

/// The example project with more log groups, which make its deploy policy too long for one inside a user, and with a
/// permissions boundary that lets the app call S3.
pub(crate) fn example_bounded_config() -> Config {
    let config = example_config(|definition| {
        for name in ["proxy", "worker"] {
            let mut container = definition["containerDefinitions"][0].clone();
            container["name"] = json!(name);
            container["portMappings"] = json!([]);
            container["logConfiguration"]["options"]["awslogs-group"] = json!(format!("/ecs/news-api/{name}"));
            definition["containerDefinitions"].as_array_mut().expect("a list").push(container);
        }
    });
    let permissions = json!({"boundary": "make", "services": ["s3"]});
    let permissions = serde_json::from_value::<config::Permissions>(permissions).expect("a section");
    Config { boundary: permissions.boundary().expect("the keys go together"), ..config }
}

pub(crate) fn example_bounded() -> Desired {
    Desired::new(&example_bounded_config(), &example_location()).expect("the example has no contradictions")
}

#[test]
fn a_policy_that_is_too_long_for_a_user_is_a_managed_one() {
    let desired = example_bounded();
    let Deployer::User(user, Some(policy)) = &desired.deployer else { panic!("{:?}", desired.deployer) };
    assert_eq!(user.policy, None);
    assert_eq!(user.managed, Some(policy.reference()));
    let size = crate::policy::quota::size(&policy.document.to_string());
    assert!(size > Quota::UserInline.limit() && size < Quota::Managed.limit(), "{size}");
    let config = example_config(|definition| definition["family"] = json!("a".repeat(255)));
    let desired = Desired::new(&config, &example_location()).expect("a managed policy has room for it");
    assert!(desired.deployer.policy().is_some());
}

#[test]
fn a_boundary_covers_all_that_it_bounds_and_no_other_service() {
    let desired = example_bounded();
    let boundary = desired.boundary.as_ref().expect("one is made");
    let statements = boundary.document["Statement"].as_array().expect("a list");
    let said = |key: &str| -> std::collections::BTreeSet<String> {
        let values = statements.iter().flat_map(|statement| {
            let value = &statement[key];
            value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
        });
        values.map(|value| value.as_str().expect("a text").to_owned()).collect()
    };
    let (actions, sids) = (said("Action"), said("Sid"));
    assert_eq!(sids.len(), statements.len(), "names are unique: {statements:#?}");
    let deploying = desired.deployer.policy().expect("it is long").document.to_string();
    let starting = desired.execution_roles[0].policy.as_ref().expect("it has one").to_text();
    for action in &actions {
        let quoted = format!("\"{action}\"");
        assert!(deploying.contains(&quoted) || starting.contains(&quoted) || action == "s3:*", "{action}");
    }
    for needed in ["ecs:UpdateService", "iam:PassRole", "logs:PutLogEvents", "secretsmanager:GetSecretValue", "s3:*"] {
        assert!(actions.contains(needed), "{needed}");
    }
    let bounded = desired.roles().filter(|role| role.boundary == Some(boundary.reference()));
    assert_eq!(bounded.count(), 2);
    assert_eq!(desired.deployer.user().and_then(|user| user.boundary.clone()), Some(boundary.reference()));
}

#[test]
fn what_an_organisation_demands_bounds_every_role() {
    let demanded = |account: &str| format!("arn:aws:iam::{account}:policy/developers");
    let desired = |account: &str| {
        let boundary = Some(config::Boundary::Demanded(demanded(account)));
        Desired::new(&Config { boundary, ..example_canary_config() }, &example_location())
    };
    let all = desired("123456789012").expect("no contradictions");
    assert!(all.roles().all(|role| role.boundary.as_ref().is_some_and(|boundary| !boundary.is_own)));
    assert_eq!(all.managed_policies().count(), 0);
    let error = desired("210987654321").expect_err("a boundary is of the same account");
    assert!(error.to_string().contains("`[permissions] boundary` is in account `210987654321`"), "{error}");
}

#[test]
fn exactly_the_jobs_that_are_named_may_deploy() {
    let trust = |section: Value| {
        let deploy = serde_json::from_value::<config::Deploy>(section).expect("a section");
        let config = Config { deployer: deploy.deployer().expect("it is whole"), ..example_config(|_| ()) };
        let desired = Desired::new(&config, &example_location()).expect("no contradictions");
        desired.deployer.role().expect("it is a role").trust.to_json()["Statement"][0].clone()
    };
    let section = |more: Value| {
        let mut section =
            json!({"identity": "oidc", "repository": "acme/news-api", "repository-id": 74, "owner-id": 65});
        section.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        section
    };
    const KEY: &str = "token.actions.githubusercontent.com";
    let (aud, id) = (format!("{KEY}:aud"), format!("{KEY}:repository_id"));
    let (sub, reference) = (format!("{KEY}:sub"), format!("{KEY}:ref"));
    let subjects =
        |rest: &str| json!([format!("repo:acme@65/news-api@74:{rest}"), format!("repo:acme/news-api:{rest}")]);
    let of_branch = trust(section(json!({"branch": "main"})));
    assert_eq!(
        of_branch,
        json!({
            "Effect": "Allow",
            "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {
                aud.as_str(): "sts.amazonaws.com", id.as_str(): "74", sub.as_str(): subjects("ref:refs/heads/main"),
            }},
        })
    );
    let of_tags = trust(section(json!({"tag": "v*"})));
    assert_eq!(of_tags["Condition"]["StringLike"], json!({sub.as_str(): subjects("ref:refs/tags/v*")}));
    let in_environment = trust(section(json!({"environment": "EU: blue", "branch": "main"})));
    assert_eq!(in_environment["Condition"]["StringEquals"][sub], subjects("environment:EU%3A blue"));
    assert_eq!(in_environment["Condition"]["StringEquals"][reference], "refs/heads/main");
}

#[test]
fn ecs_gets_roles_of_its_own_that_allow_just_what_it_does() {
    let desired = example_canary();
    let said: Vec<String> = desired
        .traffic_roles
        .iter()
        .map(|role| {
            let policy = role.policy.as_ref().map(|policy| policy.to_text()).unwrap_or_default();
            format!("{} {} {policy} {}", role.name, role.managed.clone().unwrap_or_default(), role.trust.to_text())
        })
        .collect();
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let call = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Call","Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:eu-central-1:123456789012:function:check"}]}"#;
    let managed = "arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers";
    assert_eq!(
        said,
        [format!("news-api-infrastructure {managed}  {trust}"), format!("news-api-hooks  {call} {trust}")]
    );
    assert_eq!(desired.deployer, example().deployer, "a deploy hands ECS none of them, and so may not");
}

#[test]
fn a_second_target_group_needs_a_name_too() {
    let mut config = example_canary_config();
    config.project.name = ProjectName::parse("a2345678901234567890123456789").expect("a name");
    let error = Desired::new(&config, &example_location()).expect_err("32 characters are all");
    assert!(error.to_string().contains("shorten `[project] name` by 1"), "{error}");
}

#[test]
fn everything_is_named_after_the_project() {
    let desired = example();
    let groups: Vec<&str> = desired.security_groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(groups, ["news-api-load-balancer", "news-api-service", "news-api-database"]);
    assert_eq!(
        desired.roles().map(|role| role.name.as_str()).collect::<Vec<_>>(),
        ["news-api-execution", "news-api-task"]
    );
    assert_eq!(desired.deployer.id().name, "news-api-deploy");
    assert_eq!(desired.repositories[0].arn, "arn:aws:ecr:eu-central-1:123456789012:repository/news-api");
}

#[test]
fn the_first_revision_names_the_repository_and_is_otherwise_the_users() {
    let desired = example();
    let mut expected = example_task_definition();
    expected["containerDefinitions"][0]["image"] =
        json!("123456789012.dkr.ecr.eu-central-1.amazonaws.com/news-api:bootstrap");
    assert_eq!(Value::Object(desired.first_revision.document.keys().clone()), expected);
}

#[test]
fn all_contradictions_are_told_together() {
    // (what is changed in the example, what is said)
    type Case = (fn(&mut Value), &'static [&'static str]);
    let cases: [Case; 6] = [
        (
            |definition| definition["taskRoleArn"] = json!("arn:aws:iam::210987654321:role/x"),
            &[
                "`taskRoleArn` of the task definition is in account `210987654321`, the credentials are for `123456789012`",
            ],
        ),
        (
            |definition| drop(definition.as_object_mut().expect("an object").remove("executionRoleArn")),
            &["the task definition has no `executionRoleArn`, without which ECS cannot pull its image"],
        ),
        (
            |definition| definition["containerDefinitions"][0]["name"] = json!("web"),
            &["`[service] container` is `app`, the task definition has `web`"],
        ),
        (
            |definition| definition["containerDefinitions"][0]["portMappings"] = json!([{"containerPort": 8080}]),
            &["`[service] port` is 8000, container `app` maps `8080`"],
        ),
        (
            |definition| {
                definition["containerDefinitions"][0]["logConfiguration"]["options"]["awslogs-region"] =
                    json!("us-east-1");
            },
            &[
                "the task definition logs to group `/ecs/news-api` in region `us-east-1`, the project is in `eu-central-1`",
            ],
        ),
        (
            |definition| {
                definition["networkMode"] = json!("bridge");
                definition["requiresCompatibilities"] = json!(["EC2"]);
            },
            &[
                "`networkMode` of the task definition is `bridge`, the service takes `awsvpc`",
                "`requiresCompatibilities` of the task definition has `EC2`, and not `FARGATE`",
            ],
        ),
    ];
    for (change, expected) in cases {
        let error = Desired::new(&example_config(change), &example_location()).expect_err(expected[0]);
        let said: Vec<String> = error.contradictions.iter().map(Contradiction::to_string).collect();
        assert_eq!(said, expected);
    }
}

#[test]
fn the_connection_must_be_to_the_projects_region() {
    let mut elsewhere = example_location();
    elsewhere.region = Region::parse("us-east-1").expect("a region");
    let error = Desired::new(&example_config(|_| ()), &elsewhere).expect_err("another region");
    let said = "`[project] region` is `eu-central-1`, the connection is to `us-east-1`";
    assert!(error.to_string().starts_with(said), "{error}");
}

#[test]
fn one_role_for_both_purposes_is_made_once() {
    let config = example_config(|definition| definition["taskRoleArn"] = definition["executionRoleArn"].clone());
    let desired = Desired::new(&config, &example_location()).expect("no contradictions");
    assert_eq!(desired.roles().count(), 1);
}
