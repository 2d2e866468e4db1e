//! Elastic Load Balancing v2 on the wire: AWS Query, member names as in the botocore model.

mod balancer;
mod target_group;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simulator_core::{Arn, Refusal};

use super::{Protocol, Service};
use crate::wire::Input;

/// ELBv2 and its operations.
#[must_use]
pub fn service() -> Service {
    Service {
        signing_name: "elasticloadbalancing",
        protocol: Protocol::Query {
            namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
            denied: "AccessDenied",
        },
        operations: balancer::rows().into_iter().chain(target_group::rows()).collect(),
    }
}

const INVALID: &str = "ValidationError";

/// `Tags`, a list of `Key` and `Value`.
fn tags(input: &mut Input) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for mut tag in input.structures("Tags")? {
        let key = tag.required("Key", INVALID)?;
        tags.insert(key, tag.text("Value")?.unwrap_or_default());
        tag.finish()?;
    }
    Ok(tags)
}

fn encode_tags(tags: &[(Arn, BTreeMap<String, String>)]) -> Value {
    let described: Value = tags
        .iter()
        .map(|(arn, tags)| {
            let tags: Value = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
            json!({"ResourceArn": arn.as_str(), "Tags": tags})
        })
        .collect();
    json!({"TagDescriptions": described})
}

/// The number `key`, which must fit what it counts.
fn number<T: TryFrom<i64>>(input: &mut Input, key: &str) -> Result<Option<T>, Refusal> {
    let Some(number) = input.integer(key)? else { return Ok(None) };
    let wrong = |_| Refusal::fault(INVALID, format!("'{number}' is not a valid value for {key}"));
    T::try_from(number).map(Some).map_err(wrong)
}

/// The text `key` must be `only`, or absent: nothing else is simulated.
fn only(input: &mut Input, key: &str, only: &str) -> Result<(), Refusal> {
    match input.text(key)?.as_deref() {
        None => Ok(()),
        Some(text) if text == only => Ok(()),
        Some(other) => Err(Refusal::NotSimulated { what: format!("`{key}` `{other}` of {}", input.place()) }),
    }
}
