//! Filters of secrets. All must fit, each by one of its values; a `!` before a value turns it round (botocore, `Filter`).

use super::{INVALID, Secret};
use crate::refusal::Refusal;

/// A filter of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretFilter {
    /// `Key`, such as `name`.
    pub key: String,
    /// `Values`.
    pub values: Vec<String>,
}

const KEYS: [&str; 7] = ["description", "name", "tag-key", "tag-value", "primary-region", "owning-service", "all"];

/// Whether AWS takes `filters`: up to 10 of up to 10 values (botocore, `FiltersListType`).
pub(super) fn check(filters: &[SecretFilter]) -> Result<(), Refusal> {
    let refuse = |message: String| Err(Refusal::fault(INVALID, message));
    if filters.len() > 10 {
        return refuse("There can be at most 10 Filters.".to_owned());
    }
    for SecretFilter { key, values } in filters {
        if !KEYS.contains(&key.as_str()) {
            return refuse(format!("Invalid filter key: {key}. Valid filter keys are: {}.", KEYS.join(", ")));
        }
        if values.is_empty() || values.len() > 10 || values.iter().any(|value| value.chars().count() > 512) {
            return refuse(format!("The filter {key} must have 1 to 10 values of at most 512 characters."));
        }
    }
    Ok(())
}

/// Whether the secret called `name` passes all `filters`.
pub(super) fn fits(name: &str, secret: &Secret, filters: &[SecretFilter]) -> bool {
    let Secret { description, tags, .. } = secret;
    let description = description.as_deref();
    let tags = || tags.iter().flatten();
    filters.iter().all(|SecretFilter { key, values }| {
        let attributes: Vec<&str> = match key.as_str() {
            "name" => vec![name],
            "description" => description.into_iter().collect(),
            "tag-key" => tags().map(|(key, _)| key.as_str()).collect(),
            "tag-value" => tags().map(|(_, value)| value.as_str()).collect(),
            "all" => {
                let tags = tags().flat_map(|(key, value)| [key.as_str(), value]);
                [name].into_iter().chain(description).chain(tags).collect()
            }
            // No secret is a replica or some service's.
            _ => Vec::new(),
        };
        values.iter().any(|value| match value.strip_prefix('!') {
            Some(value) => !holds(key, value, &attributes),
            None => holds(key, value, &attributes),
        })
    })
}

/// Whether one of `attributes` begins with `value`; for `all`, whether each word of `value` is in one of them.
fn holds(key: &str, value: &str, attributes: &[&str]) -> bool {
    let lower = value.to_lowercase();
    match key {
        "all" => lower.split_whitespace().all(|word| attributes.iter().any(|it| it.to_lowercase().contains(word))),
        "description" => attributes.iter().any(|it| it.to_lowercase().starts_with(&lower)),
        _ => attributes.iter().any(|it| it.starts_with(value)),
    }
}
