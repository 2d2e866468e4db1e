//! Who may open a data channel, and where.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use sha2::{Digest as _, Sha256};
use simulator_core::ecs::Execution;
use simulator_core::iam::Secret;
use subtle::ConstantTimeEq as _;
use tokio_util::sync::CancellationToken;

use super::session;
use crate::engine::Engine;

/// An invitation that nobody takes is withdrawn after this time. AWS does not say how long its own are good for; a client opens the
/// channel at once.
const VALIDITY: Duration = Duration::from_secs(60);
/// Largest message that a client may send, in bytes: a page that is pasted comes in pieces of a kilobyte.
const LARGEST_MESSAGE: usize = 64 * 1024;

/// The sessions that containers of one engine can be entered in.
#[derive(Debug)]
pub struct Sessions {
    engine: Engine,
    /// Where clients reach them.
    address: SocketAddr,
    /// What tokens and ids are drawn from.
    key: Secret,
    drawn: AtomicU64,
    invited: Mutex<HashMap<String, Invited>>,
    stopping: CancellationToken,
}

/// What a client needs to open a data channel: `session` of ExecuteCommand's answer.
#[derive(Clone)]
pub struct Invitation {
    /// `sessionId`.
    pub session: String,
    /// `streamUrl`.
    pub url: String,
    /// `tokenValue`: good for one channel, opened within a minute.
    pub token: Secret,
}

#[derive(Debug)]
struct Invited {
    token: Secret,
    execution: Execution,
    at: Instant,
}

impl Sessions {
    /// Sessions in containers of `engine`, for clients of a server at `address`. All end once `stopping` is cancelled.
    ///
    /// # Errors
    /// The system has no source of random numbers.
    pub fn new(engine: Engine, address: SocketAddr, stopping: CancellationToken) -> io::Result<Self> {
        let mut key = [0; 32];
        File::open("/dev/urandom")?.read_exact(&mut key)?;
        let (key, drawn, invited) = (Secret::new(hex::encode(key)), AtomicU64::default(), Mutex::default());
        Ok(Self { engine, address, key, drawn, invited, stopping })
    }

    /// Lets somebody run `execution`, once and soon.
    pub fn invite(&self, execution: Execution) -> Invitation {
        let number = self.drawn.fetch_add(1, Ordering::Relaxed);
        let session = format!("ecs-execute-command-0{}", &self.draw("session", number)[..16]);
        let token = Secret::new(self.draw("token", number));
        let url = format!("ws://{}/v1/data-channel/{session}?role=publish_subscribe", self.address);
        let now = Instant::now();
        let mut invited = self.invited.lock().unwrap_or_else(PoisonError::into_inner);
        invited.retain(|_, invited| invited.is_good(now));
        invited.insert(session.clone(), Invited { token: token.clone(), execution, at: now });
        Invitation { session, url, token }
    }

    /// What whoever shows `token` for `session` may run. Nobody else may, from now on.
    fn admit(&self, session: &str, token: &str) -> Option<Execution> {
        let mut invited = self.invited.lock().unwrap_or_else(PoisonError::into_inner);
        let known = invited.get(session)?;
        let shown = bool::from(known.token.expose().as_bytes().ct_eq(token.as_bytes()));
        if !shown || !known.is_good(Instant::now()) {
            return None;
        }
        invited.remove(session).map(|invited| invited.execution)
    }

    /// Where they are opened.
    pub fn routes(self: &Arc<Self>) -> Router {
        Router::new().route("/v1/data-channel/{session}", get(open)).with_state(Arc::clone(self))
    }

    /// A text that only the holder of the key can foretell.
    fn draw(&self, what: &str, number: u64) -> String {
        hex::encode(Sha256::digest(format!("{} {what} {number}", self.key.expose())))
    }
}

impl Invited {
    fn is_good(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.at) < VALIDITY
    }
}

async fn open(
    State(sessions): State<Arc<Sessions>>,
    Path(id): Path<String>,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let is_known = sessions.invited.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&id);
    if !is_known {
        return (StatusCode::NOT_FOUND, "no such session").into_response();
    }
    let upgrade = upgrade.max_message_size(LARGEST_MESSAGE).max_frame_size(LARGEST_MESSAGE);
    upgrade.on_upgrade(async move |socket| {
        let admit = |token: &str| sessions.admit(&id, token);
        if let Err(error) = session::run(socket, &id, admit, &sessions.engine, &sessions.stopping).await {
            tracing::debug!(session = id, %error, "a session broke off");
        }
    })
}
