//! Making signatures: for the requests that we send, and again for those that we received.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings};
use aws_sigv4::sign::v4::SigningParams;
use bytes::Bytes;
use http::Request;
use simulator_core::Timestamp;

use super::Claim;

pub use aws_sigv4::http_request::SigningError;

const DATE: &str = "x-amz-date";

/// Who signs, and for what.
#[derive(Clone, PartialEq, Eq)]
pub struct Signer {
    /// The access key's id.
    pub access_key_id: String,
    /// The access key's secret.
    pub secret: String,
    /// The session token, for temporary credentials.
    pub token: Option<String>,
    /// The Region to sign for.
    pub region: String,
}

impl fmt::Debug for Signer {
    /// Without the secret and the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { access_key_id, region, .. } = self;
        f.debug_struct("Signer").field("access_key_id", access_key_id).field("region", region).finish_non_exhaustive()
    }
}

/// Signs `request` for `service` in its `Authorization` header, with all headers it has, `Host` among them.
///
/// # Errors
/// If the request cannot be signed, such as when a header is not text.
pub fn sign(request: &mut Request<Bytes>, signer: &Signer, service: &str, at: Timestamp) -> Result<(), SigningError> {
    let Signer { access_key_id, secret, token, region } = signer;
    let identity = Credentials::new(access_key_id, secret, token.clone(), None, "greenroom").into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(system_time(at))
        .settings(SigningSettings::default())
        .build()
        .expect("all that is required has been given")
        .into();
    let headers = request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let body = SignableBody::Bytes(request.body());
    let signable = SignableRequest::new(request.method().as_str(), request.uri().to_string(), headers, body)?;
    let (instructions, _) = aws_sigv4::http_request::sign(signable, &params)?.into_parts();
    instructions.apply_to_request_http1x(request);
    Ok(())
}

/// The signature that `secret` makes for what `claim` says was signed of `request`, whose body has the hash `payload`.
pub(super) fn again(
    claim: &Claim,
    request: &Request<Bytes>,
    secret: &str,
    payload: String,
) -> Result<String, SigningError> {
    let identity = Credentials::new(&claim.access_key_id, secret, None, None, "greenroom").into();
    let mut settings = SigningSettings::default();
    // The date is put among the signed headers unasked, where a presigned request does not have it.
    let dated = claim.signed_headers.iter().any(|name| name == DATE);
    settings.excluded_headers = Some(if dated { Vec::new() } else { vec![Cow::Borrowed(DATE)] });
    let params = SigningParams::builder()
        .identity(&identity)
        .region(&claim.scope.region)
        .name(&claim.scope.service)
        .time(system_time(claim.at))
        .settings(settings)
        .build()
        .expect("all that is required has been given")
        .into();
    let signed = claim.signed_headers.iter().flat_map(|name| {
        let values = request.headers().get_all(name.as_str()).iter();
        values.filter_map(|value| Some((name.as_str(), value.to_str().ok()?)))
    });
    let uri = without_signature(request);
    let body = SignableBody::Precomputed(payload);
    let signable = SignableRequest::new(request.method().as_str(), uri, signed, body)?;
    let (_, signature) = aws_sigv4::http_request::sign(signable, &params)?.into_parts();
    Ok(signature)
}

/// Path and query of `request`, less the signature of a presigned one, which cannot have signed itself.
fn without_signature(request: &Request<Bytes>) -> String {
    let path = request.uri().path();
    let Some(query) = request.uri().query() else { return path.to_owned() };
    let signed: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("X-Amz-Signature=")).collect();
    if signed.is_empty() { path.to_owned() } else { format!("{path}?{}", signed.join("&")) }
}

fn system_time(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(at.as_millis())
}
