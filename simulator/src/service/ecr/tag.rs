//! Tags of repositories.

use std::collections::BTreeMap;

use simulator_core::ecr::{ListTagsForResource, TagResource, UntagResource};
use simulator_core::{Home, Refusal};

use super::INVALID;
use crate::wire::{Document, Input, Row, document, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("TagResource", decode_tag, |(), _| document!({})),
        row("UntagResource", decode_untag, |(), _| document!({})),
        row("ListTagsForResource", decode_list, encode),
    ]
}

fn decode_tag(input: &mut Input, _: &Home) -> Result<TagResource, Refusal> {
    Ok(TagResource::new(input.required("resourceArn", INVALID)?, read(input)?))
}

fn decode_untag(input: &mut Input, _: &Home) -> Result<UntagResource, Refusal> {
    Ok(UntagResource::new(input.required("resourceArn", INVALID)?, input.texts("tagKeys")?))
}

fn decode_list(input: &mut Input, _: &Home) -> Result<ListTagsForResource, Refusal> {
    Ok(ListTagsForResource::new(input.required("resourceArn", INVALID)?))
}

fn encode(tags: BTreeMap<String, String>, _: &Home) -> Document {
    let tags: Document = tags.iter().map(|(key, value)| document!({"Key": key, "Value": value})).collect();
    document!({"tags": tags})
}

/// Takes `tags`.
pub(super) fn read(input: &mut Input) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for mut tag in input.structures("tags")? {
        let key = tag.required("Key", INVALID)?;
        tags.insert(key, tag.text("Value")?.unwrap_or_default());
        tag.finish()?;
    }
    Ok(tags)
}
