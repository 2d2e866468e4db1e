//! One listener's requests, each on its way to a target and back.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_TYPE, EXPECT, HOST, HeaderName, HeaderValue, SERVER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, Request, Response, StatusCode, Uri, Version};
use http_body_util::{Either, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use simulator_core::Arn;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::broken::Broken;
use super::connection::{Connection, Moving, ToTarget, connect};
use super::route::{Passage, Routed};
use super::{Failure, Shared, upgrade};
use crate::account::now;

/// What a client gets: a target's answer, or the load balancer's own.
type ToClient = Either<Relayed, Full<Bytes>>;

/// Headers that concern one connection only, beside those that `Connection` names.
const HOP_BY_HOP: [HeaderName; 4] =
    [CONNECTION, TRANSFER_ENCODING, HeaderName::from_static("keep-alive"), HeaderName::from_static("proxy-connection")];

/// What one listener does.
#[derive(Clone, Debug)]
pub(super) struct Proxy {
    shared: Arc<Shared>,
    listener: Arn,
    /// The port that the listener has in AWS.
    port: u16,
    requests: Arc<AtomicU64>,
}

impl Proxy {
    pub(super) fn new(shared: Arc<Shared>, listener: Arn, port: u16) -> Self {
        Self { shared, listener, port, requests: Arc::default() }
    }

    /// Serves whoever connects, until it is dropped.
    pub(super) async fn accept(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, client)) => {
                        connections.spawn(self.clone().serve(stream, client));
                    }
                    // Out of file descriptors, most likely: others have to end first.
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    async fn serve(self, stream: TcpStream, client: SocketAddr) {
        // Small answers must not wait for others to share a packet with.
        let _ = stream.set_nodelay(true);
        let idle = self.shared.patience.answer;
        let service = service_fn(move |request| {
            let proxy = self.clone();
            async move { Ok::<_, Infallible>(proxy.answer(request, client.ip()).await) }
        });
        let mut connection = server::Builder::new();
        connection.timer(TokioTimer::new()).header_read_timeout(idle).preserve_header_case(true);
        // A client that goes away in the middle has nobody left to tell.
        let _ = connection.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
    }

    async fn answer(&self, request: Request<Incoming>, client: IpAddr) -> Response<ToClient> {
        let group = self.shared.rules.group_of(&self.listener, &request);
        let Some(passage) = group.as_ref().and_then(|group| self.shared.routes.next(group)) else {
            return self.refuse(group, None, Broken::nobody());
        };
        let routed = Arc::clone(passage.routed());
        match self.forward(request, client, passage).await {
            Ok(response) => response,
            Err(broken) => self.refuse(group, Some(&routed), broken),
        }
    }

    async fn forward(
        &self,
        mut request: Request<Incoming>,
        client: IpAddr,
        passage: Passage,
    ) -> Result<Response<ToClient>, Broken> {
        let upgrade = upgrade::Requested::of(&mut request);
        let (moves, moved) = watch::channel(());
        let mut request = request.map(|body| Moving { body, moves });
        self.rewrite(&mut request, client, upgrade.is_some(), passage.routed());

        let (connection, mut response) = self.send(request, passage.routed(), moved).await?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let Some(upgrade) = upgrade else { return Err(Broken::bad("the target switched protocols unasked")) };
            upgrade.join(&mut response, passage);
            return Ok(response.map(|_| Either::Right(Full::default())));
        }
        strip(response.headers_mut(), false);
        *response.version_mut() = Version::HTTP_11;
        let held = Held { connection, passage };
        let held = if response.body().is_end_stream() { held.release() } else { Some(held) };
        Ok(response.map(|body| Either::Left(Relayed { body, held })))
    }

    /// Sends `request` on a connection that waits, or on a new one, and waits for the head of the answer.
    async fn send(
        &self,
        mut request: ToTarget,
        routed: &Routed,
        mut moved: watch::Receiver<()>,
    ) -> Result<(Option<Connection>, Response<Incoming>), Broken> {
        loop {
            let (connection, is_new) = match routed.pool.take() {
                Some(waiting) => (waiting, false),
                None => (self.connect(routed).await?, true),
            };
            match self.with_patience(connection.exchange(request), &mut moved).await? {
                (connection, Ok(response)) => return Ok((connection, response)),
                (_, Err(mut error)) => match error.take_message() {
                    // The target closed the connection before anything was sent. This was no try yet.
                    Some(unsent) if !is_new => request = unsent,
                    _ => return Err(Broken::by(error.error())),
                },
            }
        }
    }

    async fn connect(&self, routed: &Routed) -> Result<Connection, Broken> {
        let address = SocketAddr::new(routed.target.address, routed.target.port);
        let connecting = timeout(self.shared.patience.connection, connect(address)).await;
        let stream = connecting.map_err(|_| Broken::late("could not connect in time"))?;
        let stream = stream.map_err(|error| Broken::unconnected(&error))?;
        Connection::over(stream).await.map_err(|error| Broken::by(&error))
    }

    /// Waits for `answer` for as long as the target is not silent or the request still moves.
    async fn with_patience<A>(
        &self,
        answer: impl Future<Output = A>,
        moved: &mut watch::Receiver<()>,
    ) -> Result<A, Broken> {
        tokio::pin!(answer);
        loop {
            let deadline = Instant::now() + self.shared.patience.answer;
            tokio::select! {
                answered = timeout_at(deadline, &mut answer) => {
                    return answered.map_err(|_| Broken::late("the target did not answer in time"));
                }
                // When the body has been sent there is nothing left to move, and the last wait begins.
                Ok(()) = moved.changed() => {}
            }
        }
    }

    /// Makes of a client's request the one that the target sees.
    fn rewrite(&self, request: &mut ToTarget, client: IpAddr, upgrades: bool, routed: &Routed) {
        let path = request.uri().path_and_query().cloned();
        let headers = request.headers();
        let host = headers.get(HOST).cloned().or_else(|| {
            let authority = request.uri().authority().map(ToString::to_string);
            let authority =
                authority.unwrap_or_else(|| SocketAddr::new(routed.target.address, routed.target.port).to_string());
            HeaderValue::from_str(&authority).ok()
        });
        let before = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let clients = if before.is_empty() { client.to_string() } else { format!("{before}, {client}") };

        *request.uri_mut() = path.map_or_else(Uri::default, Uri::from);
        *request.version_mut() = Version::HTTP_11;
        let trace = self.trace();
        let headers = request.headers_mut();
        strip(headers, upgrades);
        headers.remove(EXPECT);
        let port = self.port.to_string();
        let added = [("x-forwarded-for", clients.as_str()), ("x-forwarded-proto", "http"), ("x-forwarded-port", &port)];
        for (name, value) in added {
            headers.insert(name, HeaderValue::from_str(value).expect("addresses and numbers are header values"));
        }
        headers.entry("x-amzn-trace-id").or_insert(trace);
        if let Some(host) = host {
            headers.insert(HOST, host);
        }
    }

    /// `Root=1-<seconds>-<96 bits>`, as the real load balancer marks requests that are not marked yet.
    fn trace(&self) -> HeaderValue {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let seconds = now().as_millis() / 1000;
        let text = format!("Root=1-{seconds:08x}-{:08x}{number:016x}", self.port);
        HeaderValue::from_str(&text).expect("hexadecimal digits are a header value")
    }

    /// The load balancer's own answer, in the real one's words.
    fn refuse(&self, group: Option<Arn>, routed: Option<&Arc<Routed>>, broken: Broken) -> Response<ToClient> {
        let Broken { status, reason } = broken;
        self.shared.note(Failure {
            at: now(),
            target_group: group,
            target: routed.map(|routed| routed.target.clone()),
            status: status.as_u16(),
            reason,
        });
        let title = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
        let page = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
        );
        let mut response = Response::new(Either::Right(Full::from(page)));
        *response.status_mut() = status;
        response.headers_mut().insert(SERVER, HeaderValue::from_static("awselb/2.0"));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
        response
    }
}

