//! A policy inside a role or user, and its comparison with the one that is there.

use serde_json::Value;

use crate::policy::meaning::Difference;
use crate::policy::{Meaning, Policy, TaskRolePolicy};

/// The name of the app's own policy within its role: that of the key in greenroom.toml that it comes from.
pub(crate) const TASK_ROLE_POLICY: &str = "task-role-policy";

/// An inline policy that should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlinePolicy {
    /// Its name within the role or user.
    pub name: String,
    /// What it says.
    pub document: Value,
    /// Each action that it allows on `*`, with the reason that it cannot be narrower.
    pub wildcards: Vec<(String, &'static str)>,
}

impl InlinePolicy {
    /// A policy of bootstrap's own.
    pub(crate) fn of(name: String, policy: &Policy) -> Self {
        let wildcards = policy.wildcards().map(|(action, because)| (action.to_owned(), because)).collect();
        Self { name, document: policy.to_json(), wildcards }
    }

    /// What the project says that its app may do. Why it says `*` where it does is its own affair.
    pub(crate) fn of_task_role(policy: &TaskRolePolicy) -> Self {
        Self { name: TASK_ROLE_POLICY.to_owned(), document: policy.to_json(), wildcards: Vec::new() }
    }

    /// The text to send, without whitespace.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.document.to_string()
    }
}

/// How a policy document that was found compares with the one that is wanted.
pub(crate) enum Comparison {
    Same,
    Different(Difference),
    Unreadable,
}

/// Compares two documents by what they say.
pub(crate) fn compare(wanted: &Value, found: &Value) -> Comparison {
    let wanted = Meaning::of(wanted).expect("every policy that we write has the form of one");
    match Meaning::of(found) {
        None => Comparison::Unreadable,
        Some(found) => wanted.difference(&found).map_or(Comparison::Same, Comparison::Different),
    }
}

/// Reads a policy document as IAM returns it, which is percent-encoded (RFC 3986).
pub(crate) fn decode(encoded: &str) -> Value {
    let text = percent_encoding::percent_decode_str(encoded).decode_utf8_lossy();
    // A text that is no JSON is not the policy that is wanted, and compares as unreadable.
    serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.into_owned()))
}

impl Comparison {
    /// Every grant that is lacking, and every one beyond those that are wanted.
    pub(crate) fn sides(&self) -> (Vec<String>, Vec<String>) {
        match self {
            Self::Same | Self::Unreadable => (Vec::new(), Vec::new()),
            Self::Different(difference) => (difference.lacking().to_vec(), difference.beyond().to_vec()),
        }
    }

    /// What can be said of the policy that was found, as in "it lacks …"; none where it is as wanted.
    pub(crate) fn words(&self) -> Option<String> {
        match self {
            Self::Same => None,
            Self::Different(difference) => Some(difference.to_string()),
            Self::Unreadable => Some("cannot be read as a policy".to_owned()),
        }
    }
}
