//! What cannot be used is named with its file, its place and the fix, before anything starts.

use std::fs;

use crate::app::{App, greenroom};
use crate::engine::Engine;

/// A change to the checked-out app, the exit code, and what the message must hold.
struct Case {
    name: &'static str,
    change: fn(&std::path::Path),
    exit: i32,
    says: &'static [&'static str],
}

fn replace(file: &std::path::Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).expect("the fixture has the file");
    assert!(text.contains(from), "`{from}` is not in {}", file.display());
    fs::write(file, text.replacen(from, to, 1)).expect("the temporary directory is writable");
}

/// A further service in `greenroom.toml`.
fn add_worker(app: &std::path::Path, keys: &str) {
    let section =
        format!("[services.worker]\ntask-definition = \"worker.json\"\ndesired-count = 1\n{keys}\n\n[repository]");
    replace(&app.join("greenroom.toml"), "[repository]", &section);
}

const CASES: [Case; 16] = [
    Case {
        name: "greenroom.toml is not TOML",
        change: |app| replace(&app.join("greenroom.toml"), "[service]", "[service"),
        exit: 3,
        says: &["greenroom.toml", "service"],
    },
    Case {
        name: "an unknown key",
        change: |app| replace(&app.join("greenroom.toml"), "desired-count", "desired-cuont"),
        exit: 3,
        says: &["desired-cuont", "did you mean `desired-count`?", "greenroom.toml"],
    },
    Case {
        name: "no greenroom.toml",
        change: |app| fs::remove_file(app.join("greenroom.toml")).expect("it is there"),
        exit: 3,
        says: &["cannot read", "greenroom.toml"],
    },
    Case {
        name: "the task definition is not JSON",
        change: |app| {
            replace(&app.join("task-definition.json"), "\"containerDefinitions\":", "\"containerDefinitions\"")
        },
        exit: 3,
        says: &["task-definition.json", "line"],
    },
    Case {
        name: "no task definition",
        change: |app| fs::remove_file(app.join("task-definition.json")).expect("it is there"),
        exit: 3,
        says: &["task-definition.json"],
    },
    Case {
        name: "the compose file is not YAML",
        change: |app| replace(&app.join("compose.yaml"), "services:", "services: [\n"),
        exit: 3,
        says: &["compose.yaml:5:"],
    },
    Case {
        name: "the smoke file has an unknown key",
        change: |app| replace(&app.join("smoke.json"), "\"method\"", "\"mehtod\""),
        exit: 3,
        says: &["smoke.json:", "mehtod", "did you mean `method`?"],
    },
    Case {
        name: "the container behind the load balancer is not in the task definition",
        change: |app| replace(&app.join("greenroom.toml"), "container = \"app\"", "container = \"web\""),
        exit: 3,
        says: &["`web`", "task-definition.json"],
    },
    Case {
        name: "a secret of the task definition without a value for the rehearsal",
        change: |app| replace(&app.join("greenroom.toml"), "\"news-api/session-key\"", "\"news-api/other-key\""),
        exit: 3,
        says: &["news-api/session-key", "[secrets]"],
    },
    Case {
        name: "the database's security group in no file",
        change: |app| replace(&app.join("greenroom.toml"), "[database]", "[database]\nsecurity-group = \"rows\""),
        exit: 3,
        says: &["`rows`", "aws ec2 describe-security-groups", "[files]"],
    },
    Case {
        name: "no file of security groups",
        change: |app| replace(&app.join("greenroom.toml"), "[files]", "[files]\nsecurity-groups = \"groups.json\""),
        exit: 3,
        says: &["could not read `groups.json`", "[files]"],
    },
    Case {
        name: "a security group that the file does not have",
        change: |app| {
            replace(&app.join("greenroom.toml"), "[files]", "[files]\nsecurity-groups = \"groups.json\"");
            replace(&app.join("greenroom.toml"), "[database]", "[database]\nsecurity-group = \"rows\"");
            let text = r#"{"SecurityGroups": [{"GroupName": "lines", "GroupId": "sg-1"}]}"#;
            fs::write(app.join("groups.json"), text).expect("the temporary directory is writable");
        },
        exit: 3,
        says: &["`groups.json` has no security group `rows`", "`lines`"],
    },
    Case {
        name: "an unknown key of a further service",
        change: |app| add_worker(app, "autoscalling = true"),
        exit: 3,
        says: &["autoscalling", "did you mean `autoscaling`?", "greenroom.toml:26:"],
    },
    Case {
        name: "a further service with a port and no listener",
        change: |app| add_worker(app, "port = 9000"),
        exit: 3,
        says: &["this key goes with `listener-port`", "greenroom.toml:26:"],
    },
    Case {
        name: "a further service with a name that AWS does not take",
        change: |app| replace(&app.join("greenroom.toml"), "[repository]", "[services.My_Worker]\n\n[repository]"),
        exit: 3,
        says: &["`My_Worker` is not a name of a further service", "greenroom.toml:23:"],
    },
    Case {
        name: "no task definition of a further service",
        change: |app| add_worker(app, ""),
        exit: 3,
        says: &["cannot read `worker.json`", "`[services.worker] task-definition` in greenroom.toml names it"],
    },
];

