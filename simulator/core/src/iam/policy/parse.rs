//! From JSON to [`Document`], with AWS's refusals in AWS's order (facts/aws.md 6.5).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::condition::{BadCondition, Condition};
use super::pattern::{Pattern, Syntax};
use super::principal::PrincipalPattern;
use super::resource::ResourcePattern;
use super::{Document, Effect, Selection, Statement, grammar};
use crate::refusal::Refusal;

/// What a policy is attached to, which decides what it must and must not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A user, a role, a boundary or a session.
    Identity,
    /// A role, about who may assume it.
    Trust,
    /// Another resource, such as an ECR repository.
    Resource,
}

/// AWS's complaint about a policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(pub String);

impl From<Malformed> for Refusal {
    fn from(Malformed(message): Malformed) -> Self {
        Self::fault("MalformedPolicyDocument", message)
    }
}

impl Malformed {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    fn syntax() -> Self {
        Self::new("Syntax errors in policy.")
    }
}

impl Document {
    /// Reads the policy of a user, a role, a permissions boundary or a session.
    ///
    /// # Errors
    /// The first thing that IAM would find wrong with it.
    pub fn identity(text: &str) -> Result<Self, Malformed> {
        read(text, Kind::Identity)
    }

    /// Reads a role's trust policy.
    ///
    /// # Errors
    /// The first thing that IAM would find wrong with it.
    pub fn trust(text: &str) -> Result<Self, Malformed> {
        read(text, Kind::Trust)
    }

    /// Reads the policy of a resource that is not a role. Its `Resource` may be missing: then it is about its owner.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn resource(text: &str) -> Result<Self, Malformed> {
        read(text, Kind::Resource)
    }
}

const DOCUMENT_ELEMENTS: [&str; 3] = ["Version", "Id", "Statement"];
const STATEMENT_ELEMENTS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

fn read(text: &str, kind: Kind) -> Result<Document, Malformed> {
    let Ok(Value::Object(document)) = serde_json::from_str(text) else { return Err(Malformed::syntax()) };
    if document.keys().any(|key| !DOCUMENT_ELEMENTS.contains(&key.as_str())) {
        return Err(Malformed::syntax());
    }
    let raw: Vec<Raw<'_>> = statements(&document)?.into_iter().map(Raw::read).collect::<Result<_, _>>()?;
    let variables = match document.get("Version") {
        Some(Value::String(version)) if version == "2012-10-17" => true,
        Some(Value::String(version)) if version == "2008-10-17" => false,
        Some(_) => return Err(Malformed::syntax()),
        None => return Err(Malformed::new("Policy document must be version 2012-10-17 or greater.")),
    };
    let conditions: Vec<Vec<Condition>> =
        raw.iter().map(|statement| conditions(statement.condition, variables)).collect::<Result<_, _>>()?;
    let mut sids = BTreeSet::new();
    if !raw.iter().filter_map(|statement| statement.sid).all(|sid| sids.insert(sid)) {
        return Err(Malformed::new("Statement IDs (SID) in a single policy must be unique."));
    }
    grammar::check(&raw, kind)?;
    let statements = raw.iter().zip(conditions).map(|(raw, conditions)| build(raw, conditions, variables));
    Ok(Document { statements: statements.collect::<Result<_, _>>()? })
}

fn statements(document: &Map<String, Value>) -> Result<Vec<&Map<String, Value>>, Malformed> {
    match document.get("Statement") {
        Some(Value::Object(statement)) => Ok(vec![statement]),
        Some(Value::Array(statements)) if !statements.is_empty() => {
            statements.iter().map(|statement| statement.as_object().ok_or_else(Malformed::syntax)).collect()
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | None => {
            Err(Malformed::syntax())
        }
    }
}

/// A statement of the right shape, not yet checked for sense.
pub(super) struct Raw<'a> {
    pub(super) sid: Option<&'a str>,
    pub(super) effect: Effect,
    pub(super) principal: Option<Selection<PrincipalPattern>>,
    pub(super) action: Option<Selection<&'a str>>,
    pub(super) resource: Option<Selection<&'a str>>,
    pub(super) condition: Option<&'a Map<String, Value>>,
}

