//! Names of parameters. The texts are those that AWS answers with, as recorded by others (moto's ssm tests).

use super::INVALID;
use crate::constraint::Constraint;
use crate::refusal::Refusal;

/// Longest ARN of a parameter.
const LONGEST_ARN: usize = 1011;
/// Most levels of a hierarchy.
const MOST_LEVELS: usize = 15;

/// Whether a new parameter can be called `name`; its ARN would be `arn`.
pub(super) fn check(name: &str, arn: &str) -> Result<(), Refusal> {
    let lower = name.to_ascii_lowercase();
    let bare = lower.trim_start_matches('/');
    let is_path = name.matches('/').count() > 1;
    if bare.starts_with("aws") || bare.starts_with("ssm") {
        if lower.starts_with("/aws") && is_path {
            let message = format!("No access to reserved parameter name: {name}.");
            return Err(Refusal::fault("AccessDeniedException", message));
        }
        return Err(Refusal::fault(
            INVALID,
            if is_path {
                "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths \
                 divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_"
            } else {
                "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive)."
            },
        ));
    }
    if name.contains('/') && !name.starts_with('/') {
        return Err(Refusal::fault(INVALID, "Parameter name must be a fully qualified name."));
    }
    if name.is_empty() || name.contains("//") || name.ends_with('/') || !name.chars().all(allowed) {
        return Err(Refusal::fault(
            INVALID,
            "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths \
             divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_",
        ));
    }
    if arn.len() > LONGEST_ARN {
        let message = format!("Parameter name: the ARN must have length less than or equal to {LONGEST_ARN}");
        return Err(Refusal::fault(INVALID, message));
    }
    if name.matches('/').count() > MOST_LEVELS {
        let message = "A hierarchy can have a maximum of 15 levels. For more information, see Requirements and constraints for \
                       parameter names in the Amazon Web Services Systems Manager User Guide.";
        return Err(Refusal::fault("HierarchyLevelLimitExceededException", message));
    }
    Ok(())
}

/// Whether a request can name a parameter `reference` (botocore, `PSParameterName`).
pub(super) fn check_reference(reference: &str) -> Result<(), Refusal> {
    Constraint { member: "name", shortest: 1, longest: 2048, pattern: None }.check(INVALID, reference)
}

/// Whether `path` can be looked under.
pub(super) fn check_path(path: &str) -> Result<(), Refusal> {
    if path.starts_with('/') && !path.contains("//") && path.chars().all(allowed) {
        return Ok(());
    }
    Err(Refusal::fault(
        INVALID,
        "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \"/\". It can't be \
         prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), \
         - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol \
         \"/\". Valid example: /get/parameters2-/by1./path0_.",
    ))
}

/// Whether `name` lies under `path`; without `recursive`, on the level right below it.
pub(super) fn lies_under(name: &str, path: &str, recursive: bool) -> bool {
    let path = path.trim_end_matches('/');
    let below = name.strip_prefix(path).and_then(|rest| rest.strip_prefix('/'));
    // Names without a slash lie on the first level.
    let below = below.or_else(|| (path.is_empty() && !name.starts_with('/')).then_some(name));
    below.is_some_and(|below| recursive || !below.contains('/'))
}

fn allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_.-/".contains(c)
}
