//! What the flags of `greenroom rehearse` change.

use crate::app::{App, greenroom};
use crate::engine::Engine;

#[test]
fn what_is_kept_stays_until_it_is_removed_on_request() {
    let engine = Engine::connect();
    let app = App::check_out("v2-migration-fails");
    let child = app.command("postgres").arg("--keep").spawn().expect("greenroom can be run");
    let owner = child.id();
    let run = app.finished(&child.wait_with_output().expect("the child is ours"));
    assert_eq!(run.exit, Some(5), "{}", run.printed());
    let id = run.report["rehearsal"].as_str().expect("a report names the rehearsal");
    assert!(
        run.stderr.contains(&format!("docker ps --all --filter label=greenroom.rehearsal={id}")),
        "{}",
        run.printed()
    );
    assert!(run.stderr.contains("greenroom clean"), "{}", run.printed());

    // Every rehearsal begins by removing what dead ones have left.
    let next = App::check_out("v2-wrong-port").rehearse("postgres");
    assert_eq!(next.exit, Some(5), "{}", next.printed());
    let left = engine.left_by(owner);
    // The two tasks of v1 and the database.
    assert!(left.iter().filter(|it| it.starts_with("container")).count() >= 3, "{left:#?}");

    let cleaned = greenroom().arg("clean").output().expect("greenroom can be run");
    let stdout = String::from_utf8_lossy(&cleaned.stdout);
    assert!(cleaned.status.success() && stdout.contains(id), "{stdout}");
    assert_eq!(engine.left_by(owner), Vec::<String>::new());
}

#[test]
fn later_stages_follow_a_refuted_one_if_it_is_said_so() {
    let app = App::check_out("v2-migration-fails");
    let run = app.finished(&app.command("postgres").arg("--keep-going").output().expect("greenroom can be run"));
    assert_eq!(run.exit, Some(5), "{}", run.printed());
    assert_eq!(run.report["findings"][0]["code"], "M-11", "{}", run.printed());
    assert_eq!(run.ended("migrate"), "refuted", "{}", run.printed());
    // The new code comes up, but without its column it cannot answer.
    assert_eq!(run.ended("roll out"), "proved", "{}", run.printed());
    assert_eq!(run.ended("verify"), "refuted", "{}", run.printed());
    // Until v1 is back, so do its requests.
    assert_eq!(run.report["findings"].as_array().map(Vec::len), Some(3), "{}", run.printed());
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    let app = App::check_out("v2");
    let cases: [(&[&str], &str); 2] = [
        (&["--behaviours", "x.toml"], "add `--engine virtual`"),
        (&["--engine", "virtual", "--timing", "rehearsal"], "leave out `--timing`"),
    ];
    for (flags, help) in cases {
        let run = app.finished(&app.command("postgres").args(flags).output().expect("greenroom can be run"));
        assert_eq!(run.exit, Some(3), "{}", run.printed());
        assert!(run.stderr.contains(help), "{}", run.printed());
    }
}

/// A script of behaviours, the exit code, and what must be said.
const IN_VIRTUAL_TIME: [(&str, i32, &[&str]); 4] = [
    ("up-after = \"3s\"", 0, &["on AWS      the rollout takes 6 min", "with at most 4 tasks at once", "would succeed"]),
    (
        "up-after = \"never\"",
        5,
        &["what runs now does not reach a steady state in virtual time", "baseline", "would fail"],
    ),
    // The first two containers are what runs now; those of what would be deployed end before they are up.
    (
        concat!(
            "up-after = \"3s\"\n[[containers.app]]\nup-after = \"3s\"\n",
            "[[containers.app]]\nup-after = \"never\"\nexits = { after = \"3s\", code = 1 }\n",
            "[[containers.app]]\nup-after = \"never\"\nexits = { after = \"3s\", code = 1 }\n",
            "[[containers.app]]\nup-after = \"never\"\nexits = { after = \"3s\", code = 1 }\n",
            "[[containers.app]]\nup-after = \"never\"\nexits = { after = \"3s\", code = 1 }\n",
            "[[containers.app]]\nup-after = \"never\"\nexits = { after = \"3s\", code = 1 }",
        ),
        5,
        &["tasks failed to start", "roll out", "would fail"],
    ),
    ("up-aftr = \"3s\"", 3, &["behaviours.toml:4:1", "did you mean `up-after`?"]),
];

