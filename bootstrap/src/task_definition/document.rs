//! The JSON of a task definition, kept whole.

use std::fmt;

use serde_json::{Map, Value};

use super::{TaskDefinitionError, objects, shape, text};

/// The input of `RegisterTaskDefinition` as JSON. What the user wrote is sent as it stands, so that no field can be lost
/// on the way through types that do not have it.
#[derive(Clone, PartialEq, Eq)]
pub struct Document(Map<String, Value>);

/// What only a description has: ECS prints these and takes none of them back.
const DESCRIPTION_ONLY: [&str; 9] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
];

impl Document {
    pub(super) fn parse(text: &str) -> Result<Self, TaskDefinitionError> {
        let value: Value = serde_json::from_str(text).map_err(TaskDefinitionError::NotJson)?;
        let mut document = unwrap_description(value)?;
        document.retain(|key, _| !DESCRIPTION_ONLY.contains(&key.as_str()));
        strip_null(&mut document);
        shape::check(&document)?;
        Ok(Self(document))
    }

    pub(super) fn with_image(&self, container: &str, image: &str) -> Self {
        let present = objects(&self.0, "containerDefinitions")
            .find(|definition| text(definition, "name") == Some(container))
            .and_then(|definition| text(definition, "image"))
            .map(str::to_owned);
        let mut document = self.0.clone();
        let containers = document.get_mut("containerDefinitions").and_then(Value::as_array_mut);
        for definition in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
            let named = text(definition, "name") == Some(container);
            if named || (present.is_some() && text(definition, "image") == present.as_deref()) {
                definition.insert("image".to_owned(), Value::from(image));
            }
        }
        Self(document)
    }

    /// The outermost object.
    #[must_use]
    pub fn keys(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The JSON text to send.
    #[must_use]
    pub fn to_json(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }
}

/// Shows the family alone: the environment of a container may hold what its owner would not have printed.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({:?})", text(&self.0, "family").unwrap_or_default())
    }
}

/// Takes the definition out of `{"taskDefinition": {...}, "tags": [...]}`, its tags included.
fn unwrap_description(value: Value) -> Result<Map<String, Value>, TaskDefinitionError> {
    let mut outer = object("task definition", value)?;
    let Some(inner) = outer.shift_remove("taskDefinition") else { return Ok(outer) };
    let mut document = object("taskDefinition", inner)?;
    if let Some(tags) = outer.shift_remove("tags")
        && tags != Value::Array(Vec::new())
    {
        document.insert("tags".to_owned(), tags);
    }
    match outer.into_iter().next() {
        None => Ok(document),
        Some((key, _)) => Err(TaskDefinitionError::UnknownKey {
            path: "task definition".to_owned(),
            key,
            known: vec!["taskDefinition", "tags"],
        }),
    }
}

fn object(path: &str, value: Value) -> Result<Map<String, Value>, TaskDefinitionError> {
    match value {
        Value::Object(map) => Ok(map),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Err(TaskDefinitionError::WrongType {
                path: path.to_owned(),
                expected: "an object",
                found: shape::kind_of(&other),
            })
        }
    }
}

/// Removes members that are `null`, which in AWS's JSON protocol means the same as absent.
fn strip_null(map: &mut Map<String, Value>) {
    map.retain(|_, value| !value.is_null());
    for value in map.values_mut() {
        strip_null_within(value);
    }
}

fn strip_null_within(value: &mut Value) {
    match value {
        Value::Object(map) => strip_null(map),
        Value::Array(items) => items.iter_mut().for_each(strip_null_within),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
