//! Migration commands that behave badly: each is bounded and explained, nothing is leaked and nothing is left.

use std::path::Path;

use serde_json::{Value, json};

use super::Run;
use crate::app::App;

/// Migrates, and does `more` where the new release is.
fn command(more: &str) -> String {
    format!("alembic upgrade head && if [ -e migrations/versions/0002_summary.py ]; then {more}; fi")
}

/// The app with this migration command, and whatever else is to be changed in its greenroom.toml.
fn app(more: &str, changes: &[(&str, &str)]) -> App {
    let app = App::check_out("v2");
    let path = app.path().join("greenroom.toml");
    let mut text = std::fs::read_to_string(&path).expect("the fixture has one");
    let command = json!(["sh", "-c", command(more)]).to_string();
    for (from, to) in [("[\"alembic\", \"upgrade\", \"head\"]", command.as_str())].iter().chain(changes) {
        assert!(text.contains(from), "{from} in {text}");
        text = text.replace(from, to);
    }
    std::fs::write(&path, text).expect("it can be written");
    app
}

/// Mounts a directory of this machine into the app's container, which runs as root.
fn mount(app: &App, outside: &Path) {
    let path = app.path().join("task-definition.json");
    let text = std::fs::read_to_string(&path).expect("the fixture has one");
    let mut whole: Value = serde_json::from_str(&text).expect("it is JSON");
    let definition = &mut whole["taskDefinition"];
    definition["volumes"] = json!([{ "name": "outside", "host": { "sourcePath": outside } }]);
    let containers = definition["containerDefinitions"].as_array_mut().expect("it has containers");
    let container = containers.iter_mut().find(|it| it["name"] == "app").expect("one is the app");
    container["user"] = json!("root");
    container["mountPoints"] = json!([{ "sourceVolume": "outside", "containerPath": "/outside", "readOnly": false }]);
    std::fs::write(&path, whole.to_string()).expect("it can be written");
}

#[test]
fn one_that_hangs_asks_writes_outside_and_tells_secrets_is_ended_and_leaves_nothing() {
    let more = "touch /outside/written && echo \"wrote, with $DATABASE_URL and $SESSION_KEY.\"; \
                python -c 'input(\"sure?\")'; sleep 1000";
    let app = app(more, &[("[migration]\n", "[migration]\ntimeout-seconds = 20\n")]);
    let outside = tempfile::tempdir().expect("the machine has room");
    mount(&app, outside.path());
    let run = Run::on(&app, "postgres", "S1");
    assert_eq!((run.exit, run.found("error")), (Some(5), vec!["T-06 S1".to_owned()]), "{}", run.printed());
    let finding = run.report["findings"][0].to_string();
    for part in [
        "has not ended after 20 s, and was ended",
        "it is not connected to the database",
        "wrote, with ******** and ********.",
        "EOFError: EOF when reading a line",
        "timeout-seconds",
    ] {
        assert!(finding.contains(part), "{part}\n{}", run.printed());
    }
    assert!(!run.printed().contains("://news:"), "the URL is nowhere\n{}", run.printed());
    assert_eq!(outside.path().read_dir().map(Iterator::count).ok(), Some(0), "nothing of this machine is mounted");
    assert_eq!(run.left(), "", "nothing is left");
}

#[test]
fn one_that_leaves_the_database_stopped_is_named() {
    let stop = "import os, psycopg\n\
                url = os.environ[\\\"DATABASE_URL\\\"].replace(\\\"+asyncpg\\\", \\\"\\\")\n\
                psycopg.connect(url, autocommit=True).execute(\\\"COPY (SELECT 1) TO PROGRAM \x27kill -INT 1\x27\\\")";
    let app = app(&format!("python -c \"{stop}\" || true"), &[("user = \"news\"", "user = \"postgres\"")]);
    let run = Run::on(&app, "postgres", "S1,S2");
    assert_eq!((run.exit, run.found("error")), (Some(5), vec!["T-06 S1".to_owned()]), "{}", run.printed());
    let finding = run.report["findings"][0].to_string();
    assert!(finding.contains("the migration leaves the database stopped"), "{finding}");
    assert!(finding.contains("shutting down"), "the server's own words\n{finding}");
    assert_eq!(run.ended("S2"), "not-shown", "{}", run.printed());
    assert_eq!(run.left(), "", "nothing is left");
}
