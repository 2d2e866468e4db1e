//! A small client of AWS JSON services, for what a rehearsal does in the deploy identity's name.
//!
//! Deliberately absent: retries, paginators, waiters and models. The endpoint is on this machine, and what it refuses is what
//! the rehearsal wants to know.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use serde_json::Value;
use thiserror::Error;

use super::signature::{Signer, SigningError, sign};
use crate::account;

/// A call that takes longer than this is given up.
const PATIENCE: Duration = Duration::from_mins(1);

/// Calls one endpoint in the name of one access key.
#[derive(Clone, Debug)]
pub struct Client {
    endpoint: String,
    signer: Signer,
    http: reqwest::Client,
}

/// Why a call brought no output.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The HTTP client cannot be set up.
    #[error("cannot set up an HTTP client")]
    Setup(#[source] reqwest::Error),
    /// The request cannot be written, such as with an endpoint that is no URL.
    #[error("cannot write a request to `{endpoint}`")]
    Request {
        /// The endpoint.
        endpoint: String,
        /// Why not.
        source: http::Error,
    },
    /// The request cannot be signed.
    #[error("cannot sign a request")]
    Sign(#[source] SigningError),
    /// Nobody answers.
    #[error("cannot reach `{endpoint}`")]
    Unreachable {
        /// The endpoint.
        endpoint: String,
        /// Why not.
        source: reqwest::Error,
    },
    /// The service refused.
    #[error("{code}: {message}")]
    Refused {
        /// AWS's code, such as `ClusterNotFoundException`.
        code: String,
        /// AWS's message.
        message: String,
        /// HTTP status.
        status: u16,
    },
    /// The answer is not what the protocol prescribes.
    #[error("the answer to {operation} (HTTP status {status}) is not JSON")]
    Unreadable {
        /// The operation.
        operation: String,
        /// HTTP status.
        status: u16,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl ClientError {
    /// Whether IAM did not allow the call.
    #[must_use]
    pub fn is_denial(&self) -> bool {
        self.code()
            .is_some_and(|code| ["AccessDeniedException", "AccessDenied", "UnauthorizedOperation"].contains(&code))
    }

    /// AWS's code, if the service refused.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            Self::Setup(_)
            | Self::Request { .. }
            | Self::Sign(_)
            | Self::Unreachable { .. }
            | Self::Unreadable { .. } => None,
        }
    }
}

impl Client {
    /// A client of `endpoint`, such as `http://127.0.0.1:4566`, that signs for `region` with the access key.
    ///
    /// # Errors
    /// [`ClientError::Setup`].
    pub fn new(endpoint: &str, region: &str, access_key_id: &str, secret: &str) -> Result<Self, ClientError> {
        let signer = Signer {
            access_key_id: access_key_id.to_owned(),
            secret: secret.to_owned(),
            token: None,
            region: region.to_owned(),
        };
        // The endpoint is on loopback, where no proxy of the user's environment leads.
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().map_err(ClientError::Setup)?;
        Ok(Self { endpoint: endpoint.trim_end_matches('/').to_owned(), signer, http })
    }

    /// The id of the access key that it signs with.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.signer.access_key_id
    }

    /// The same with the token of temporary credentials.
    #[must_use]
    pub fn with_session_token(mut self, token: &str) -> Self {
        self.signer.token = Some(token.to_owned());
        self
    }

    /// Calls `operation` of `service` (its signing name, such as `ecs`), whose `X-Amz-Target` begins with `target`. An answer
    /// without a body is null.
    ///
    /// # Errors
    /// AWS's refusal, or why there is no answer.
    pub async fn json(&self, service: &str, target: &str, operation: &str, input: Value) -> Result<Value, ClientError> {
        let endpoint = &self.endpoint;
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("{endpoint}/"))
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("{target}.{operation}"))
            .body(Bytes::from(input.to_string()))
            .map_err(|source| ClientError::Request { endpoint: endpoint.clone(), source })?;
        sign(&mut request, &self.signer, service, account::now()).map_err(ClientError::Sign)?;
        let unreachable = |source| ClientError::Unreachable { endpoint: endpoint.clone(), source };
        let request = reqwest::Request::try_from(request).map_err(unreachable)?;
        let answer = self.http.execute(request).await.map_err(unreachable)?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(unreachable)?;
        if status.is_success() && body.is_empty() {
            return Ok(Value::Null);
        }
        let answer: Value = serde_json::from_slice(&body).map_err(|source| ClientError::Unreadable {
            operation: operation.to_owned(),
            status: status.as_u16(),
            source,
        })?;
        if status.is_success() { Ok(answer) } else { Err(refused(&answer, status.as_u16())) }
    }
}

/// The refusal that `body` spells. Services write `com.amazonaws.ecs#Code` or `Code`, and `message` or `Message`.
fn refused(body: &Value, status: u16) -> ClientError {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let code = text("__type").unwrap_or_default();
    let code = code.rsplit_once('#').map_or(code, |(_, code)| code).to_owned();
    let message = text("message").or_else(|| text("Message")).unwrap_or_default().to_owned();
    ClientError::Refused { code, message, status }
}
