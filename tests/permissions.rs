//! A rehearsal proves the deploy's policy: the one that bootstrap writes, and one that the user has.

use std::fs;

use serde_json::{Value, json};

use crate::app::{App, Run};

fn rehearse(policy: Option<&Value>) -> Run {
    let app = App::check_out("v2");
    let mut command = app.command("postgres");
    if let Some(policy) = policy {
        let file = app.path().join("deploy-policy.json");
        fs::write(&file, policy.to_string()).expect("the checkout is ours");
        command.arg("--policy").arg(file);
    }
    app.finished(&command.output().expect("greenroom can be run"))
}

/// The policies as bootstrap prints them, of the account in the fixture's files.
fn bootstraps_own() -> Value {
    let app = App::check_out("v2");
    let mut command = crate::app::greenroom();
    command.args(["bootstrap", "policy", "--json", "--account", "123456789012", "-f"]);
    let output = command.arg(app.path().join("greenroom.toml")).output().expect("greenroom can be run");
    let printed: Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
    let policies = printed["policies"].as_array().expect("there are some");
    let of_deploys =
        policies.iter().find(|policy| policy["about"].as_str().is_some_and(|about| about.contains("for deploys")));
    of_deploys.expect("one is for deploys")["policy"].clone()
}

#[test]
fn the_policy_that_bootstrap_writes_is_neither_too_wide_nor_too_narrow() {
    let run = rehearse(None);
    assert_eq!(run.exit, Some(0), "{}", run.printed());
    let permissions = &run.report["permissions"];
    assert_eq!(permissions["refused"], 0, "{}", run.printed());
    assert!(permissions["asked"].as_u64() > Some(12), "{}", run.printed());
    let not_shown = permissions["notShown"].as_array().expect("a list");
    let shown = permissions["statementsUsed"].as_u64().zip(permissions["statements"].as_u64());
    let (used, all) = shown.expect("both are numbers");
    assert_eq!(used + not_shown.len() as u64, all, "nothing is in vain: {}", run.printed());
    assert!(used >= 6, "{}", run.printed());
    assert!(run.stdout.contains("every call allowed ("), "{}", run.printed());
    let of_policy = |finding: &&Value| finding["code"].as_str().is_some_and(|code| code.starts_with("A-"));
    let findings = run.report["findings"].as_array().expect("a list");
    assert_eq!(findings.iter().find(of_policy), None, "{}", run.printed());
}

#[test]
fn a_policy_of_the_users_own_is_judged_by_what_the_deploy_asks_for() {
    let mut policy = bootstraps_own();
    let statements = policy["Statement"].as_array_mut().expect("statements");
    statements.retain(|statement| statement["Sid"] != "Run");
    for statement in statements.iter_mut() {
        if statement["Sid"] == "Push" {
            statement["Action"] = json!("ecr:*");
        }
    }
    statements.push(json!({"Sid": "Bucket", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}));
    let run = rehearse(Some(&policy));
    // The rehearsal itself succeeds, with bootstrap's policy; with this one the deploy would not.
    assert_eq!(run.exit, Some(5), "{}", run.printed());
    assert_eq!(run.ended("roll back"), "proved", "{}", run.printed());
    for part in [
        "error[A-01] the deploy's policy does not allow ecs:RunTask on arn:aws:ecs:eu-central-1:123456789012:task-definition/news-api:*",
        "add this statement to `",
        "warning[A-03] nothing in the whole deploy used statement `Bucket`",
        "warning[A-04] statement `Push`",
    ] {
        assert!(run.stdout.contains(part), "`{part}` is not in {}", run.printed());
    }
    assert_eq!(run.report["permissions"]["policies"].as_array().map(Vec::len), Some(1), "{}", run.printed());
}
