//! IAM on the wire: AWS Query, member names as in the botocore model.

mod account;
mod entity;
mod instance_profile;
mod key;
mod managed_policy;
mod oidc_provider;
mod policy;
mod policy_version;
mod simulation;
#[cfg(test)]
mod tests;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use simulator_core::{Page, Refusal};

use super::{Protocol, Service};
use crate::wire::Input;

const INVALID: &str = "ValidationError";

/// IAM answers policy documents as RFC 3986 writes them in a URL.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// IAM and its operations.
#[must_use]
pub fn service() -> Service {
    Service {
        signing_name: "iam",
        protocol: Protocol::Query { namespace: "https://iam.amazonaws.com/doc/2010-05-08/", denied: "AccessDenied" },
        operations: [
            entity::rows(),
            policy::rows(),
            managed_policy::rows(),
            policy_version::rows(),
            key::rows(),
            oidc_provider::rows(),
            instance_profile::rows(),
            account::rows(),
            simulation::rows(),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

/// `Tags`, a list of `Key` and `Value`.
fn tags(input: &mut Input) -> Result<Vec<(String, String)>, Refusal> {
    let mut tags = Vec::new();
    for mut tag in input.structures("Tags")? {
        tags.push((tag.required("Key", INVALID)?, tag.text("Value")?.unwrap_or_default()));
        tag.finish()?;
    }
    Ok(tags)
}

fn encode_tags<'a>(tags: impl IntoIterator<Item = (&'a String, &'a String)>) -> Value {
    tags.into_iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

/// A page of a list called `name`.
fn encode_page<T>(page: &Page<T>, name: &str, encode: impl Fn(&T) -> Value) -> Value {
    let mut answer = Map::new();
    answer.insert(name.to_owned(), page.items.iter().map(encode).collect());
    answer.insert("IsTruncated".to_owned(), json!(page.next.is_some()));
    if let Some(marker) = &page.next {
        answer.insert("Marker".to_owned(), json!(marker));
    }
    Value::Object(answer)
}

fn encode_document(document: &str) -> String {
    utf8_percent_encode(document, ESCAPED).to_string()
}
