//! The policy of the app's own role, which its owner writes: what the app itself calls, bootstrap cannot know.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::statement::VERSION;

/// A policy as it stands in a file of the project's. IAM takes it as it is: identity policies are in the version 2012-10-17, each statement
/// allows or denies actions on resources, and names no principal (IAM user guide, "IAM JSON policy elements reference").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRolePolicy {
    document: Value,
}

/// Why a file is no policy for a role.
#[derive(Debug, thiserror::Error)]
pub enum TaskRolePolicyError {
    /// The text is not JSON; the reason names line and column.
    #[error("it is not JSON: {0}")]
    NotJson(serde_json::Error),
    /// IAM would not take what stands at `path`, such as `Statement[0].Action`.
    #[error("`{path}` {what}")]
    Malformed {
        /// Where it stands.
        path: String,
        /// What is wrong with it.
        what: String,
    },
}

impl TaskRolePolicy {
    /// Reads a policy, either the document alone or with more around it, as `aws iam get-role-policy` prints it.
    ///
    /// # Errors
    /// If the text is not JSON, or IAM would call it malformed.
    pub fn parse(text: &str) -> Result<Self, TaskRolePolicyError> {
        let mut document: Value = serde_json::from_str(text).map_err(TaskRolePolicyError::NotJson)?;
        if let Some(inner) = document.get_mut("PolicyDocument") {
            document = inner.take();
        }
        check(&document)?;
        Ok(Self { document })
    }

    /// The JSON that IAM takes.
    #[must_use]
    pub fn to_json(&self) -> Value {
        self.document.clone()
    }

    /// The prefixes of the services whose actions it allows, such as `s3`, each once; `*` where it allows those of every service.
    /// Of what it allows by `NotAction` nothing is said.
    #[must_use]
    pub fn services(&self) -> BTreeSet<&str> {
        allowed_services(&self.document)
    }
}

/// The prefixes of the services whose actions a policy allows, as [`TaskRolePolicy::services`].
pub(crate) fn allowed_services(document: &Value) -> BTreeSet<&str> {
    let statements = listed(&document["Statement"]).into_iter();
    let allowing = statements.filter(|statement| statement["Effect"] == "Allow");
    let actions = allowing.flat_map(|statement| listed(&statement["Action"])).filter_map(Value::as_str);
    actions.map(|action| action.split_once(':').map_or(action, |(service, _)| service)).collect()
}

fn malformed(path: impl Into<String>, what: impl Into<String>) -> TaskRolePolicyError {
    TaskRolePolicyError::Malformed { path: path.into(), what: what.into() }
}

fn check(document: &Value) -> Result<(), TaskRolePolicyError> {
    let Value::Object(policy) = document else { return Err(malformed("policy", "is not an object")) };
    known(policy, "policy", &["Version", "Id", "Statement"])?;
    if policy.get("Version").and_then(Value::as_str) != Some(VERSION) {
        return Err(malformed("Version", format!("is not `{VERSION}`, as IAM wants it to be")));
    }
    let statements = policy.get("Statement").map(listed).unwrap_or_default();
    if statements.is_empty() {
        return Err(malformed("Statement", "is missing, or says nothing"));
    }
    let mut sids = BTreeSet::new();
    for (number, statement) in statements.into_iter().enumerate() {
        let path = format!("Statement[{number}]");
        let Value::Object(statement) = statement else { return Err(malformed(path, "is not an object")) };
        check_statement(statement, &path)?;
        if let Some(sid) = statement.get("Sid").and_then(Value::as_str).filter(|sid| !sid.is_empty())
            && !sids.insert(sid)
        {
            return Err(malformed(format!("{path}.Sid"), format!("is `{sid}`, as that of an earlier statement")));
        }
    }
    Ok(())
}

fn check_statement(statement: &Map<String, Value>, path: &str) -> Result<(), TaskRolePolicyError> {
    for principal in ["Principal", "NotPrincipal"] {
        if statement.contains_key(principal) {
            let what = "has no place in the policy of a role: whoever has the role is who is meant";
            return Err(malformed(format!("{path}.{principal}"), what));
        }
    }
    let keys = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];
    known(statement, path, &keys)?;
    let letters = |sid: &str| sid.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if statement.get("Sid").is_some_and(|sid| !sid.as_str().is_some_and(letters)) {
        return Err(malformed(format!("{path}.Sid"), "is not made of letters and digits alone"));
    }
    if !matches!(statement.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")) {
        return Err(malformed(format!("{path}.Effect"), "is neither `Allow` nor `Deny`"));
    }
    if statement.get("Condition").is_some_and(|condition| !condition.is_object()) {
        return Err(malformed(format!("{path}.Condition"), "is not an object"));
    }
    let named =
        |text: &str| text == "*" || text.split_once(':').is_some_and(|(service, name)| is_action(service, name));
    one_of(statement, path, ["Action", "NotAction"], "an action such as `s3:GetObject`", named)?;
    let named = |text: &str| text == "*" || text.starts_with("arn:") && text.splitn(6, ':').count() == 6;
    one_of(statement, path, ["Resource", "NotResource"], "an ARN or `*`", named)
}

