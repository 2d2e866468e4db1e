//! Deploys that move requests from one target group to another: blue/green, linear and canary, with lifecycle hooks.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use crate::app::{App, Run, greenroom};

/// Asks the revision that test requests reach for its articles, says how it answered, and decides by the answer.
const CHECK: &str = r#"#!/usr/bin/env bash
cat > /dev/null
address=${GREENROOM_URL#http://}
exec 3<> "/dev/tcp/${address%:*}/${address#*:}"
printf 'GET /articles HTTP/1.1\r\nHost: news\r\nx-release: next\r\nConnection: close\r\n\r\n' >&3
answer=$(cat <&3)
echo "${answer%%$'\r'*}" >&2
DECIDE
"#;

const SUCCEEDS: &str = r#"echo '{"hookStatus": "SUCCEEDED"}'"#;

/// v2's articles have summaries.
const REFUSES_V2: &str = r#"case $answer in
  *'"summary"'*) echo '{"hookStatus": "FAILED"}' ;;
  *) echo '{"hookStatus": "SUCCEEDED"}' ;;
esac"#;

const HOOK: &str = r#"
test-header = { name = "x-release", value = "next" }

[[deployment.hooks]]
function = "check-release"
stages = ["post-test-traffic-shift"]

[stand-ins]
check-release = { command = ["./check"] }
"#;

const BEHAVIOURS: &str = "[[containers.settings]]\nexits = { after = \"200ms\" }\n[[containers.app]]\nup-after = \"3s\"\n[[containers.ready]]\n";