impl<'a> Raw<'a> {
    fn read(statement: &'a Map<String, Value>) -> Result<Self, Malformed> {
        if statement.keys().any(|key| !STATEMENT_ELEMENTS.contains(&key.as_str())) {
            return Err(Malformed::syntax());
        }
        let effect = match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            Some(_) | None => return Err(Malformed::syntax()),
        };
        let sid = statement.get("Sid").map(|sid| sid.as_str().ok_or_else(Malformed::syntax)).transpose()?;
        let condition = match statement.get("Condition") {
            None => None,
            Some(condition) => Some(condition.as_object().ok_or_else(Malformed::syntax)?),
        };
        let principal = match (statement.get("Principal"), statement.get("NotPrincipal")) {
            (Some(_), Some(_)) => return Err(Malformed::syntax()),
            (Some(only), None) => Some(Selection::Only(principals(only)?)),
            (None, Some(all_but)) => Some(Selection::AllBut(principals(all_but)?)),
            (None, None) => None,
        };
        Ok(Self {
            sid,
            effect,
            principal,
            action: selection(statement, "Action", "NotAction")?,
            resource: selection(statement, "Resource", "NotResource")?,
            condition,
        })
    }
}

fn selection<'a>(
    statement: &'a Map<String, Value>,
    only: &str,
    all_but: &str,
) -> Result<Option<Selection<&'a str>>, Malformed> {
    match (statement.get(only), statement.get(all_but)) {
        (Some(_), Some(_)) => Err(Malformed::syntax()),
        (Some(entries), None) => texts(entries).map(|entries| Some(Selection::Only(entries))),
        (None, Some(entries)) => texts(entries).map(|entries| Some(Selection::AllBut(entries))),
        (None, None) => Ok(None),
    }
}

/// One text or a list of them.
fn texts(value: &Value) -> Result<Vec<&str>, Malformed> {
    match value {
        Value::String(text) => Ok(vec![text]),
        Value::Array(items) => items.iter().map(|item| item.as_str().ok_or_else(Malformed::syntax)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Err(Malformed::syntax()),
    }
}

fn principals(value: &Value) -> Result<Vec<PrincipalPattern>, Malformed> {
    let kinds = match value {
        Value::String(text) if text == "*" => return Ok(vec![PrincipalPattern::Anyone]),
        Value::Object(kinds) if !kinds.is_empty() => kinds,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            return Err(Malformed::syntax());
        }
    };
    let mut principals = Vec::new();
    for (kind, names) in kinds {
        for name in texts(names)? {
            principals.push(PrincipalPattern::parse(kind, name)?);
        }
    }
    Ok(principals)
}

fn conditions(block: Option<&Map<String, Value>>, variables: bool) -> Result<Vec<Condition>, Malformed> {
    let mut conditions = Vec::new();
    for (operator, keys) in block.into_iter().flatten() {
        for (key, values) in keys.as_object().ok_or_else(Malformed::syntax)? {
            let values = scalars(values)?;
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let condition = Condition::parse(operator, key, &values, variables).map_err(|bad| match bad {
                BadCondition::Operator => Malformed::syntax(),
                BadCondition::Value => Malformed::new("The policy failed legacy parsing"),
            })?;
            conditions.push(condition);
        }
    }
    Ok(conditions)
}

/// One scalar or a list of them, as text.
fn scalars(value: &Value) -> Result<Vec<String>, Malformed> {
    let scalar = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(truth) => Ok(truth.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(Malformed::syntax()),
    };
    match value {
        Value::Array(items) => items.iter().map(scalar).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            scalar(value).map(|value| vec![value])
        }
    }
}

fn build(raw: &Raw<'_>, conditions: Vec<Condition>, variables: bool) -> Result<Statement, Malformed> {
    let action = raw.action.as_ref().ok_or_else(|| Malformed::new("Policy statement must contain actions."))?;
    let syntax = Syntax { wildcards: true, variables: false };
    Ok(Statement {
        sid: raw.sid.map(str::to_owned),
        effect: raw.effect,
        principals: raw.principal.clone(),
        actions: map(action, |action| Pattern::parse(action, syntax)),
        resources: raw.resource.as_ref().map(|all| map(all, |one| ResourcePattern::parse(one, variables))),
        conditions,
    })
}

fn map<T>(selection: &Selection<&str>, parse: impl Fn(&str) -> T) -> Selection<T> {
    match selection {
        Selection::Only(entries) => Selection::Only(entries.iter().map(|entry| parse(entry)).collect()),
        Selection::AllBut(entries) => Selection::AllBut(entries.iter().map(|entry| parse(entry)).collect()),
    }
}
