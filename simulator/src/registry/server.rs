//! The registry as a running server.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::any;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::known::KnownLayer;
use super::layer_api::LayerApi;
use super::store::{BlobStore, StoreError};
use super::visit::{Shared, answer};
use crate::account::Account;

/// How long [`Registry::stop`] waits for a client that has sent half a request and no more.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why there is no registry.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The address cannot be listened on.
    #[error("cannot serve the image registry on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// Why not: most often, another program listens there.
        source: io::Error,
    },
}

/// The registry of `account`, with the layers in `store`, as routes for a server that answers more at `address`, and the API for the same
/// layers. What is under way breaks off at `stopping`.
pub fn routes(
    account: Arc<Account>,
    store: BlobStore,
    stopping: CancellationToken,
    address: SocketAddr,
) -> (Router, LayerApi) {
    let shared = Arc::new(Shared::new(account, store, stopping));
    let api = LayerApi::new(Arc::clone(&shared), address);
    let registry = Router::new()
        .route("/v2", any(answer))
        .route("/v2/", any(answer))
        .route("/v2/{*path}", any(answer))
        .with_state(shared);
    (registry.merge(api.downloads()), api)
}

/// A running registry. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Registry {
    address: SocketAddr,
    pub(super) shared: Arc<Shared>,
    api: LayerApi,
    stopping: CancellationToken,
    server: JoinHandle<()>,
}

impl Registry {
    /// Serves the repositories of `account` at `listen`, with the layers in `store`. Port 0 takes any that is free.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn start(account: Arc<Account>, listen: SocketAddr, store: BlobStore) -> Result<Self, RegistryError> {
        let refuse = |source| RegistryError::Listen { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(refuse)?;
        let address = listener.local_addr().map_err(refuse)?;
        let stopping = CancellationToken::new();
        let shared = Arc::new(Shared::new(account, store, stopping.clone()));
        let api = LayerApi::new(Arc::clone(&shared), address);
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared)).merge(api.downloads());
        let listener = listener.tap_io(|stream| {
            // A push is many small exchanges, each of which would otherwise wait for a delayed acknowledgement.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection to the registry is gone already");
            }
        });
        let server = axum::serve(listener, router).with_graceful_shutdown(stopping.clone().cancelled_owned());
        let server = tokio::spawn(async move {
            // Its error type is an empty promise: it never fails.
            if let Err(error) = server.await {
                tracing::error!(%error, "the registry stopped");
            }
        });
        Ok(Self { address, shared, api, stopping, server })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// ECR's API for the layers that it has.
    #[must_use]
    pub fn layer_api(&self) -> LayerApi {
        self.api.clone()
    }

    /// The layers that were not uploaded so far because an earlier rehearsal did: see [`BlobStore::with_known_layers`].
    #[must_use]
    pub fn known_layers(&self) -> Vec<KnownLayer> {
        self.shared.known_layers()
    }

    /// The first trouble with the store since the registry started: why a push or pull failed that ECR would have served.
    #[must_use]
    pub fn failure(&self) -> Option<Arc<StoreError>> {
        self.shared.failure()
    }

    /// Stops listening, breaks off what is under way, and forgets unfinished uploads.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        if tokio::time::timeout(PATIENCE, &mut self.server).await.is_err() {
            self.server.abort();
        }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}
