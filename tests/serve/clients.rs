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

/// As GitHub's deploy action does: it looks at the service, deploys, and waits with fifteen seconds between two looks. Held, the first look
/// of the wait is the last.
#[test]
fn a_held_poll_spares_a_waiter_its_sleep() {
    let served = Served::start(&["--engine", "virtual", "--hold-polls"]);
    let script = fixture("clients/deploy-and-wait.py");
    let output = served.client("python").arg(script).output().expect("the script can be run");
    assert!(output.status.success(), "{}", told(&output));
    assert_eq!(told(&output).trim(), "1 look", "the waiter slept");
}
