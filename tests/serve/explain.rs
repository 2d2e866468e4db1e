//! `greenroom explain`, given what the AWS CLI prints of a denial.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use super::{Served, told};
use crate::app::greenroom;

/// What `greenroom explain - ARGUMENTS` prints of `text`.
fn explained(text: &str, arguments: &[&str]) -> String {
    let mut command = greenroom();
    command.args(["explain", "-"]).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().expect("greenroom can be run");
    let mut stdin = process.stdin.take().expect("its input was asked for");
    stdin.write_all(text.as_bytes()).expect("it reads its input");
    drop(stdin);
    let output = process.wait_with_output().expect("it is our child");
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    String::from_utf8(output.stdout).expect("it prints text")
}

/// A user without any policy is told what to add, adds it, and may; without it he may not.
#[test]
fn what_is_advised_is_enough_and_is_needed() {
    let served = Served::start(&["--engine", "virtual"]);
    served.aws(&["iam", "create-user", "--user-name", "ann"]);
    let key = served.aws(&["iam", "create-access-key", "--user-name", "ann"]);
    let member = |name: &str| key["AccessKey"][name].as_str().expect("a key has an id and a secret").to_owned();
    let (id, secret) = (member("AccessKeyId"), member("SecretAccessKey"));
    let as_ann = |arguments: &[&str]| -> Output {
        let mut command: Command = served.client("aws");
        command.env("AWS_ACCESS_KEY_ID", &id).env("AWS_SECRET_ACCESS_KEY", &secret);
        command.args(arguments).output().expect("the AWS CLI can be run")
    };
    let vpc = served.aws(&["ec2", "describe-vpcs", "--query", "Vpcs[0].VpcId"]);
    let vpc = vpc.as_str().expect("there is a default VPC").to_owned();
    for call in [
        &["ecs", "describe-clusters", "--clusters", "news"][..],
        &["ec2", "create-security-group", "--group-name", "api", "--description", "api", "--vpc-id", &vpc],
    ] {
        let mut statements: Vec<String> = Vec::new();
        let put = |statements: &[String]| {
            let document = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
            let policy = ["--policy-name", "advised", "--policy-document", &document];
            served.aws(&[&["iam", "put-user-policy", "--user-name", "ann"], policy.as_slice()].concat());
        };
        loop {
            let output = as_ann(call);
            if output.status.success() {
                break;
            }
            assert!(statements.len() < 5, "{statements:?}: {}", told(&output));
            let text = explained(&told(&output), &[]);
            assert!(text.contains("user/ann may not "), "{text}");
            let begin = text.find('{').unwrap_or_else(|| panic!("no statement in {text}"));
            let end = text.rfind('}').expect("what begins ends");
            statements.push(text[begin..=end].to_owned());
            put(&statements);
        }
        assert!(!statements.is_empty(), "{call:?} is not denied");
        for missing in 0..statements.len() {
            let mut others = statements.clone();
            others.remove(missing);
            others.push(r#"{"Effect":"Deny","Action":"s3:*","Resource":"*"}"#.to_owned());
            put(&others);
            let output = as_ann(call);
            let denied = ["AccessDenied", "UnauthorizedOperation"].iter().any(|code| told(&output).contains(code));
            assert!(denied, "{call:?} is allowed without {}: {}", statements[missing], told(&output));
        }
        put(&[r#"{"Effect":"Deny","Action":"s3:*","Resource":"*"}"#.to_owned()]);
    }
}

/// The policy at hand that denies is named, and so is what is no denial.
#[test]
fn policies_at_hand_are_judged() {
    let directory = tempfile::tempdir().expect("the machine has room");
    let file = directory.path().join("frozen.json");
    let policy =
        r#"{"Version":"2012-10-17","Statement":{"Sid":"Frozen","Effect":"Deny","Action":"ecs:*","Resource":"*"}}"#;
    std::fs::write(&file, policy).expect("there is room");
    let denied = "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: ecs:RunTask on resource: * with an explicit deny in an \
        identity-based policy";
    let text = explained(denied, &["--policy", &file.display().to_string()]);
    assert!(text.contains("Statement `Frozen` of policy `frozen.json` denies it."), "{text}");
    let output = greenroom().args(["explain", "nothing", "--policy", &file.display().to_string()]).output();
    let output = output.expect("greenroom can be run");
    assert_eq!(output.status.code(), Some(3));
    assert!(told(&output).contains("no denial is told of"), "{}", told(&output));
}
