//! The AWS CLI and boto3, unmodified.

use super::{Served, fixture, told};

/// A whole first-time set-up and deploy, with the CLI's own waiters, and by a user who may do just that.
#[test]
fn the_aws_cli_sets_an_account_up_deploys_and_removes_all_again() {
    let served = Served::start(&["--engine", "virtual"]);
    let output = served.client(fixture("clients/first-deploy")).output().expect("the script can be run");
    assert!(output.status.success(), "{}", told(&output));
    let commands: usize =
        told(&output).split_whitespace().next().and_then(|count| count.parse().ok()).unwrap_or_default();
    assert!(commands >= 60, "{}", told(&output));
}

/// Every answer and every refusal is as botocore's models have it.
#[test]
fn every_answer_that_boto3_reads_is_as_the_models_have_it() {
    let served = Served::start(&["--engine", "virtual"]);
    let output = served.client("python").arg(fixture("clients/answers.py")).output().expect("the script can be run");
    assert!(output.status.success(), "{}", told(&output));
}

/// While IAM's writes spread, other services see the old state; in the end all of it is there.
#[test]
fn a_set_up_meets_iams_eventual_consistency() {
    let served = Served::start(&["--engine", "virtual", "--iam-propagation", "1"]);
    served.aws(&["iam", "create-user", "--user-name", "new"]);
    let key = served.aws(&["iam", "create-access-key", "--user-name", "new"]);
    let as_new = || {
        let mut command = served.client("aws");
        command.env("AWS_ACCESS_KEY_ID", key["AccessKey"]["AccessKeyId"].as_str().expect("a key has an id"));
        command.env("AWS_SECRET_ACCESS_KEY", key["AccessKey"]["SecretAccessKey"].as_str().expect("and a secret"));
        command.args(["sts", "get-caller-identity"]).output().expect("the AWS CLI can be run")
    };
    let first = as_new();
    let known_late = !first.status.success() && told(&first).contains("InvalidClientTokenId");
    // A slow machine may come too late for the first.
    assert!(known_late || first.status.success(), "{}", told(&first));
    assert!((0..20).any(|_| as_new().status.success()), "the key is never known");
}

/// As GitHub's deploy action does: it runs a migration, looks at the service, deploys, and waits with fifteen seconds between two looks. Held,
/// the first look of each wait is the last.
#[test]
fn a_held_poll_spares_a_waiter_its_sleep() {
    let directory = tempfile::tempdir().expect("the machine has room");
    let behaviours = directory.path().join("behaviours.toml");
    std::fs::write(&behaviours, "[[containers.migration]]\nexits = { after = \"2s\" }\n").expect("there is room");
    let behaviours = behaviours.display().to_string();
    let served = Served::start(&["--engine", "virtual", "--hold-polls", "--behaviours", &behaviours]);
    let script = fixture("clients/deploy-and-wait.py");
    let output = served.client("python").arg(script).output().expect("the script can be run");
    assert!(output.status.success(), "{}", told(&output));
    assert_eq!(told(&output).trim(), "tasks_stopped: 1\nservices_stable: 1", "a waiter slept");
}

/// `aws ecs deploy` is for CodeDeploy alone, which is not simulated: the refusal names the operation, and what there is in its place.
#[test]
fn a_deploy_by_code_deploy_is_refused_by_name() {
    let served = Served::start(&["--engine", "virtual"]);
    served.aws(&["ecs", "create-cluster", "--cluster-name", "news"]);
    let definition = tempfile::NamedTempFile::new().expect("the machine has room");
    let text = r#"{"family": "api", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
        "containerDefinitions": [{"name": "api", "image": "nginx", "essential": true}]}"#;
    std::fs::write(definition.path(), text).expect("there is room");
    let file = definition.path().display().to_string();
    served.aws(&["ecs", "register-task-definition", "--cli-input-json", text]);
    let subnet = served.aws(&["ec2", "describe-subnets", "--query", "Subnets[0].SubnetId"]);
    let network = format!("awsvpcConfiguration={{subnets=[{}]}}", subnet.as_str().expect("there are default subnets"));
    let service = ["ecs", "create-service", "--cluster", "news", "--service-name", "api", "--task-definition", "api"];
    let nothing_runs = ["--desired-count", "0", "--launch-type", "FARGATE", "--network-configuration", &network];
    served.aws(&[service.as_slice(), &nothing_runs].concat());
    let deploy = ["ecs", "deploy", "--cluster", "news", "--service", "api", "--task-definition", &file];
    let output = served.client("aws").args(deploy).args(["--codedeploy-appspec", &file]).output();
    let output = output.expect("the AWS CLI can be run");
    assert!(!output.status.success());
    let sentence =
        "greenroom does not simulate the operation codedeploy:GetApplication; it does simulate ECS's own blue/green";
    assert!(told(&output).contains(sentence), "{}", told(&output));
}
