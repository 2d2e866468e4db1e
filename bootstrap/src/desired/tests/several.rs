//! A project of several services.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::{Contradiction, Desired};
use super::rights::allowing;
use super::{example_config, example_location, example_oidc_config};
use crate::config::name::ServiceKey;
use crate::config::{self, Config};
use crate::policy::Quota;
use crate::task_definition::TaskDefinition;

/// What encrypts the images of [`example_several`].
pub(crate) const IMAGE_KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// The example project with two services beside the first: `worker` gets no requests and has an image of its own, and `admin` gets those
/// of another port, with the image of the first.
pub(crate) fn example_several_config(change: impl FnOnce(&mut Value, &mut Value)) -> Config {
    let definition = |name: &str, execution: &str, group: &str| {
        json!({
            "family": format!("news-{name}"),
            "executionRoleArn": execution,
            "taskRoleArn": format!("news-{name}-task"),
            "networkMode": "awsvpc",
            "containerDefinitions": [{
                "name": name,
                "image": format!("{name}:1"),
                "secrets": [{"name": "BROKER_URL", "valueFrom": format!("/news/{name}")}],
                "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": group}},
            }],
        })
    };
    let mut sections = json!({
        "admin": {
            "task-definition": "admin.json", "desired-count": 1, "repository": "news-api", "autoscaling": true,
            "listener-port": 8080, "port": 9000, "health-check-path": "/", "health-check-grace-period-seconds": 9,
        },
        "worker": {"task-definition": "worker.json", "desired-count": 2, "maximum-percent": 150},
    });
    let mut definitions = json!({
        "admin": definition("admin", "news-admin-execution", "/ecs/news-api"),
        "worker": definition("worker", "news-api-execution", "/ecs/news-worker"),
    });
    definitions["admin"]["containerDefinitions"][0]["portMappings"] = json!([{"containerPort": 9000}]);
    definitions["worker"]["tags"] = json!([{"key": "team", "value": "news"}]);
    change(&mut sections, &mut definitions);
    let config = example_config(|_| ());
    let sections = sections.as_object().expect("an object").iter();
    let further = sections.map(|(key, section)| {
        let section = serde_json::from_value::<config::FurtherSection>(section.clone()).expect("a section");
        let definition = TaskDefinition::parse(&definitions[key].to_string()).expect("a task definition");
        let key = ServiceKey::parse(key).expect("a name");
        config::Further::new(&key, &section, &config.project.name, definition, None).expect("the keys go together")
    });
    let further = further.collect();
    let repository = json!({"encryption": IMAGE_KEY});
    Config {
        further,
        task_role_policy: Some(allowing(&["s3:GetObject"])),
        repository: serde_json::from_value::<config::Repository>(repository).expect("a section"),
        ..config
    }
}

pub(crate) fn example_several() -> Desired {
    Desired::new(&example_several_config(|_, _| ()), &example_location()).expect("the example has no contradictions")
}

#[test]
fn a_key_of_another_region_is_refused() {
    let mut config = example_several_config(|_, _| ());
    let encryption = json!({"encryption": IMAGE_KEY.replace("eu-central-1", "us-east-1")});
    config.repository = serde_json::from_value::<config::Repository>(encryption).expect("a section");
    let error = Desired::new(&config, &example_location()).expect_err("ECR refuses it");
    let said: Vec<String> = error.contradictions.iter().map(Contradiction::to_string).collect();
    assert_eq!(said, ["`[repository] encryption` is a key in region `us-east-1`, the project is in `eu-central-1`"]);
}

#[test]
fn services_share_what_they_name_alike_and_nothing_else() {
    let desired = example_several();
    let names = |specs: Vec<&str>| specs.join(" ");
    let repositories = desired.repositories.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names(repositories), "news-api news-api-worker");
    let groups = desired.log_groups.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names(groups), "/ecs/news-api /ecs/news-worker");
    assert_eq!(
        names(desired.roles().map(|role| role.name.as_str()).collect()),
        "news-api-execution news-admin-execution news-api-task news-admin-task news-worker-task"
    );
    let services: Vec<String> = desired.services().map(|service| service.id().name).collect();
    assert_eq!(services, ["news/news-api", "news/news-api-admin", "news/news-api-worker"]);
    assert!(desired.autoscaling);
    // Whoever starts the tasks of one service alone reads that one's secrets and pulls that one's image alone.
    let starting: Vec<String> = desired
        .execution_roles
        .iter()
        .map(|role| role.policy.as_ref().map(|policy| policy.to_text()).unwrap_or_default())
        .collect();
    for (text, part, there) in [
        (&starting[0], "repository/news-api-worker", true),
        (&starting[0], "parameter/news/worker", true),
        (&starting[0], "parameter/news/admin", false),
        (&starting[1], "repository/news-api\"", true),
        (&starting[1], "news-api-worker", false),
        (&starting[1], "parameter/news/admin", true),
        (&starting[1], "database-url", false),
        (&starting[1], "/ecs/news-worker", false),
    ] {
        assert_eq!(text.contains(part), there, "{part}: {text}");
    }
}

