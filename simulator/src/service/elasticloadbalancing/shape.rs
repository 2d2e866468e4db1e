//! Shapes that several ELB operations share.

use std::collections::BTreeMap;
use std::time::Duration;

use simulator_core::Refusal;

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
