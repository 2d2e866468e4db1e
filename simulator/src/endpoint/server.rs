//! Connections: how many there are, how large a request's head is, and how long a client may take.
//!
//! Nothing that a client does, or fails to do, holds anything for good: a head, and a body's next piece, come within [`Patience`], or
//! the connection ends. A connection that is kept is let go after the time for a head.

use std::io::{Error, ErrorKind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::Request;
use axum::middleware::map_request_with_state;
use bytes::Bytes;
use futures_util::FutureExt as _;
use hyper::body::{Frame, SizeHint};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Sleep, sleep};
use tokio_util::sync::CancellationToken;

/// So many connections are served at once; others wait until one ends.
const MOST_CONNECTIONS: usize = 512;
/// Largest head of a request, in bytes: several times the longest presigned address with a session token.
const LARGEST_HEAD: usize = 64 * 1024;
/// A machine that has run out of something may have it again after this time.
const PAUSE: Duration = Duration::from_millis(50);

/// How long clients may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For a request's head, and between two requests.
    pub(super) head: Duration,
    /// For the next piece of a body.
    pub(super) piece: Duration,
    /// For the whole body of a call.
    pub(super) body: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let (head, piece) = (Duration::from_secs(30), Duration::from_secs(30));
        Self { head, piece, body: Duration::from_mins(1) }
    }
}

/// Serves `router` on `listener` until `stop` ends, and then the requests under way to their ends.
pub(super) async fn serve(listener: TcpListener, router: Router, patience: Patience, stop: impl Future<Output = ()>) {
    let router = router.layer(map_request_with_state(patience.piece, watched));
    let (room, stopping) = (Arc::new(Semaphore::new(MOST_CONNECTIONS)), CancellationToken::new());
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop.fuse());
    loop {
        let admitted = async {
            let place = Arc::clone(&room).acquire_owned().await.expect("it is never closed");
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut stop => break,
            admitted = admitted => admitted,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) => {
                connections.spawn(converse(stream, router.clone(), patience, stopping.clone(), place));
            }
            Err(error) => {
                tracing::debug!(%error, "a connection is not accepted");
                sleep(PAUSE).await;
            }
        }
    }
    // Freed before the last request is answered.
    drop(listener);
    stopping.cancel();
    while connections.join_next().await.is_some() {}
}

async fn converse(
    stream: TcpStream,
    router: Router,
    patience: Patience,
    stopping: CancellationToken,
    _place: OwnedSemaphorePermit,
) {
    // Answers are small: held back for company, each would wait for the client's acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps Nagle's algorithm");
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_header_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn watched(State(patience): State<Duration>, request: Request<Body>) -> Request<Body> {
    request.map(|body| Body::new(Watched { body, patience, late: None }))
}

/// A body that fails once it stops coming.
struct Watched {
    body: Body,
    patience: Duration,
    /// Set only while there is something to wait for: most bodies come with their heads.
    late: Option<Pin<Box<Sleep>>>,
}

impl hyper::body::Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.late = None;
            return Poll::Ready(frame);
        }
        let patience = self.patience;
        let late = self.late.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(late.as_mut().poll(context));
        let late = Error::new(ErrorKind::TimedOut, "the request's body has stopped coming");
        Poll::Ready(Some(Err(axum::Error::new(late))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
