//! The fixture app, checked out as a repository of its own, and the program run on it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The news-api at one version, in a repository whose main branch holds v1.
pub(crate) struct App {
    directory: TempDir,
}

/// What a rehearsal printed and wrote.
pub(crate) struct Run {
    pub(crate) exit: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) report: Value,
    pub(crate) trace: Vec<Value>,
    pub(crate) junit: String,
}

impl App {
    pub(crate) fn check_out(version: &str) -> Self {
        Self::check_out_of("news-api", version)
    }

    /// Another app of the fixtures at `version`.
    pub(crate) fn check_out_of(app: &str, version: &str) -> Self {
        let directory = tempfile::tempdir().expect("the machine has room for a temporary directory");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/apps/checkout");
        let target = directory.path().join("app");
        let output =
            Command::new(script).arg(app).arg(version).arg(&target).output().expect("the checkout script can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { directory }
    }

    /// The work tree.
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("app")
    }

    /// `greenroom rehearse` on it, with a report, not yet started.
    pub(crate) fn command(&self, database: &str) -> Command {
        let mut command = greenroom();
        command.arg("rehearse").arg("-f").arg(self.path().join("greenroom.toml"));
        command.arg("--database").arg(database).arg("--report").arg(self.report());
        command
    }

    pub(crate) fn rehearse(&self, database: &str) -> Run {
        self.finished(&self.command(database).output().expect("greenroom can be run"))
    }

    pub(crate) fn finished(&self, output: &Output) -> Run {
        let read = |name: &str| std::fs::read_to_string(self.report().join(name)).unwrap_or_default();
        Run {
            exit: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            report: serde_json::from_str(&read("report.json")).unwrap_or(Value::Null),
            trace: read("trace.jsonl")
                .lines()
                .map(|line| serde_json::from_str(line).expect("each line of the trace is JSON"))
                .collect(),
            junit: read("junit.xml"),
        }
    }

    fn report(&self) -> PathBuf {
        self.directory.path().join("report")
    }
}

/// The program under test.
pub(crate) fn greenroom() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_greenroom"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).env("NO_COLOR", "1");
    command
}

impl Run {
    /// Everything that was printed, for messages of failed assertions.
    pub(crate) fn printed(&self) -> String {
        format!("exit {:?}\n{}\n{}", self.exit, self.stderr, self.stdout)
    }

    /// The address of the rehearsal's registry, which the display names.
    pub(crate) fn registry(&self) -> String {
        let after = self.stderr.split("registry ").nth(1).unwrap_or_default();
        let address = after.split([',', ';', ' ']).next().unwrap_or_default();
        assert!(address.starts_with("127.0.0.1:"), "{}", self.printed());
        format!("{address}/")
    }

    /// How `stage` ended: `proved`, `refuted` or `not-shown`.
    pub(crate) fn ended(&self, stage: &str) -> &str {
        let stages = self.report["stages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let found = stages.iter().find(|it| it["stage"] == stage);
        found.and_then(|it| it["ended"].as_str()).unwrap_or("absent")
    }
}
