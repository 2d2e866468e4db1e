//! Secrets and parameters: made without a value or with one that is handed over, never shown, and deleted with time to restore.

use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;

use serde_json::{Value, json};

use super::account::{Boto, Served};
use super::lifecycle::value;
use super::{Person, Project, Ran, written};

const SECRET: &str = "news-api/database-url";
const PARAMETER: &str = "/news-api/session-key";

fn value_of(boto: &mut Boto, person: &Person, service: &str) -> Value {
    if service == "ssm" {
        let with = json!({"Name": PARAMETER, "WithDecryption": true});
        return boto.call(person, "ssm", "get_parameter", with)["Parameter"]["Value"].clone();
    }
    boto.call(person, "secretsmanager", "get_secret_value", json!({"SecretId": SECRET}))["SecretString"].clone()
}

/// Applies with `--secret` options, `typed` on standard input and a file that holds `held` open at descriptor 3.
fn apply(person: &Person, options: &[&str], typed: &str, held: &str) -> Ran {
    let key_file = person.key_file();
    let mut arguments = vec!["apply", "--yes", "--access-key-file", &key_file];
    arguments.extend(options);
    let mut file = tempfile::tempfile().expect("the machine has room");
    file.write_all(held.as_bytes()).expect("the machine has room");
    std::io::Seek::rewind(&mut file).expect("it is a file");
    // The shell opens what the program inherits.
    let inner = person.command(&arguments);
    let mut command = std::process::Command::new("sh");
    command.arg("-c").arg(format!("exec \"$0\" \"$@\" 3< /proc/{}/fd/{}", std::process::id(), file.as_raw_fd()));
    command.arg(inner.get_program()).args(inner.get_args()).arg0("sh");
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("there is a shell");
    // A run that is refused does not read it.
    drop(child.stdin.take().expect("it was asked for").write_all(typed.as_bytes()));
    Ran::of(&child.wait_with_output().expect("the child is ours"))
}

#[test]
fn values_are_handed_over_once_and_appear_nowhere() {
    let (project, served, mut boto) = (Project::check_out(), Served::start(&[]), Boto::start());
    let person = served.administrator(&project, "person");
    let canaries = ["canary-4711-url", "canary-4711-key", "canary-4711-next", "canary-4711-typed=x"];
    let mut said = Vec::new();

    let typed = format!("{SECRET}={}", canaries[3]);
    said.push(apply(&person, &["--secret", &typed], "", "").ends(3));
    said.push(apply(&person, &["--secret", "news-api/databse-url=-"], canaries[0], "").ends(3));
    let (secret, parameter) = (format!("{SECRET}=fd:3"), format!("{PARAMETER}=-"));
    let both = ["--secret", &secret, "--secret", &parameter];
    said.push(apply(&person, &both, canaries[1], &format!("{}\n", canaries[0])).ends(0));
    assert_eq!(value_of(&mut boto, &person, "secretsmanager"), canaries[0]);
    assert_eq!(value_of(&mut boto, &person, "ssm"), canaries[1]);
    assert!(said[2].stdout.contains(&format!("write value of secret `{SECRET}`: its value was handed over")));

    // A value is not compared, and is written again only on request.
    said.push(person.run(&["plan", "--json", "--out", &person.place.join("plan.json").display().to_string()]).ends(0));
    said.push(apply(&person, &["--secret", &parameter], canaries[2], "").ends(0));
    assert_eq!(value_of(&mut boto, &person, "ssm"), canaries[2]);
    assert_eq!(value_of(&mut boto, &person, "secretsmanager"), canaries[0]);
    said.push(person.run(&["drift", "--json"]).ends(0));
    said.push(person.run(&["destroy", "--yes"]).ends(0));
    let end = format!(
        "delete secret `{SECRET}` in 30 days: the project's tasks read it; destroys its value, after the 30 days"
    );
    assert!(said[6].stdout.contains(&end), "{}", said[6].stdout);
    // Wanted again, the secret comes back with its value; of the parameter a placeholder is made.
    said.push(person.run(&["apply", "--yes", "--show-access-key"]).ends(0));
    assert_eq!(value_of(&mut boto, &person, "secretsmanager"), canaries[0]);
    assert_eq!(value_of(&mut boto, &person, "ssm"), "greenroom: nobody has set this parameter yet");

    let mut all = written(&person.place);
    said.iter().for_each(|ran| all.push_str(&format!("{}{}", ran.stdout, ran.stderr)));
    assert!(all.contains("write value of parameter"), "the journal was not found");
    for canary in canaries {
        assert!(!all.contains(canary), "a value was written");
    }
    let key = std::fs::read_to_string(person.key_file()).expect("it was handed over");
    assert!(!all.contains(value(&key, "AWS_SECRET_ACCESS_KEY")), "the key was written");
}

#[test]
fn a_secret_without_a_value_is_made_and_one_that_is_named_by_its_whole_arn_is_missed() {
    let (project, served, mut boto) = (Project::with_secrets_of_others(), Served::start(&[]), Boto::start());
    let person = served.administrator(&project, "person");
    let plan = person.apply().ends(0).stdout;
    for name in ["database-url-AbCdEf", "session-key-GhIjKl"] {
        let said =
            format!("secret:news-api/{name}` is not there, and no task starts without it: make it and put its ARN");
        assert!(plan.contains(&said), "{plan}");
    }
    person.run(&["drift"]).ends(0);
    assert_eq!(boto.call(&person, "secretsmanager", "list_secrets", json!({}))["SecretList"], json!([]));
    let refused = apply(&person, &["--secret", "news-api/database-url=-"], "x", "").ends(3);
    assert!(refused.stderr.contains("which the task definition does not name"), "{}", refused.stderr);
}
