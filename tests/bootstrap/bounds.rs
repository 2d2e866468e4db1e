//! Managed policies: a permissions boundary, and versions that come and go.

use serde_json::{Value, json};

use super::account::{Boto, Served, assert_alike};
use super::lifecycle::without_service_roles;
use super::{Person, Project};

const SECTION: &str = "[permissions]\nboundary = \"make\"\nservices = [\"s3\"]\n";

fn boundary(served: &Served) -> String {
    format!("arn:aws:iam::{}:policy/news-api-boundary", served.said("account"))
}

/// A deploy policy that is too long for one inside a user: the second container logs to a group with a long name.
fn lengthened() -> Project {
    let project = Project::check_out_with(SECTION);
    let file = project.config().with_file_name("task-definition.json");
    let text = std::fs::read_to_string(&file).expect("it was checked out");
    let mut definition: Value = serde_json::from_str(&text).expect("it is JSON");
    let containers = definition["taskDefinition"]["containerDefinitions"].as_array_mut().expect("a list");
    let mut second = containers[1].clone();
    second["name"] = json!("second");
    second["portMappings"] = json!([]);
    second["logConfiguration"]["options"]["awslogs-group"] = json!(format!("/ecs/{}", "a".repeat(200)));
    containers.push(second);
    std::fs::write(&file, definition.to_string()).expect("there is room");
    project
}

#[test]
fn what_is_bounded_can_never_be_allowed_more() {
    let (project, mut boto) = (lengthened(), Boto::start());
    let served = Served::start(&[]);
    let person = served.administrator(&project, "person");
    let before = boto.dump(&person);
    person.apply().ends(0);
    person.run(&["plan"]).ends(0);
    let wanted = boto.dump(&person);

    // Whatever else its policies say.
    let everything = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let widened = json!({"UserName": "news-api-deploy", "PolicyName": "more", "PolicyDocument": everything});
    boto.call(&person, "iam", "put_user_policy", widened);
    let text = std::fs::read_to_string(person.key_file()).expect("it was handed over");
    let deployer = Person {
        access_key_id: super::lifecycle::value(&text, "AWS_ACCESS_KEY_ID").to_owned(),
        secret_access_key: super::lifecycle::value(&text, "AWS_SECRET_ACCESS_KEY").to_owned(),
        ..person.clone()
    };
    let services = json!({"cluster": "news", "services": ["news-api"]});
    boto.call(&deployer, "ecs", "describe_services", services);
    let denied = boto.attempt(&deployer, "iam", "list_users", json!({}));
    assert_eq!(denied["error"], "AccessDenied", "{denied}");

    // What is changed by hand is mended, and IAM's five versions are enough however often.
    let arn = boundary(&served);
    for round in 0..6 {
        let version = json!({"PolicyArn": arn, "PolicyDocument": everything, "SetAsDefault": true});
        boto.call(&person, "iam", "create_policy_version", version);
        let drift = person.run(&["drift"]).ends(2);
        assert!(drift.stdout.contains("has beyond it `*` on `*`"), "{}", drift.stdout);
        person.run(&["apply", "--yes"]).ends(0);
        person.run(&["drift"]).ends(0);
        let versions = boto.call(&person, "iam", "list_policy_versions", json!({"PolicyArn": arn}));
        let count = versions["Versions"].as_array().map_or(0, Vec::len);
        assert!(count <= 5 && count > round.min(3), "{count} after round {round}");
        if count == 5 {
            // Room for the next change by hand.
            let oldest = versions["Versions"].as_array().and_then(|all| {
                all.iter().filter(|one| one["IsDefaultVersion"] == false).min_by_key(|one| {
                    one["VersionId"].as_str().and_then(|id| id.trim_start_matches('v').parse::<u32>().ok())
                })
            });
            let oldest = oldest.expect("not all of them count")["VersionId"].clone();
            boto.call(&person, "iam", "delete_policy_version", json!({"PolicyArn": arn, "VersionId": oldest}));
        }
    }
    for (call, with) in [
        ("delete_role_permissions_boundary", json!({"RoleName": "news-api-task"})),
        ("delete_user_permissions_boundary", json!({"UserName": "news-api-deploy"})),
        (
            "detach_user_policy",
            json!({"UserName": "news-api-deploy", "PolicyArn": arn.replace("-boundary", "-deploy")}),
        ),
    ] {
        boto.call(&person, "iam", call, with);
        person.run(&["drift"]).ends(2);
        person.run(&["apply", "--yes"]).ends(0);
    }
    person.run(&["drift"]).ends(0);
    assert_alike(&boto.dump(&person), &wanted, "mended");
    person.run(&["destroy", "--yes"]).ends(0);
    assert_alike(&without_service_roles(boto.dump(&person)), &before, "destroyed");
}

#[test]
fn a_boundary_that_is_demanded_is_set_and_never_touched() {
    let served = Served::start(&[]);
    let mut boto = Boto::start();
    let arn = format!("arn:aws:iam::{}:policy/developers", served.said("account"));
    let project = Project::check_out_with(&format!("[permissions]\nboundary = \"{arn}\"\n"));
    let person = served.administrator(&project, "person");
    let allowed = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecs:*","Resource":"*"}]}"#;
    boto.call(&person, "iam", "create_policy", json!({"PolicyName": "developers", "PolicyDocument": allowed}));
    let before = boto.dump(&person);
    person.apply().ends(0);
    for (call, name) in [("get_role", "RoleName"), ("get_user", "UserName")] {
        let named = if call == "get_role" { "news-api-execution" } else { "news-api-deploy" };
        let mut with = json!({});
        with[name] = json!(named);
        let found = boto.call(&person, "iam", call, with).to_string();
        assert!(found.contains(&arn), "{found}");
    }
    person.run(&["drift"]).ends(0);
    person.run(&["destroy", "--yes"]).ends(0);
    assert_alike(&without_service_roles(boto.dump(&person)), &before, "destroyed");
}