#[test]
fn virtual_time_needs_no_engine_and_tells_what_aws_would_do() {
    for (app, exit, says) in IN_VIRTUAL_TIME {
        let checked_out = App::check_out("v2");
        let script = format!(
            "[[containers.settings]]\nexits = {{ after = \"200ms\", code = 0 }}\n[[containers.app]]\n{app}\n[[containers.ready]]\n"
        );
        let file = checked_out.path().join("behaviours.toml");
        std::fs::write(&file, script).expect("the temporary directory is writable");
        let mut command = checked_out.command("postgres");
        command.args(["--engine", "virtual", "--behaviours"]).arg(&file).env("DOCKER_HOST", "unix:///nowhere");
        let run = checked_out.finished(&command.output().expect("greenroom can be run"));
        assert_eq!(run.exit, Some(exit), "{}", run.printed());
        for words in says {
            assert!(run.printed().contains(words), "{words}\n{}", run.printed());
        }
    }
}

#[test]
fn rules_that_close_the_database_are_read_in_virtual_time_too() {
    let app = App::check_out("v2-closed-database");
    let file = app.path().join("behaviours.toml");
    std::fs::write(&file, "[[containers.app]]\nup-after = \"3s\"\n").expect("the temporary directory is writable");
    let mut command = app.command("postgres");
    command.args(["--engine", "virtual", "--behaviours"]).arg(&file).env("DOCKER_HOST", "unix:///nowhere");
    let run = app.finished(&command.output().expect("greenroom can be run"));
    assert_eq!(run.exit, Some(5), "{}", run.printed());
    assert_eq!(run.ended("account"), "refuted", "{}", run.printed());
    let finding = &run.report["findings"][0];
    assert_eq!(
        (finding["code"].as_str(), finding["kind"].as_str()),
        (Some("A-02"), Some("static")),
        "{}",
        run.printed()
    );
}

#[test]
fn exploring_finds_the_fewest_faults_that_lead_to_an_outage() {
    let app = App::check_out("v2");
    let file = app.path().join("behaviours.toml");
    let script = "[[containers.settings]]\nexits = { after = \"200ms\" }\n[[containers.app]]\nup-after = \"3s\"\n[[containers.ready]]\n";
    std::fs::write(&file, script).expect("the temporary directory is writable");
    let explore = |more: &[&str]| {
        let mut command = greenroom();
        command.arg("explore").arg("-f").arg(app.path().join("greenroom.toml")).arg("--behaviours").arg(&file);
        let output = command.args(["--json"]).args(more).output().expect("greenroom can be run");
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON was asked for");
        (output.status.code(), found)
    };
    let (exit, found) = explore(&["--seeds", "150"]);
    assert_eq!(exit, Some(5), "{found:#}");
    let runs: u64 = found["outcomes"].as_object().expect("counts").values().filter_map(serde_json::Value::as_u64).sum();
    assert_eq!(runs, 150, "{found:#}");
    let example = &found["examples"][0];
    assert_eq!(example["outcome"], "no healthy target for a time", "{found:#}");
    assert!(example["outageMillis"].as_u64() > Some(0) && !example["faults"].as_array().expect("a list").is_empty());

    // A seed stands for its faults, whatever was explored before it.
    let (again, alone) = explore(&["--seeds", "1", "--first-seed", &example["seed"].to_string()]);
    assert_eq!((again, &alone["examples"][0]), (Some(5), example));
}
