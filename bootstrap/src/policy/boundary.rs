//! The permissions boundary that bootstrap makes: the most that the project's roles and user can ever be allowed.

use serde_json::{Value, json};

use super::quota::Quota;
use super::statement::{Policy, Statement};
use crate::config::permissions::ServicePrefix;

/// What a boundary allows at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundaryPolicy {
    /// What deploys and the start of tasks take.
    pub own: Policy,
    /// Services of which the app's own role may be allowed anything.
    pub services: Vec<ServicePrefix>,
}

impl BoundaryPolicy {
    /// The boundary around these policies and services.
    #[must_use]
    pub fn around(deploying: &Policy, starting: &Policy, services: &[ServicePrefix]) -> Self {
        let mut statements = deploying.statements.clone();
        for statement in &starting.statements {
            if statements.iter().any(|other| covers(other, statement)) {
                continue;
            }
            let mut added = statement.clone();
            if statements.iter().any(|other| other.sid == added.sid) {
                // Names of statements are unique within a policy.
                added.sid = "StartLogs";
            }
            statements.push(added);
        }
        Self { own: Policy { statements }.fitted(Quota::Managed.limit()), services: services.to_vec() }
    }

    /// The JSON that IAM takes.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut document = self.own.to_json();
        if let Some(statements) = document["Statement"].as_array_mut()
            && !self.services.is_empty()
        {
            let actions: Vec<String> = self.services.iter().map(|service| format!("{service}:*")).collect();
            statements.push(json!({"Sid": "App", "Effect": "Allow", "Action": actions, "Resource": "*"}));
        }
        document
    }

    /// Each action that is allowed on `*`, with the reason that it cannot be narrower.
    #[must_use]
    pub fn wildcards(&self) -> Vec<(String, &'static str)> {
        let own = self.own.wildcards().map(|(action, because)| (action.to_owned(), because));
        let because =
            "a boundary allows nothing by itself: what of it the app's role has, that role's own policies say";
        own.chain(self.services.iter().map(|service| (format!("{service}:*"), because))).collect()
    }
}

/// Whether one statement allows all that another does.
fn covers(statement: &Statement, other: &Statement) -> bool {
    statement.conditions.is_empty()
        && statement.resources == other.resources
        && other.actions.iter().all(|action| statement.actions.contains(action))
}
