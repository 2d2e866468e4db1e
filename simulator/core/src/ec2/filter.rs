//! Filters of listings: a name and values, in which `*` and `?` are wildcards. All filters must fit, each by one of its values.

use std::collections::BTreeMap;

use crate::glob;
use crate::refusal::Refusal;

/// A filter of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Such as `vpc-id` or `tag:Name`.
    pub name: String,
    /// Of which one must fit.
    pub values: Vec<String>,
}

/// What can be filtered.
pub(super) trait Filterable {
    /// The names of its filters, but for `tag:…`.
    const FILTERS: &'static [&'static str];

    /// Its values for a filter.
    fn values(&self, name: &str) -> Vec<String>;
}

/// Refuses filters that the listing does not know.
pub(super) fn check_known<T: Filterable>(filters: &[Filter]) -> Result<(), Refusal> {
    let known = |filter: &&Filter| T::FILTERS.contains(&filter.name.as_str()) || filter.name.starts_with("tag:");
    match filters.iter().find(|filter| !known(filter)) {
        Some(filter) => {
            Err(Refusal::fault("InvalidParameterValue", format!("The filter '{}' is invalid", filter.name)))
        }
        None => Ok(()),
    }
}

/// Whether `thing` passes all filters.
pub(super) fn select<T: Filterable>(thing: &T, filters: &[Filter]) -> bool {
    filters.iter().all(|filter| {
        let values = thing.values(&filter.name);
        filter.values.iter().any(|wanted| values.iter().any(|value| glob::matches(wanted, value)))
    })
}

/// The values of `tag:KEY` and `tag-key`.
pub(super) fn tag_values(tags: &BTreeMap<String, String>, name: &str) -> Vec<String> {
    match name.strip_prefix("tag:") {
        Some(key) => tags.get(key).into_iter().cloned().collect(),
        None if name == "tag-key" => tags.keys().cloned().collect(),
        None => Vec::new(),
    }
}
