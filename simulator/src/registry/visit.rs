//! One request: who asks, for what, and the way to the handler.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, BodyDataStream, HttpBody as _};
use axum::extract::State;
use axum::response::IntoResponse as _;
use futures_util::StreamExt as _;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use simulator_core::{Caller, Operation, World};
use tokio_util::sync::CancellationToken;

use super::blocking::away;
use super::known::KnownLayer;
use super::refusal::OciError;
use super::route::{Endpoint, RepositoryName, route};
use super::store::{BlobStore, StoreError};
use super::upload::Uploads;
use crate::account::{Account, PushCall};

/// The header that says what a blob or manifest is called.
pub(super) const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// What all requests share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) account: Arc<Account>,
    pub(super) store: BlobStore,
    pub(super) uploads: Uploads,
    pub(super) stopping: CancellationToken,
    known: Mutex<Vec<KnownLayer>>,
    failure: Mutex<Option<Arc<StoreError>>>,
}

/// A request of a known caller about one repository.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) shared: Arc<Shared>,
    pub(super) caller: Caller,
    pub(super) repository: RepositoryName,
}

impl Shared {
    pub(super) fn new(account: Arc<Account>, store: BlobStore, stopping: CancellationToken) -> Self {
        Self {
            account,
            store,
            uploads: Uploads::default(),
            stopping,
            known: Mutex::default(),
            failure: Mutex::default(),
        }
    }

    pub(super) fn known_layers(&self) -> Vec<KnownLayer> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn report_known(&self, layer: KnownLayer) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains(&layer) {
            known.push(layer);
        }
    }

    pub(super) fn failure(&self) -> Option<Arc<StoreError>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps `error` for whoever runs the registry, and says what the client is told.
    pub(super) fn fail(&self, error: StoreError) -> OciError {
        tracing::error!(error = &error as &dyn std::error::Error, "the registry's store failed");
        let answer = OciError::from(&error);
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| Arc::new(error));
        answer
    }

    /// Runs `work` on the store, away from the asynchronous threads.
    pub(super) async fn with_store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&BlobStore) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, OciError> {
        let store = self.store.clone();
        away(move || work(&store)).await.map_err(|error| self.fail(error))
    }
}

impl Visit {
    /// The ECR call `operation` by whoever holds the token, which changes the account.
    pub(super) fn push<O: Operation + Clone + Into<PushCall>>(&self, operation: O) -> Result<O::Output, OciError> {
        Ok(self.shared.account.push(&self.caller, operation)?)
    }

    /// The ECR call `operation` by whoever holds the token, which changes nothing.
    pub(super) fn call<O: Operation>(&self, operation: O) -> Result<O::Output, OciError> {
        Ok(self.shared.account.call(&self.caller, operation)?)
    }

    /// The repository's name, as operations take it.
    pub(super) fn name(&self) -> String {
        self.repository.as_str().to_owned()
    }
}

/// Answers one request.
pub(super) async fn answer(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let mut body = body.into_data_stream();
    let stopping = shared.stopping.clone();
    let answered = tokio::select! {
        answered = dispatch(Arc::clone(&shared), &parts, &mut body) => answered,
        () = stopping.cancelled() => {
            Err(OciError::new(StatusCode::SERVICE_UNAVAILABLE, "UNKNOWN", "the registry is stopping"))
        }
    };
    if !body.is_end_stream() {
        // A refusal in the middle of an upload reaches the client only if the connection is not reset under it.
        tokio::spawn(discard(body, stopping));
    }
    let mut response = answered.unwrap_or_else(OciError::respond);
    let version = HeaderValue::from_static("registry/2.0");
    response.headers_mut().insert("docker-distribution-api-version", version);
    response
}

async fn discard(mut body: BodyDataStream, stopping: CancellationToken) {
    let read = async { while let Some(Ok(_)) = body.next().await {} };
    tokio::select! {
        () = read => {}
        () = stopping.cancelled() => {}
    }
}

async fn dispatch(shared: Arc<Shared>, parts: &Parts, body: &mut BodyDataStream) -> Result<Response<Body>, OciError> {
    // The World learns what time it is, lest a token outlive its twelve hours in an account where nothing happens.
    shared.account.tick();
    let caller = shared.account.look(|world: &World| super::authentication::caller(world, &parts.headers))?;
    let (repository, endpoint) = route(&parts.method, parts.uri.path())?;
    let Some(repository) = repository else { return Ok(base()) };
    let visit = Visit { shared, caller, repository };
    match endpoint {
        Endpoint::Base => Ok(base()),
        Endpoint::HeadBlob(digest) => visit.head_blob(digest).await,
        Endpoint::GetBlob(digest) => visit.get_blob(digest, &parts.headers).await,
        Endpoint::StartUpload => visit.start_upload(parts, body).await,
        Endpoint::UploadStatus(id) => visit.upload_status(&id).await,
        Endpoint::UploadPart(id) => visit.upload_part(&id, &parts.headers, body).await,
        Endpoint::FinishUpload(id) => visit.finish_upload(&id, parts, body).await,
        Endpoint::CancelUpload(id) => visit.cancel_upload(&id).await,
        Endpoint::GetManifest(reference) => visit.get_manifest(reference),
        Endpoint::PutManifest(reference) => visit.put_manifest(reference, &parts.headers, body).await,
        Endpoint::DeleteManifest(reference) => visit.delete_manifest(reference),
        Endpoint::ListTags => visit.list_tags(&parts.uri),
        Endpoint::ListReferrers(digest) => visit.list_referrers(&digest, &parts.uri),
    }
}

fn base() -> Response<Body> {
    ([(CONTENT_TYPE, "application/json")], "{}").into_response()
}
