//! Writing layers: an upload is begun, sent in parts, and finished with the digest it must have.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::body::{Body, BodyDataStream, HttpBody as _};
use axum::extract::Query;
use axum::response::IntoResponse as _;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, LOCATION, RANGE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Response, StatusCode, Uri};
use serde::Deserialize;
use simulator_core::ecr::{CompleteLayerUpload, GetDownloadUrlForLayer, InitiateLayerUpload, UploadLayerPart};
use simulator_core::{Refusal, World};
use tokio::sync::OwnedMutexGuard;

use super::blocking::away;
use super::digest::Digest;
use super::incoming::{Broken, Incoming, receive};
use super::known::Memory;
use super::range::sent;
use super::refusal::OciError;
use super::store::{ABANDONED, StoreError};
use super::visit::{CONTENT_DIGEST, Shared, Visit};

const UPLOAD_ID: HeaderName = HeaderName::from_static("docker-upload-uuid");

/// The uploads that are not finished.
#[derive(Debug, Default)]
pub(super) struct Uploads {
    open: Mutex<BTreeMap<String, Upload>>,
}

#[derive(Debug)]
struct Upload {
    repository: String,
    /// When a request last asked for it.
    touched: Instant,
    /// Locked while a part is received: parts of one upload follow one another.
    incoming: Arc<tokio::sync::Mutex<Incoming>>,
}

#[derive(Debug, Default, Deserialize)]
struct Parameters {
    digest: Option<String>,
    mount: Option<String>,
    from: Option<String>,
}

impl Uploads {
    /// There is the upload `id` from now on, unless somebody else has just said so.
    pub(super) fn begin(&self, repository: String, id: String, incoming: Incoming) {
        let (incoming, touched) = (Arc::new(tokio::sync::Mutex::new(incoming)), Instant::now());
        self.forget_abandoned(touched);
        self.lock().entry(id).or_insert(Upload { repository, touched, incoming });
    }

    fn has(&self, id: &str) -> bool {
        self.lock().contains_key(id)
    }

    /// Forgets the uploads that nobody has asked for in the [`ABANDONED`] time before `now`, and what they had sent.
    pub(super) fn forget_abandoned(&self, now: Instant) {
        self.lock().retain(|_, upload| {
            let stays = now.saturating_duration_since(upload.touched) < ABANDONED;
            if !stays && let Ok(mut incoming) = upload.incoming.try_lock() {
                incoming.leave_nothing();
            }
            stays
        });
    }

    /// Waits for the upload's turn: nobody else receives a part of it until the guard is dropped.
    pub(super) async fn turn(&self, repository: &str, id: &str) -> Result<OwnedMutexGuard<Incoming>, OciError> {
        let incoming = self.get(repository, id).ok_or_else(|| OciError::upload_unknown(id))?;
        let turn = incoming.lock_owned().await;
        // It may have been finished while this waited.
        self.get(repository, id).ok_or_else(|| OciError::upload_unknown(id))?;
        Ok(turn)
    }

    /// The same of a thread that may be held up, if there is the upload.
    pub(super) fn blocking_turn(&self, repository: &str, id: &str) -> Option<OwnedMutexGuard<Incoming>> {
        let turn = self.get(repository, id)?.blocking_lock_owned();
        self.get(repository, id)?;
        Some(turn)
    }

    pub(super) fn end(&self, id: &str) {
        self.lock().remove(id);
    }

    fn get(&self, repository: &str, id: &str) -> Option<Arc<tokio::sync::Mutex<Incoming>>> {
        let mut open = self.lock();
        let upload = open.get_mut(id).filter(|upload| upload.repository == repository)?;
        upload.touched = Instant::now();
        Some(Arc::clone(&upload.incoming))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Upload>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Takes the upload `id` up again that an earlier process began, where there is one. It may take a while.
    pub(super) fn resume(&self, repository: &str, id: &str) -> Result<(), StoreError> {
        if !self.store.is_lasting()
            || self.uploads.has(id)
            || !self.account.look(|world| world.has_upload(repository, id))
        {
            return Ok(());
        }
        if let Some(incoming) = self.store.resume(id)? {
            self.uploads.begin(repository.to_owned(), id.to_owned(), incoming);
        }
        Ok(())
    }
}

impl Visit {
    /// Begins an upload, `ecr:InitiateLayerUpload`; or does all of it at once with `?digest=`; or takes the layer from
    /// another repository with `?mount=&from=`.
    pub(super) async fn start_upload(
        &self,
        parts: &Parts,
        body: &mut BodyDataStream,
    ) -> Result<Response<Body>, OciError> {
        let Parameters { digest, mount, from } = parameters(&parts.uri)?;
        if let (Some(mount), Some(from)) = (mount, from)
            && let Some(mounted) = self.mount(&mount, &from).await?
        {
            return Ok(mounted);
        }
        let digest = digest.map(|digest| digest.parse()).transpose().map_err(OciError::digest_invalid)?;
        let id = self.push(InitiateLayerUpload { repository: self.name() })?;
        let upload = id.clone();
        let incoming = self.shared.with_store(move |store| store.begin(&upload)).await?;
        self.shared.uploads.begin(self.name(), id.clone(), incoming);
        match digest {
            Some(digest) => self.finish(&id, digest, &parts.headers, body).await,
            None => Ok(self.progress(StatusCode::ACCEPTED, &id, 0)),
        }
    }

