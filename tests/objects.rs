//! Variables from files in S3, for which files of the project stand, and from secrets that bootstrap makes.

use std::fs;

use serde_json::Value;

use crate::app::App;

const ARN: &str = "arn:aws:s3:::news-settings/production.env";
const BEHAVIOURS: &str = "[[containers.settings]]\nexits = { after = \"200ms\" }\n[[containers.app]]\nup-after = \"3s\"\n[[containers.ready]]\n";

/// v2, whose app takes its variables from S3.
fn app() -> App {
    let app = App::check_out("v2");
    let file = app.path().join("task-definition.json");
    let text = fs::read_to_string(&file).expect("the fixture has the file");
    let mut definition: Value = serde_json::from_str(&text).expect("it is JSON");
    let containers = definition["taskDefinition"]["containerDefinitions"].as_array_mut().expect("it has containers");
    let container = containers.iter_mut().find(|container| container["name"] == "app").expect("one is the app's");
    container["environmentFiles"] = serde_json::json!([{"value": ARN, "type": "s3"}]);
    fs::write(&file, definition.to_string()).expect("the temporary directory is writable");
    fs::write(app.path().join("behaviours.toml"), BEHAVIOURS).expect("the temporary directory is writable");
    app
}

/// Nothing is known of an object until greenroom.toml says which file stands for it, and that file is there.
#[test]
fn files_stand_for_objects_in_s3() {
    let app = app();
    let rehearse = || {
        let mut command = app.command("postgres");
        command.args(["--engine", "virtual", "--from", "HEAD", "--behaviours"]).arg(app.path().join("behaviours.toml"));
        app.finished(&command.output().expect("greenroom can be run"))
    };
    let run = rehearse();
    assert_eq!(run.exit, Some(3), "{}", run.stderr);
    assert!(
        run.stderr.contains(&format!("takes variables from `{ARN}`, and nothing says what it holds")),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("[objects]"), "{}", run.stderr);

    let config = app.path().join("greenroom.toml");
    let text = fs::read_to_string(&config).expect("the fixture has the file");
    fs::write(&config, format!("{text}\n[objects]\n\"{ARN}\" = \"production.env\"\n")).expect("it is writable");
    let run = rehearse();
    assert_eq!(run.exit, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("production.env`, which stands for"), "{}", run.stderr);

    fs::write(app.path().join("production.env"), "NEWS_FEATURES=all\n").expect("it is writable");
    let run = rehearse();
    assert_eq!(run.exit, Some(0), "{}{}", run.stdout, run.stderr);
}

/// What runs names its secrets by whole ARNs, and what is deployed by names alone: it is the same secrets.
#[test]
fn secrets_are_rehearsed_however_they_are_named() {
    let app = App::check_out("v2");
    let file = app.path().join("task-definition.json");
    let text = fs::read_to_string(&file).expect("the fixture has the file");
    let renamed = text.replace("-AbCdEf", "").replace("-GhIjKl", "");
    assert_ne!(renamed, text, "the fixture names its secrets by whole ARNs");
    fs::write(&file, renamed).expect("the temporary directory is writable");
    fs::write(app.path().join("behaviours.toml"), BEHAVIOURS).expect("the temporary directory is writable");
    for from in ["HEAD", "."] {
        let mut command = app.command("postgres");
        command.current_dir(app.path()).args(["--engine", "virtual", "--from", from, "--behaviours"]);
        command.arg(app.path().join("behaviours.toml"));
        let run = app.finished(&command.output().expect("greenroom can be run"));
        assert_eq!(run.exit, Some(0), "{from}: {}{}", run.stdout, run.stderr);
    }
}
