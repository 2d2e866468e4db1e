//! `greenroom init`: what it writes is what the other commands take.

use std::fs;
use std::path::Path;

use crate::app::{App, greenroom};

/// What the fixture app's containers do, in virtual time.
const BEHAVIOURS: &str = "[[containers.settings]]\nexits = { after = \"200ms\", code = 0 }\n[[containers.app]]\nup-after = \"3s\"\n[[containers.ready]]\n";

fn init(directory: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = greenroom();
    command.arg("init").args(arguments).current_dir(directory);
    let output = command.output().expect("greenroom can be run");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn what_is_written_for_the_fixture_app_can_be_rehearsed_and_set_up() {
    let app = App::check_out("v2");
    let file = app.path().join("greenroom.toml");
    let own = fs::read_to_string(&file).expect("the fixture has one");

    let (exit, _, stderr) = init(&app.path(), &[]);
    assert_eq!(exit, Some(3), "{stderr}");
    assert!(stderr.contains("--force"), "{stderr}");
    assert_eq!(fs::read_to_string(&file).expect("it is there"), own, "it is not touched");

    fs::remove_file(&file).expect("the checkout is ours");
    for arguments in [["--stdout"], ["-"]] {
        let (exit, stdout, stderr) = init(&app.path(), &arguments);
        assert_eq!(exit, Some(0), "{stderr}");
        assert!(stdout.contains("task-definition.json:") && stdout.contains("`family`"), "{stdout}");
        assert!(!file.exists(), "it is only shown");
    }
    let (exit, stdout, stderr) = init(&app.path(), &[]);
    assert_eq!((exit, stdout.as_str()), (Some(0), ""), "{stderr}");
    let written = fs::read_to_string(&file).expect("it is written");
    for line in [
        "name = \"news-api\"",
        "region = \"eu-central-1\"",
        "container = \"app\"",
        "port = 8000",
        "health-check-path = \"/healthz\"",
        "command = [\"alembic\", \"upgrade\", \"head\"]",
        "secret = \"news-api/database-url\"",
        "postgres = \"postgresql+asyncpg://{user}:{password}@{host}:{port}/{name}\"",
        "mysql = \"mysql+aiomysql://{user}:{password}@{host}:{port}/{name}\"",
        "\"news-api/session-key\" = { generate = 32 }",
    ] {
        assert!(written.contains(line), "`{line}` is not in\n{written}");
    }
    assert!(stderr.contains("compose.mysql.yaml"), "what was not chosen is said: {stderr}");

    let behaviours = app.path().join("behaviours.toml");
    fs::write(&behaviours, BEHAVIOURS).expect("the checkout is ours");
    let mut command = app.command("postgres");
    command.args(["--engine", "virtual", "--behaviours"]).arg(&behaviours).env("DOCKER_HOST", "unix:///nowhere");
    let run = app.finished(&command.output().expect("greenroom can be run"));
    assert_eq!(run.exit, Some(0), "{}", run.printed());

    let mut policy = greenroom();
    policy.args(["bootstrap", "policy", "--account", "123456789012", "-f"]).arg(&file);
    let output = policy.output().expect("greenroom can be run");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));

    let (exit, _, stderr) = init(&app.path(), &["--force"]);
    assert_eq!(exit, Some(0), "{stderr}");
    assert_eq!(fs::read_to_string(&file).expect("it is there"), written, "run again, it says the same");
}

#[test]
fn a_repository_that_says_nothing_gets_a_file_to_fill_in() {
    let directory = tempfile::tempdir().expect("the machine has room for a temporary directory");
    let (exit, _, stderr) = init(directory.path(), &[]);
    assert_eq!(exit, Some(0), "{stderr}");
    assert!(stderr.contains("open: [files] task-definition"), "{stderr}");
    let smoke = fs::read_to_string(directory.path().join("smoke.json")).expect("there was none");
    assert!(smoke.contains("\"path\": \"/\""), "{smoke}");
    let mut command = greenroom();
    command.args(["rehearse", "--engine", "virtual"]).current_dir(directory.path());
    let output = command.output().expect("greenroom can be run");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("missing field"), "{stderr}");
}
