//! H-04: the app listens on more than 127.0.0.1.

use super::{Subject, listening};
use crate::finding::{Code, Finding, Kind, Stage};

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let command = listening::command(subject);
    let addresses = listening::addresses(&command);
    if let Some(local) = addresses.iter().find(|address| address.host.as_deref().is_some_and(is_loopback)) {
        let host = local.host.clone().unwrap_or_default();
        return vec![
            finding(format!("the app listens on {host}, where the load balancer cannot reach it"))
                .at(local.place.clone()),
        ];
    }
    // uvicorn's own default. Its other ways to listen are a socket and a file descriptor.
    let program = command.iter().find(|word| word.text.rsplit('/').next() == Some("uvicorn"));
    let told = addresses.iter().any(|address| address.host.is_some())
        || command.iter().any(|word| ["--uds", "--fd"].iter().any(|option| word.text.starts_with(option)))
        || listening::environment(subject).contains_key("UVICORN_HOST");
    match program {
        Some(program) if !told => vec![
            finding(
                "uvicorn listens on 127.0.0.1 unless it is told otherwise, and the load balancer cannot reach it there"
                    .to_owned(),
            )
            .at(program.place.clone()),
        ],
        Some(_) | None => Vec::new(),
    }
}

fn finding(sentence: String) -> Finding {
    Finding::error(Code::H04, Kind::Static, Stage::Preflight, sentence).help("listen on 0.0.0.0: `--host 0.0.0.0`")
}

fn is_loopback(host: &str) -> bool {
    ["127.0.0.1", "localhost", "::1", "[::1]"].contains(&host)
}
