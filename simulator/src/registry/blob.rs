//! Reading layers.

use axum::body::Body;
use axum::response::IntoResponse as _;
use futures_util::StreamExt as _;
use http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use simulator_core::Refusal;
use simulator_core::ecr::{BatchCheckLayerAvailability, CompleteLayerUpload, GetDownloadUrlForLayer};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use super::digest::Digest;
use super::known::{KnownLayer, LEAST_KNOWN_BYTES, Memory};
use super::range::{Span, Wanted, wanted};
use super::refusal::OciError;
use super::store::{Blob, StoreError};
use super::visit::{CONTENT_DIGEST, Shared, Visit};

/// Bytes read from disk at a time.
const READ_BYTES: usize = 256 << 10;

impl Visit {
    /// Whether the repository has the layer: `ecr:BatchCheckLayerAvailability`.
    pub(super) async fn head_blob(&self, digest: Digest) -> Result<Response<Body>, OciError> {
        let availability =
            self.call(BatchCheckLayerAvailability { repository: self.name(), digests: vec![digest.to_string()] })?;
        let available = availability.iter().any(|(_, size)| size.is_some());
        let blob = match available {
            // Where the content has been lost, the client had better upload it again.
            true => self.find(digest.clone()).await?,
            false => self.known_layer(digest.clone()).await?,
        };
        let Blob { size, .. } = blob.ok_or_else(|| OciError::blob_unknown(&digest))?;
        Ok((headers_of(&digest, size), Body::empty()).into_response())
    }

    /// The layer's bytes: `ecr:GetDownloadUrlForLayer`.
    pub(super) async fn get_blob(&self, digest: Digest, headers: &HeaderMap) -> Result<Response<Body>, OciError> {
        let wanted_layer = GetDownloadUrlForLayer { repository: self.name(), digest: digest.to_string() };
        self.shared.account.call(&self.caller, wanted_layer).map_err(|refusal| match refusal {
            // The same code of the API that says of a manifest that it lacks layers.
            Refusal::Fault { code: "LayersNotFoundException", message, .. } => {
                OciError::new(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", message)
            }
            other @ (Refusal::Denied(_) | Refusal::Fault { .. } | Refusal::NotSimulated { .. }) => other.into(),
        })?;
        self.shared.send(digest, headers).await
    }

    async fn find(&self, digest: Digest) -> Result<Option<Blob>, OciError> {
        self.shared.with_store(move |store| store.find(&digest)).await
    }

    /// The layer, if an earlier rehearsal gave it to the repository of this name. It is then written into the account as
    /// something its owner did, and reported.
    async fn known_layer(&self, digest: Digest) -> Result<Option<Blob>, OciError> {
        let account = &self.shared.account;
        let memory = account.look(|world| Memory::of(&self.shared.store, world, self.repository.as_str()));
        let Some(memory) = memory else { return Ok(None) };
        let wanted = digest.clone();
        let found =
            self.shared.with_store(move |store| if memory.holds(&wanted)? { store.find(&wanted) } else { Ok(None) });
        let Some(blob) = found.await?.filter(|blob| blob.size >= LEAST_KNOWN_BYTES) else { return Ok(None) };
        let owner = account.look(simulator_core::World::root);
        account.push(
            &owner,
            CompleteLayerUpload {
                repository: self.name(),
                upload_id: None,
                digest: digest.to_string(),
                size: blob.size,
            },
        )?;
        self.shared.report_known(KnownLayer { repository: self.name(), digest, size: blob.size });
        Ok(Some(blob))
    }
}

impl Shared {
    /// The bytes of the layer called `digest`, as far as `headers` want them.
    pub(super) async fn send(&self, digest: Digest, headers: &HeaderMap) -> Result<Response<Body>, OciError> {
        let Some(Blob { file, size }) = self
            .with_store({
                let digest = digest.clone();
                move |store| store.find(&digest)
            })
            .await?
        else {
            let at = self.store.path(&digest);
            return Err(self.fail(StoreError::Gone { at }));
        };
        let range = headers.get(RANGE).and_then(|range| range.to_str().ok());
        let (status, span) = match range.map_or(Wanted::Whole, |range| wanted(range, size)) {
            Wanted::Whole => (StatusCode::OK, Span { start: 0, end: size }),
            Wanted::Part(span) => (StatusCode::PARTIAL_CONTENT, span),
            Wanted::Unsatisfiable => {
                let message = format!("the layer has {size} bytes");
                return Err(OciError::new(StatusCode::RANGE_NOT_SATISFIABLE, "SIZE_INVALID", message)
                    .with(CONTENT_RANGE, format!("bytes */{size}")));
            }
        };
        let mut file = tokio::fs::File::from_std(file);
        file.seek(std::io::SeekFrom::Start(span.start)).await.map_err(|source| {
            let at = self.store.path(&digest);
            self.fail(StoreError::Read { at, source })
        })?;
        let bytes = ReaderStream::with_capacity(file.take(span.length()), READ_BYTES);
        let body = Body::from_stream(bytes.take_until(self.stopping.clone().cancelled_owned()));
        let mut response = (status, headers_of(&digest, span.length()), body).into_response();
        if status == StatusCode::PARTIAL_CONTENT {
            let range = format!("bytes {}-{}/{size}", span.start, span.end - 1);
            response.headers_mut().extend(HeaderValue::from_str(&range).map(|range| (CONTENT_RANGE, range)));
        }
        Ok(response)
    }
}

fn headers_of(digest: &Digest, length: u64) -> [(HeaderName, String); 4] {
    [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_LENGTH, length.to_string()),
        (ACCEPT_RANGES, "bytes".to_owned()),
        (CONTENT_DIGEST, digest.to_string()),
    ]
}
