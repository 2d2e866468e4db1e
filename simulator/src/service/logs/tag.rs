//! Tags of log groups on the wire, by both APIs.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simulator_core::logs::{
    ListTagsForResource, ListTagsLogGroup, TagLogGroup, TagResource, UntagLogGroup, UntagResource,
};
use simulator_core::{Refusal, World};

use super::{INVALID, name};
use crate::wire::{Input, Row, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("TagResource", |input, _| Ok(TagResource::new(arn(input)?, tags(input)?)), |(), _| json!({})),
        row(
            "UntagResource",
            |input, _| Ok(UntagResource::new(arn(input)?, input.texts("tagKeys")?)),
            |(), _| json!({}),
        ),
        row("ListTagsForResource", |input, _| Ok(ListTagsForResource::new(arn(input)?)), encode),
        row("TagLogGroup", |input, _| Ok(TagLogGroup::new(name(input)?, tags(input)?)), |(), _| json!({})),
        row("UntagLogGroup", |input, _| Ok(UntagLogGroup::new(name(input)?, input.texts("tags")?)), |(), _| json!({})),
        row("ListTagsLogGroup", |input, _| Ok(ListTagsLogGroup::new(name(input)?)), encode),
    ]
}

fn arn(input: &mut Input) -> Result<String, Refusal> {
    input.required("resourceArn", INVALID)
}

fn tags(input: &mut Input) -> Result<BTreeMap<String, String>, Refusal> {
    Ok(input.text_map("tags")?.into_iter().collect())
}

fn encode(tags: BTreeMap<String, String>, _: &World) -> Value {
    json!({ "tags": tags })
}
