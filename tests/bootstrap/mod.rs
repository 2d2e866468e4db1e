//! `greenroom bootstrap` against `greenroom serve`, which knows nothing of it.

mod account;
mod bounds;
mod crash;
mod credentials;
mod destroy;
mod drift;
mod faulty;
mod hosts;
mod identity;
mod keys;
mod leftover;
mod lifecycle;
mod moto;
mod opinions;
mod partitions;
mod person;
mod preflight;
mod secrets;
mod several;

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
    session_token: Option<String>,
    /// Where journals and keys go.
    place: PathBuf,
}

impl Person {
    /// Somebody without credentials, whom nobody answers.
    fn nobody(project: &Project) -> Self {
        Self {
            config: project.config(),
            endpoint: "http://127.0.0.1:9".to_owned(),
            access_key_id: String::new(),
            secret_access_key: String::new(),
            session_token: None,
            place: project.place("nobody"),
        }
    }

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

/// Who reaches the project's host by SSH, and what its tasks run on.
const MORE: &str = r#"[capacity]
strategy = [{ provider = "FARGATE", base = 1, weight = 1 }, { provider = "FARGATE_SPOT", weight = 4 }]

[ssh]
sources = [{ from = "203.0.113.7/32" }, { from = "0.0.0.0/0", reason = "runners have no fixed addresses" }]
"#;

/// What the app itself may do.
const RIGHTS: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Sid": "Pictures", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::news-pictures/*"}
]}"#;

/// The project that everything here is about.
struct Project {
    app: App,
    directory: TempDir,
}

impl Project {
    fn check_out() -> Self {
        let app = App::check_out("v2");
        // The app's own definition names secrets that are there; bootstrap makes those that are named otherwise.
        let definition = app.path().join("task-definition.json");
        let text = std::fs::read_to_string(&definition).expect("it is there");
        let secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:news-api";
        let text = text.replace(&format!("{secret}/database-url-AbCdEf"), &format!("{secret}/database-url"));
        let text = text.replace(&format!("{secret}/session-key-GhIjKl"), "/news-api/session-key");
        std::fs::write(definition, text).expect("the checkout is ours");
        let config = app.path().join("greenroom.toml");
        let text = std::fs::read_to_string(&config).expect("it is there");
        let text = text.replace("[service]\n", "[service]\nautoscaling = true\n");
        let text = text.replace("[files]\n", "[files]\ntask-role-policy = \"task-role-policy.json\"\n");
        let text = text.replace("[repository]\n", "[repository]\nencryption = \"KMS\"\n");
        std::fs::write(app.path().join("task-role-policy.json"), RIGHTS).expect("the checkout is ours");
        std::fs::write(config, format!("{text}\n{MORE}")).expect("the checkout is ours");
        Self { app, directory: tempfile::tempdir().expect("the machine has room") }
    }

    /// A project whose task definition names its secrets by whole ARNs.
    fn with_secrets_of_others() -> Self {
        Self { app: App::check_out("v2"), directory: tempfile::tempdir().expect("the machine has room") }
    }

    /// The same with more in its `greenroom.toml`.
    fn check_out_with(more: &str) -> Self {
        let project = Self::check_out();
        let text = std::fs::read_to_string(project.config()).expect("it was checked out");
        std::fs::write(project.config(), format!("{text}\n{more}")).expect("there is room");
        project
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
