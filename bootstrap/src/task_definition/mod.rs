//! The user's task definition: the JSON file that `aws ecs describe-task-definition` prints or that
//! `aws ecs register-task-definition` reads.
//!
//! - [`document`]: the JSON as it will be sent to ECS; nothing in it is lost
//! - [`shape`]: which keys ECS knows and what may stand under them
//! - [`facts`]: what bootstrap learns from it
//! - [`reference`]: the roles, secrets and files that it names

pub mod document;
pub mod facts;
pub mod reference;
mod shape;

use serde_json::{Map, Value};

pub use document::Document;
pub use facts::TaskDefinitionFacts;

/// A task definition that ECS would understand, and what bootstrap needs to know of it.
#[derive(Debug, Clone)]
pub struct TaskDefinition {
    document: Document,
    facts: TaskDefinitionFacts,
}

impl TaskDefinition {
    /// Reads a task definition, either the bare object or `{"taskDefinition": {...}, "tags": [...]}`.
    ///
    /// The keys that only a description has (`taskDefinitionArn`, `revision`, `status`, `requiresAttributes`,
    /// `compatibilities`, `registeredAt`, `registeredBy`, `deregisteredAt`, `deleteRequestedAt`) are left out, and so is
    /// what is `null`, since neither can be registered. Any other key that ECS does not know is refused by name: ECS
    /// itself would ignore it in silence.
    ///
    /// # Errors
    /// If the text is not JSON, has a key that ECS does not know, a value of the wrong type, or a reference that is none.
    pub fn parse(text: &str) -> Result<Self, TaskDefinitionError> {
        let document = Document::parse(text)?;
        let facts = TaskDefinitionFacts::read(&document)?;
        Ok(Self { document, facts })
    }

    /// What bootstrap learned from it.
    #[must_use]
    pub fn facts(&self) -> &TaskDefinitionFacts {
        &self.facts
    }

    /// The document with `image` in every container that has the image of `container` now, so that an init container of
    /// the same image (a migration, say) goes with it. Everything else stays as it is.
    #[must_use]
    pub fn with_image(&self, container: &str, image: &str) -> Document {
        self.document.with_image(container, image)
    }
}

/// Why a file is not a task definition. Paths are written as in `containerDefinitions[0].portMappings[1]`.
#[derive(Debug, thiserror::Error)]
pub enum TaskDefinitionError {
    /// The text is not JSON; the source names line and column.
    #[error("reading the task definition as JSON")]
    NotJson(#[source] serde_json::Error),
    /// A key that `RegisterTaskDefinition` does not have.
    #[error("`{path}` has the key `{key}`, which ECS does not know")]
    UnknownKey {
        /// The object that has the key; `task definition` for the outermost one.
        path: String,
        /// The key as written.
        key: String,
        /// The keys that ECS knows there.
        known: Vec<&'static str>,
    },
    /// A value of a type that ECS would refuse.
    #[error("`{path}` is {found}, ECS wants {expected}")]
    WrongType {
        /// Where the value stands.
        path: String,
        /// What ECS wants there.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// A key without which there is no task definition.
    #[error("`{path}` is missing")]
    Missing {
        /// Where it should stand.
        path: String,
    },
    /// A text that should name a resource and does not.
    #[error("`{path}` is `{text}`, which is not {expected}")]
    NotAReference {
        /// Where the text stands.
        path: String,
        /// The text.
        text: String,
        /// What it should be, with its article.
        expected: &'static str,
    },
    /// A text that should name a secret and does not. It is not repeated, since it may be the secret itself.
    #[error("`{path}` is neither the ARN of a Secrets Manager secret nor the ARN or name of an SSM parameter")]
    NotASecretReference {
        /// Where the text stands.
        path: String,
    },
}

/// The member `key` of an object, if it is a text.
fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    object.get(key).and_then(Value::as_str)
}

/// The objects in the list `key` of an object; none if there is no such list.
fn objects<'a>(object: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = &'a Map<String, Value>> {
    object.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

#[cfg(test)]
mod tests;
