//! Rounds of the smoke file's requests to one task, one request after another, and what came of each.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use reqwest::Client;
use serde_json::Value;

use crate::rehearsal::files::smoke::Request;
use crate::rehearsal::traffic::answer;

/// Each request is sent so often: a pool of connections hands out each of its own in turn.
pub(super) const TIMES: u32 = 3;

/// So many requests side by side fill the usual pools (SQLAlchemy's has 5 connections, `pg`'s 10).
const SIDE_BY_SIDE: usize = 12;

/// What came of a request that was sent a number of times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// Its name in the smoke file.
    pub(super) name: String,
    /// The method and the path.
    pub(super) line: String,
    /// How often it was sent.
    pub(super) times: u32,
    /// What came back instead of what was expected, each text once.
    pub(super) wrong: Vec<String>,
    /// How often that was.
    pub(super) failed: u32,
}

impl Asked {
    /// One line: the request and what came back.
    pub(super) fn shown(&self) -> String {
        let often = if self.failed == self.times { "every time" } else { "not every time" };
        let wrong = self.wrong.first().map(String::as_str).unwrap_or_default();
        format!("{} ({}): {wrong}, {often}", self.line, self.name)
    }
}

/// Sends each of `requests` to the service at `base` [`TIMES`] times.
pub(super) async fn round(client: &Client, base: &str, requests: &[Request]) -> Vec<Asked> {
    repeated(client, base, requests, TIMES).await
}

/// Sends each of `requests` once.
pub(super) async fn once(client: &Client, base: &str, requests: &[Request]) -> Vec<Asked> {
    repeated(client, base, requests, 1).await
}

async fn repeated(client: &Client, base: &str, requests: &[Request], times: u32) -> Vec<Asked> {
    let mut asked = Vec::new();
    for request in requests {
        let mut wrong: Vec<String> = Vec::new();
        let mut failed = 0;
        for _ in 0..times {
            if let Err(failure) = answer(client, base, request).await {
                failed += 1;
                if !wrong.contains(&failure.answer) {
                    wrong.push(failure.answer);
                }
            }
        }
        let line = format!("{} {}", request.method, request.path.value);
        asked.push(Asked { name: request.name.clone(), line, times, wrong, failed });
    }
    asked
}

/// Sends each of `requests` so often side by side, twice, that every connection of a usual pool has run each statement: what a pool
/// keeps of a statement shows only on a connection that has run it before.
pub(super) async fn warm(client: &Client, base: &str, requests: &[Request]) {
    for _ in 0..2 {
        for request in requests {
            join_all((0..SIDE_BY_SIDE).map(|_| answer(client, base, request))).await;
        }
    }
}

/// Something that was written through a version and can be asked for by a path of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// The request that wrote it, as a line.
    pub(super) by: String,
    /// The path under which it is read.
    pub(super) path: String,
    /// What the version that wrote it answered.
    pub(super) body: Value,
}

/// Sends those of `requests` that write, and answers with what can be read again: what is posted to a path and gets an `id` is read under
/// that path and the id.
pub(super) async fn write(client: &Client, base: &str, requests: &[Request]) -> Vec<Written> {
    let mut written = Vec::new();
    for request in requests.iter().filter(|request| request.method == "POST") {
        let Ok(body) = answer(client, base, request).await else { continue };
        let Ok(body) = serde_json::from_str::<Value>(&body) else { continue };
        let id = match body.get("id") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => continue,
        };
        let path = request.path.value.split('?').next().unwrap_or_default().trim_end_matches('/');
        let by = format!("{} {}", request.method, request.path.value);
        written.push(Written { by, path: format!("{path}/{id}"), body });
    }
    written
}

/// What a version answers when it is asked for something written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// Its JSON.
    Body(Value),
    /// Anything else, in words.
    Refused(String),
}

/// Reads `path` from the service at `base`.
pub(super) async fn read(client: &Client, base: &str, path: &str) -> Read {
    let response = match client.get(format!("{base}{path}")).send().await {
        Ok(response) => response,
        Err(error) => return Read::Refused(if error.is_timeout() { "no answer" } else { "no connection" }.to_owned()),
    };
    let status = response.status();
    match response.text().await {
        Ok(body) if status.is_success() => serde_json::from_str(&body)
            .map_or_else(|_| Read::Refused(format!("{} with a body that is no JSON", status.as_u16())), Read::Body),
        Ok(_) | Err(_) => Read::Refused(status.as_u16().to_string()),
    }
}

/// The lines of the requests that failed in `asked`.
pub(super) fn failing(asked: &[Asked]) -> BTreeSet<&str> {
    asked.iter().filter(|it| it.failed > 0).map(|it| it.name.as_str()).collect()
}