#[test]
fn bad_input_gets_one_clear_message() {
    for Case { name, change, exit, says } in CASES {
        let app = App::check_out("v2");
        change(&app.path());
        let run = app.rehearse("postgres");
        assert_eq!(run.exit, Some(exit), "{name}\n{}", run.printed());
        for part in says {
            assert!(run.stderr.contains(part), "{name}: `{part}` is not in\n{}", run.printed());
        }
        assert!(!run.stderr.contains("panicked"), "{name}\n{}", run.printed());
    }
}

#[test]
fn contradictions_among_the_files_are_refuted_before_anything_starts() {
    let app = App::check_out("v2");
    replace(&app.path().join("task-definition.json"), "\"HEALTHY\"", "\"SUCCESS\"");
    let run = app.rehearse("postgres");
    assert_eq!(run.exit, Some(5), "{}", run.printed());
    assert_eq!(run.ended("preflight"), "refuted", "{}", run.printed());
    assert_eq!(run.ended("account"), "not-shown", "{}", run.printed());
    assert!(run.stdout.contains("task-definition.json:"), "{}", run.printed());
}

#[test]
fn no_engine_is_said_with_what_to_do() {
    let app = App::check_out("v2");
    let nowhere = app.path().join("no-such.sock");
    let mut command = app.command("postgres");
    command.env("DOCKER_HOST", format!("unix://{}", nowhere.display()));
    let run = app.finished(&command.output().expect("greenroom can be run"));
    assert_eq!(run.exit, Some(6), "{}", run.printed());
    assert!(run.stderr.contains("no-such.sock"), "{}", run.printed());
    assert!(run.stderr.contains("DOCKER_HOST"), "{}", run.printed());
}

/// A container that was given the engine's socket is where people try this: a job of GitLab's, a development container.
#[test]
fn an_engine_on_another_network_is_said_with_what_to_do() {
    let mut docker = std::process::Command::new("docker");
    docker.args(["run", "--rm", "--volume", "/:/machine", "python:3.11-slim", "chroot", "/machine"]);
    let output = docker.args([env!("CARGO_BIN_EXE_greenroom"), "doctor"]).output().expect("there is a docker client");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(6), "{stderr}");
    assert!(stderr.contains("a network that this process is not on"), "{stderr}");
    assert!(stderr.contains("--network host"), "{stderr}");
}

/// In a container of this machine's network and processes, whose root is this machine's but for a cache of four megabytes.
#[test]
fn no_room_for_image_layers_is_said_and_nothing_is_left() {
    let app = App::check_out("v2");
    let cache = app.path().join("../cache");
    std::fs::create_dir(&cache).expect("the temporary directory is writable");
    let cache = cache.canonicalize().expect("it was just made");
    let mut docker = std::process::Command::new("docker");
    docker.args(["run", "--rm", "--network", "host", "--pid", "host", "--volume", "/:/machine"]);
    docker.arg("--tmpfs").arg(format!("/machine{}:size=4m", cache.display()));
    docker.arg("python:3.11-slim").args(["chroot", "/machine", "env", &format!("XDG_CACHE_HOME={}", cache.display())]);
    let rehearsal = app.command("postgres");
    docker.args(["sh", "-c", "echo $$; exec \"$0\" \"$@\""]).arg(rehearsal.get_program()).args(rehearsal.get_args());
    let run = app.finished(&docker.output().expect("there is a docker client"));
    let owner = run.stdout.trim().parse().expect("the shell says the number of its process");
    assert_eq!(run.exit, Some(3), "{}", run.printed());
    assert!(run.stderr.contains(&cache.display().to_string()), "{}", run.printed());
    assert!(run.stderr.contains("no space left") && run.stderr.contains("make room"), "{}", run.printed());
    assert_eq!(Engine::connect().left_by(owner), Vec::<String>::new());
}

#[test]
fn a_port_that_is_taken_is_named_and_nothing_is_left() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let app = App::check_out("v2");
    let mut command = app.command("postgres");
    let child = command.args(["--port", &port]).spawn().expect("greenroom can be run");
    let owner = child.id();
    let run = app.finished(&child.wait_with_output().expect("the child is ours"));
    assert_eq!(run.exit, Some(3), "{}", run.printed());
    assert!(run.stderr.contains(&port) && run.stderr.contains("--port"), "{}", run.printed());
    assert_eq!(Engine::connect().left_by(owner), Vec::<String>::new());
}

#[test]
fn unknown_arguments_are_the_users_input() {
    let cases: [&[&str]; 4] = [
        &["rehearse", "--databse", "mysql"],
        &["rehearse", "--database", "oracle"],
        &["explain", "Z-99"],
        &["rehearse", "--from", "no-such-thing"],
    ];
    let app = App::check_out("v2");
    for arguments in cases {
        let output = greenroom().args(arguments).current_dir(app.path()).output().expect("greenroom can be run");
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}
