//! An account that outlives its process.

use std::io::Write as _;

use super::{Served, told};
use crate::app::greenroom;

/// Whatever was acknowledged before kill -9 is there again, under the same key; what was being written is cut off.
#[test]
fn a_killed_account_comes_back_as_it_was() {
    let directory = tempfile::tempdir().expect("the machine has room");
    let state = directory.path().join("state").display().to_string();
    let options = ["--engine", "virtual", "--state", &state];
    let served = Served::start(&options);
    let key = served.said("access_key_id").to_owned();
    served.aws(&["ecs", "create-cluster", "--cluster-name", "news"]);
    served.aws(&["iam", "create-user", "--user-name", "deployer"]);
    let secret = served.aws(&["secretsmanager", "create-secret", "--name", "db", "--secret-string", "kept"]);
    let mut command = served.client("aws");
    command.args(["ecr", "create-repository", "--repository-name", "late", "--output", "json"]);
    let late = command.output().expect("the AWS CLI can be run");
    assert!(late.status.success(), "{}", told(&late));
    served.kill();

    // As if the process had been killed while it wrote.
    let journal = directory.path().join("state/journal.jsonl");
    let mut file = std::fs::OpenOptions::new().append(true).open(&journal).expect("the journal is there");
    file.write_all(br#"{"at":1,"drawn":0,"input":{"Cal"#).expect("there is room");
    drop(file);

    for _ in 0..2 {
        let served = Served::start(&options);
        assert_eq!(served.said("access_key_id"), key);
        let clusters = served.aws(&["ecs", "describe-clusters", "--clusters", "news"]);
        assert_eq!(clusters["clusters"][0]["status"], "ACTIVE");
        assert_eq!(served.aws(&["iam", "get-user", "--user-name", "deployer"])["User"]["UserName"], "deployer");
        let read = served.aws(&["secretsmanager", "get-secret-value", "--secret-id", "db"]);
        assert_eq!((&read["SecretString"], &read["ARN"]), (&"kept".into(), &secret["ARN"]));
        let repositories = served.aws(&["ecr", "describe-repositories"]);
        assert_eq!(repositories["repositories"][0]["repositoryName"], "late");

        // Nobody else may have it open meanwhile.
        let second = greenroom().args(["serve", "--listen", "127.0.0.1:0", "--quiet"]).args(options).output();
        let second = second.expect("greenroom can be run");
        assert_eq!(second.status.code(), Some(3), "{}", told(&second));
        assert!(told(&second).contains("in use by another process"), "{}", told(&second));
        served.kill();
    }
}

/// A service's tasks are gone with the process that ran them; the scheduler replaces them.
#[test]
fn tasks_that_ran_are_reported_killed_and_replaced() {
    let directory = tempfile::tempdir().expect("the machine has room");
    let state = directory.path().display().to_string();
    let options = ["--engine", "virtual", "--state", &state];
    let served = Served::start(&options);
    served.aws(&["ecs", "create-cluster", "--cluster-name", "news"]);
    let definition = r#"{"family":"app","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"cpu":"256","memory":"512",
        "containerDefinitions":[{"name":"app","image":"nginx","essential":true}]}"#;
    served.aws(&["ecs", "register-task-definition", "--cli-input-json", definition]);
    let subnet = served.aws(&["ec2", "describe-subnets", "--query", "Subnets[0].SubnetId"]);
    let network = format!("awsvpcConfiguration={{subnets=[{}]}}", subnet.as_str().expect("there are default subnets"));
    let create = ["ecs", "create-service", "--cluster", "news", "--service-name", "api", "--task-definition", "app"];
    let more = ["--desired-count", "2", "--launch-type", "FARGATE", "--network-configuration", &network];
    served.aws(&[create.as_slice(), more.as_slice()].concat());
    let stable = ["ecs", "wait", "services-stable", "--cluster", "news", "--services", "api"];
    served.aws(&stable);
    let before = served.aws(&["ecs", "list-tasks", "--cluster", "news"])["taskArns"].clone();
    served.kill();

    let served = Served::start(&options);
    served.aws(&stable);
    let after = served.aws(&["ecs", "list-tasks", "--cluster", "news"])["taskArns"].clone();
    let (before, after) = (before.as_array().expect("a list"), after.as_array().expect("a list"));
    assert_eq!((before.len(), after.len()), (2, 2));
    assert!(before.iter().all(|task| !after.contains(task)), "{before:?} {after:?}");
    let mut describe = vec!["ecs", "describe-tasks", "--cluster", "news", "--tasks"];
    describe.extend(before.iter().filter_map(serde_json::Value::as_str));
    let stopped = served.aws(&describe);
    for task in stopped["tasks"].as_array().expect("a list") {
        assert_eq!((&task["lastStatus"], &task["containers"][0]["exitCode"]), (&"STOPPED".into(), &137.into()));
    }
}
