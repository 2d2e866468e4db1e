//! Where a layer can be fetched without credentials for a while: what AWS has presigned URLs of S3 for.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::IntoResponse as _;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response, StatusCode};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::refusal::OciError;
use super::visit::Shared;
use crate::account::now;

/// How long a URL is good for, in seconds: an hour, as the URLs that ECR hands out say (`X-Amz-Expires=3600`).
const LIFETIME: u64 = 3600;

/// What signs URLs and knows its signature again. The key is another in each process, so that no URL outlives it.
#[derive(Clone)]
pub(super) struct Signer {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

/// What is signed.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    sub: String,
    exp: u64,
}

/// What the query of a URL has.
#[derive(Debug, Deserialize)]
pub(super) struct Signed {
    signature: Option<String>,
}

impl Signer {
    pub(super) fn new(secret: &str) -> Self {
        let secret = secret.as_bytes();
        Self { encoding: EncodingKey::from_secret(secret), decoding: DecodingKey::from_secret(secret) }
    }

    /// Path and query under which the layer called `digest` can be fetched, from the present time `seconds` on.
    pub(super) fn sign(&self, digest: &str, seconds: u64) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = Claims { sub: digest.to_owned(), exp: seconds + LIFETIME };
        let signature = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)?;
        Ok(format!("/layers/{digest}?signature={signature}"))
    }

    /// Whether `signature` opens the layer called `digest` still at the present time `seconds`: else S3's code and message.
    fn check(&self, digest: &str, signature: &str, seconds: u64) -> Result<(), (&'static str, &'static str)> {
        let mut validation = Validation::new(Algorithm::HS256);
        // By our own clock, below.
        validation.validate_exp = false;
        match jsonwebtoken::decode::<Claims>(signature, &self.decoding, &validation) {
            Ok(token) if token.claims.sub != digest => Err(FORGED),
            Ok(token) if token.claims.exp <= seconds => Err(("AccessDenied", "Request has expired")),
            Ok(_) => Ok(()),
            Err(error) => {
                if !matches!(error.kind(), ErrorKind::InvalidSignature) {
                    tracing::debug!(%error, "the signature of a layer's URL is none");
                }
                Err(FORGED)
            }
        }
    }
}

const FORGED: (&str, &str) = (
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
);

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}

/// Answers a request for such a URL.
pub(super) async fn download(
    State((shared, signer)): State<(Arc<Shared>, Signer)>,
    Path(digest): Path<String>,
    Query(Signed { signature }): Query<Signed>,
    headers: HeaderMap,
) -> Response<Body> {
    let signature = signature.unwrap_or_default();
    if let Err((code, message)) = signer.check(&digest, &signature, now().as_millis() / 1000) {
        return s3_error(StatusCode::FORBIDDEN, code, message);
    }
    let Ok(digest) = digest.parse::<Digest>() else {
        return s3_error(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist.");
    };
    shared.send(digest, &headers).await.unwrap_or_else(OciError::respond)
}

/// An error as S3 writes it (S3's API reference, "REST error responses").
fn s3_error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    (status, [(CONTENT_TYPE, "application/xml")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::{FORGED, LIFETIME, Signer};

    #[test]
    fn a_signature_opens_one_layer_for_an_hour() {
        let (signer, stranger) = (Signer::new("a secret"), Signer::new("another"));
        let url = signer.sign("sha256:aa", 1000).expect("it can be signed");
        let signature = url.strip_prefix("/layers/sha256:aa?signature=").expect("the URL's form");
        let expired = ("AccessDenied", "Request has expired");
        for (by, digest, signature, seconds, expected) in [
            (&signer, "sha256:aa", signature, 1000 + LIFETIME - 1, Ok(())),
            (&signer, "sha256:aa", signature, 1000 + LIFETIME, Err(expired)),
            (&signer, "sha256:bb", signature, 1000, Err(FORGED)),
            (&stranger, "sha256:aa", signature, 1000, Err(FORGED)),
            (&signer, "sha256:aa", "", 1000, Err(FORGED)),
            (&signer, "sha256:aa", "e30.e30.", 1000, Err(FORGED)),
        ] {
            assert_eq!(by.check(digest, signature, seconds), expected, "{digest} {signature} {seconds}");
        }
    }
}
