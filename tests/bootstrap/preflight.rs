//! What is wrong with an account is told before anything is written to it, all at once.

use serde_json::{Value, json};

use super::account::{Boto, Served, assert_alike};
use super::{Person, Project};

/// Asserts that nothing is planned or done, that it is said why, and that the account is as it was.
fn is_refused(boto: &mut Boto, person: &Person, options: &[&str], says: &[&str]) {
    let before = boto.dump(person);
    for command in ["plan", "apply", "destroy"] {
        let mut arguments = vec![command];
        arguments.extend(options);
        arguments.extend((command != "plan").then_some("--yes"));
        arguments.extend((command == "apply").then_some("--show-access-key"));
        let ran = person.run(&arguments).ends(3);
        for part in says {
            assert!(ran.stderr.contains(part), "{command}: `{part}` is not in\n{}", ran.stderr);
        }
    }
    assert_alike(&boto.dump(person), &before, "nothing is written");
}

#[test]
fn a_wrong_account_or_region_is_refused_before_anything_is_written() {
    let (project, mut boto) = (Project::check_out(), Boto::start());
    let served = Served::start(&[]);
    let person = served.administrator(&project, "person");
    let region = "`[project] region` is `eu-central-1`, the connection is to `us-east-1`";
    is_refused(&mut boto, &person, &["--region", "us-east-1"], &[region]);
    let config = std::fs::read_to_string(&person.config).expect("it is there");
    let other = config.replace("[project]\n", "[project]\naccount = \"210987654321\"\n");
    std::fs::write(&person.config, other).expect("the checkout is ours");
    let account = "`[project] account` is `210987654321`, the credentials are for `123456789012`";
    is_refused(&mut boto, &person, &[], &[account]);
    is_refused(&mut boto, &person, &["--region", "us-east-1"], &[account, region]);
}

/// What files say against one another, too, and each such thing at once with the others.
#[test]
fn what_the_files_say_against_one_another_is_pointed_at() {
    let project = Project::check_out();
    let config = std::fs::read_to_string(project.config()).expect("it was checked out");
    let wrong = config.replace("port = 8000", "port = 8001").replace("container = \"app\"", "container = \"proxy\"");
    let definition = project.config().with_file_name("task-definition.json");
    let text = std::fs::read_to_string(&definition).expect("it was checked out");
    std::fs::write(definition, text.replace("\"awsvpc\"", "\"bridge\"")).expect("the checkout is ours");
    let rights = "[files]\ntask-role-policy = \"task-role-policy.json\"";
    for (written, keys, said) in [
        (wrong.clone(), ["container = \"proxy\"", "task-definition ="], "`[service] container` is `proxy`"),
        (
            format!("{wrong}\n[permissions]\nboundary = \"make\"\nservices = [\"sqs\"]\n"),
            ["services = [\"sqs\"]", "container = \"proxy\""],
            "`[files] task-role-policy` allows actions of `s3`",
        ),
        (
            config.replace(rights, &rights.replace(".json", ".yaml")),
            ["task-role-policy.yaml", "task-role-policy.yaml"],
            "cannot read `task-role-policy.yaml`",
        ),
    ] {
        std::fs::write(project.config(), &written).expect("the checkout is ours");
        let ran = Person::nobody(&project).run(&["policy", "--account", "123456789012"]).ends(3);
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
        for key in keys {
            let line = written.lines().position(|line| line.contains(key)).expect("it is there") + 1;
            let place = format!("greenroom.toml:{line}:");
            assert!(ran.stderr.contains(&place), "`{place}` is not in\n{}", ran.stderr);
        }
    }
}

#[test]
fn an_account_without_room_is_told_so_with_everything_else_that_is_in_the_way() {
    let (project, served, mut boto) = (Project::check_out(), Served::start(&[]), Boto::start());
    let person = served.administrator(&project, "person");
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let summary = boto.call(&person, "iam", "get_account_summary", json!({}))["SummaryMap"].clone();
    let room = |summary: &Value| summary["RolesQuota"].as_u64().zip(summary["Roles"].as_u64());
    let (most, present) = room(&summary).expect("IAM says both");
    // Five roles are needed, and there is room for four.
    for number in present..most - 4 {
        let role = json!({"RoleName": format!("role-{number}"), "AssumeRolePolicyDocument": trust});
        boto.call(&person, "iam", "create_role", role);
    }
    boto.call(&person, "ecr", "create_repository", json!({"repositoryName": "news-api"}));
    let ran = person.run(&["apply", "--yes", "--show-access-key"]).ends(3);
    for part in [
        "in the way: the account has 996 of 1000 roles, and 5 more would be made; delete some, or ask for more",
        "in the way: repository `news-api` is somebody else's",
    ] {
        assert!(ran.stdout.contains(part), "`{part}` is not in\n{}", ran.stdout);
    }
    assert_eq!(boto.call(&person, "ecs", "list_clusters", json!({}))["clusterArns"], json!([]), "nothing is done");
    boto.call(&person, "iam", "delete_role", json!({"RoleName": "role-995"}));
    person.run(&["apply", "--yes", "--show-access-key", "--adopt", "news-api"]).ends(0);
}

#[test]
fn port_22_is_opened_to_everybody_only_for_a_reason() {
    let (project, served, mut boto) = (Project::check_out(), Served::start(&[]), Boto::start());
    let person = served.administrator(&project, "person");
    let config = std::fs::read_to_string(&person.config).expect("it is there");
    let reason = ", reason = \"runners have no fixed addresses\"";
    assert!(config.contains(reason), "{config}");
    std::fs::write(&person.config, config.replace(reason, "")).expect("the checkout is ours");
    is_refused(
        &mut boto,
        &person,
        &[],
        &["`0.0.0.0/0` opens port 22 to a great part of the internet", "greenroom.toml:"],
    );
}
