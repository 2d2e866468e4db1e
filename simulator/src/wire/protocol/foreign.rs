//! Requests to services that are not simulated: they are refused in the words of whatever protocol they are made in, so that a client reads
//! the refusal and not an answer that it cannot parse.

use bytes::Bytes;
use http::Request;
use http::header::CONTENT_TYPE;
use serde_json::json;
use simulator_core::Refusal;

use super::{Answer, NOT_SIMULATED, NOT_SIMULATED_CODE, json, query};
use crate::wire::xml::Xml;

/// The protocols of the services that are not simulated, beside those of the services that are (botocore, `protocols` of the models).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// AWS JSON 1.0 and 1.1: the operation stands in `X-Amz-Target`.
    Json,
    /// AWS Query, and EC2's.
    Query,
    /// JSON under paths, as Lambda's.
    RestJson,
    /// XML under paths, as S3's.
    RestXml,
    /// Smithy's RPC v2 in CBOR, as `CodeDeploy`'s and `CloudWatch`'s: the operation stands in the path.
    Cbor,
}

/// What to use in place of services that a deploy may ask for.
const INSTEAD: [(&str, &str); 1] =
    [("codedeploy", "it does simulate ECS's own blue/green, linear and canary deployments")];

/// Services that answer in XML under paths; the others that have paths answer in JSON.
const REST_XML: [&str; 4] = ["cloudfront", "route53", "s3", "s3express"];

impl Foreign {
    /// How `request` to the service with this signing name speaks.
    pub(crate) fn of(request: &Request<Bytes>, service: &str) -> Self {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if header("smithy-protocol") == "rpc-v2-cbor" {
            Self::Cbor
        } else if request.headers().contains_key("x-amz-target") {
            Self::Json
        } else if REST_XML.contains(&service) {
            Self::RestXml
        } else if query::operation(request).is_some() {
            Self::Query
        } else if request.uri().path() != "/" || header(CONTENT_TYPE.as_str()).contains("json") {
            Self::RestJson
        } else {
            Self::Query
        }
    }

    /// What `request` asks of `service`, in words: its operation, or, where only paths tell, the method and the path.
    pub(crate) fn asked(self, request: &Request<Bytes>, service: &str) -> String {
        let path = request.uri().path();
        let operation = match self {
            Self::Json => {
                let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok());
                target.and_then(|target| target.rsplit('.').next()).map(str::to_owned)
            }
            Self::Query => query::operation(request),
            Self::Cbor => path.rsplit_once("/operation/").map(|(_, operation)| operation.to_owned()),
            Self::RestJson | Self::RestXml => None,
        };
        let is_name = |name: &String| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let what = match operation.filter(is_name) {
            Some(operation) => format!("the operation {service}:{operation}"),
            None => format!("the service `{service}`, asked for `{} {path}`", request.method()),
        };
        match INSTEAD.iter().find(|(name, _)| *name == service) {
            Some((_, instead)) => format!("{what}; {instead}"),
            None => what,
        }
    }

    /// The answer that refuses because of `refusal`.
    pub(crate) fn refuse(self, refusal: &Refusal, request_id: &str) -> Answer {
        let (status, code, message) = match refusal {
            Refusal::Denied(denial) => (403, "AccessDenied", denial.to_string()),
            Refusal::Fault { code, status, message } => (*status, *code, message.clone()),
            Refusal::NotSimulated { .. } => (NOT_SIMULATED, NOT_SIMULATED_CODE, refusal.to_string()),
        };
        match self {
            Self::Json => json::refuse(refusal),
            Self::Query => query::refuse("", "AccessDenied", refusal, request_id),
            Self::RestJson => {
                // SDKs take the code from the header `X-Amzn-Errortype` or from the body.
                let body = json!({ "code": code, "__type": code, "message": message }).to_string().into_bytes();
                Answer { status, content_type: "application/json", body }
            }
            Self::RestXml => {
                let mut xml = Xml::new("member");
                xml.open_root("Error", "");
                xml.text("Code", code);
                xml.text("Message", &message);
                xml.text("RequestId", request_id);
                xml.close("Error");
                Answer { status, content_type: "application/xml", body: xml.finish() }
            }
            Self::Cbor => Answer { status, content_type: CBOR, body: cbor(&[("__type", code), ("message", &message)]) },
        }
    }
}

/// The content type of Smithy's RPC v2 in CBOR, which goes with the header `smithy-protocol`.
pub(crate) const CBOR: &str = "application/cbor";

/// A map of texts in CBOR (RFC 8949: major type 5, then texts of major type 3).
fn cbor(members: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = head(5, members.len());
    for (key, value) in members {
        for text in [key, value] {
            bytes.extend(head(3, text.len()));
            bytes.extend(text.as_bytes());
        }
    }
    bytes
}

/// The head of an item: its major type, and its length in as few bytes as it needs, up to four.
fn head(major: u8, length: usize) -> Vec<u8> {
    let kind = major << 5;
    match (u8::try_from(length), u16::try_from(length), u32::try_from(length)) {
        (Ok(short), _, _) if short < 24 => vec![kind | short],
        (Ok(byte), _, _) => vec![kind | 24, byte],
        (Err(_), Ok(two), _) => [&[kind | 25][..], &two.to_be_bytes()].concat(),
        (Err(_), Err(_), four) => {
            [&[kind | 26][..], &four.expect("no refusal is as long as that").to_be_bytes()].concat()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_in_as_few_bytes_as_they_need() {
        for (length, expected) in [
            (0, &[0x60][..]),
            (23, &[0x77]),
            (24, &[0x78, 24]),
            (255, &[0x78, 255]),
            (256, &[0x79, 1, 0]),
            (65_536, &[0x7a, 0, 1, 0, 0]),
        ] {
            assert_eq!(head(3, length), expected, "{length}");
        }
        assert_eq!(cbor(&[("a", "bc")]), [0xa1, 0x61, b'a', 0x62, b'b', b'c']);
    }
}
