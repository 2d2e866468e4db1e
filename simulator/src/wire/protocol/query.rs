//! AWS Query: form-encoded requests, answered in XML.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::Value;
use simulator_core::Refusal;

use super::{Answer, Call, NOT_SIMULATED, NOT_SIMULATED_CODE};
use crate::wire::Document;
use crate::wire::form;
use crate::wire::xml::Xml;

const CONTENT_TYPE: &str = "text/xml";

/// What every request carries beside the parameters of its operation.
const COMMON: [&str; 9] = [
    "Version",
    "X-Amz-Algorithm",
    "X-Amz-Content-Sha256",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
];

/// The call of `request`, whose parameters stand in its address or its body.
///
/// Query requests "use the HTTP verb GET or POST" (IAM user guide, calling the API using HTTP query requests).
pub(super) fn read(request: &Request<Bytes>) -> Result<Call, Refusal> {
    if ![Method::GET, Method::POST].contains(request.method()) {
        let message = format!("{} is no method of an operation; they are called by GET or POST", request.method());
        return Err(Refusal::fault("MalformedHttpRequestException", message));
    }
    let malformed = |error: form::FormError| Refusal::Fault {
        code: "MalformedQueryString",
        status: 404,
        message: format!("The query string contains a syntax error: {error}"),
    };
    let mut pairs = form::pairs(request.uri().query().unwrap_or_default().as_bytes()).map_err(malformed)?;
    pairs.extend(form::pairs(request.body()).map_err(malformed)?);
    let mut parameters = form::tree(pairs).map_err(malformed)?;
    for name in COMMON {
        parameters.remove(name);
    }
    match parameters.remove("Action") {
        Some(Value::String(operation)) if !operation.is_empty() => {
            Ok(Call { operation, parameters: Value::Object(parameters) })
        }
        Some(
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_),
        )
        | None => Err(Refusal::fault("MissingAction", "The request must contain the parameter Action.")),
    }
}

/// The operation that `request` names, however it is meant.
pub(super) fn operation(request: &Request<Bytes>) -> Option<String> {
    read(request).ok().map(|call| call.operation)
}

pub(super) fn answer(namespace: &str, operation: &str, output: &Document, request_id: &str) -> Answer {
    let mut xml = Xml::new("member");
    let root = format!("{operation}Response");
    xml.open_root(&root, namespace);
    xml.value(&format!("{operation}Result"), output);
    xml.open("ResponseMetadata");
    xml.text("RequestId", request_id);
    xml.close("ResponseMetadata");
    xml.close(&root);
    Answer { status: 200, content_type: CONTENT_TYPE, body: xml.finish() }
}

pub(super) fn refuse(namespace: &str, denied: &str, refusal: &Refusal, request_id: &str) -> Answer {
    let (status, code, message) = match refusal {
        Refusal::Denied(denial) => (403, denied, denial.to_string()),
        // What is called so in JSON, Query calls otherwise.
        Refusal::Fault { code: "SerializationException", message, .. } => (400, "MalformedInput", message.clone()),
        Refusal::Fault { code, status, message } => (*status, *code, message.clone()),
        Refusal::NotSimulated { .. } => (NOT_SIMULATED, NOT_SIMULATED_CODE, refusal.to_string()),
    };
    let mut xml = Xml::new("member");
    xml.open_root("ErrorResponse", namespace);
    xml.open("Error");
    xml.text("Type", if status < 500 { "Sender" } else { "Receiver" });
    xml.text("Code", code);
    xml.text("Message", &message);
    xml.close("Error");
    xml.text("RequestId", request_id);
    xml.close("ErrorResponse");
    Answer { status, content_type: CONTENT_TYPE, body: xml.finish() }
}
