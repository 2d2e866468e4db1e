//! What would have to be written for a refused call to be allowed.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::decision::{Cause, PolicyKind, StatementRef};
use crate::refusal::Denial;

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

/// How a condition key narrows even the smallest statement: without it the statement would allow more than the call.
enum Narrowing {
    /// Its value is a text.
    Text,
    /// Its value is an ARN.
    Arn,
}

/// The smallest statement that would have allowed the call that `denial` refused, by the policies that refused it: the one action, the
/// one resource, and the conditions without which it would allow much more. Another kind of policy may refuse the call after that.
/// Nothing for a denial that policies did not make.
#[must_use]
pub fn smallest_statement(denial: &Denial) -> Option<Advice> {
    let evidence = denial.evidence.as_deref()?;
    Some(match &evidence.cause {
        Cause::ExplicitDeny(policy, statement) => Advice::Narrow { policy: *policy, statement: statement.clone() },
        Cause::NotAllowed(policy) => {
            let statement = allowing(*policy, &denial.caller, &denial.action, &denial.resource, &evidence.context);
            Advice::Add { policy: *policy, statement }
        }
    })
}

/// The smallest statement of a policy of this kind that allows `caller` the action on the resource, as JSON on several lines.
pub(super) fn allowing(policy: PolicyKind, caller: &str, action: &str, resource: &str, context: &Keys) -> String {
    let mut statement = Map::new();
    statement.insert("Effect".to_owned(), json!("Allow"));
    match policy {
        PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session => {
            statement.insert("Action".to_owned(), json!(action));
            statement.insert("Resource".to_owned(), json!(resource));
        }
        PolicyKind::Resource | PolicyKind::Trust => {
            statement.insert("Principal".to_owned(), principal(caller, context));
            statement.insert("Action".to_owned(), json!(action));
        }
    }
    let conditions = conditions(resource, context);
    if !conditions.is_empty() {
        statement.insert("Condition".to_owned(), Value::Object(conditions));
    }
    serde_json::to_string_pretty(&statement).expect("a map of texts can be written")
}

/// Condition keys and their values.
type Keys = BTreeMap<String, Vec<String>>;

/// Who must be named: the identity provider of a token, or the caller; of a session, its role.
fn principal(caller: &str, context: &Keys) -> Value {
    if let Some([provider, ..]) = context.get(super::FEDERATED_PROVIDER).map(Vec::as_slice) {
        return json!({"Federated": provider});
    }
    let role = caller.split_once(":assumed-role/").and_then(|(account, session)| {
        let account = account.replacen(":sts:", ":iam:", 1);
        let (role, _) = session.rsplit_once('/')?;
        Some(format!("{account}:role/{role}"))
    });
    json!({"AWS": role.unwrap_or_else(|| caller.to_owned())})
}

fn conditions(resource: &str, context: &Keys) -> Map<String, Value> {
    let mut conditions = Map::new();
    for (key, values) in context {
        let operator = match narrowing(key, resource) {
            None => continue,
            Some(Narrowing::Text) => "StringEquals",
            Some(Narrowing::Arn) => "ArnEquals",
        };
        let value = match values.as_slice() {
            [one] => json!(one),
            several => json!(several),
        };
        let entry = conditions.entry(operator).or_insert_with(|| json!({}));
        entry[key.as_str()] = value;
    }
    conditions
}

/// The conditions that are recommended for deploys (`facts/iam-actions.json`, `recommended_conditions`), as far as they do not follow from
/// the resource.
fn narrowing(key: &str, resource: &str) -> Option<Narrowing> {
    match key {
        "iam:PassedToService" | "iam:AWSServiceName" | "ecs:account-setting" | "kms:ViaService" => {
            Some(Narrowing::Text)
        }
        "iam:PolicyARN" | "iam:PermissionsBoundary" => Some(Narrowing::Arn),
        // The ARNs of services and tasks name their cluster.
        "ecs:cluster" if resource == "*" || resource.contains(":task-definition/") => Some(Narrowing::Arn),
        _ if key.ends_with(":CreateAction") || key.ends_with(":aud") || key.ends_with(":sub") => Some(Narrowing::Text),
        _ => None,
    }
}
