//! A project of several services: from nothing to ready and back, by somebody who may do no more than `policy` prints; and what a
//! rehearsal says of the services that it does not deploy.

use serde_json::{Value, json};

use super::account::{Boto, Served, assert_alike};
use super::lifecycle::without_service_roles;
use super::person::{printed, with};
use super::{Person, Project};

/// A worker that gets no requests, and an admin whose requests come to another port and whose image is the first service's.
const SERVICES: &str = r#"
[services.worker]
task-definition = "worker.json"
desired-count = 2
maximum-percent = 150

[services.admin]
task-definition = "admin.json"
name = "news-admin"
repository = "news-api"
desired-count = 1
listener-port = 8080
port = 9000
health-check-path = "/"
"#;

const BEHAVIOURS: &str = "[[containers.settings]]\nexits = { after = \"200ms\", code = 0 }\n[[containers.app]]\nup-after = \"3s\"\n[[containers.ready]]\n";

pub(super) fn project() -> Project {
    let project = Project::with_secrets_of_others();
    let write = |name: &str, text: &str| {
        std::fs::write(project.app.path().join(name), text).expect("the checkout is ours");
    };
    let own = std::fs::read_to_string(project.config()).expect("it was checked out");
    write("greenroom.toml", &format!("{own}\n{SERVICES}"));
    for (name, execution) in [("worker", "news-api-execution"), ("admin", "news-admin-execution")] {
        let definition = json!({
            "family": format!("news-{name}"),
            "executionRoleArn": execution,
            "taskRoleArn": format!("news-{name}-task"),
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "tags": [{"key": "team", "value": "news"}],
            "containerDefinitions": [{
                "name": name,
                "image": format!("{name}:1"),
                "portMappings": if name == "admin" { json!([{"containerPort": 9000}]) } else { json!([]) },
                "secrets": [{"name": "BROKER_URL", "valueFrom": format!("/news/{name}")}],
                "logConfiguration": {"logDriver": "awslogs", "options": {
                    "awslogs-group": format!("/ecs/news-{name}"), "awslogs-region": "eu-central-1", "awslogs-stream-prefix": "ecs",
                }},
            }],
        });
        write(&format!("{name}.json"), &definition.to_string());
    }
    write("behaviours.toml", BEHAVIOURS);
    project
}

/// Takes a section out of greenroom.toml while its service is to run: it stays until somebody says that it goes, and then all goes that it
/// had to itself.
fn take_worker_out(project: &Project, person: &Person, boto: &mut Boto, administrator: &Person) {
    let text = std::fs::read_to_string(project.config()).expect("it was checked out");
    let (before, after) = text.split_once("[services.worker]").expect("it has the section");
    let (_, after) = after.split_once("[services.admin]").expect("it has the section");
    std::fs::write(project.config(), format!("{before}[services.admin]{after}")).expect("the checkout is ours");
    let running = json!({"cluster": "news", "service": "news-api-worker", "desiredCount": 1});
    boto.call(administrator, "ecs", "update_service", running);
    let stays = "service `news/news-api-worker` is no longer in greenroom.toml, where `[services]` asked for it, and stays: \
                 1 of its tasks run or are to; `--remove news/news-api-worker` takes it away with security group `news-api-worker`";
    let plan = person.run(&["plan"]).ends(2).stdout;
    assert!(plan.contains(stays), "{plan}");
    person.run(&["apply", "--yes"]).ends(0);
    let own = ["news-worker-task", "/ecs/news-worker", "news-api-worker"];
    let kept = without_persons(boto.dump(administrator)).to_string();
    assert!(own.iter().all(|name| kept.contains(name)), "{kept}");
    let removed = person.run(&["apply", "--yes", "--remove", "news/news-api-worker"]).ends(0);
    let left = without_persons(boto.dump(administrator));
    for name in own {
        assert!(!left.to_string().contains(name), "{name} is left: {}\n{left:#}", removed.stderr);
    }
    assert!(left.to_string().contains("news-admin"), "{left:#}");
    std::fs::write(project.config(), text).expect("the checkout is ours");
}

/// The account but for what the person may do, which was printed while greenroom.toml asked for everything.
fn without_persons(mut account: Value) -> Value {
    account.as_object_mut().expect("an object").retain(|key, _| !key.contains(":policy/person-"));
    account
}

#[test]
fn each_service_is_made_kept_and_taken_away() {
    let (project, served, mut boto) = (project(), Served::start(&[]), Boto::start());
    let administrator = served.administrator(&project, "administrator");
    let person = with(&mut boto, &administrator, &printed(&project), "person");
    let before = boto.dump(&administrator);
    let applied = person.apply().ends(0);
    assert!(applied.stderr.contains("/news-api and ") && applied.stderr.contains(":8080"), "{}", applied.stderr);
    assert!(person.run(&["plan"]).ends(0).stdout.starts_with("nothing to do\n"));
    let wanted = boto.dump(&administrator);
    assert!(wanted.to_string().contains("news-api-worker"), "{wanted:#}");

    // A deploy's own is no drift, and what else is changed by hand is.
    let scaled = json!({"cluster": "news", "service": "news-api-worker", "desiredCount": 1});
    boto.call(&administrator, "ecs", "update_service", scaled);
    person.run(&["drift"]).ends(0);
    let rollout = json!({"maximumPercent": 200, "minimumHealthyPercent": 100});
    let changed = json!({"cluster": "news", "service": "news-api-worker", "deploymentConfiguration": rollout});
    boto.call(&administrator, "ecs", "update_service", changed);
    boto.call(&administrator, "ecr", "delete_lifecycle_policy", json!({"repositoryName": "news-api-worker"}));
    let drift = person.run(&["drift"]).ends(2).stdout;
    for said in [
        "rollout of service `news/news-api-worker`: maximum percent: wanted 150, found 200",
        "lifecycle policy of repository `news-api-worker`: missing",
    ] {
        assert!(drift.contains(said), "{drift}");
    }
    person.run(&["apply", "--yes"]).ends(0);
    person.run(&["drift"]).ends(0);
    take_worker_out(&project, &person, &mut boto, &administrator);
    person.run(&["destroy", "--yes"]).ends(0);
    let after = without_service_roles(boto.dump(&administrator));
    assert_alike(&after, &without_service_roles(before), "destroyed");

    let mut rehearsal = project.app.command("postgres");
    rehearsal.args(["--engine", "virtual", "--behaviours"]).arg(project.app.path().join("behaviours.toml"));
    let run = project.app.finished(&rehearsal.output().expect("greenroom can be run"));
    assert_eq!(run.exit, Some(0), "{}", run.printed());
    for (name, tasks) in [("news-api-worker", "2 tasks of `news-api-worker`"), ("news-admin", "1 task of `news-api`")] {
        let said = format!("caution     service `{name}` ({tasks}) is not shown");
        assert!(run.stdout.contains(&said), "`{said}` is not in\n{}", run.printed());
    }
    assert_eq!(run.report["cautions"].as_array().map(Vec::len), Some(2), "{}", run.report);
}