/// v2, deployed as `deployment` says, with a hook that decides so.
fn app(deployment: &str, decide: &str) -> App {
    let app = App::check_out("v2");
    let config = app.path().join("greenroom.toml");
    let text = fs::read_to_string(&config).expect("the fixture has the file");
    fs::write(&config, format!("{text}\n[deployment]\n{deployment}{HOOK}"))
        .expect("the temporary directory is writable");
    let check = app.path().join("check");
    fs::write(&check, CHECK.replace("DECIDE", decide)).expect("the temporary directory is writable");
    fs::set_permissions(&check, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    fs::write(app.path().join("behaviours.toml"), BEHAVIOURS).expect("the temporary directory is writable");
    app
}

/// In virtual time, where there is no engine.
fn in_virtual_time(mut command: Command, app: &App) -> Command {
    command.arg("--behaviours").arg(app.path().join("behaviours.toml")).env("DOCKER_HOST", "unix:///nowhere");
    command
}

/// The stages of the deployment that was rehearsed, each with the new revision's shares of production and test requests.
fn stages(run: &Run) -> Vec<String> {
    let stages = run.report["shift"]["stages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |stage: &Value, key: &str| stage[key].as_str().unwrap_or_default().to_owned();
    let back = |stage: &Value| if stage["rollingBack"] == true { "<" } else { "" };
    let line = |stage: &Value| {
        let [name, production, test] = ["stage", "productionPercent", "testPercent"].map(|key| text(stage, key));
        format!("{}{name} {production}/{test}", back(stage))
    };
    stages.iter().map(line).collect()
}

#[test]
fn blue_green_moves_all_requests_at_once_after_its_hook_has_seen_the_new_code() {
    let app = app("strategy = \"blue-green\"\nbake-time-minutes = 1", SUCCEEDS);
    let run = app.rehearse("postgres");
    assert_eq!(run.exit, Some(0), "{}", run.printed());
    for stage in run.report["stages"].as_array().expect("a report lists its stages") {
        assert_eq!(stage["ended"], "proved", "{stage}\n{}", run.printed());
    }
    assert_eq!(run.report["requests"]["failed"], 0, "{}", run.printed());
    let expected = [
        "PRE_SCALE_UP 0/0",
        "SCALE_UP 0/0",
        "POST_SCALE_UP 0/0",
        "TEST_TRAFFIC_SHIFT 0/100",
        "POST_TEST_TRAFFIC_SHIFT 0/100",
        "PRE_PRODUCTION_TRAFFIC_SHIFT 0/100",
        "PRODUCTION_TRAFFIC_SHIFT 100/100",
        "POST_PRODUCTION_TRAFFIC_SHIFT 100/100",
        "BAKE_TIME 100/100",
        "CLEAN_UP 100/100",
    ];
    assert_eq!(stages(&run), expected, "{}", run.printed());
    let hooks = run.report["shift"]["hooks"].as_array().expect("hooks were asked");
    let [hook] = hooks.as_slice() else { panic!("asked once: {hooks:?}") };
    assert_eq!((&hook["function"], &hook["answer"]), (&Value::from("check-release"), &Value::from("SUCCEEDED")));
    assert_eq!(hook["said"], "HTTP/1.1 200 OK", "it reached the new tasks: {}", run.printed());
    assert!(
        run.printed().contains("hook `check-release` answers SUCCEEDED in POST_TEST_TRAFFIC_SHIFT"),
        "{}",
        run.printed()
    );
    // On AWS it is a minute as configured.
    assert_eq!(run.report["prediction"]["shift"]["bake"], 60_000, "{}", run.printed());
    assert_eq!(run.report["prediction"]["rollout"]["ended"], "completed", "{}", run.printed());
}

#[test]
fn a_hook_that_answers_failed_rolls_the_deploy_back() {
    let app = app("strategy = \"blue-green\"\nbake-time-minutes = 0", REFUSES_V2);
    let run = app.rehearse("postgres");
    assert_eq!(run.exit, Some(5), "{}", run.printed());
    assert_eq!(run.ended("baseline"), "proved", "v1 has no summaries: {}", run.printed());
    assert_eq!(run.ended("roll out"), "refuted", "{}", run.printed());
    let first = run.stdout.lines().next().unwrap_or_default();
    let sentence = "error[H-13] lifecycle hook `check-release` answers FAILED in the stage POST_TEST_TRAFFIC_SHIFT";
    assert!(first.starts_with(sentence), "{}", run.printed());
    let place = &run.report["findings"][0]["place"];
    assert_eq!(place["file"], "greenroom.toml", "{}", run.printed());
    assert!(place["line"].as_u64() > Some(40), "{}", run.printed());
    assert_eq!(stages(&run).last().map(String::as_str), Some("<CLEAN_UP 0/0"), "{}", run.printed());
    assert!(stages(&run).iter().all(|stage| !stage.starts_with("PRODUCTION")), "{}", run.printed());
    assert_eq!(run.report["requests"]["failed"], 0, "v1 served all along: {}", run.printed());
    assert_eq!(run.report["prediction"]["rollout"]["ended"], "failed", "{}", run.printed());
}

#[test]
fn a_canary_is_predicted_with_its_steps_and_waits() {
    let deployment = "strategy = \"canary\"\ncanary-percent = 10\ncanary-bake-time-minutes = 5\nbake-time-minutes = 10";
    let app = app(deployment, SUCCEEDS);
    let mut command = app.command("postgres");
    command.args(["--engine", "virtual"]);
    let run = app.finished(&in_virtual_time(command, &app).output().expect("greenroom can be run"));
    assert_eq!(run.exit, Some(0), "{}", run.printed());
    for words in [
        "production requests move to it in 2 steps: 10 % after 1 min, 100 % after 6 min",
        "the old tasks stand by for 10 min more (bake time)",
        "with at most 4 tasks at once",
        "would succeed",
    ] {
        assert!(run.printed().contains(words), "{words}\n{}", run.printed());
    }
}

#[test]
fn exploring_lets_hooks_fail_in_their_stage() {
    let app = app("strategy = \"linear\"\nstep-percent = 50\nstep-bake-time-minutes = 1", SUCCEEDS);
    let explore = |more: &[&str]| {
        let mut command = greenroom();
        command.arg("explore").arg("-f").arg(app.path().join("greenroom.toml")).args(["--json"]).args(more);
        let output = in_virtual_time(command, &app).output().expect("greenroom can be run");
        let found: Value = serde_json::from_slice(&output.stdout).expect("JSON was asked for");
        (output.status.code(), found)
    };
    let (_, found) = explore(&["--seeds", "100"]);
    let count = |outcome: &str| found["outcomes"][outcome].as_u64().unwrap_or_default();
    assert!(count("completed") > 0 && count("rolled back") > 0, "{found:#}");
    assert_eq!(count("a rule of AWS's broken, which is a bug of greenroom's"), 0, "{found:#}");
    let faults = app.path().join("found.toml");
    let hook = "[[faults]]\nhook = { stage = \"post-test-traffic-shift\", answers = \"failed\" }\n";
    fs::write(&faults, hook).expect("the temporary directory is writable");
    let file = faults.to_str().expect("temporary paths are UTF-8");
    let (exit, found) = explore(&["--faults", file]);
    assert_eq!((exit, &found["outcomes"]["rolled back"]), (Some(0), &Value::from(1)), "{found:#}");
}

/// What is added to greenroom.toml, and what must be said of it.
const WRONG: [(&str, &[&str]); 5] = [
    ("[deployment]\nstrategy = \"bluegreen\"\n", &["greenroom.toml:45:12", "did you mean `blue-green`?"]),
    ("[deployment]\nbake-time-minuts = 5\n", &["greenroom.toml:45:1", "did you mean `bake-time-minutes`?"]),
    (
        "[deployment]\nstrategy = \"canary\"\nstep-percent = 10\n",
        &["greenroom.toml:46:16", "goes with `strategy = \"linear\"` only"],
    ),
    (
        "[deployment]\nstrategy = \"canary\"\n\n[[deployment.hooks]]\nfunction = \"check\"\nstages = [\"post-scale-up\"]\n\n[stand-ins]\nchekc = { command = [\"true\"] }\n",
        &["greenroom.toml:52:9", "did you mean `check`?"],
    ),
    (
        "[deployment]\nstrategy = \"canary\"\n\n[[deployment.hooks]]\nfunction = \"check\"\nstages = [\"post-scale-up\"]\n",
        &["nothing stands in for the function `check`", "[stand-ins]"],
    ),
];

#[test]
fn a_mistake_in_the_deployment_is_pointed_at() {
    for (section, says) in WRONG {
        let app = App::check_out("v2");
        let config = app.path().join("greenroom.toml");
        let text = fs::read_to_string(&config).expect("the fixture has the file");
        fs::write(&config, format!("{text}\n{section}")).expect("the temporary directory is writable");
        let run = app.finished(&app.command("postgres").output().expect("greenroom can be run"));
        assert_eq!(run.exit, Some(3), "{section}\n{}", run.printed());
        for words in says {
            assert!(run.printed().contains(words), "{section}: {words}\n{}", run.printed());
        }
    }
}
