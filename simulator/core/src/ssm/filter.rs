//! Filters of listings. All must fit, each by one of its values. The texts are those that AWS answers with (moto's ssm tests).

use super::{DEFAULT_KEY, INVALID, Kind, Parameter, Version, name};
use crate::constraint::violation;
use crate::refusal::Refusal;

/// A filter of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParameterFilter {
    /// `Key`, such as `Name` or `tag:stage`.
    pub key: String,
    /// `Option`; `Equals`, or for `Path` `OneLevel`.
    pub option: Option<String>,
    /// `Values`.
    pub values: Vec<String>,
}

/// Whether DescribeParameters takes `filters`.
pub(super) fn check(filters: &[ParameterFilter]) -> Result<(), Refusal> {
    for (at, filter) in filters.iter().enumerate() {
        let ParameterFilter { key, option, values } = filter;
        check_key(at, key)?;
        if filters[..at].iter().any(|earlier| earlier.key == *key) {
            let message = format!(
                "The following filter is duplicated in the request: {key}. A request can contain only one occurrence of a specific filter."
            );
            return Err(Refusal::fault("InvalidFilterKey", message));
        }
        if let Some(option) = option {
            check_option(key, option)?;
        }
        check_values(key, values)?;
    }
    Ok(())
}

fn check_key(at: usize, key: &str) -> Result<(), Refusal> {
    const KEYS: [&str; 7] = ["Name", "Type", "KeyId", "Path", "Label", "Tier", "DataType"];
    if KEYS.contains(&key) || key.strip_prefix("tag:").is_some_and(|tag| !tag.is_empty()) {
        return Ok(());
    }
    let member = format!("parameterFilters.{}.member.key", at + 1);
    let rule = "Member must satisfy regular expression pattern: tag:.+|Name|Type|KeyId|Path|Label|Tier|DataType";
    Err(violation(INVALID, key, &member, rule))
}

fn check_option(key: &str, option: &str) -> Result<(), Refusal> {
    let options: &[&str] = match key {
        "Path" => &["Recursive", "OneLevel"],
        "Name" => &["BeginsWith", "Equals", "Contains"],
        _ => &["BeginsWith", "Equals"],
    };
    if options.contains(&option) {
        return Ok(());
    }
    let valid = options.join(", ");
    let message = format!("The following filter option is not valid: {option}. Valid options include: [{valid}].");
    Err(Refusal::fault("InvalidFilterOption", message))
}

fn check_values(key: &str, values: &[String]) -> Result<(), Refusal> {
    let refuse = |message: String| Err(Refusal::fault("InvalidFilterValue", message));
    if values.is_empty() && !key.starts_with("tag:") {
        return refuse(format!("The following filter values are missing : null for filter key {key}"));
    }
    let allowed: &[&str] = match key {
        "Type" => &["String", "StringList", "SecureString"],
        "Tier" => &["Standard", "Advanced", "Intelligent-Tiering"],
        "Path" => return values.iter().try_for_each(|path| name::check_path(path)),
        _ => return Ok(()),
    };
    match values.iter().find(|value| !allowed.contains(&value.as_str())) {
        Some(value) => {
            let valid = allowed.join(", ");
            refuse(format!("The following filter value is not valid: {value}. Valid values include: [{valid}]."))
        }
        None => Ok(()),
    }
}

/// Whether GetParametersByPath takes `filters`.
pub(super) fn check_by_path(filters: &[ParameterFilter]) -> Result<(), Refusal> {
    const KEYS: [&str; 3] = ["Type", "KeyId", "Label"];
    if let Some(filter) = filters.iter().find(|filter| !KEYS.contains(&filter.key.as_str())) {
        let message =
            format!("The following filter key is not valid: {}. Valid filter keys include: [Type, KeyId].", filter.key);
        return Err(Refusal::fault("InvalidFilterKey", message));
    }
    check(filters)
}

/// The version that a `Label` filter chooses; without one, the latest.
pub(super) fn labelled<'p>(parameter: &'p Parameter, filters: &[ParameterFilter]) -> Option<(u64, &'p Version)> {
    let Some(filter) = filters.iter().find(|filter| filter.key == "Label") else { return Some(parameter.latest()) };
    let has = |version: &Version| filter.values.iter().any(|label| version.labels.contains(label));
    parameter.versions.iter().rev().find(|(_, version)| has(version)).map(|(number, version)| (*number, version))
}

/// Whether the parameter `name` passes all filters, by its `version`.
pub(super) fn fits(name: &str, parameter: &Parameter, version: &Version, filters: &[ParameterFilter]) -> bool {
    filters.iter().all(|ParameterFilter { key, option, values }| {
        let option = option.as_deref();
        let text = |found: &str| match option {
            Some("BeginsWith") => values.iter().any(|value| found.starts_with(value)),
            Some("Contains") => values.iter().any(|value| found.contains(value)),
            Some(_) | None => values.iter().any(|value| found == value),
        };
        match key.as_str() {
            "Name" => text(name),
            "Type" => text(version.kind.as_str()),
            "Tier" => text(version.tier.as_str()),
            "DataType" => text("text"),
            "KeyId" => version.kind == Kind::SecureString && text(DEFAULT_KEY),
            "Path" => values.iter().any(|path| name::lies_under(name, path, option == Some("Recursive"))),
            "Label" => version.labels.iter().any(|label| text(label)),
            other => {
                let tag = other.strip_prefix("tag:").and_then(|key| parameter.tags.get(key));
                tag.is_some_and(|value| values.is_empty() || text(value))
            }
        }
    })
}
