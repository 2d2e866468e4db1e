//! AWS JSON 1.1.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use simulator_core::Refusal;

use super::{Answer, Call, NOT_SIMULATED, NOT_SIMULATED_CODE};
use crate::wire::Document;

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// The call of `request`, which is posted: to another method no operation belongs.
pub(super) fn read(target: &str, request: &Request<Bytes>) -> Result<Call, Refusal> {
    if request.method() != Method::POST {
        let message = format!("{} is no method of an operation; they are called by POST", request.method());
        return Err(Refusal::fault("UnknownOperationException", message));
    }
    let header = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let operation = header.strip_prefix(target).and_then(|rest| rest.strip_prefix('.')).ok_or_else(|| {
        Refusal::fault("UnknownOperationException", format!("`{header}` is no X-Amz-Target of {target}"))
    })?;
    let parameters = if request.body().is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(request.body()).map_err(|error| {
            Refusal::fault("SerializationException", format!("the request body is not JSON: {error}"))
        })?
    };
    Ok(Call { operation: operation.to_owned(), parameters })
}

pub(super) fn answer(output: &Document) -> Answer {
    // As text it would be written piece by piece through a formatter, which takes twice the time.
    let body = if output.is_null() { Vec::new() } else { serde_json::to_vec(output).expect("a value is JSON") };
    Answer { status: 200, content_type: CONTENT_TYPE, body }
}

pub(super) fn refuse(refusal: &Refusal) -> Answer {
    let (status, code, message) = match refusal {
        Refusal::Denied(denial) => (400, "AccessDeniedException", denial.to_string()),
        Refusal::Fault { code, status, message } => (*status, *code, message.clone()),
        Refusal::NotSimulated { .. } => (NOT_SIMULATED, NOT_SIMULATED_CODE, refusal.to_string()),
    };
    let body = json!({ "__type": code, "message": message }).to_string().into_bytes();
    Answer { status, content_type: CONTENT_TYPE, body }
}
