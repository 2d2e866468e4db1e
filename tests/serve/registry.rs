//! `docker login`, `push` and `pull`, and what a client of the registry may do wrong.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Served, told};

/// The Docker client, as the machine's user would run it.
pub(super) fn docker(arguments: &[&str]) -> Output {
    Command::new("docker").args(arguments).output().expect("the Docker client can be run")
}

/// The digest of `bytes`, by a program that is not ours.
pub(super) fn sha256(bytes: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().expect("the machine has room");
    std::fs::write(file.path(), bytes).expect("the machine has room");
    let output = Command::new("sha256sum").arg(file.path()).output().expect("sha256sum can be run");
    format!("sha256:{}", told(&output).split(' ').next().unwrap_or_default())
}

/// A Docker client with a configuration of its own, logged in as whoever asked for the token.
pub(super) struct DockerClient {
    config: TempDir,
}

impl DockerClient {
    /// One that has logged in with a token of the account's administrator.
    pub(super) fn of(served: &Served) -> Self {
        let client = Self::stranger();
        client.login(served, &password(served.client("aws")));
        client
    }

    /// One that has not logged in.
    pub(super) fn stranger() -> Self {
        Self { config: tempfile::tempdir().expect("the machine has room") }
    }

    /// One that believes to have logged in with `token`, in which user and password are encoded.
    pub(super) fn with_token(served: &Served, token: &str) -> Self {
        let client = Self::stranger();
        let auths = json!({"auths": {served.said("registry"): {"auth": token}}});
        std::fs::write(client.config.path().join("config.json"), auths.to_string()).expect("the machine has room");
        client
    }

    /// Logs in, as the AWS documentation has it: with the password on standard input.
    pub(super) fn login(&self, served: &Served, password: &str) {
        use std::io::Write as _;
        let mut command = self.command(&["login", "--username", "AWS", "--password-stdin", served.said("registry")]);
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut login = command.stderr(std::process::Stdio::piped()).spawn().expect("the Docker client can be run");
        login.stdin.take().expect("it was asked for").write_all(password.as_bytes()).expect("it reads");
        let output = login.wait_with_output().expect("it ends");
        assert!(output.status.success() && told(&output).contains("Login Succeeded"), "{}", told(&output));
    }

    /// What it says to `arguments`.
    pub(super) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the Docker client can be run")
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.env("DOCKER_CONFIG", self.config.path()).args(arguments);
        command
    }
}

/// What `ecr get-login-password` of `aws` prints.
pub(super) fn password(mut aws: Command) -> String {
    let output = aws.args(["ecr", "get-login-password"]).output().expect("the AWS CLI can be run");
    assert!(output.status.success(), "{}", told(&output));
    told(&output).trim().to_owned()
}

/// An image that nobody else has, and its last layer and its configuration as files.
pub(super) struct Image {
    /// Holds the files.
    _directory: TempDir,
    pub(super) layer: PathBuf,
    pub(super) config: PathBuf,
    pub(super) layer_digest: String,
    pub(super) config_digest: String,
    pub(super) manifest: String,
}

impl Image {
    /// Makes one of one layer, which has some more than `bytes` bytes, in the engine, too.
    pub(super) fn import(bytes: usize) -> Self {
        let directory = tempfile::tempdir().expect("the machine has room");
        let at = |name: &str| directory.path().join(name);
        let seed = directory.path().display().to_string();
        let content: Vec<u8> = seed.bytes().cycle().take(bytes).collect();
        std::fs::write(at("content"), content).expect("the machine has room");
        run_in(directory.path(), "tar", &["cf", "root.tar", "content"]);
        let id = told(&docker(&["import", &at("root.tar").display().to_string()])).trim().to_owned();
        Self::saved(directory, &id)
    }

    /// Makes one with the layers of this one and a small one of its own.
    pub(super) fn with_a_layer(&self, number: usize) -> Self {
        let directory = tempfile::tempdir().expect("the machine has room");
        let at = |name: &str| directory.path().join(name);
        std::fs::write(at("number"), format!("{number} {}", self.config_digest)).expect("the machine has room");
        let dockerfile = format!("FROM {}\nCOPY number /number\n", self.config_digest);
        std::fs::write(at("Dockerfile"), dockerfile).expect("the machine has room");
        let built = docker(&["build", "--quiet", &directory.path().display().to_string()]);
        let id = String::from_utf8_lossy(&built.stdout).trim().to_owned();
        Self::saved(directory, &id)
    }

    /// The image `id` of the engine, whose files come into `directory`.
    fn saved(directory: TempDir, id: &str) -> Self {
        let at = |name: &str| directory.path().join(name);
        assert!(id.starts_with("sha256:"), "{id}");
        let saved = docker(&["save", "--output", &at("image.tar").display().to_string(), id]);
        assert!(saved.status.success(), "{}", told(&saved));
        run_in(directory.path(), "tar", &["xf", "image.tar"]);
        let manifest = std::fs::read(at("manifest.json")).expect("an image has a manifest");
        let saved: Value = serde_json::from_slice(&manifest).expect("it is JSON");
        let last = saved[0]["Layers"].as_array().and_then(|layers| layers.last()).expect("an image has layers");
        let (config, layer) = (path_in(&at, &saved[0]["Config"]), path_in(&at, last));
        let read = |path: &Path| std::fs::read(path).expect("it was saved");
        let (layer_bytes, config_bytes) = (read(&layer), read(&config));
        let (layer_digest, config_digest) = (sha256(&layer_bytes), sha256(&config_bytes));
        assert_eq!(config_digest, id);
        let part = |media_type: &str, digest: &str, bytes: &[u8]| json!({"mediaType": media_type, "digest": digest, "size": bytes.len()});
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": part("application/vnd.oci.image.config.v1+json", &config_digest, &config_bytes),
            "layers": [part("application/vnd.oci.image.layer.v1.tar", &layer_digest, &layer_bytes)],
        });
        Self { layer, config, layer_digest, config_digest, manifest: manifest.to_string(), _directory: directory }
    }

    /// Removes it from the engine.
    pub(super) fn forget(&self) {
        let removed = docker(&["rmi", "--force", &self.config_digest]);
        assert!(removed.status.success(), "{}", told(&removed));
    }
}

/// The names of the files below `directory`, in order.
pub(super) fn files_below(directory: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).expect("the directory is there") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    files.sort();
    files
}

fn path_in(at: &impl Fn(&str) -> PathBuf, name: &Value) -> PathBuf {
    at(name.as_str().expect("a saved image names its files"))
}

fn run_in(directory: &Path, program: &str, arguments: &[&str]) {
    let output = Command::new(program).current_dir(directory).args(arguments).output().expect("it can be run");
    assert!(output.status.success(), "{}", told(&output));
}
