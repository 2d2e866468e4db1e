//! What a service waits for.

use super::super::FileError;
use super::super::fields::{Fields, list, text};
use super::{Located, Node, Source, Value, is_extension};

/// A service that another waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// The service.
    pub service: Located<String>,
    /// What is waited for; `None` for the short form, which waits for its start.
    pub condition: Option<Located<String>>,
    /// Whether Compose restarts whoever waits when it has made this service's container anew (`restart: true`).
    pub restarts: bool,
}

/// Reads `depends_on` in either of its forms.
pub(super) fn read(source: &Source, node: &Node) -> Result<Vec<Dependency>, FileError> {
    let Value::Map(entries) = &node.value else {
        let names = list(source, node, "depends_on")?.iter().map(|node| text(source, node, "depends_on"));
        return names.map(|service| Ok(Dependency { service: service?, condition: None, restarts: false })).collect();
    };
    entries
        .iter()
        .map(|(key, node)| {
            let service = Located { value: key.text.clone(), spot: key.spot };
            let fields = Fields::of(source, node, "an entry of `depends_on`")?;
            fields.ignore(&["required"]);
            // A text is allowed, too: what a variable stands for is not known.
            let restarts = fields.node("restart").is_some_and(|node| node.value == Value::Bool(true));
            let condition = fields.text("condition")?;
            fields.finish(is_extension)?;
            let known = ["service_started", "service_healthy", "service_completed_successfully"];
            match condition {
                Some(condition) if !known.contains(&condition.value.as_str()) => Err(FileError::Contradiction {
                    place: source.place(condition.spot).into(),
                    problem: format!("`{}` is no condition", condition.value),
                    help: format!("write {}", known.join(", ")),
                }),
                condition => Ok(Dependency { service, condition, restarts }),
            }
        })
        .collect()
}
