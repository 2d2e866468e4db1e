//! A server that only speaks HTTP: what this machine, this client and the same HTTP library come to with nothing behind them.

use std::convert::Infallible;
use std::error::Error;
use std::net::Ipv4Addr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Answers every request to `port` of loopback with an empty list of clusters, until it is killed.
pub(super) fn serve(port: u16) -> Result<(), Box<dyn Error>> {
    // As many threads as `greenroom serve` has.
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            // A connection that breaks off is its client's affair.
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)));
        }
    })
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    // Whatever came of the body, it has been read.
    let _ = request.into_body().collect().await;
    Ok(Response::new(Full::new(Bytes::from_static(br#"{"clusterArns":[]}"#))))
}