/// Takes out what concerns one connection only; of an upgrade that is asked for, its two headers stay.
fn strip(headers: &mut HeaderMap, upgrades: bool) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let protocol = headers.get(UPGRADE).cloned();
    for name in named.iter().chain(&HOP_BY_HOP).chain(&[UPGRADE]) {
        headers.remove(name);
    }
    if let Some(protocol) = protocol.filter(|_| upgrades) {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol);
    }
}

/// A connection in use, and the request it is used for.
#[derive(Debug)]
struct Held {
    /// None if the target has closed it already.
    connection: Option<Connection>,
    passage: Passage,
}

impl Held {
    /// Ends the request, and lets the connection wait for the next as soon as it is ready for one.
    fn release(self) -> Option<Self> {
        let Self { connection, passage } = self;
        let routed = Arc::clone(passage.routed());
        match connection {
            Some(connection) if connection.is_ready() => routed.pool.put(connection),
            Some(connection) => {
                tokio::spawn(async move {
                    if let Some(connection) = connection.ready().await {
                        routed.pool.put(connection);
                    }
                });
            }
            None => {}
        }
        None
    }
}

/// An answer's body on its way to the client. When it has come to its end the connection can be used again; when it is
/// dropped before, the connection is closed, because what is left of the answer would still come.
#[derive(Debug)]
pub(super) struct Relayed {
    body: Incoming,
    held: Option<Held>,
}

impl Body for Relayed {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        let over = matches!(frame, Poll::Ready(None)) || (frame.is_ready() && self.body.is_end_stream());
        if over && let Some(held) = self.held.take() {
            self.held = held.release();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
