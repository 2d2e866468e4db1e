//! Whole rehearsals of tasks that cannot start or be reached, and of the near miss of each, in which nothing may be found.

use serde_json::Value;

use crate::app::App;
use crate::whole::{in_turn, whole};

/// A version that is refuted, and where and how.
struct Broken {
    app: &'static str,
    version: &'static str,
    stage: &'static str,
    code: &'static str,
    /// Parts of the first finding.
    says: &'static [&'static str],
    /// The version that differs in what was wrong.
    near_miss: &'static str,
}

const NEWS: &str = "news-api";
const NOTES: &str = "notes-node";

/// What the files alone show.
const BY_THE_FILES: [Broken; 6] = [
    Broken {
        app: NEWS,
        version: "v2-misspelt-secret",
        stage: "preflight",
        code: "C-03",
        says: &["`news-api/sesion-key-GhIjKl`", "did you mean `news-api/session-key`?"],
        near_miss: "v2-secret-by-name",
    },
    Broken {
        app: NEWS,
        version: "v2-secret-without-key",
        stage: "preflight",
        code: "C-03",
        says: &["wants the key `sesion` of the secret `news-api/session-key`", "did you mean `session`?"],
        near_miss: "v2-secret-by-key",
    },
    Broken {
        app: NEWS,
        version: "v2-wrong-scheme",
        stage: "preflight",
        code: "C-02",
        // Each engine has its own: SQLAlchemy knows no `postgres`, and MySQL's URL is PostgreSQL's.
        says: &["`postgres", "greenroom.toml"],
        near_miss: "v2",
    },
    Broken {
        app: NEWS,
        version: "v2-localhost-database",
        stage: "preflight",
        code: "C-02",
        says: &["the database's host is `localhost`", "task-definition.json"],
        near_miss: "v2",
    },
    Broken {
        app: NEWS,
        version: "v2-two-heads",
        stage: "preflight",
        code: "M-01",
        says: &["Alembic has 2 heads: 0002b, 0002", "alembic merge -m \\\"merge heads\\\" 0002b 0002"],
        near_miss: "v2-merged-heads",
    },
    Broken {
        app: NEWS,
        version: "v2-loopback",
        stage: "preflight",
        code: "H-04",
        says: &["listens on 127.0.0.1", "Dockerfile", "--host 0.0.0.0"],
        near_miss: "v2",
    },
];

/// What only the image shows, or a task.
const BY_WHAT_RAN: [Broken; 4] = [
    Broken {
        app: NEWS,
        version: "v2-arm",
        stage: "build",
        code: "C-04",
        says: &["is for `amd64`", "asks for ARM64", "docker buildx build --platform linux/arm64"],
        near_miss: "v2-arm-crossed",
    },
    Broken {
        app: NEWS,
        version: "v2-missing-env",
        stage: "roll out",
        code: "C-01",
        says: &["needs the variable `EDITOR_ADDRESS`"],
        near_miss: "v2-env-set",
    },
    Broken {
        app: NEWS,
        version: "v2-unhealthy",
        stage: "roll out",
        code: "H-02",
        says: &["calls `curl`, which is not in the image", "python3 -c", "it succeeds"],
        near_miss: "v2-healthy-by-python",
    },
    Broken {
        app: NOTES,
        version: "v2-loopback",
        stage: "roll out",
        code: "H-04",
        says: &["listens on 127.0.0.1:8000 only, where the load balancer cannot reach it", "listen on 0.0.0.0:8000"],
        near_miss: "v2-every-address",
    },
];

/// Those that `tests/rehearse.rs` plays on every run as well.
const PLAYED_ELSEWHERE: [&str; 2] = ["v2-missing-env", "v2-unhealthy"];

fn is_refuted(case: &Broken, database: &str) {
    let run = App::check_out_of(case.app, case.version).rehearse(database);
    assert_eq!(run.exit, Some(5), "{} on {database}: {}", case.version, run.printed());
    assert_eq!(run.ended(case.stage), "refuted", "{}", run.printed());
    let finding = &run.report["findings"][0];
    assert_eq!(finding["code"], case.code, "{}", run.printed());
    for part in case.says {
        assert!(finding.to_string().contains(part), "{part}\n{finding:#}");
    }
}

