//! Tags.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simulator_core::ec2::{CreateTags, DeleteTags, DescribeTags, TagDescription};
use simulator_core::{Home, Page, Refusal};

use super::{filters, listing};
use crate::wire::Input;

pub(super) fn create(input: &mut Input, _: &Home) -> Result<CreateTags, Refusal> {
    Ok(CreateTags { resources: input.texts("ResourceId")?, tags: read(input)? })
}

pub(super) fn delete(input: &mut Input, _: &Home) -> Result<DeleteTags, Refusal> {
    let resources = input.texts("ResourceId")?;
    let read = |mut tag: Input| {
        let pair = (tag.required("Key", "MissingParameter")?, tag.text("Value")?);
        tag.finish()?;
        Ok(pair)
    };
    let tags = input.structures("Tag")?.into_iter().map(read).collect::<Result<_, Refusal>>()?;
    Ok(DeleteTags { resources, tags })
}

pub(super) fn done((): (), _: &Home) -> Value {
    json!({ "return": true })
}

pub(super) fn describe(input: &mut Input, _: &Home) -> Result<DescribeTags, Refusal> {
    let (filters, next_token, limit) = (filters(input)?, input.text("NextToken")?, input.integer("MaxResults")?);
    Ok(DescribeTags { filters, next_token, limit })
}

pub(super) fn described(page: Page<TagDescription>, _: &Home) -> Value {
    let tags = page.items.into_iter().map(|TagDescription { key, value, resource, resource_type }| {
        json!({ "key": key, "value": value, "resourceId": resource, "resourceType": resource_type })
    });
    listing("tagSet", tags.collect(), page.next)
}

/// Takes the tags `Tag` of a structure.
fn read(input: &mut Input) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for mut tag in input.structures("Tag")? {
        let key = tag.required("Key", "MissingParameter")?;
        let value = tag.text("Value")?.unwrap_or_default();
        tag.finish()?;
        if tags.insert(key.clone(), value).is_some() {
            let message = format!("Duplicate tag key '{key}' specified.");
            return Err(Refusal::fault("InvalidParameterValue", message));
        }
    }
    Ok(tags)
}

/// Takes the tags that `TagSpecification` has for a new resource of type `kind`.
pub(super) fn specified(input: &mut Input, kind: &str) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for mut specification in input.structures("TagSpecification")? {
        let given = specification.required("ResourceType", "MissingParameter")?;
        if given != kind {
            let message = format!("'{given}' is not a valid taggable resource type for this operation.");
            return Err(Refusal::fault("InvalidParameterValue", message));
        }
        tags.extend(read(&mut specification)?);
        specification.finish()?;
    }
    Ok(tags)
}

/// Tags as answers write them.
pub(super) fn written(tags: &BTreeMap<String, String>) -> Value {
    tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}
