//! Why a target's answer did not come.

use std::error::Error;
use std::io;

use http::StatusCode;

/// What the client is told, and what the report.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) status: StatusCode,
    pub(super) reason: String,
}

impl Broken {
    /// The target did what it must not.
    pub(super) fn bad(reason: &str) -> Self {
        Self { status: StatusCode::BAD_GATEWAY, reason: reason.to_owned() }
    }

    /// The target did nothing.
    pub(super) fn late(reason: &str) -> Self {
        Self { status: StatusCode::GATEWAY_TIMEOUT, reason: reason.to_owned() }
    }

    /// There is no target.
    pub(super) fn nobody() -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, reason: "no target is routed".to_owned() }
    }

    /// There was no connection.
    pub(super) fn unconnected(error: &io::Error) -> Self {
        Self::bad(&format!("could not connect: {}", without_code(error)))
    }

    /// There was one, and it broke.
    pub(super) fn by(error: &hyper::Error) -> Self {
        if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
            return Self::bad("the target closed the connection before it answered");
        }
        let mut cause: &(dyn Error + 'static) = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        let cause = cause.downcast_ref::<io::Error>().map_or_else(|| cause.to_string(), without_code);
        Self::bad(&format!("the target broke the connection: {cause}"))
    }
}

fn without_code(error: &io::Error) -> String {
    error.to_string().split(" (os error").next().unwrap_or_default().to_lowercase()
}
