//! Policies compared by what they say, not by how: order, names of statements, a single value for a list of one, the
//! case of actions, and how grants are spread over statements make no difference.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

/// What a policy says: the set of its smallest grants and denials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    version: String,
    atoms: BTreeSet<Atom>,
}

/// One action on one resource for one principal, under one set of conditions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Atom {
    effect: String,
    principal: String,
    action: CaseBlind,
    resource: String,
    conditions: BTreeSet<(String, String, BTreeSet<String>)>,
}

/// A text in which capitals make no difference. It is shown as it was written.
#[derive(Debug, Clone)]
struct CaseBlind(String);

impl CaseBlind {
    fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl PartialEq for CaseBlind {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for CaseBlind {}

impl Ord for CaseBlind {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.folded().cmp(&other.folded())
    }
}

impl PartialOrd for CaseBlind {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// How one policy differs from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    lacking: Vec<String>,
    beyond: Vec<String>,
    version: bool,
}

impl Difference {
    /// Every grant that the other policy lacks.
    #[must_use]
    pub fn lacking(&self) -> &[String] {
        &self.lacking
    }

    /// Every grant that only the other policy has.
    #[must_use]
    pub fn beyond(&self) -> &[String] {
        &self.beyond
    }
}

impl Meaning {
    /// What a policy document says; none if it is not one.
    #[must_use]
    pub fn of(policy: &Value) -> Option<Self> {
        let policy = policy.as_object()?;
        // Without a version IAM reads the oldest one, in which policy variables are plain text.
        let version = policy.get("Version").map_or(Some("2008-10-17"), Value::as_str)?.to_owned();
        let statements = match policy.get("Statement")? {
            Value::Array(many) => many.iter().map(Value::as_object).collect::<Option<Vec<_>>>()?,
            Value::Object(one) => vec![one],
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
        };
        let mut atoms = BTreeSet::new();
        for statement in statements {
            spread(statement, &mut atoms)?;
        }
        Some(Self { version, atoms })
    }

    /// How `found` differs from this one; none if both say the same.
    #[must_use]
    pub fn difference(&self, found: &Self) -> Option<Difference> {
        (self != found).then(|| Difference {
            lacking: self.atoms.difference(&found.atoms).map(Atom::to_string).collect(),
            beyond: found.atoms.difference(&self.atoms).map(Atom::to_string).collect(),
            version: self.version != found.version,
        })
    }
}

/// Breaks a statement down into atoms. What a policy excludes by `NotAction` and the like cannot be broken down, and stays
/// together as one.
fn spread(statement: &Map<String, Value>, atoms: &mut BTreeSet<Atom>) -> Option<()> {
    let effect = statement.get("Effect")?.as_str()?;
    let conditions = conditions(statement)?;
    let actions = either(statement, "Action", "NotAction", CaseBlind)?;
    let resources = either(statement, "Resource", "NotResource", |text| text)?;
    let principals = principals(statement)?;
    for principal in &principals {
        for action in &actions {
            for resource in &resources {
                atoms.insert(Atom {
                    effect: effect.to_owned(),
                    principal: principal.clone(),
                    action: action.clone(),
                    resource: resource.clone(),
                    conditions: conditions.clone(),
                });
            }
        }
    }
    Some(())
}

/// The values of `key`, or all values of its negation as one; an empty text where the statement has neither.
fn either<T: Ord>(
    statement: &Map<String, Value>,
    key: &str,
    negated: &str,
    normal: impl Fn(String) -> T,
) -> Option<BTreeSet<T>> {
    let values = match (statement.get(key), statement.get(negated)) {
        (Some(value), None) => texts(value)?,
        (None, Some(value)) => BTreeSet::from([all_but(texts(value)?)]),
        (None, None) => BTreeSet::from([String::new()]),
        (Some(_), Some(_)) => return None,
    };
    Some(values.into_iter().map(normal).collect())
}

fn principals(statement: &Map<String, Value>) -> Option<BTreeSet<String>> {
    let named = |value: &Value| match value {
        Value::Object(kinds) => kinds.iter().try_fold(BTreeSet::new(), |mut all, (kind, value)| {
            all.extend(texts(value)?.into_iter().map(|text| format!("{kind} {text}")));
            Some(all)
        }),
        // `*` alone and `{"AWS": "*"}` are the same (IAM user guide, "Principal").
        Value::String(everyone) if everyone == "*" => Some(BTreeSet::from(["AWS *".to_owned()])),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    };
    match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(value), None) => named(value),
        (None, Some(value)) => Some(BTreeSet::from([all_but(named(value)?)])),
        (None, None) => Some(BTreeSet::from([String::new()])),
        (Some(_), Some(_)) => None,
    }
}

fn conditions(statement: &Map<String, Value>) -> Option<BTreeSet<(String, String, BTreeSet<String>)>> {
    let mut all = BTreeSet::new();
    let Some(condition) = statement.get("Condition") else { return Some(all) };
    for (operator, keys) in condition.as_object()? {
        for (key, values) in keys.as_object()? {
            all.insert((operator.to_ascii_lowercase(), key.to_ascii_lowercase(), texts(values)?));
        }
    }
    Some(all)
}

/// A text or a list of texts. Numbers and truth values may stand in conditions and mean the same as their text.
fn texts(value: &Value) -> Option<BTreeSet<String>> {
    match value {
        Value::Array(items) => items.iter().map(text).collect(),
        Value::String(_) | Value::Bool(_) | Value::Number(_) => text(value).map(|one| BTreeSet::from([one])),
        Value::Null | Value::Object(_) => None,
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn all_but(excluded: BTreeSet<String>) -> String {
    format!("all but {}", excluded.into_iter().collect::<Vec<_>>().join(", "))
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.effect != "Allow" {
            write!(f, "{} ", self.effect.to_ascii_lowercase())?;
        }
        write!(f, "`{}`", self.action.0)?;
        if !self.resource.is_empty() {
            write!(f, " on `{}`", self.resource)?;
        }
        if !self.principal.is_empty() {
            write!(f, " for `{}`", self.principal)?;
        }
        for (operator, key, values) in &self.conditions {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            write!(f, " if {key} {operator} `{}`", values.join("` or `"))?;
        }
        Ok(())
    }
}

/// The first grant on either side and how many more there are: enough to see what happened, and still one line.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |word: &str, atoms: &[String]| match atoms {
            [] => None,
            [only] => Some(format!("{word} {only}")),
            [first, rest @ ..] => Some(format!("{word} {first} and {} more", rest.len())),
        };
        let version = self.version.then(|| "is written in another version".to_owned());
        let parts = [side("lacks", &self.lacking), side("has beyond it", &self.beyond), version];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests;
