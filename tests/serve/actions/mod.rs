//! AWS's own GitHub actions, as published and unmodified: workflows that deploy to a served account. Whatever they need that is not on this
//! machine and cannot be had is named, and what needs it is skipped: `fixtures/actions/ensure`.

mod credentials;
mod deploy;
mod refusals;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

use super::{Served, fixture, told};

const CREDENTIALS: &str = "configure-aws-credentials";
const LOGIN: &str = "amazon-ecr-login";
const RENDER: &str = "amazon-ecs-render-task-definition";
const DEPLOY: &str = "amazon-ecs-deploy-task-definition";

/// Whether `actions` can be run here. What cannot is said, whether the test's output is shown or not.
fn are_here(actions: &[&str]) -> bool {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    let directory = DIRECTORY.get_or_init(|| {
        let output = Command::new(fixture("actions/ensure")).output().expect("the script can be run");
        assert!(output.status.success(), "{}", told(&output));
        PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
    });
    let node = Command::new("node").arg("--version").output().is_ok_and(|output| output.status.success());
    let absent = actions.iter().copied().filter(|action| !directory.join(action).join("version").exists());
    let absent: Vec<&str> = absent.chain((!node).then_some("node")).collect();
    if !absent.is_empty() {
        // Tests' own `println!` is held back unless they fail.
        let name = std::thread::current().name().unwrap_or_default().to_owned();
        writeln!(std::io::stderr(), "skipped: {name} needs {}, which is not here", absent.join(", "))
            .expect("standard error is open");
    }
    absent.is_empty()
}

/// A repository with workflows, and an account that its administrator has set up for it.
struct Repository {
    served: Served,
    tree: TempDir,
    variables: Value,
}

impl Repository {
    /// An account that lets the branch `main` of the repository deploy to the service `api`, to which nothing is deployed yet.
    fn set_up(options: &[&str]) -> Self {
        let served = Served::start(options);
        let tree = tempfile::tempdir().expect("the machine has room");
        for file in std::fs::read_dir(fixture("actions/project")).expect("the fixture is there") {
            let file = file.expect("it can be read");
            std::fs::copy(file.path(), tree.path().join(file.file_name())).expect("there is room");
        }
        std::fs::write(tree.path().join("account.json"), served.ready.to_string()).expect("there is room");
        let mut command = served.client("python");
        command.arg(fixture("actions/account.py")).args(["octo-org@65/octo-repo@74", "refs/heads/main"]);
        let output = command.output().expect("the script can be run");
        assert!(output.status.success(), "{}", told(&output));
        let variables = serde_json::from_slice(&output.stdout).expect("it prints JSON");
        Self { served, tree, variables }
    }

    /// Sets a variable of the repository's, which its workflows read.
    fn set(&mut self, name: &str, value: &str) {
        self.variables[name] = value.into();
    }

    /// Writes a file of the repository's.
    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.tree.path().join(file), text).expect("there is room");
    }

    /// Runs a workflow to its end.
    fn run(&self, workflow: &str, options: &[&str]) -> Run {
        let path = |name: &str| self.tree.path().join(name);
        let mut command = Command::new(fixture("actions/run"));
        command.arg("--account").arg(path("account.json")).arg("--workspace").arg(self.tree.path());
        for (name, value) in self.variables.as_object().into_iter().flatten() {
            command.arg("--var").arg(format!("{name}={}", value.as_str().unwrap_or_default()));
        }
        let report = path("report.json");
        command.args(options).arg("--report").arg(&report).arg(path(workflow));
        let output = command.output().expect("the runner can be run");
        let run = Run { record: read(&report), printed: told(&output) };
        assert_eq!(output.status.success(), run.record["conclusion"] == "success", "{}", run.printed);
        std::fs::remove_file(&report).expect("it was read");
        run
    }
}

fn read(report: &Path) -> Value {
    let text = std::fs::read_to_string(report).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// A workflow's run, as the runner records it.
struct Run {
    record: Value,
    printed: String,
}

impl Run {
    /// What is recorded of the step with this id.
    fn step(&self, id: &str) -> &Value {
        let steps = self.record["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
        steps.iter().find(|step| step["id"] == id).unwrap_or_else(|| panic!("no step `{id}`: {}", self.printed))
    }

    fn output(&self, id: &str, name: &str) -> &str {
        self.step(id)["outputs"][name].as_str().unwrap_or_else(|| panic!("no output `{name}`: {}", self.printed))
    }

    /// Asserts that every step has succeeded.
    fn succeeded(&self) {
        assert_eq!(self.record["conclusion"], "success", "{}", self.printed);
    }

    /// Asserts that the step with this id is the one that has failed, with this last error of its own.
    fn failed_at(&self, id: &str, error: &str) {
        let step = self.step(id);
        assert_eq!(step["outcome"], "failure", "`{id}` has not failed: {}", self.printed);
        let said = step["annotations"].as_array().map(Vec::as_slice).unwrap_or_default();
        let last = said.iter().rfind(|said| said["level"] == "error").map(|said| &said["message"]);
        assert_eq!(last.and_then(Value::as_str), Some(error), "{}", self.printed);
    }
}
