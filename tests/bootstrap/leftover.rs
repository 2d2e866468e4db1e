//! What is taken out of greenroom.toml goes from the account once somebody has said yes, and what is of value only when told to.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::account::{Boto, Served, assert_alike};
use super::identity::{KEYED, section};
use super::lifecycle::value;
use super::{Person, Project, Ran};

/// Runs `greenroom bootstrap` at a terminal, at which somebody types.
fn at_a_terminal(person: &Person, arguments: &[&str], typed: &str) -> Ran {
    let inner = person.command(arguments);
    let words = std::iter::once(inner.get_program()).chain(inner.get_args());
    let words: Vec<String> = words.map(|word| format!("'{}'", word.to_string_lossy())).collect();
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &words.join(" "), "/dev/null"]).env("TERM", "xterm");
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("`script` is on every Debian");
    let mut keyboard = child.stdin.take().expect("it was asked for");
    keyboard.write_all(typed.as_bytes()).expect("the child reads it");
    let output = child.wait_with_output().expect("the child is ours");
    drop(keyboard);
    Ran::of(&output)
}

/// Other settings of the project: a role deploys, there is no host, nobody comes by SSH, and a parameter has another name.
fn change_settings(project: &Project) {
    let file = project.config();
    let text = fs::read_to_string(&file).expect("it was checked out");
    let (kept, _) = text.split_once("[ssh]").expect("it has the section");
    let deploy = section("environment = \"production\"");
    fs::write(&file, format!("{kept}{deploy}")).expect("there is room");
    let file = file.with_file_name("task-definition.json");
    let text = fs::read_to_string(&file).expect("it was checked out");
    fs::write(file, text.replace("/news-api/session-key", "/news-api/session")).expect("there is room");
}

#[test]
fn what_other_settings_made_goes_when_somebody_says_so() {
    let (project, served, mut boto) = (Project::check_out_with(KEYED), Served::start(&[]), Boto::start());
    let person = served.administrator(&project, "person");
    let applied = person.apply().ends(0);
    assert!(!applied.stderr.contains('\u{1b}') && applied.stderr.contains("✓ create user"), "{}", applied.stderr);
    change_settings(&project);

    let key = fs::read_to_string(person.key_file()).expect("it was handed over");
    let deployer = Person {
        access_key_id: value(&key, "AWS_ACCESS_KEY_ID").to_owned(),
        secret_access_key: value(&key, "AWS_SECRET_ACCESS_KEY").to_owned(),
        ..person.clone()
    };
    boto.call(&deployer, "ecs", "describe_services", json!({"cluster": "news", "services": ["news-api"]}));
    let plan = person.run(&["plan"]).ends(2).stdout;
    let used = format!("stays: access key `{}` was last used at 20", deployer.access_key_id);
    for part in [
        "delete instance profile `news-api-host`: no longer in greenroom.toml, where `[host]` asked for it; destroys it",
        "delete role `news-api-host`: no longer in greenroom.toml, where `[host]` asked for it; destroys it",
        "delete security group `news-api-host`: no longer in greenroom.toml",
        "note: parameter `/news-api/session-key` is no longer in greenroom.toml, where the task definition asked for it, and stays",
        "note: user `news-api-deploy` is no longer in greenroom.toml, where `[deploy]` asked for it, and stays",
        used.as_str(),
    ] {
        assert!(plan.contains(part), "`{part}` is not in\n{plan}");
    }

    let before = boto.dump(&person);
    let asked = at_a_terminal(&person, &["apply"], "n\n").ends(2);
    assert!(asked.stdout.contains("make these changes? [y/N]"), "{}", asked.stdout);
    assert_alike(&boto.dump(&person), &before, "somebody has said no");
    let done = at_a_terminal(&person, &["apply"], "y\n").ends(0);
    assert!(done.stdout.contains("✓ delete role `news-api-host`"), "{}", done.stdout);
    assert!(done.stdout.contains('\u{1b}'), "a terminal sees a bar: {}", done.stdout);
    boto.call(&deployer, "ecs", "describe_services", json!({"cluster": "news", "services": ["news-api"]}));
    let again = person.run(&["plan"]).ends(0).stdout;
    assert!(again.starts_with("nothing to do\n") && again.contains(&used), "{again}");

    // With all of it gone the account is as one that was never set up otherwise.
    person.run(&["apply", "--yes", "--remove", "all"]).ends(0);
    let fresh = Served::start(&[]);
    let other = fresh.administrator(&project, "other");
    other.run(&["apply", "--yes"]).ends(0);
    let without_revisions = |mut dump: Value| {
        // A revision is a deploy's, and says what was read when it was registered.
        dump.as_object_mut().expect("a dump").retain(|key, _| !key.starts_with("task definition"));
        dump
    };
    let (left, wanted) = (boto.dump(&person), boto.dump(&other));
    assert_alike(&without_revisions(left), &without_revisions(wanted), "all of it is gone");
    person.run(&["destroy", "--yes"]).ends(0);
}
