//! AWS's protocols: from a request to the call it makes, and from what became of the call to an answer.

mod ec2;
mod foreign;
mod json;
mod mistrust;
mod query;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::Request;
use serde_json::Value;
use simulator_core::Refusal;

pub(crate) use self::foreign::{CBOR, Foreign};
use super::signature::Mistrust;
use crate::service::Protocol;
use crate::wire::Document;

/// HTTP status of what greenroom does not simulate. `Not Implemented` is no error of AWS's, so that nobody takes the answer for
/// one, and no current SDK sends such a request again: all repeat 500, 502, 503 and 504 alone.
const NOT_SIMULATED: u16 = 501;
/// The error code that goes with it.
const NOT_SIMULATED_CODE: &str = "NotSimulated";

/// A call as its request spells it.
#[derive(Debug, PartialEq)]
pub(crate) struct Call {
    /// The operation's name, such as `ListUsers`.
    pub(crate) operation: String,
    /// Its parameters; null where a JSON request has no body.
    pub(crate) parameters: Value,
}

/// An answer, ready for HTTP.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// `Content-Type`.
    pub(crate) content_type: &'static str,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Protocol {
    /// The call that `request` makes.
    ///
    /// # Errors
    /// The protocol's own complaint if it cannot be read.
    pub(crate) fn read(self, request: &Request<Bytes>) -> Result<Call, Refusal> {
        match self {
            Self::Json { target } => json::read(target, request),
            Self::Query { .. } => query::read(request),
            Self::Ec2Query { .. } => ec2::read(request),
        }
    }

    /// The answer to `operation`, which answered `output`: null where the operation has no output at all, which is not the same
    /// as an output without members.
    pub(crate) fn answer(self, operation: &str, output: &Document, request_id: &str) -> Answer {
        match self {
            Self::Json { .. } => json::answer(output),
            Self::Query { namespace, .. } => query::answer(namespace, operation, output, request_id),
            Self::Ec2Query { namespace } => ec2::answer(namespace, operation, output, request_id),
        }
    }

    /// The answer that refuses because of `refusal`.
    pub(crate) fn refuse(self, refusal: &Refusal, request_id: &str) -> Answer {
        match self {
            Self::Json { .. } => json::refuse(refusal),
            Self::Query { namespace, denied } => query::refuse(namespace, denied, refusal, request_id),
            Self::Ec2Query { .. } => ec2::refuse(refusal, request_id),
        }
    }

    /// The refusal of a request that is not believed.
    pub(crate) fn turn_away(self, mistrust: &Mistrust) -> Refusal {
        match self {
            Self::Json { .. } => mistrust::json(mistrust),
            Self::Query { .. } => mistrust::query(mistrust),
            Self::Ec2Query { .. } => mistrust::ec2(mistrust),
        }
    }

    /// The refusal of an operation that is not in the table of `service`. AWS has many more than a deploy needs, so the message
    /// says whose limit it is.
    pub(crate) fn unknown(self, service: &str, operation: &str) -> Refusal {
        let code = match self {
            Self::Json { .. } => "UnknownOperationException",
            Self::Query { .. } | Self::Ec2Query { .. } => "InvalidAction",
        };
        Refusal::fault(code, format!("greenroom does not simulate the operation {service}:{operation}"))
    }
}
