//! Requests through the load balancer: those that seed rows, those that are sent without pause while a rollout goes on, and those that
//! are sent side by side to see what tasks hold under load.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::{Client, Method};
use serde_json::Value;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use simulator_core::Timestamp;

use super::files::smoke::Request;
use crate::account::now;

/// A request takes at most this long. Nothing that a smoke test asks for takes longer in a service that works.
const TIMEOUT: Duration = Duration::from_secs(10);

/// From the start of one request to the start of the next. Two shared cores carry the app's start as well: a tighter loop
/// would measure itself.
const CADENCE: Duration = Duration::from_millis(25);

/// Requests at once for each task: SQLAlchemy's pool has 5 connections and 10 more (`max_overflow`), which is the most that common
/// frameworks have by default.
const PRESSED: usize = 16;

/// Requests at once for all tasks together: more would measure this machine.
const PRESSED_IN_ALL: usize = 64;

/// For so long at most.
const PRESS: Duration = Duration::from_secs(3);

/// Failures that are kept whole; the rest are counted.
const KEPT: usize = 20;

/// A request that was not answered as it must be.
#[derive(Clone, Debug)]
pub struct Failure {
    /// When it was sent.
    pub at: Timestamp,
    /// The request's name.
    pub name: String,
    /// What came back instead.
    pub answer: String,
}

/// What became of the requests.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// How many were sent.
    pub sent: u64,
    /// How many of them failed.
    pub failed: u64,
    /// The first of those that failed.
    pub failures: Vec<Failure>,
}

/// Sends each of `requests` once, in order, to the service at `base`.
///
/// # Errors
/// The first that is not answered as it must be.
pub async fn send_all(base: &str, requests: &[Request]) -> Result<(), Failure> {
    let client = client();
    for request in requests {
        send(&client, base, request).await?;
    }
    Ok(())
}

/// Sends `requests` to the service at `base` side by side, so many for each of its `tasks` that the usual pools of connections are
/// used up. What is answered does not matter, only what the tasks hold meanwhile.
pub async fn press(base: &str, requests: &[Request], tasks: u32) {
    let client = client();
    let count = usize::try_from(tasks).unwrap_or(usize::MAX).saturating_mul(PRESSED).min(PRESSED_IN_ALL);
    let answers = join_all(requests.iter().cycle().take(count).map(|request| send(&client, base, request)));
    // Whoever works them off slowly is pressed no longer than this.
    if timeout(PRESS, answers).await.is_err() {
        tracing::debug!("not every request that was sent side by side was answered");
    }
}

/// Requests that are being sent without pause.
#[derive(Debug)]
pub struct Traffic {
    tally: Arc<Mutex<Tally>>,
    /// Held while a request is under way.
    turn: Arc<Mutex<()>>,
    stop: watch::Sender<bool>,
    sender: JoinHandle<()>,
}

impl Traffic {
    /// Starts to send `requests` in turn to the service at `base`, until [`Traffic::stop`].
    #[must_use]
    pub fn start(base: String, requests: Vec<Request>) -> Self {
        let tally = Arc::new(Mutex::new(Tally::default()));
        let turn = Arc::new(Mutex::new(()));
        let (stop, stopped) = watch::channel(false);
        let sender = tokio::spawn(keep_sending(base, requests, Arc::clone(&tally), Arc::clone(&turn), stopped));
        Self { tally, turn, stop, sender }
    }

    /// [`press`] between two of the requests, so that what it does to the service is not laid to the deploy.
    pub async fn press(&self, base: &str, requests: &[Request], tasks: u32) {
        let _turn = self.turn.lock().await;
        press(base, requests, tasks).await;
    }

    /// What became of the requests so far.
    pub async fn tally(&self) -> Tally {
        self.tally.lock().await.clone()
    }

    /// Sends no more, waits for the last answer, and says what became of them all.
    pub async fn stop(self) -> Tally {
        // The sender ends early only by a panic, and then the tally up to it still stands.
        self.stop.send_replace(true);
        drop(self.sender.await);
        self.tally.lock().await.clone()
    }
}

