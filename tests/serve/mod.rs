//! `greenroom serve`, driven by clients that know nothing of it.

mod actions;
mod clients;
mod containers;
mod doors;
mod execute_command;
mod explain;
mod http;
mod layers;
mod pushes;
mod registry;
mod scans;
mod secrets;
mod security_groups;
mod sockets;
mod start;
mod state;
mod uploads;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::app::greenroom;

/// An account that is being served; it is killed when this is dropped.
struct Served {
    process: Child,
    /// What it wrote when it answered.
    ready: Value,
}

impl Served {
    /// Serves with `options`, on any free port, and waits until it answers.
    fn start(options: &[&str]) -> Self {
        Self::start_with(options, |command| {
            command.arg("--quiet");
        })
    }

    /// The same, with the command as `change` leaves it.
    fn start_with(options: &[&str], change: impl FnOnce(&mut Command)) -> Self {
        let mut command = greenroom();
        command.args(["serve", "--region", "eu-central-1"]).args(options);
        if !options.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        change(&mut command);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("greenroom can be run");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("its output was asked for");
        BufReader::new(stdout).read_line(&mut line).expect("its output can be read");
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Self { process, ready }
    }

    /// What it said of `key`.
    fn said(&self, key: &str) -> &str {
        self.ready[key].as_str().unwrap_or_else(|| panic!("no `{key}` in {}", self.ready))
    }

    /// `program`, as its administrator's shell would run it.
    fn client(&self, program: impl AsRef<Path>) -> Command {
        let clients = clients();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new(program.as_ref());
        command
            .env("PATH", format!("{}:{path}", clients.display()))
            .env("AWS_ENDPOINT_URL", self.said("endpoint"))
            .env("AWS_REGION", self.said("region"))
            .env("AWS_DEFAULT_REGION", self.said("region"))
            .env("AWS_ACCESS_KEY_ID", self.said("access_key_id"))
            .env("AWS_SECRET_ACCESS_KEY", self.said("secret_access_key"))
            .env("NO_PROXY", "127.0.0.1")
            .env_remove("AWS_SESSION_TOKEN")
            .env_remove("AWS_PROFILE");
        command
    }

    /// What the AWS CLI answers.
    fn aws(&self, arguments: &[&str]) -> Value {
        let output = self.client("aws").args(arguments).args(["--output", "json"]).output();
        let output = output.expect("the AWS CLI can be run");
        assert!(output.status.success(), "aws {arguments:?}: {}", told(&output));
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }

    /// Kills it, as nothing can be done about.
    fn kill(mut self) {
        self.process.kill().expect("it runs still");
        self.process.wait().expect("it is our child");
    }
}

impl Served {
    /// Ends it well: nothing of it is left when this returns.
    fn end(mut self) {
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it runs still");
        assert_eq!(self.process.wait().expect("it is our child").code(), Some(0));
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Where the AWS clients are.
pub(crate) fn clients() -> PathBuf {
    let output = Command::new(fixture("clients/ensure")).output().expect("the script can be run");
    assert!(output.status.success(), "{}", told(&output));
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
}

/// Says on stderr that a test showed nothing, and why.
fn skipped(why: &str) {
    // A test harness that shows nothing of it has been told to.
    drop(writeln!(std::io::stderr(), "skipped: {why}"));
}

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

pub(crate) fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