    /// How far an upload has come.
    pub(super) async fn upload_status(&self, id: &str) -> Result<Response<Body>, OciError> {
        let incoming = self.turn(id).await?;
        Ok(self.progress(StatusCode::NO_CONTENT, id, incoming.received()))
    }

    /// Takes a part: `ecr:UploadLayerPart`.
    pub(super) async fn upload_part(
        &self,
        id: &str,
        headers: &HeaderMap,
        body: &mut BodyDataStream,
    ) -> Result<Response<Body>, OciError> {
        let incoming = self.turn(id).await?;
        let incoming = self.take_part(id, incoming, headers, body).await?;
        Ok(self.progress(StatusCode::ACCEPTED, id, incoming.received()))
    }

    /// Takes the last part, if there is one, and finishes: `ecr:CompleteLayerUpload`.
    pub(super) async fn finish_upload(
        &self,
        id: &str,
        parts: &Parts,
        body: &mut BodyDataStream,
    ) -> Result<Response<Body>, OciError> {
        let Parameters { digest, .. } = parameters(&parts.uri)?;
        let digest = digest.ok_or_else(|| OciError::digest_invalid("the query has no `digest`"))?;
        let digest = digest.parse().map_err(OciError::digest_invalid)?;
        self.finish(id, digest, &parts.headers, body).await
    }

    /// Forgets an upload. ECR's API has no call for this, so whoever may write to it may.
    pub(super) async fn cancel_upload(&self, id: &str) -> Result<Response<Body>, OciError> {
        let mut incoming = self.turn(id).await?;
        self.shared.uploads.end(id);
        incoming.leave_nothing();
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    /// The upload's turn, for whoever may write to it.
    async fn turn(&self, id: &str) -> Result<OwnedMutexGuard<Incoming>, OciError> {
        self.push(UploadLayerPart { repository: self.name(), upload_id: id.to_owned() })?;
        self.taken_up(id).await
    }

    /// The upload's turn, whoever began it.
    async fn taken_up(&self, id: &str) -> Result<OwnedMutexGuard<Incoming>, OciError> {
        if self.shared.store.is_lasting() {
            let (shared, repository, id) = (Arc::clone(&self.shared), self.name(), id.to_owned());
            away(move || shared.resume(&repository, &id)).await.map_err(|error| self.shared.fail(error))?;
        }
        self.shared.uploads.turn(self.repository.as_str(), id).await
    }

    async fn take_part(
        &self,
        id: &str,
        incoming: OwnedMutexGuard<Incoming>,
        headers: &HeaderMap,
        body: &mut BodyDataStream,
    ) -> Result<OwnedMutexGuard<Incoming>, OciError> {
        let announced = self.announced(id, incoming.received(), headers)?;
        let before = incoming.mark();
        let (mut incoming, outcome) = receive(incoming, body).await;
        match outcome {
            Ok(()) => {}
            Err(Broken::Sender) => {
                return Err(OciError::upload_invalid(StatusCode::BAD_REQUEST, "the body ended too early"));
            }
            Err(Broken::Disk(error)) => return Err(self.shared.fail(self.shared.store.unwritten(error))),
        }
        if announced.is_some_and(|end| end != incoming.received()) {
            incoming.rewind(before);
            let message = "the body is not as long as `Content-Range` says";
            return Err(OciError::new(StatusCode::BAD_REQUEST, "SIZE_INVALID", message));
        }
        Ok(incoming)
    }

    /// Where the part must end by its `Content-Range`, if it has one. A part that does not begin where the last one ended is
    /// refused with status 416 and the place where it should.
    fn announced(&self, id: &str, received: u64, headers: &HeaderMap) -> Result<Option<u64>, OciError> {
        let Some(range) = headers.get(CONTENT_RANGE) else { return Ok(None) };
        let span = range.to_str().ok().and_then(sent).ok_or_else(|| {
            let message = "`Content-Range` is not `<first>-<last>`";
            OciError::upload_invalid(StatusCode::BAD_REQUEST, message)
        })?;
        if span.start != received {
            let message = format!("the next byte of this upload is {received}, not {}", span.start);
            return Err(OciError::upload_invalid(StatusCode::RANGE_NOT_SATISFIABLE, message)
                .with(LOCATION, self.upload_path(id))
                .with(RANGE, range_of(received)));
        }
        let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length != span.length()) {
            let message = "`Content-Length` and `Content-Range` contradict one another";
            return Err(OciError::new(StatusCode::BAD_REQUEST, "SIZE_INVALID", message));
        }
        Ok(Some(span.end))
    }

