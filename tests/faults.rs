//! Faults that exploring finds, or that somebody writes down, in virtual time and on real containers.

use std::path::Path;

use serde_json::Value;

use crate::app::{App, greenroom};

/// Every container of the new revision that can be started until the circuit breaker trips comes to nothing.
const HOPELESS: &str = r#"
[[faults]]
crash = { container = 1, after = "1s" }
[[faults]]
pull-refused = { container = 2 }
[[faults]]
crash = { container = 3, after = "1s" }
[[faults]]
pull-refused = { container = 4 }
[[faults]]
crash = { container = 5, after = "500ms" }
[[faults]]
crash = { container = 6, after = "500ms" }
"#;

/// Each is something that ECS gets over.
const MILD: &str = r#"
tasks = 2
[[faults]]
slow-start = { container = 1, by = "3s" }
[[faults]]
crash = { container = 2, after = "1s" }
[[faults]]
throttled = { at = "1s", lasts = "2s" }
[[faults]]
scale = { at = "2s", desired = 3 }
"#;

/// `greenroom explore` of `app`, with containers that are up after three seconds: its exit code and what it found.
fn explore(app: &App, more: &[&str]) -> (Option<i32>, Value) {
    let behaviours = app.path().join("behaviours.toml");
    let text = "[[containers.app]]\nup-after = \"3s\"\n[[containers.migrations]]\nexits = { after = \"2s\" }\n[[containers.settings]]\nexits = { after = \"1s\" }\n";
    std::fs::write(&behaviours, text).expect("the checkout can be written");
    let mut command = greenroom();
    command.arg("explore").arg("-f").arg(app.path().join("greenroom.toml")).arg("--behaviours").arg(&behaviours);
    let output = command.arg("--json").args(more).output().expect("greenroom can be run");
    let found = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), found)
}

fn written(app: &App, faults: &str) -> String {
    let file = app.path().join("faults.toml");
    std::fs::write(&file, faults).expect("the checkout can be written");
    text(&file)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn what_is_found_can_be_played_again() {
    let app = App::check_out("v2");
    let file = text(&app.path().join("found.toml"));
    let (exit, found) = explore(&app, &["--seeds", "200", "--save", &file]);
    assert_eq!(exit, Some(5), "{found:#}");
    let saved = std::fs::read_to_string(&file).expect("the faults have been written");
    assert!(saved.contains("[[faults]]"), "{saved}");
    let (exit, again) = explore(&app, &["--faults", &file]);
    assert_eq!((exit, &again["seeds"]), (Some(5), &Value::from(1)), "{again:#}");
    let same = |examples: &Value| {
        let example = &examples["examples"][0];
        (example["outcome"].clone(), example["faults"].clone(), example["outageMillis"].clone())
    };
    let all = found["examples"].as_array().expect("there are examples");
    assert!(all.iter().any(|example| example["outcome"] == again["examples"][0]["outcome"]), "{again:#}");
    assert_eq!(same(&again).1, found["examples"].as_array().and_then(|it| it.last()).expect("one was bad")["faults"]);
}

#[test]
fn faults_have_the_same_outcome_in_virtual_time_and_on_docker() {
    let app = App::check_out("v2");
    for (faults, outcome, exit) in [(HOPELESS, "rolled back", 5), (MILD, "completed", 0)] {
        let file = written(&app, faults);
        let (_, found) = explore(&app, &["--faults", &file]);
        assert_eq!(found["outcomes"][outcome], 1, "{found:#}");
        let run =
            app.finished(&app.command("postgres").args(["--faults", &file]).output().expect("greenroom can be run"));
        assert_eq!(run.exit, Some(exit), "{}", run.printed());
        let (ended, said) = match exit {
            0 => ("proved", "somebody sets the desired count to 3"),
            _ => ("refuted", "the service is stable again on the revision before"),
        };
        assert_eq!(run.ended("roll out"), ended, "{}", run.printed());
        assert!(run.stdout.contains(said), "{}", run.printed());
        assert!(run.report["requests"]["failed"] == 0, "{}", run.printed());
    }
}

#[test]
fn a_file_that_cannot_be_used_is_pointed_at() {
    let app = App::check_out("v2");
    let file = written(&app, "[[faults]]\ncrash = { container = 0, after = \"1s\" }\n");
    for arguments in
        [&["rehearse", "--faults"][..], &["rehearse", "--engine", "virtual", "--faults"], &["explore", "--faults"]]
    {
        let mut command = greenroom();
        command.args(arguments).arg(&file).arg("-f").arg(app.path().join("greenroom.toml"));
        let output = command.output().expect("greenroom can be run");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{said}");
        let expected = if arguments.contains(&"virtual") {
            "greenroom explore --faults"
        } else {
            "faults.toml:2:23: the first container is number 1"
        };
        assert!(said.contains(expected), "{said}");
    }
}