async fn keep_sending(
    base: String,
    requests: Vec<Request>,
    tally: Arc<Mutex<Tally>>,
    turn: Arc<Mutex<()>>,
    stopped: watch::Receiver<bool>,
) {
    let client = client();
    let mut pace = tokio::time::interval(CADENCE);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for request in requests.iter().cycle() {
        pace.tick().await;
        if *stopped.borrow() {
            return;
        }
        let answer = {
            let _turn = turn.lock().await;
            send(&client, &base, request).await
        };
        let mut tally = tally.lock().await;
        tally.sent += 1;
        if let Err(failure) = answer {
            tally.failed += 1;
            if tally.failures.len() < KEPT {
                tally.failures.push(failure);
            }
        }
    }
}

async fn send(client: &Client, base: &str, request: &Request) -> Result<(), Failure> {
    answer(client, base, request).await.map(drop)
}

/// Sends `request` to the service at `base` and answers with the body of what comes back.
///
/// # Errors
/// What comes back is not what the request expects.
pub(crate) async fn answer(client: &Client, base: &str, request: &Request) -> Result<String, Failure> {
    let at = now();
    let failed = |answer: String| Failure { at, name: request.name.clone(), answer };
    let method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| failed(format!("`{}` is not an HTTP method", request.method)))?;
    let mut sending = client.request(method, format!("{base}{}", request.path.value));
    for (name, value) in &request.headers {
        sending = sending.header(name, value);
    }
    if let Some(body) = &request.json {
        sending = sending.json(body);
    }
    let response = sending.send().await.map_err(|error| failed(root_cause(&error)))?;
    let status = response.status().as_u16();
    let body = response.text().await.map_err(|error| failed(root_cause(&error)))?;
    if status != request.expect.status {
        let start: String = body.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect();
        return Err(failed(format!("{status} instead of {}: {start}", request.expect.status)));
    }
    let Some(expected) = &request.expect.json else { return Ok(body) };
    let actual: Value =
        serde_json::from_str(&body).map_err(|_| failed(format!("{status} with a body that is no JSON")))?;
    match missing_part(expected, &actual, "") {
        None => Ok(body),
        Some(difference) => Err(failed(format!("{status}, but {difference}"))),
    }
}

/// A client that waits no longer than a smoke test may take.
fn client() -> Client {
    Client::builder().timeout(TIMEOUT).build().expect("a client without TLS needs nothing that can be absent")
}

/// The same without connections that are used again: a server that closes one after an error would show as a failure of the next request.
pub(crate) fn client_of_single_requests() -> Client {
    let builder = Client::builder().timeout(TIMEOUT).pool_max_idle_per_host(0);
    builder.build().expect("a client without TLS needs nothing that can be absent")
}

/// The innermost error, which names what happened; the outer ones repeat the URL.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    if error.is_timeout() { format!("no answer within {} s", TIMEOUT.as_secs()) } else { cause.to_string() }
}

/// Where `actual` lacks a part of `expected`, in words.
fn missing_part(expected: &Value, actual: &Value, place: &str) -> Option<String> {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => expected.iter().find_map(|(key, value)| {
            let place = format!("{place}.{key}");
            match actual.get(key) {
                None => Some(format!("`{place}` is missing")),
                Some(actual) => missing_part(value, actual, &place),
            }
        }),
        _ if expected == actual => None,
        _ => Some(format!("`{place}` is {actual} instead of {expected}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::missing_part;

    #[test]
    fn a_part_is_found_in_a_whole() {
        let whole = json!({"id": 1, "title": "a", "tags": {"x": 1, "y": 2}});
        let cases = [
            (json!({}), None),
            (json!({"title": "a"}), None),
            (json!({"tags": {"y": 2}}), None),
            (json!({"title": "b"}), Some("`.title` is \"a\" instead of \"b\"")),
            (json!({"tags": {"z": 2}}), Some("`.tags.z` is missing")),
        ];
        for (part, difference) in cases {
            assert_eq!(missing_part(&part, &whole, "").as_deref(), difference, "{part}");
        }
    }
}
