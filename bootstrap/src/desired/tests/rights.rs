//! What the apps may do, as far as greenroom.toml says it.

use serde_json::json;

use super::super::{Contradiction, Desired};
use super::several::example_several_config;
use super::{example_bounded_config, example_config, example_location};
use crate::config::Config;
use crate::policy::TaskRolePolicy;

/// A policy that allows these actions on everything.
pub(crate) fn allowing(actions: &[&str]) -> TaskRolePolicy {
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
    let document = json!({"Version": "2012-10-17", "Statement": [statement]});
    TaskRolePolicy::parse(&document.to_string()).expect("IAM takes it")
}

fn with(actions: &[&str], config: Config) -> Config {
    Config { task_role_policy: Some(allowing(actions)), ..config }
}

#[test]
fn an_apps_policy_needs_a_role_of_its_own_and_room_in_the_boundary() {
    let role = |name: &'static str| example_config(move |definition| definition["taskRoleArn"] = json!(name));
    let s3: &[&str] = &["s3:GetObject"];
    let shared = |worker: &[&str]| {
        let mut config = example_several_config(|_, definitions| {
            definitions["worker"]["taskRoleArn"] = json!("news-api-task");
        });
        config.further[1].task_role_policy = Some(allowing(worker));
        with(s3, config)
    };
    let no_role = "`[files] task-role-policy` is for the app's own role, and the task definition names no `taskRoleArn`, \
                   or a role that starts tasks";
    let other = "`[services.worker] task-role-policy` is not the policy that another service gives role `news-api-task`, which both apps have";
    let beyond = "`[files] task-role-policy` allows actions of `dynamodb`, `sqs`, and the boundary none of them: \
                  add them to `[permissions] services`";
    let refused = "`[files] task-role-policy` allows actions of `*`, `sts`, and the boundary none of them: \
                   add them to `[permissions] services`, which does not take `*`, `sts`";
    for (config, said) in [
        (with(s3, example_config(|_| ())), None),
        (with(s3, role("news-api-execution")), Some(no_role)),
        (
            with(s3, example_config(|definition| drop(definition.as_object_mut().map(|it| it.remove("taskRoleArn"))))),
            Some(no_role),
        ),
        (shared(s3), None),
        (shared(&["sqs:SendMessage"]), Some(other)),
        (with(&["s3:*", "logs:PutLogEvents"], example_bounded_config()), None),
        (with(&["s3:*", "sqs:SendMessage", "dynamodb:GetItem"], example_bounded_config()), Some(beyond)),
        (with(&["*", "sts:AssumeRole"], example_bounded_config()), Some(refused)),
    ] {
        let desired = Desired::new(&config, &example_location());
        let told = desired.err().map(|error| error.contradictions.iter().map(Contradiction::to_string).collect());
        assert_eq!(told, said.map(|said| vec![said.to_owned()]));
    }
}
