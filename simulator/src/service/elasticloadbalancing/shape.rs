//! Shapes that several ELB operations share.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use simulator_core::elb::Window;
use simulator_core::{Page, Refusal};

use crate::wire::Input;

/// ELB's code for a request that breaks its model.
pub(super) const INVALID: &str = "ValidationError";

/// Takes `Tags`: `[{Key, Value}]`.
pub(super) fn tags(input: &mut Input) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for mut tag in input.structures("Tags")? {
        let key = tag.required("Key", INVALID)?;
        let value = tag.text("Value")?.unwrap_or_default();
        tag.finish()?;
        if tags.insert(key.clone(), value).is_some() {
            return Err(Refusal::fault("DuplicateTagKeys", format!("Tag keys must be unique: '{key}'")));
        }
    }
    Ok(tags)
}

/// Takes the whole number `key`, which is not negative.
pub(super) fn whole(input: &mut Input, key: &str) -> Result<Option<u32>, Refusal> {
    let Some(number) = input.integer(key)? else { return Ok(None) };
    u32::try_from(number).map(Some).map_err(|_| Refusal::fault(INVALID, format!("{key} '{number}' is not valid")))
}

/// Takes the port `key`.
pub(super) fn port(input: &mut Input, key: &str) -> Result<Option<u16>, Refusal> {
    let Some(number) = input.integer(key)? else { return Ok(None) };
    let port = u16::try_from(number).ok().filter(|port| *port != 0);
    port.map(Some).ok_or_else(|| Refusal::fault(INVALID, format!("{key} '{number}' must be between 1 and 65535")))
}

/// Takes `key`, a number of seconds.
pub(super) fn seconds(input: &mut Input, key: &str) -> Result<Option<Duration>, Refusal> {
    Ok(whole(input, key)?.map(|seconds| Duration::from_secs(u64::from(seconds))))
}

/// Takes the text `key`, which can only be one of `values` here.
pub(super) fn only(input: &mut Input, key: &str, values: &[&str]) -> Result<Option<String>, Refusal> {
    match input.text(key)? {
        Some(other) if !values.contains(&other.as_str()) => {
            Err(Refusal::NotSimulated { what: format!("`{key}` = `{other}` of {}", input.place()) })
        }
        value => Ok(value),
    }
}

/// Takes `Attributes`: `[{Key, Value}]`.
pub(super) fn attributes(input: &mut Input) -> Result<Vec<(String, String)>, Refusal> {
    let attribute = |mut attribute: Input| {
        let pair = (attribute.required("Key", INVALID)?, attribute.text("Value")?.unwrap_or_default());
        attribute.finish()?;
        Ok(pair)
    };
    input.structures("Attributes")?.into_iter().map(attribute).collect()
}

/// Takes `Subnets`, or the subnets that `SubnetMappings` name.
pub(super) fn subnets(input: &mut Input) -> Result<Vec<String>, Refusal> {
    let mut subnets = input.texts("Subnets")?;
    for mut mapping in input.structures("SubnetMappings")? {
        subnets.push(mapping.required("SubnetId", INVALID)?);
        mapping.finish()?;
    }
    Ok(subnets)
}

/// Takes `Marker` and `PageSize`.
pub(super) fn window(input: &mut Input) -> Result<Window, Refusal> {
    Ok(Window { marker: input.text("Marker")?, size: input.integer("PageSize")? })
}

/// A page of the listing `name`.
pub(super) fn paged<T>(name: &str, page: &Page<T>, encode: impl Fn(&T) -> Value) -> Value {
    let mut answer = json!({ name: page.items.iter().map(encode).collect::<Vec<_>>() });
    if let Some(next) = &page.next {
        answer["NextMarker"] = json!(next);
    }
    answer
}
