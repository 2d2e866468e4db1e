//! The AWS endpoint: one port on which all services of the simulated account answer.
//!
//! Every request is authenticated, decoded, authorised by the World's IAM, carried out and answered in its service's protocol.
//! What is not served is refused and leaves an entry in the trace. Other servers, such as the image registry, may answer under paths of
//! their own on the same port.

mod exchange;
mod hold;
mod request_id;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderValue, Request, Response, StatusCode};
use axum::serve::ListenerExt;
use bytes::Bytes;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::account::Account;
use crate::oidc::Issuer;
use crate::service::{self, Service};
use exchange::{Exchange, Served};

/// Largest request that is read, in bytes. The largest that AWS accepts from these services, a full batch of log events in JSON,
/// stays below.
const LARGEST_REQUEST: usize = 8 * 1024 * 1024;
/// How long requests under way may take to end once the endpoint stops.
const GRACE: Duration = Duration::from_secs(5);

/// A running endpoint. It stops when it is dropped, after the requests under way.
#[derive(Debug)]
pub struct Endpoint {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

/// Why the endpoint did not start.
#[derive(Debug, Error)]
pub enum EndpointError {
    /// Something else listens there.
    #[error("the port {port} on {ip} is already taken", port = .0.port(), ip = .0.ip())]
    Taken(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
}

/// What an endpoint offers.
#[derive(Default)]
pub struct Offer {
    /// Whose identity tokens STS takes for those of the issuer that it stands in for; of none, no token can be checked.
    pub issuer: Option<Arc<Issuer>>,
    /// What else is answered, under paths of its own.
    pub beside: Router,
    /// Whether questions after what is not settled, asked again, wait for news, for twenty seconds at most.
    pub hold_polls: bool,
}

impl std::fmt::Debug for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Offer").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// A port that is an endpoint's, though it does not answer yet: for whoever has to know the address before.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

impl Bound {
    /// Takes `listen`; port 0 stands for any that is free.
    ///
    /// # Errors
    /// If nothing can listen there.
    pub async fn to(listen: SocketAddr) -> Result<Self, EndpointError> {
        let cannot = |source: std::io::Error| {
            if source.kind() == std::io::ErrorKind::AddrInUse {
                EndpointError::Taken(listen)
            } else {
                EndpointError::Listen { address: listen, source }
            }
        };
        let listener = TcpListener::bind(listen).await.map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers there for `account`.
    #[must_use]
    pub fn serve(self, account: Arc<Account>, offer: Offer) -> Endpoint {
        let Offer { issuer, beside, hold_polls } = offer;
        self.serve_only(account, service::all_trusting(issuer.as_ref()), beside, hold_polls)
    }

    /// Answers there for `services` and for what `beside` has routes of.
    fn serve_only(self, account: Arc<Account>, services: Vec<Service>, beside: Router, hold_polls: bool) -> Endpoint {
        let Self { listener, address } = self;
        // Answers are small: held back for company, each would wait for the client's acknowledgement.
        let listener = listener.tap_io(|connection| {
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "a connection keeps Nagle's algorithm");
            }
        });
        let services = Router::new().fallback(serve).with_state(Arc::new(Served::new(account, services, hold_polls)));
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(async move {
            // Told to stop and dropped are the same: both end the wait.
            let until = async { drop(stopped.await) };
            let served = axum::serve(listener, beside.merge(services)).with_graceful_shutdown(until);
            if let Err(error) = served.await {
                tracing::error!(%error, "the endpoint ended");
            }
        });
        tracing::debug!(%address, "the endpoint listens");
        Endpoint { address, stop, server }
    }
}

impl Endpoint {
    /// Starts to serve `account` on `listen`, as in a rehearsal, where nobody should wait for nothing: polls are held. Port 0 stands for any
    /// that is free.
    ///
    /// # Errors
    /// If nothing can listen there.
    pub async fn start(account: Arc<Account>, listen: SocketAddr) -> Result<Self, EndpointError> {
        Ok(Bound::to(listen).await?.serve(account, Offer { hold_polls: true, ..Offer::default() }))
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as `AWS_ENDPOINT_URL` wants it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Accepts no more requests, waits for those under way, for five seconds at most, and ends.
    pub async fn stop(self) {
        let Self { address, stop, mut server } = self;
        // If the receiver is gone, the server has ended already.
        let _ = stop.send(());
        if tokio::time::timeout(GRACE, &mut server).await.is_err() {
            tracing::warn!(%address, "requests still under way are cut off");
            server.abort();
        }
    }
}

async fn serve(State(served): State<Arc<Served>>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Exchange { request_id, answer } = match to_bytes(body, LARGEST_REQUEST).await {
        Ok(body) => {
            let request = Request::from_parts(parts, body);
            served.wait(&request).await;
            served.respond(&request)
        }
        // Either it is too large, or the client has hung up and reads no answer.
        Err(_) => served.too_large(&Request::from_parts(parts, Bytes::new()), LARGEST_REQUEST),
    };
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static(answer.content_type));
    headers.insert("x-amzn-requestid", HeaderValue::from_str(&request_id).expect("ids are hexadecimal"));
    response
}
