//! How many calls are answered in a second.

use std::error::Error;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::calls::Calls;

/// Calls of `operation` that are answered in a second, made one after the other on each of `connections` for as long as `span`.
///
/// Each connection signs its call once and sends it again and again, as AWS lets clients do for five minutes: what signing costs a client
/// is not the server's.
pub(super) async fn rate(
    calls: &Calls,
    operation: &'static str,
    connections: usize,
    span: Duration,
) -> Result<f64, Box<dyn Error>> {
    let mut workers = JoinSet::new();
    let started = Instant::now();
    for _ in 0..connections {
        let request = calls.measured(operation)?.map(Full::new);
        workers.spawn(async move {
            let answered = repeat(&request, started, span).await;
            answered.map_err(|error| error.to_string())
        });
    }
    let mut answered = 0;
    while let Some(worker) = workers.join_next().await {
        answered += worker??;
    }
    Ok(f64::from(answered) / started.elapsed().as_secs_f64())
}

/// Sends `request` until `span` after `started`, and counts the answers.
async fn repeat(request: &Request<Full<Bytes>>, started: Instant, span: Duration) -> Result<u32, Box<dyn Error>> {
    let mut line = connect(request).await?;
    let mut answered = 0;
    while started.elapsed() < span {
        // A server may close a connection after any answer.
        if line.ready().await.is_err() {
            line = connect(request).await?;
        }
        let answer = line.send_request(request.clone()).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            return Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into());
        }
        answered += 1;
    }
    Ok(answered)
}

async fn connect(request: &Request<Full<Bytes>>) -> Result<SendRequest<Full<Bytes>>, Box<dyn Error>> {
    let server = request.headers().get("host").ok_or("a request names its host")?.to_str()?;
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}
