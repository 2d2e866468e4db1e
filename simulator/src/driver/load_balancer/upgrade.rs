//! Connections that stop speaking HTTP: WebSockets, mostly.

use http::header::UPGRADE;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::upgrade::{OnUpgrade, on};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use super::route::Passage;

/// The client's side of an upgrade that it asks for.
pub(super) struct Requested {
    client: OnUpgrade,
}

impl Requested {
    /// The upgrade that `request` asks for, if it does.
    pub(super) fn of(request: &mut Request<Incoming>) -> Option<Self> {
        request.headers().contains_key(UPGRADE).then(|| Self { client: on(request) })
    }

    /// Joins the two sides once the client has been told. The target counts as busy until one of them closes.
    pub(super) fn join(self, response: &mut Response<Incoming>, passage: Passage) {
        let target = on(response);
        tokio::spawn(async move {
            let (Ok(client), Ok(target)) = tokio::join!(self.client, target) else { return };
            // Either side may break off; then it is over for both.
            let _ = copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(target)).await;
            drop(passage);
        });
    }
}
