//! What the registry answers when it does not do what was asked: the OCI error body, with ECR's texts.

use axum::body::Body;
use axum::response::{AppendHeaders, IntoResponse as _};
use http::header::{ALLOW, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderName, Response, StatusCode};
use serde_json::json;
use simulator_core::Refusal;

use super::store::StoreError;

/// A refusal as the OCI distribution specification writes it: `{"errors":[{"code":…,"message":…}]}`.
#[derive(Debug)]
pub(super) struct OciError {
    status: StatusCode,
    code: &'static str,
    message: String,
    headers: Vec<(HeaderName, String)>,
}

impl OciError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), headers: Vec::new() }
    }

    /// What is wrong, without the codes.
    pub(super) fn into_message(self) -> String {
        self.message
    }

    /// The same with a header.
    pub(super) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// No credentials, or none that we know. Docker prints `no basic auth credentials` on seeing the challenge.
    pub(super) fn unauthorized(realm: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message)
            .with(WWW_AUTHENTICATE, format!("Basic realm=\"{realm}\",service=\"ecr.amazonaws.com\""))
    }

    pub(super) fn digest_invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "DIGEST_INVALID", message)
    }

    pub(super) fn manifest_invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", message)
    }

    pub(super) fn manifest_unknown() -> Self {
        Self::new(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "Requested image not found")
    }

    pub(super) fn blob_unknown(digest: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", format!("blob unknown to registry: {digest}"))
    }

    pub(super) fn upload_unknown(id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", format!("blob upload unknown to registry: {id}"))
    }

    pub(super) fn upload_invalid(status: StatusCode, message: impl Into<String>) -> Self {
        Self::new(status, "BLOB_UPLOAD_INVALID", message)
    }

    pub(super) fn unsupported(allowed: &'static str) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", "The operation is unsupported.").with(ALLOW, allowed)
    }

    /// The refusal as a response.
    pub(super) fn respond(self) -> Response<Body> {
        let Self { status, code, message, headers } = self;
        let body = json!({ "errors": [{ "code": code, "message": message }] }).to_string();
        let content_type = [(CONTENT_TYPE, "application/json; charset=utf-8")];
        (status, AppendHeaders(headers), content_type, body).into_response()
    }
}

impl From<Refusal> for OciError {
    /// ECR's API errors, as its registry words them.
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Denied(denial) => Self::new(StatusCode::FORBIDDEN, "DENIED", denial.to_string()),
            Refusal::NotSimulated { .. } => {
                Self::new(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", refusal.to_string())
            }
            Refusal::Fault { code, status, message } => {
                let (status, code) = match code {
                    "RepositoryNotFoundException" => (StatusCode::NOT_FOUND, "NAME_UNKNOWN"),
                    "ImageNotFoundException" => return Self::manifest_unknown(),
                    "ImageTagAlreadyExistsException" => (StatusCode::BAD_REQUEST, "TAG_INVALID"),
                    "LayersNotFoundException" | "ReferencedImagesNotFoundException" => {
                        (StatusCode::BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN")
                    }
                    "UploadNotFoundException" => (StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN"),
                    "InvalidLayerException" | "ImageDigestDoesNotMatchException" => {
                        (StatusCode::BAD_REQUEST, "DIGEST_INVALID")
                    }
                    // The specification has no code for what is left; the client prints the message.
                    _ => (StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), "UNKNOWN"),
                };
                Self::new(status, code, message)
            }
        }
    }
}

impl From<&StoreError> for OciError {
    /// Our own troubles. A full disk is refused with a code that engines show at once and do not retry for a minute (Docker
    /// 20.10 hides the body of a 5xx, and retries every 4xx but `DENIED`, `UNSUPPORTED` and `TOOMANYREQUESTS`).
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::NoSpace { .. } => Self::new(StatusCode::FORBIDDEN, "DENIED", error.to_string()),
            StoreError::Open { .. } | StoreError::Write { .. } | StoreError::Gone { .. } | StoreError::Read { .. } => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", error.to_string())
            }
        }
    }
}
