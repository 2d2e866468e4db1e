//! What would have to be written for a refused call to be allowed.

use serde_json::{Map, Value, json};

use super::decision::{Cause, PolicyKind, StatementRef};
use crate::refusal::{Denial, Evidence};

/// What undoes a denial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Add this statement.
    Add {
        /// The kind of policy that lacks it.
        policy: PolicyKind,
        /// The statement, as JSON on several lines.
        statement: String,
    },
    /// No statement helps: this one must go or be narrowed.
    Narrow {
        /// The kind of policy that has it.
        policy: PolicyKind,
        /// The statement that denies.
        statement: StatementRef,
    },
}

/// Condition keys that belong into even the smallest statement: without them it would allow more than the call.
const NARROWING: [&str; 3] = ["iam:PassedToService", "iam:AWSServiceName", "iam:PolicyARN"];

/// The smallest statement that would have allowed the call that `denial` refused, by the policies that refused it: the one action, the
/// one resource, and the conditions without which it would allow much more. Another kind of policy may refuse the call after that.
/// Nothing for a denial that policies did not make.
#[must_use]
pub fn smallest_statement(denial: &Denial) -> Option<Advice> {
    let evidence = denial.evidence.as_deref()?;
    let policy = match &evidence.cause {
        Cause::ExplicitDeny(policy, statement) => {
            return Some(Advice::Narrow { policy: *policy, statement: statement.clone() });
        }
        Cause::NotAllowed(policy) => *policy,
    };
    let mut statement = Map::new();
    statement.insert("Effect".to_owned(), json!("Allow"));
    match policy {
        PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session => {
            statement.insert("Action".to_owned(), json!(denial.action));
            statement.insert("Resource".to_owned(), json!(denial.resource));
        }
        PolicyKind::Resource | PolicyKind::Trust => {
            statement.insert("Principal".to_owned(), principal(denial, evidence));
            statement.insert("Action".to_owned(), json!(denial.action));
        }
    }
    let conditions = conditions(evidence);
    if !conditions.is_empty() {
        statement.insert("Condition".to_owned(), json!({"StringEquals": conditions}));
    }
    let statement = serde_json::to_string_pretty(&statement).expect("a map of texts can be written");
    Some(Advice::Add { policy, statement })
}

/// Who must be named: the identity provider of a token, or the caller; of a session, its role.
fn principal(denial: &Denial, evidence: &Evidence) -> Value {
    if let Some([provider, ..]) = evidence.context.get(super::FEDERATED_PROVIDER).map(Vec::as_slice) {
        return json!({"Federated": provider});
    }
    let role = denial.caller.split_once(":assumed-role/").and_then(|(account, session)| {
        let account = account.replacen(":sts:", ":iam:", 1);
        let (role, _) = session.rsplit_once('/')?;
        Some(format!("{account}:role/{role}"))
    });
    json!({"AWS": role.unwrap_or_else(|| denial.caller.clone())})
}

fn conditions(evidence: &Evidence) -> Map<String, Value> {
    let narrowing = |key: &str| NARROWING.contains(&key) || key.ends_with(":aud") || key.ends_with(":sub");
    let keys = evidence.context.iter().filter(|(key, _)| narrowing(key));
    keys.map(|(key, values)| {
        let value = match values.as_slice() {
            [one] => json!(one),
            several => json!(several),
        };
        (key.clone(), value)
    })
    .collect()
}