fn is_green(case: &Broken, database: &str) {
    let run = App::check_out_of(case.app, case.near_miss).rehearse(database);
    assert_eq!(run.exit, Some(0), "{} on {database}: {}", case.near_miss, run.printed());
    let findings = run.report["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
    assert!(findings.iter().all(|it| it["code"] != case.code), "{}", run.printed());
    assert_eq!(run.ended("roll back"), "proved", "{}", run.printed());
}

const DATABASES: [&str; 3] = ["postgres", "mysql", "mariadb"];

#[test]
fn what_the_files_show_is_found_before_anything_is_started() {
    // The rules are tried with each engine's files in the library.
    for (number, case) in BY_THE_FILES.iter().enumerate() {
        for database in in_turn(&DATABASES, number) {
            is_refuted(case, database);
        }
    }
}

#[test]
fn what_only_the_image_or_a_task_shows_is_found() {
    let played = BY_WHAT_RAN.iter().filter(|case| whole() || !PLAYED_ELSEWHERE.contains(&case.version));
    for (number, case) in played.enumerate() {
        for database in in_turn(&DATABASES, number) {
            is_refuted(case, database);
        }
    }
}

const NEAR_MISSES: [&Broken; 6] =
    [&BY_THE_FILES[0], &BY_THE_FILES[1], &BY_THE_FILES[4], &BY_WHAT_RAN[0], &BY_WHAT_RAN[2], &BY_WHAT_RAN[3]];

/// On every run one of them, and the others as `rehearse data` plays them.
#[test]
fn near_misses_are_deployed() {
    for (number, case) in in_turn(&NEAR_MISSES, 3).iter().enumerate() {
        for database in in_turn(&DATABASES, number) {
            is_green(case, database);
        }
    }
}

/// A version that goes through, and what it is warned of.
struct Warned {
    app: &'static str,
    version: &'static str,
    code: &'static str,
    /// Parts of the finding.
    says: &'static [&'static str],
    /// The version that differs in what is wrong.
    near_miss: &'static str,
    /// The library tries its rule, so that it is played by night alone.
    by_night: bool,
}

const WARNED: [Warned; 2] = [
    Warned {
        app: NOTES,
        version: "v2-unwatched-deploy",
        code: "H-08",
        says: &["it succeeds although ECS rolls the deploy back", "wait-for-service-stability: true"],
        near_miss: "v2",
        by_night: true,
    },
    Warned {
        app: NEWS,
        version: "v2-no-certificates",
        code: "C-07",
        says: &["every call to `STATISTICS_URL` fails", "task-definition.json", "COPY --from=build"],
        near_miss: "v2-certificates",
        by_night: false,
    },
];

/// What is around the app and wrong: where each is seen in the version that has it all.
const AROUND: [&str; 15] = [
    "G-01 .github/workflows/deploy.yaml:16",
    "G-01 .github/workflows/preview.yaml:19",
    "G-04 .github/workflows/deploy.yaml:33",
    "G-05 .github/workflows/deploy.yaml:18",
    "G-06 .github/workflows/preview.yaml:19",
    "S-01 .github/workflows/preview.yaml:16",
    "S-02 .github/workflows/preview.yaml:17",
    "S-03 .github/workflows/preview.yaml:19",
    "S-04 .github/workflows/preview.yaml:13",
    "S-05 .github/workflows/preview.yaml:21",
    "N-01 nginx.conf:7",
    "N-02 nginx.conf:3",
    "N-03 nginx.conf:7",
    "X-10 compose.yaml:49",
    "X-11 .github/workflows/deploy.yaml:27",
];

/// The app itself is v2, and its deploy succeeds: all of it is found by the files alone.
#[test]
fn what_is_around_the_app_is_warned_of() {
    for (version, expected) in [("v2-careless-pipeline", &AROUND[..]), ("v2-careful-pipeline", &[])] {
        let app = App::check_out(version);
        let mut command = app.command("postgres");
        command.args(["--engine", "virtual"]).env("DOCKER_HOST", "unix:///nowhere");
        let run = app.finished(&command.output().expect("greenroom can be run"));
        assert_eq!(run.exit, Some(0), "{version}: {}", run.printed());
        let findings = run.report["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let told = findings.iter().map(|finding| {
            assert_eq!(finding["severity"], "warning", "{}", run.printed());
            let place = &finding["place"];
            format!("{} {}:{}", text(&finding["code"]), text(&place["file"]), text(&place["line"]))
        });
        assert_eq!(told.collect::<Vec<_>>(), expected, "{version}: {}", run.printed());
    }
}

/// Nothing breaks here, and may all the same once it is deployed.
#[test]
fn what_breaks_nothing_here_is_warned_of() {
    for case in WARNED.iter().filter(|case| whole() || !case.by_night) {
        for (version, warns) in [(case.version, true), (case.near_miss, false)] {
            for database in in_turn(&DATABASES, usize::from(warns)) {
                let run = App::check_out_of(case.app, version).rehearse(database);
                assert_eq!(run.exit, Some(0), "{version} on {database}: {}", run.printed());
                let findings = run.report["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
                let of_code: Vec<&Value> = findings.iter().filter(|it| it["code"] == case.code).collect();
                assert_eq!(of_code.len(), usize::from(warns), "{}", run.printed());
                for part in case.says {
                    assert!(of_code.iter().all(|it| it.to_string().contains(part)), "{part}\n{}", run.printed());
                }
            }
        }
    }
}