fn is_action(service: &str, name: &str) -> bool {
    let word = |text: &str, more: &[u8]| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    word(service, b"-") && word(name, b"*?")
}

/// That a statement has either key, and that each text under it is `wanted`.
fn one_of(
    statement: &Map<String, Value>,
    path: &str,
    [key, negated]: [&str; 2],
    wanted: &str,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<(), TaskRolePolicyError> {
    let (key, values) = match (statement.get(key), statement.get(negated)) {
        (Some(values), None) => (key, listed(values)),
        (None, Some(values)) => (negated, listed(values)),
        (None, None) => return Err(malformed(path, format!("has neither `{key}` nor `{negated}`"))),
        (Some(_), Some(_)) => return Err(malformed(path, format!("has both `{key}` and `{negated}`"))),
    };
    if values.is_empty() {
        return Err(malformed(format!("{path}.{key}"), "names nothing"));
    }
    match values.into_iter().find(|value| !value.as_str().is_some_and(&is_wanted)) {
        None => Ok(()),
        Some(other) => Err(malformed(format!("{path}.{key}"), format!("has {other}, which is not {wanted}"))),
    }
}

/// That an object has no key but these.
fn known(object: &Map<String, Value>, path: &str, keys: &[&str]) -> Result<(), TaskRolePolicyError> {
    match object.keys().find(|key| !keys.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(malformed(path, format!("has the key `{key}`, which IAM does not know"))),
    }
}

/// The items of a list, or a single value as the only one.
fn listed(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => vec![value],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(statement: &Value) -> String {
        json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
    }

    #[test]
    fn what_iam_takes_is_kept_as_it_is() {
        let read = json!({"Sid": "Read", "Effect": "Allow", "Action": ["s3:Get*", "sqs:SendMessage"], "Resource": "*"});
        let deny = json!({"Effect": "Deny", "NotAction": "dynamodb:GetItem", "NotResource": ["arn:aws:s3:::a/*"]});
        let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "true"}}});
        for (statements, services) in
            [(json!([read]), "s3 sqs"), (json!([read, deny]), "s3 sqs"), (everything, "*"), (json!([deny]), "")]
        {
            let document = json!({"Version": "2012-10-17", "Id": "app", "Statement": statements});
            for text in [document.clone(), json!({"RoleName": "r", "PolicyName": "p", "PolicyDocument": document})] {
                let policy = TaskRolePolicy::parse(&text.to_string()).expect("IAM takes it");
                assert_eq!(policy.to_json(), document);
                assert_eq!(policy.services().into_iter().collect::<Vec<_>>().join(" "), services);
            }
        }
    }

    #[test]
    fn what_iam_would_refuse_is_pointed_at() {
        let allow = |more: Value| {
            let mut statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
            for (key, value) in more.as_object().expect("an object") {
                statement[key] = value.clone();
            }
            with(&statement)
        };
        let twice = json!({"Sid": "A", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
        for (text, said) in [
            ("{".to_owned(), "it is not JSON: EOF while parsing an object at line 1 column 1"),
            ("[]".to_owned(), "`policy` is not an object"),
            (json!({"Statement": [twice]}).to_string(), "`Version` is not `2012-10-17`"),
            (json!({"Version": "2012-10-17"}).to_string(), "`Statement` is missing"),
            (json!({"Version": "2012-10-17", "Statements": []}).to_string(), "has the key `Statements`"),
            (json!({"Version": "2012-10-17", "Statement": [twice, twice]}).to_string(), "`Statement[1].Sid` is `A`"),
            (with(&json!("s3")), "`Statement[0]` is not an object"),
            (with(&json!({"Effect": "Allow", "Resource": "*"})), "neither `Action` nor `NotAction`"),
            (with(&json!({"Effect": "Allow", "Action": "s3:*"})), "neither `Resource` nor `NotResource`"),
            (allow(json!({"Sid": "read it"})), "letters and digits"),
            (allow(json!({"Effect": "allow"})), "neither `Allow` nor `Deny`"),
            (allow(json!({"NotAction": "s3:*"})), "both `Action` and `NotAction`"),
            (allow(json!({"Action": []})), "`Statement[0].Action` names nothing"),
            (allow(json!({"Action": "GetObject"})), "has \"GetObject\", which is not an action"),
            (allow(json!({"Action": ["s3:Get*", 7]})), "has 7, which is not an action"),
            (allow(json!({"Resource": "bucket/*"})), "has \"bucket/*\", which is not an ARN or `*`"),
            (allow(json!({"Condition": "never"})), "`Statement[0].Condition` is not an object"),
            (allow(json!({"Principal": "*"})), "`Statement[0].Principal` has no place"),
            (allow(json!({"Colour": "red"})), "has the key `Colour`, which IAM does not know"),
        ] {
            let error = TaskRolePolicy::parse(&text).expect_err(&text).to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
