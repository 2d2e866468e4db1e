//! Secrets are told to nobody but who asks for them.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::{Served, fixture, told};

/// A value in every field that carries a secret, and every secret that the account hands out, with all that can be logged logged.
#[test]
fn no_secret_is_logged_and_what_keeps_them_is_private() {
    let directory = tempfile::tempdir().expect("the machine has room");
    let state = directory.path().join("state");
    let mut served = Served::start_with(&["--engine", "virtual", "--state", &state.display().to_string()], |command| {
        command.env("GREENROOM_LOG", "trace").stderr(Stdio::piped());
    });
    let mut stderr = served.process.stderr.take().expect("its errors were asked for");
    let logged = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).map(|_| text)
    });
    let mut client = served.client("python");
    client.arg(fixture("clients/canaries.py"));
    client.env("ACTIONS_ID_TOKEN_REQUEST_URL", served.said("id_token_request_url"));
    client.env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", served.said("id_token_request_token"));
    let output = client.output().expect("the script can be run");
    assert!(output.status.success(), "{}", told(&output));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut secrets: Vec<&str> = printed.lines().collect();
    assert!(secrets.len() >= 28, "{printed}");
    let own = served.said("secret_access_key").to_owned();
    secrets.push(&own);
    served.kill();

    let logged = logged.join().expect("reading does not panic").expect("it is text");
    assert!(logged.contains("secretsmanager:CreateSecret") && logged.len() > 10_000, "nothing was logged: {logged}");
    for secret in &secrets {
        // What was escaped on its way would escape the search.
        assert!(!logged.contains(secret.trim_end_matches('=')), "`{secret}` was logged: {}", around(&logged, secret));
    }

    // The journal has to have them: it is what the account comes back from.
    let files = files_in(&state);
    let holds = |file: &PathBuf, secret: &str| {
        String::from_utf8_lossy(&std::fs::read(file).expect("it is there")).contains(secret)
    };
    assert!(files.iter().any(|file| holds(file, secrets[0])), "{files:?}");
    for file in files.iter().filter(|file| secrets.iter().any(|secret| holds(file, secret))) {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    assert_eq!((mode(&state), mode(&state.join("identity-token-key.der"))), (0o700, 0o600));
}

fn around<'a>(text: &'a str, secret: &str) -> &'a str {
    text.lines().find(|line| line.contains(secret)).unwrap_or_default()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

fn files_in(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut left = vec![directory.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(directory).expect("it can be read") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() { left.push(path) } else { files.push(path) }
        }
    }
    files
}