#[test]
fn a_deploy_may_update_each_of_the_projects_services() {
    let desired = example_several();
    let policy = desired.deployer.policy().expect("it is too long for one inside a user");
    let mut found: BTreeSet<String> = BTreeSet::new();
    for statement in policy.document["Statement"].as_array().expect("a list") {
        let resources = &statement["Resource"];
        let resources = resources.as_array().cloned().unwrap_or_else(|| vec![resources.clone()]);
        let sid = statement["Sid"].as_str().expect("a text");
        found.extend(resources.iter().map(|arn| format!("{sid} {}", arn.as_str().expect("a text"))));
    }
    let ecs = |rest: &str| format!("arn:aws:ecs:eu-central-1:123456789012:{rest}");
    let mut wanted: BTreeSet<String> = ["Account *".to_owned(), "Tasks *".to_owned()].into();
    for repository in ["news-api", "news-api-worker"] {
        wanted.insert(format!("Push arn:aws:ecr:eu-central-1:123456789012:repository/{repository}"));
    }
    for (family, service) in
        [("news-api", "news-api"), ("news-admin", "news-api-admin"), ("news-worker", "news-api-worker")]
    {
        wanted.insert(format!("Register {}", ecs(&format!("task-definition/{family}:*"))));
        wanted.insert(format!("Run {}", ecs(&format!("task-definition/{family}:*"))));
        wanted.insert(format!("Rollout {}", ecs(&format!("service/news/{service}"))));
        wanted.insert(format!("Rollout {}", ecs(&format!("service-deployment/news/{service}/*"))));
    }
    wanted.insert(format!("Run {}", ecs("task/news/*")));
    wanted.insert(format!("Tag {}", ecs("task-definition/news-worker:*")));
    for role in ["news-api-execution", "news-admin-execution", "news-api-task", "news-admin-task", "news-worker-task"] {
        wanted.insert(format!("Pass arn:aws:iam::123456789012:role/{role}"));
    }
    for group in ["/ecs/news-api", "/ecs/news-worker"] {
        let arn = format!("arn:aws:logs:eu-central-1:123456789012:log-group:{group}");
        wanted.insert(format!("Logs {arn}"));
        wanted.insert(format!("Logs {arn}:*"));
    }
    assert_eq!(found, wanted);
}

#[test]
fn contradictions_of_further_services_name_their_section() {
    // (what is changed in the example, what is said)
    type Case = (fn(&mut Value, &mut Value), &'static str);
    let cases: [Case; 9] = [
        (
            |sections, _| sections["worker"]["container"] = json!("queue"),
            "`[services.worker] container` is `queue`, the task definition of `[services.worker]` has `worker`",
        ),
        (
            |sections, _| sections["admin"]["port"] = json!(9001),
            "`[services.admin] port` is 9001, container `admin` maps `9000`",
        ),
        (
            |_, definitions| drop(definitions["worker"].as_object_mut().expect("an object").remove("executionRoleArn")),
            "the task definition of `[services.worker]` has no `executionRoleArn`, without which ECS cannot pull its image",
        ),
        (
            |_, definitions| definitions["worker"]["family"] = json!("news-api"),
            "there would be two of task definition `news-api`",
        ),
        (|sections, _| sections["worker"]["name"] = json!("news-api"), "there would be two of service `news/news-api`"),
        (
            |_, definitions| {
                definitions["worker"]["taskRoleArn"] = json!("arn:aws:iam::123456789012:role/x/news-api-task")
            },
            "there would be two of role `news-api-task`",
        ),
        (
            |sections, definitions| {
                sections["database"] = sections["worker"].take();
                definitions["database"] = definitions["worker"].take();
                sections.as_object_mut().expect("an object").remove("worker");
                sections["database"]["container"] = json!("worker");
            },
            "there would be two of security group `news-api-database`",
        ),
        (
            |sections, definitions| {
                sections["another-admin"] = sections["admin"].clone();
                sections["another-admin"]["container"] = json!("admin");
                definitions["another-admin"] = definitions["admin"].clone();
                definitions["another-admin"]["family"] = json!("another-admin");
            },
            "there would be two of listener `news-api:8080`",
        ),
        (
            |sections, definitions| {
                let key = "a23456789012345678901234567890";
                sections[key] = sections["admin"].take();
                sections.as_object_mut().expect("an object").remove("admin");
                sections[key]["container"] = json!("admin");
                definitions[key] = definitions["admin"].take();
            },
            "a target group would be called `news-api-a23456789012345678901234567890`, and AWS allows 32 characters: shorten `[project] name` by 7",
        ),
    ];
    for (change, expected) in cases {
        let error = Desired::new(&example_several_config(change), &example_location()).expect_err(expected);
        let said: Vec<String> = error.contradictions.iter().map(Contradiction::to_string).collect();
        assert_eq!(said.len(), 1, "{expected}: {said:#?}");
        assert!(said[0].starts_with(expected), "{expected}: {said:#?}");
    }
}

#[test]
fn more_services_than_a_users_policy_holds_can_be_deployed_with_a_role() {
    let many = example_several_config(|sections, definitions| {
        for number in 0..12 {
            let key = format!("worker-{number}");
            sections[&key] = sections["worker"].clone();
            sections[&key]["container"] = json!("worker");
            definitions[&key] = definitions["worker"].clone();
            definitions[&key]["family"] = json!(key);
        }
    });
    let error = Desired::new(&many, &example_location()).expect_err("a managed policy is too small");
    let [Contradiction::PolicyTooLarge { resource, too_large }] = error.contradictions.as_slice() else {
        panic!("{error}")
    };
    assert_eq!((resource.name.as_str(), too_large.quota), ("news-api-deploy", Quota::Managed));
    let with_role = Config { deployer: example_oidc_config().deployer, ..many };
    let desired = Desired::new(&with_role, &example_location()).expect("a role's policies may be longer");
    assert_eq!(desired.services().count(), 15);
}
