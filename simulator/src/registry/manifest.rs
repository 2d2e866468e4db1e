//! Manifests: an image's list of layers, by tag or digest.

use axum::body::{Body, BodyDataStream};
use axum::response::{AppendHeaders, IntoResponse as _};
use futures_util::StreamExt as _;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderName, Response, StatusCode};
use simulator_core::Refusal;
use simulator_core::ecr::{BatchDeleteImage, BatchGetImage, ImageFailure, ImageId, PutImage};

use super::digest::Digest;
use super::manifest_document::ManifestDocument;
use super::refusal::OciError;
use super::route::Reference;
use super::visit::{CONTENT_DIGEST, Visit};

/// The longest manifest that is taken, in bytes: what the specification asks registries to take at least.
const MANIFEST_BYTES: usize = 4 << 20;

/// Says that the manifest's subject was understood, so that clients need not keep a list of referrers themselves.
const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");

impl Visit {
    /// The manifest: `ecr:BatchGetImage`.
    pub(super) fn get_manifest(&self, reference: Reference) -> Result<Response<Body>, OciError> {
        let found = self.call(BatchGetImage { repository: self.name(), images: vec![image_id(reference)] })?;
        let image = found.found.into_iter().next().ok_or_else(OciError::manifest_unknown)?;
        Ok(([(CONTENT_TYPE, image.media_type), (CONTENT_DIGEST, image.digest)], image.manifest).into_response())
    }

    /// Takes a manifest whose layers are here: `ecr:PutImage`.
    pub(super) async fn put_manifest(
        &self,
        reference: Reference,
        headers: &HeaderMap,
        body: &mut BodyDataStream,
    ) -> Result<Response<Body>, OciError> {
        let manifest = text(body).await?;
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let document = ManifestDocument::parse(&manifest, content_type)?;
        let digest = Digest::of(manifest.as_bytes());
        let tag = match reference {
            Reference::Tag(tag) => Some(tag),
            Reference::Digest(expected) if expected == digest => None,
            Reference::Digest(expected) => {
                let message = format!("the manifest has the digest {digest}, not {expected}");
                return Err(OciError::digest_invalid(message));
            }
        };
        let put = self.shared.account.push(
            &self.caller,
            PutImage {
                repository: self.name(),
                tag,
                manifest,
                media_type: document.media_type,
                digest: digest.to_string(),
                layers: document.needs.iter().map(Digest::to_string).collect(),
            },
        );
        match put {
            // The same manifest under the same tag again: the API calls it an error, `docker push` is told that all is well.
            Err(Refusal::Fault { code: "ImageAlreadyExistsException", .. }) | Ok(_) => {}
            Err(refusal) => return Err(refusal.into()),
        }
        let location = format!("/v2/{}/manifests/{digest}", self.repository);
        let headers = [(LOCATION, location), (CONTENT_DIGEST, digest.to_string())];
        let subject = document.subject.map(|subject| (SUBJECT, subject.to_string()));
        Ok((StatusCode::CREATED, headers, AppendHeaders(subject)).into_response())
    }

    /// Deletes an image or one of its tags: `ecr:BatchDeleteImage`.
    pub(super) fn delete_manifest(&self, reference: Reference) -> Result<Response<Body>, OciError> {
        let done = self.push(BatchDeleteImage { repository: self.name(), images: vec![image_id(reference)] })?;
        match done.failures.into_iter().next() {
            None => Ok(StatusCode::ACCEPTED.into_response()),
            Some(ImageFailure { code: "ImageNotFound", .. }) => Err(OciError::manifest_unknown()),
            // An index still needs it.
            Some(ImageFailure { reason, .. }) => Err(OciError::manifest_invalid(reason)),
        }
    }
}

pub(super) fn image_id(reference: Reference) -> ImageId {
    match reference {
        Reference::Tag(tag) => ImageId { tag: Some(tag), digest: None },
        Reference::Digest(digest) => ImageId { tag: None, digest: Some(digest.to_string()) },
    }
}

async fn text(body: &mut BodyDataStream) -> Result<String, OciError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| OciError::manifest_invalid("the manifest ended too early"))?;
        if bytes.len() + chunk.len() > MANIFEST_BYTES {
            let message = format!("the manifest is longer than {MANIFEST_BYTES} bytes");
            return Err(OciError::new(StatusCode::PAYLOAD_TOO_LARGE, "SIZE_INVALID", message));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| OciError::manifest_invalid("the manifest is not UTF-8"))
}
