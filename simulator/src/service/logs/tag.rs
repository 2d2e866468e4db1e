//! Tags of log groups on the wire, by both APIs.

use std::collections::BTreeMap;

use simulator_core::logs::{
    ListTagsForResource, ListTagsLogGroup, TagLogGroup, TagResource, UntagLogGroup, UntagResource,
};
use simulator_core::{Home, Refusal};

use super::{INVALID, name};
use crate::wire::{Document, Input, Row, document, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("TagResource", |input, _| Ok(TagResource::new(arn(input)?, tags(input)?)), |(), _| document!({})),
        row(
            "UntagResource",
            |input, _| Ok(UntagResource::new(arn(input)?, input.texts("tagKeys")?)),
            |(), _| document!({}),
        ),
        row("ListTagsForResource", |input, _| Ok(ListTagsForResource::new(arn(input)?)), encode),
        row("TagLogGroup", |input, _| Ok(TagLogGroup::new(name(input)?, tags(input)?)), |(), _| document!({})),
        row(
            "UntagLogGroup",
            |input, _| Ok(UntagLogGroup::new(name(input)?, input.texts("tags")?)),
            |(), _| document!({}),
        ),
        row("ListTagsLogGroup", |input, _| Ok(ListTagsLogGroup::new(name(input)?)), encode),
    ]
}

fn arn(input: &mut Input) -> Result<String, Refusal> {
    input.required("resourceArn", INVALID)
}

fn tags(input: &mut Input) -> Result<BTreeMap<String, String>, Refusal> {
    Ok(input.text_map("tags")?.into_iter().collect())
}

fn encode(tags: BTreeMap<String, String>, _: &Home) -> Document {
    document!({ "tags": tags })
}
