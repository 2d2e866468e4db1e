//! EC2's dialect of Query: lists are numbered without `member`, answers have no result element, errors stand in a list.

use bytes::Bytes;
use http::Request;
use simulator_core::Refusal;

use super::{Answer, Call, NOT_SIMULATED, NOT_SIMULATED_CODE, query};
use crate::wire::Document;
use crate::wire::authorization_message;
use crate::wire::xml::Xml;

const CONTENT_TYPE: &str = "text/xml;charset=UTF-8";

pub(super) fn read(request: &Request<Bytes>) -> Result<Call, Refusal> {
    query::read(request)
}

pub(super) fn answer(namespace: &str, operation: &str, output: &Document, request_id: &str) -> Answer {
    let mut xml = Xml::new("item");
    let root = format!("{operation}Response");
    xml.open_root(&root, namespace);
    xml.text("requestId", request_id);
    xml.members(output);
    xml.close(&root);
    Answer { status: 200, content_type: CONTENT_TYPE, body: xml.finish() }
}

pub(super) fn refuse(refusal: &Refusal, request_id: &str) -> Answer {
    let (status, code, message) = match refusal {
        Refusal::Denied(denial) => {
            let mut message = format!("You are not authorized to perform this operation. {denial}");
            if let Some(encoded) = authorization_message::encode(denial) {
                message = format!("{message} Encoded authorization failure message: {encoded}");
            }
            (403, "UnauthorizedOperation", message)
        }
        // What is called so in JSON, EC2 calls otherwise.
        Refusal::Fault { code: "SerializationException", message, .. } => {
            (400, "InvalidParameterValue", message.clone())
        }
        Refusal::Fault { code, status, message } => (*status, *code, message.clone()),
        Refusal::NotSimulated { .. } => (NOT_SIMULATED, NOT_SIMULATED_CODE, refusal.to_string()),
    };
    let mut xml = Xml::new("item");
    xml.open_root("Response", "");
    xml.open("Errors");
    xml.open("Error");
    xml.text("Code", code);
    xml.text("Message", &message);
    xml.close("Error");
    xml.close("Errors");
    xml.text("RequestID", request_id);
    xml.close("Response");
    Answer { status, content_type: CONTENT_TYPE, body: xml.finish() }
}
