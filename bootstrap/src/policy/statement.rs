//! A policy as data, and the JSON that IAM takes.

use serde_json::{Map, Value, json};

use super::action::{Action, ActsOn};

/// The version of the policy language that all policies are written in.
pub(super) const VERSION: &str = "2012-10-17";

/// An identity policy: what its holder may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The statements; each allows.
    pub statements: Vec<Statement>,
}

/// One statement of a policy. It allows; bootstrap never needs to deny.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The statement's name, letters and digits.
    pub sid: &'static str,
    /// What the statement is for, one sentence for each purpose.
    pub purposes: Vec<&'static str>,
    /// The actions that it allows: either all of them can be confined to resources or none can.
    pub actions: Vec<&'static Action>,
    /// The ARNs that they are confined to; none for actions that cannot be.
    pub resources: Vec<String>,
    /// The conditions, all of which must hold.
    pub conditions: Vec<Condition>,
}

/// One condition of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The operator, for example `ArnEquals`.
    pub operator: &'static str,
    /// The key, for example `ecs:cluster`.
    pub key: &'static str,
    /// The values, of which one must match.
    pub values: Vec<String>,
}

impl Policy {
    /// The JSON that IAM takes.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let statements: Vec<Value> = self.statements.iter().map(Statement::to_json).collect();
        json!({"Version": VERSION, "Statement": statements})
    }

    /// The text to send, without whitespace.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.to_json().to_string()
    }

    /// Each action that is allowed on `*`, with the reason that it cannot be narrower.
    pub fn wildcards(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.statements.iter().flat_map(|statement| &statement.actions).filter_map(|action| match action.acts_on {
            ActsOn::Everything { because } => Some((action.name, because)),
            ActsOn::Types(_) => None,
        })
    }

    /// The policy as it stands if its text has at most `limit` characters, otherwise with as few statements as say the
    /// same. Two statements are only put together where no action of the one acts on a resource of the other, so that
    /// nothing is allowed that was not.
    #[must_use]
    pub fn fitted(self, limit: usize) -> Self {
        if super::quota::size(&self.to_text()) <= limit {
            return self;
        }
        let mut kept: Vec<Statement> = Vec::new();
        for statement in self.statements {
            match kept.iter_mut().find(|earlier| earlier.may_take_in(&statement)) {
                Some(earlier) => earlier.take_in(statement),
                None => kept.push(statement),
            }
        }
        Self { statements: kept }
    }
}

impl Statement {
    fn to_json(&self) -> Value {
        let names: Vec<&str> = self.actions.iter().map(|action| action.name).collect();
        let mut statement = Map::new();
        statement.insert("Sid".to_owned(), Value::from(self.sid));
        statement.insert("Effect".to_owned(), Value::from("Allow"));
        statement.insert("Action".to_owned(), one_or_many(&names));
        let resource = if self.is_unconfined() { Value::from("*") } else { one_or_many(&self.resources) };
        statement.insert("Resource".to_owned(), resource);
        if !self.conditions.is_empty() {
            statement.insert("Condition".to_owned(), conditions_to_json(&self.conditions));
        }
        Value::Object(statement)
    }

    fn is_unconfined(&self) -> bool {
        self.actions.iter().all(|action| matches!(action.acts_on, ActsOn::Everything { .. }))
    }

    fn may_take_in(&self, other: &Self) -> bool {
        let strangers = |actions: &[&Action], resources: &[String]| {
            actions.iter().all(|action| resources.iter().all(|arn| !action.acts_on(arn)))
        };
        self.conditions == other.conditions
            && self.is_unconfined() == other.is_unconfined()
            && strangers(&self.actions, &other.resources)
            && strangers(&other.actions, &self.resources)
    }

    fn take_in(&mut self, other: Self) {
        self.purposes.extend(other.purposes);
        self.actions.extend(other.actions);
        self.resources.extend(other.resources);
    }
}

/// The `Condition` of a statement.
pub(super) fn conditions_to_json(conditions: &[Condition]) -> Value {
    let mut operators = Map::new();
    for Condition { operator, key, values } in conditions {
        let keys = operators.entry((*operator).to_owned()).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(keys) = keys {
            keys.insert((*key).to_owned(), one_or_many(values));
        }
    }
    Value::Object(operators)
}

/// A list, or its only item by itself, which is shorter and means the same.
fn one_or_many<T: AsRef<str>>(items: &[T]) -> Value {
    match items {
        [only] => Value::from(only.as_ref()),
        many => many.iter().map(|item| Value::from(item.as_ref())).collect(),
    }
}