    async fn finish(
        &self,
        id: &str,
        digest: Digest,
        headers: &HeaderMap,
        body: &mut BodyDataStream,
    ) -> Result<Response<Body>, OciError> {
        let uploads = &self.shared.uploads;
        let mut incoming = if body.is_end_stream() {
            self.taken_up(id).await?
        } else {
            let turn = self.turn(id).await?;
            self.take_part(id, turn, headers, body).await?
        };
        // Whatever comes of it, nothing can be added any more.
        uploads.end(id);
        incoming.leave_nothing();
        let received = incoming.digest();
        if received != digest {
            let message = format!("the upload has the digest {received}, not {digest}");
            return Err(OciError::digest_invalid(message));
        }
        let size = incoming.received();
        // The content comes first: a layer that the account has can always be read.
        self.shared.with_store(move |store| store.keep(&mut incoming)).await?;
        let completed = self.shared.account.push(
            &self.caller,
            CompleteLayerUpload {
                repository: self.name(),
                upload_id: Some(id.to_owned()),
                digest: digest.to_string(),
                size,
            },
        );
        match completed {
            // Somebody else has just pushed the same layer, which is as good.
            Err(Refusal::Fault { code: "LayerAlreadyExistsException", .. }) | Ok(_) => {}
            Err(refusal) => return Err(refusal.into()),
        }
        self.remember(&digest).await;
        Ok(self.created(&digest))
    }

    /// Takes the layer called `mount` from the repository called `from`, if the account has that switched on
    /// (`BLOB_MOUNTING`), it is there, and the caller may read it there (ECR's user guide, "Blob mounting in Amazon ECR").
    /// Otherwise the client has to upload it, which is not an error.
    async fn mount(&self, mount: &str, from: &str) -> Result<Option<Response<Body>>, OciError> {
        let digest: Digest = mount.parse().map_err(OciError::digest_invalid)?;
        let account = &self.shared.account;
        if !account.look(World::blob_mounting) {
            return Ok(None);
        }
        let source = GetDownloadUrlForLayer { repository: from.to_owned(), digest: digest.to_string() };
        let Ok(size) = account.call(&self.caller, source) else { return Ok(None) };
        self.push(InitiateLayerUpload { repository: self.name() })?;
        self.push(CompleteLayerUpload { repository: self.name(), upload_id: None, digest: digest.to_string(), size })?;
        self.remember(&digest).await;
        Ok(Some(self.created(&digest)))
    }

    /// Remembers for later rehearsals that the repository was given the layer. The push has succeeded without.
    async fn remember(&self, digest: &Digest) {
        let store = self.shared.store.clone();
        let memory = self.shared.account.look(|world| Memory::of(&store, world, self.repository.as_str()));
        let Some(memory) = memory else { return };
        let digest = digest.clone();
        if let Err(error) = away(move || memory.remember(&store, &digest)).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a layer will have to be uploaded again next time"
            );
        }
    }

    fn progress(&self, status: StatusCode, id: &str, received: u64) -> Response<Body> {
        let headers = [(LOCATION, self.upload_path(id)), (RANGE, range_of(received)), (UPLOAD_ID, id.to_owned())];
        (status, headers).into_response()
    }

    fn created(&self, digest: &Digest) -> Response<Body> {
        let location = format!("/v2/{}/blobs/{digest}", self.repository);
        (StatusCode::CREATED, [(LOCATION, location), (CONTENT_DIGEST, digest.to_string())]).into_response()
    }

    fn upload_path(&self, id: &str) -> String {
        format!("/v2/{}/blobs/uploads/{id}", self.repository)
    }
}

fn parameters(uri: &Uri) -> Result<Parameters, OciError> {
    Query::try_from_uri(uri).map(|Query(parameters)| parameters).map_err(|error| {
        OciError::upload_invalid(StatusCode::BAD_REQUEST, format!("the query cannot be read: {error}"))
    })
}

/// What has been received, first and last byte included. Nothing at all is written like one byte, as Docker's registry does.
fn range_of(received: u64) -> String {
    format!("0-{}", received.saturating_sub(1))
}
