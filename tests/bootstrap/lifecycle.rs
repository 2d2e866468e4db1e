//! From nothing to ready and back.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use super::account::{Boto, Served, assert_alike};
use super::{Project, written};

/// What stays when everything of the project is gone: roles that are AWS's.
pub(super) fn without_service_roles(mut dump: Value) -> Value {
    dump.as_object_mut().expect("a dump").retain(|key, _| !key.starts_with("role AWSServiceRole"));
    dump
}

#[test]
fn an_account_is_made_ready_and_taken_back_object_for_object() {
    let (project, served, mut boto) = (Project::check_out(), Served::start(&[]), Boto::start());
    let person = served.administrator(&project, "person");
    let before = boto.dump(&person);

    let plan = person.run(&["plan", "--json"]).ends(2);
    let plan: Value = serde_json::from_str(&plan.stdout).expect("JSON was asked for");
    assert_eq!((&plan["version"], &plan["project"]), (&json!(1), &json!("news-api")));
    assert!(plan["changes"].as_array().is_some_and(|changes| changes.len() == 30), "{plan:#}");
    assert_alike(&boto.dump(&person), &before, "a plan changes nothing");

    person.run(&["apply", "--yes"]).ends(3);
    assert_alike(&boto.dump(&person), &before, "nothing is done where a key would be lost");
    person.apply().ends(0);
    let mode = std::fs::metadata(person.key_file()).expect("the key was handed over").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(person.run(&["plan"]).ends(0).stdout, "nothing to do\n");
    person.run(&["drift"]).ends(0);

    // A deploy's own.
    let revision = boto.call(&person, "ecs", "describe_task_definition", json!({"taskDefinition": "news-api"}));
    let mut definition = revision["taskDefinition"].clone();
    let members = definition.as_object_mut().expect("an object");
    members.retain(|key, _| {
        [
            "family",
            "containerDefinitions",
            "executionRoleArn",
            "taskRoleArn",
            "networkMode",
            "requiresCompatibilities",
            "cpu",
            "memory",
        ]
        .contains(&key.as_str())
    });
    boto.call(&person, "ecs", "register_task_definition", definition);
    let update = json!({"cluster": "news", "service": "news-api", "taskDefinition": "news-api:2", "desiredCount": 2});
    boto.call(&person, "ecs", "update_service", update);
    person.run(&["drift"]).ends(0);

    let destroyed = person.run(&["destroy", "--yes"]).ends(0);
    assert!(destroyed.stdout.contains("`AWSServiceRoleForECS` stays"), "{}", destroyed.stdout);
    assert_alike(&without_service_roles(boto.dump(&person)), &before, "destroyed");
    assert!(person.run(&["destroy", "--yes"]).ends(0).stdout.starts_with("nothing to do"));
    person.run(&["apply", "--yes", "--show-access-key"]).ends(0);
}

#[test]
fn a_saved_plan_is_applied_or_refused() {
    let (project, served, mut boto) = (Project::check_out(), Served::start(&[]), Boto::start());
    let person = served.administrator(&project, "person");
    let file = person.place.join("plan.json").display().to_string();
    person.run(&["plan", "--out", &file]).ends(2);
    boto.call(&person, "logs", "create_log_group", json!({"logGroupName": "/ecs/news-api"}));
    let before = boto.dump(&person);
    let refused = person.run(&["apply", &file, "--yes", "--show-access-key"]).ends(3);
    assert!(refused.stderr.contains("the account has changed since it was saved"), "{}", refused.stderr);
    assert_alike(&boto.dump(&person), &before, "refused");
    boto.call(&person, "logs", "delete_log_group", json!({"logGroupName": "/ecs/news-api"}));
    person.run(&["apply", &file, "--yes", "--show-access-key"]).ends(0);
    person.run(&["plan"]).ends(0);
}

#[test]
fn what_is_somebody_elses_is_named_and_not_touched_until_it_is_adopted() {
    let (project, served, mut boto) = (Project::check_out(), Served::start(&[]), Boto::start());
    let person = served.administrator(&project, "person");
    boto.call(&person, "ecr", "create_repository", json!({"repositoryName": "news-api"}));
    let strategy = json!([
        {"capacityProvider": "FARGATE", "base": 1, "weight": 1},
        {"capacityProvider": "FARGATE_SPOT", "base": 0, "weight": 4},
    ]);
    let cluster = json!({
        "clusterName": "news", "capacityProviders": ["FARGATE", "FARGATE_SPOT"], "defaultCapacityProviderStrategy": strategy,
    });
    boto.call(&person, "ecs", "create_cluster", cluster);
    let before = boto.dump(&person);
    let refused = person.run(&["apply", "--yes", "--show-access-key"]).ends(3);
    assert!(refused.stdout.contains("in the way: repository `news-api` is somebody else's"), "{}", refused.stdout);
    assert!(refused.stdout.contains("note: cluster `news` is somebody else's"), "{}", refused.stdout);
    assert_alike(&boto.dump(&person), &before, "refused");

    person.run(&["apply", "--yes", "--show-access-key", "--adopt", "news-api"]).ends(0);
    person.run(&["plan"]).ends(0);
    person.run(&["destroy", "--yes"]).ends(0);
    let left = without_service_roles(boto.dump(&person));
    let clusters: Vec<&String> =
        left.as_object().expect("a dump").keys().filter(|key| key.starts_with("cluster")).collect();
    assert_eq!(clusters.len(), 1, "the cluster was never ours");
    assert!(left.get("repository news-api").is_none(), "the repository had become ours");
}

#[test]
fn no_secret_is_written_or_shown_anywhere_else() {
    let (project, served) = (Project::check_out(), Served::start(&[]));
    let person = served.administrator(&project, "person");
    let plan = person.run(&["plan", "--out", &person.place.join("plan.json").display().to_string()]);
    let apply = person.apply().ends(0);
    let key = std::fs::read_to_string(person.key_file()).expect("it was handed over");
    let (id, secret) = (value(&key, "AWS_ACCESS_KEY_ID"), value(&key, "AWS_SECRET_ACCESS_KEY"));
    assert!(id.starts_with("AKIA") && secret.len() == 40, "{key}");
    let drift = person.run(&["drift", "--json"]).ends(0);
    let destroy = person.run(&["destroy", "--yes", "--json"]).ends(0);
    let mut all = written(&person.place);
    for ran in [plan, apply, drift, destroy] {
        all.push_str(&ran.stdout);
        all.push_str(&ran.stderr);
    }
    assert!(all.contains("create access key of user `news-api-deploy`"), "the journal was not found");
    for secret in [secret, person.secret_access_key.as_str()] {
        assert!(!all.contains(secret), "a secret was written");
    }
}

pub(super) fn value<'a>(key: &'a str, name: &str) -> &'a str {
    key.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap_or_else(|| panic!("no {name}"))
}
