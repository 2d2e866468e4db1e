//! `greenroom bootstrap` against `greenroom serve`, which knows nothing of it.

mod account;
mod crash;
mod drift;
mod faulty;
mod keys;
mod lifecycle;
mod person;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::app::{App, greenroom};

/// What a run of the program printed, and how it ended.
#[derive(Debug)]
struct Ran {
    exit: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ran {
    fn of(output: &Output) -> Self {
        Self {
            exit: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Asserts how it ended.
    fn ends(self, exit: i32) -> Self {
        assert_eq!(self.exit, Some(exit), "{}\n{}", self.stdout, self.stderr);
        self
    }
}

/// Somebody with a project and credentials.
#[derive(Clone)]
struct Person {
    config: PathBuf,
    endpoint: String,
    access_key_id: String,
    secret_access_key: String,
    /// Where journals and keys go.
    place: PathBuf,
}

impl Person {
    /// The same person, who is answered elsewhere.
    fn through(&self, endpoint: &str) -> Self {
        Self { endpoint: endpoint.to_owned(), ..self.clone() }
    }

    /// `greenroom bootstrap` with arguments, not yet started.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = greenroom();
        command
            .arg("-f")
            .arg(&self.config)
            .arg("bootstrap")
            .args(arguments)
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", &self.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &self.secret_access_key)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("NO_PROXY", "127.0.0.1")
            .env("XDG_STATE_HOME", self.place.join("state"))
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN");
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().expect("greenroom can be run"))
    }

    fn key_file(&self) -> String {
        self.place.join("key.env").display().to_string()
    }

    /// `apply`, with a file for the access key.
    fn apply(&self) -> Ran {
        self.run(&["apply", "--yes", "--access-key-file", &self.key_file()])
    }
}

/// The project that everything here is about.
struct Project {
    app: App,
    directory: TempDir,
}

impl Project {
    fn check_out() -> Self {
        Self { app: App::check_out("v2"), directory: tempfile::tempdir().expect("the machine has room") }
    }

    fn config(&self) -> PathBuf {
        self.app.path().join("greenroom.toml")
    }

    /// A directory of its own for a person called `name`.
    fn place(&self, name: &str) -> PathBuf {
        let place = self.directory.path().join(name);
        std::fs::create_dir_all(&place).expect("the machine has room");
        place
    }
}

/// Everything that a run wrote under `directory`, but for the file that a key was handed over in.
fn written(directory: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(directory).expect("it is there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            text.push_str(&written(&path));
        } else if !path.ends_with("key.env") && !path.ends_with("new.env") {
            text.push_str(&String::from_utf8_lossy(&std::fs::read(&path).expect("it can be read")));
        }
    }
    text
}
