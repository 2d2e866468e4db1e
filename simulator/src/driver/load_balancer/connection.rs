//! One connection to a target.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;

/// What a client asks, on its way to a target.
pub(super) type ToTarget = Request<Moving>;

/// A connection to a target. Dropping it closes it.
#[derive(Debug)]
pub(super) struct Connection {
    sender: SendRequest<Moving>,
    /// Ends with the connection.
    ended: watch::Receiver<()>,
}

impl Connection {
    /// A connection over `stream`.
    pub(super) async fn over(stream: TcpStream) -> hyper::Result<Self> {
        let handshake = Builder::new().preserve_header_case(true).handshake(TokioIo::new(stream)).await;
        let (sender, driver) = handshake?;
        let (alive, ended) = watch::channel(());
        // It ends when the target closes the connection, or its other half is dropped.
        tokio::spawn(async move {
            // How it ended is what the request under way is told.
            let _ = driver.with_upgrades().await;
            drop(alive);
        });
        Ok(Self { sender, ended })
    }

    /// Sends `request` and waits for the head of its answer. The connection comes back unless it was closed meanwhile; so
    /// does, in the error, a request of which nothing was sent.
    pub(super) async fn exchange(
        mut self,
        request: ToTarget,
    ) -> (Option<Self>, Result<Response<Incoming>, TrySendError<ToTarget>>) {
        let answer = self.sender.try_send_request(request);
        tokio::pin!(answer);
        tokio::select! {
            biased;
            answered = &mut answer => return (Some(self), answered),
            _ = self.ended.changed() => {}
        }
        // A request that is handed over at the moment at which the connection ends can stay in between, with nobody to
        // refuse it, for as long as this half exists.
        drop(self);
        (None, answer.await)
    }

    /// Whether the next request can be sent.
    pub(super) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }

    /// Waits until the next request can be sent. None if the connection is closed instead.
    pub(super) async fn ready(mut self) -> Option<Self> {
        self.sender.ready().await.ok().map(|()| self)
    }
}

/// Connects to `address`.
pub(super) async fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    // Small requests must not wait for others to share a packet with.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A request's body that tells when it moves.
#[derive(Debug)]
pub(super) struct Moving {
    pub(super) body: Incoming,
    pub(super) moves: watch::Sender<()>,
}

impl Body for Moving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if frame.is_ready() {
            self.moves.send_replace(());
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
