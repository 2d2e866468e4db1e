//! Signing the requests that we send.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings};
use aws_sigv4::sign::v4::SigningParams;
use bytes::Bytes;
use http::Request;
use simulator_core::Timestamp;

pub use aws_sigv4::http_request::SigningError;

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

fn system_time(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(at.as_millis())
}
