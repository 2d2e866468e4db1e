//! Secrets and parameters: what is made, what is only looked for, and what a value that was handed over adds.

use serde_json::json;

use super::*;
use crate::desired::tests::{example_config, example_location};

const WHOLE: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:news-api/session-Ab12Cd";

/// The example project, whose app reads a secret that is made, one that is not, two parameters and something elsewhere.
fn reading() -> Desired {
    let config = example_config(|definition| {
        let named = |from: &str| json!({"name": "X", "valueFrom": from});
        definition["containerDefinitions"][0]["secrets"] = json!([
            named("arn:aws:secretsmanager:eu-central-1:123456789012:secret:news-api/database-url:url::"),
            named("arn:aws:secretsmanager:eu-central-1:123456789012:secret:news-api/database-url:user::"),
            named(WHOLE),
            named("/news-api/mail"),
            named("arn:aws:ssm:eu-central-1:123456789012:parameter/token"),
            named("arn:aws:ssm:us-east-1:123456789012:parameter/token"),
            named("/aws/reference/secretsmanager/news-api/other"),
        ]);
    });
    Desired::new(&config, &example_location()).expect("no contradictions")
}

/// The lines about secrets and parameters.
fn lines(plan: &Plan) -> Vec<String> {
    let text = plan.to_string();
    let about = text.lines().filter(|line| line.contains("secret `") || line.contains("parameter `"));
    about.map(|line| line.split_once(". ").map_or(line, |(_, rest)| rest).to_owned()).collect()
}

#[test]
fn what_tasks_read_is_made_without_a_value() {
    let desired = reading();
    let absent = format!(
        "note: secret `{WHOLE}` is not there, and no task starts without it: make it and put its ARN into the task definition, or name it without the six characters that end the ARN: it is made for you then"
    );
    let made = [
        "create secret `news-api/database-url` without a value: missing; containers read it when a task starts",
        "create parameter `token` with a placeholder for its value: missing; containers read it when a task starts",
        "create parameter `/news-api/mail` with a placeholder for its value: missing; containers read it when a task starts",
        absent.as_str(),
    ];
    assert_eq!(lines(&plan(&desired, &new_account())), made);
    let whole = plan(&desired, &complete(&desired));
    assert!(whole.is_empty() && !whole.has_drifted(), "{whole}");
}

#[test]
fn values_that_were_handed_over_are_written_and_nothing_else_is() {
    let desired = reading();
    let values = ["news-api/database-url", "/news-api/mail"].map(str::to_owned).into();
    let options = PlanOptions { values, ..PlanOptions::default() };
    let written = super::super::plan(&desired, &complete(&desired), &options);
    let expected = [
        "write value of secret `news-api/database-url`: its value was handed over",
        "write value of parameter `/news-api/mail`: its value was handed over",
    ];
    assert_eq!(lines(&written)[..2], expected);
    assert_eq!(written.steps().len(), 2);
    let values = [WHOLE.to_owned()].into();
    let refused = super::super::plan(&desired, &complete(&desired), &PlanOptions { values, ..PlanOptions::default() });
    assert!(refused.to_string().contains("its owner sets its value"), "{refused}");
}

#[test]
fn a_secret_is_deleted_with_time_to_restore_it_and_restored_when_it_is_wanted_again() {
    let desired = reading();
    let account = complete(&desired);
    let end = plan_destruction(&desired, &account, &PlanOptions::default());
    let said = "delete secret `news-api/database-url` in 30 days: the project's tasks read it; destroys its value, after the 30 days in which it can be restored";
    assert!(lines(&end).iter().any(|line| line == said), "{end}");
    let left = model::apply(&end, &account);
    assert!(plan_destruction(&desired, &left, &PlanOptions::default()).is_empty(), "it is going already");
    let again = plan(&desired, &left);
    let said = "restore secret `news-api/database-url`: deletion: wanted none, found scheduled";
    assert!(lines(&again).iter().any(|line| line == said), "{again}");
}
