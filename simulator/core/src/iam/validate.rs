//! What IAM says of names, paths and documents that it does not take (facts/aws.md 6.4).

use crate::refusal::Refusal;

/// A limit on a name.
#[derive(Clone, Copy, Debug)]
pub(super) struct NameRule {
    /// The member of the request, such as `userName`.
    pub(super) member: &'static str,
    /// Most characters.
    pub(super) longest: usize,
}

pub(super) const USER_NAME: NameRule = NameRule { member: "userName", longest: 64 };
pub(super) const ROLE_NAME: NameRule = NameRule { member: "roleName", longest: 64 };
pub(super) const POLICY_NAME: NameRule = NameRule { member: "policyName", longest: 128 };

impl NameRule {
    /// Checks `name`.
    pub(super) fn check(&self, name: &str) -> Result<(), Refusal> {
        let Self { member, longest } = self;
        let broken = if name.is_empty() {
            "Member must have length greater than or equal to 1".to_owned()
        } else if name.chars().count() > *longest {
            format!("Member must have length less than or equal to {longest}")
        } else if name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)) {
            return Ok(());
        } else {
            return Err(validation(format!(
                "The specified value for {member} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
            )));
        };
        Err(validation(format!(
            "1 validation error detected: Value '{name}' at '{member}' failed to satisfy constraint: {broken}"
        )))
    }
}

/// Checks a path such as `/` or `/ci/`.
pub(super) fn check_path(path: &str) -> Result<(), Refusal> {
    let bounded = path.starts_with('/') && path.ends_with('/') && path.len() <= 512;
    if bounded && path.bytes().all(|byte| (b'!'..=b'~').contains(&byte)) && !path.contains("//") {
        return Ok(());
    }
    Err(validation(
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
    ))
}

/// Checks the length of a document, before it is read.
pub(super) fn check_document(text: &str) -> Result<(), Refusal> {
    const LONGEST: usize = 131_072;
    match text.chars().count() {
        0 => Err(validation(
            "1 validation error detected: Value '' at 'policyDocument' failed to satisfy constraint: Member must have length greater than or equal to 1",
        )),
        length if length > LONGEST => Err(validation(format!(
            "1 validation error detected: Value at 'policyDocument' failed to satisfy constraint: Member must have length less than or equal to {LONGEST}"
        ))),
        _ => Ok(()),
    }
}

/// What a document weighs against a quota: white space is not counted.
pub(super) fn weight(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// How many entries a page of a listing has: 1 to 1000, by default 100.
pub(super) fn page_size(asked: Option<i64>) -> Result<usize, Refusal> {
    match usize::try_from(asked.unwrap_or(100)) {
        Ok(size @ 1..=1000) => Ok(size),
        Ok(_) | Err(_) => {
            let asked = asked.unwrap_or_default();
            Err(validation(format!(
                "1 validation error detected: Value '{asked}' at 'maxItems' failed to satisfy constraint: Member must have value between 1 and 1000"
            )))
        }
    }
}

pub(super) fn validation(message: impl Into<String>) -> Refusal {
    Refusal::fault("ValidationError", message)
}

pub(super) fn bad_marker() -> Refusal {
    validation("Invalid Marker.")
}

pub(super) fn no_such(message: impl Into<String>) -> Refusal {
    Refusal::Fault { code: "NoSuchEntity", status: 404, message: message.into() }
}

pub(super) fn exists(message: impl Into<String>) -> Refusal {
    Refusal::Fault { code: "EntityAlreadyExists", status: 409, message: message.into() }
}

pub(super) fn limit(message: impl Into<String>) -> Refusal {
    Refusal::Fault { code: "LimitExceeded", status: 409, message: message.into() }
}

pub(super) fn conflict(message: impl Into<String>) -> Refusal {
    Refusal::Fault { code: "DeleteConflict", status: 409, message: message.into() }
}

pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::fault("InvalidInput", message)
}
