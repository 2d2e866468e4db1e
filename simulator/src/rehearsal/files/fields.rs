//! Typed access to the keys of a map, which notices the keys that nobody asked for.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::str::FromStr;

use super::source::{Located, Source};
use super::tree::{Key, Node, Value};
use super::{FileError, Spot};

/// The keys of one map.
#[derive(Debug)]
pub struct Fields<'file> {
    source: &'file Source,
    /// What the map is, such as `a container definition`.
    within: String,
    spot: Spot,
    entries: &'file [(Key, Node)],
    known: RefCell<BTreeSet<&'static str>>,
}

impl<'file> Fields<'file> {
    /// The keys of `node`, which must be a map.
    ///
    /// # Errors
    /// If it is none.
    pub fn of(source: &'file Source, node: &'file Node, within: impl Into<String>) -> Result<Self, FileError> {
        let within = within.into();
        match &node.value {
            Value::Map(entries) => {
                Ok(Self { source, within, spot: node.spot, entries, known: RefCell::new(BTreeSet::new()) })
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => {
                Err(wrong_type(source, node, &within, "a map"))
            }
        }
    }

    /// Where the map begins.
    #[must_use]
    pub fn spot(&self) -> Spot {
        self.spot
    }

    /// The value of a key. A null counts as absent, as it does for AWS and for Compose.
    pub fn node(&self, key: &'static str) -> Option<&'file Node> {
        self.known.borrow_mut().insert(key);
        self.entries
            .iter()
            .find(|(candidate, _)| candidate.text == key)
            .map(|(_, node)| node)
            .filter(|node| node.value != Value::Null)
    }

    /// A text.
    ///
    /// # Errors
    /// If the value is none.
    pub fn text(&self, key: &'static str) -> Result<Option<Located<String>>, FileError> {
        self.node(key).map(|node| text(self.source, node, key)).transpose()
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// If it is not, or is no text.
    pub fn required_text(&self, key: &'static str) -> Result<Located<String>, FileError> {
        self.text(key)?.ok_or_else(|| self.missing(key))
    }

    /// A number.
    ///
    /// # Errors
    /// If the value is none, or out of the type's range.
    pub fn number<N: FromStr>(&self, key: &'static str) -> Result<Option<Located<N>>, FileError> {
        self.node(key)
            .map(|node| {
                let value = match &node.value {
                    Value::Number(digits) => digits.parse().ok(),
                    Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => None,
                };
                value
                    .map(|value| Located { value, spot: node.spot })
                    .ok_or_else(|| wrong_type(self.source, node, key, "a whole number in its range"))
            })
            .transpose()
    }

    /// True or false.
    ///
    /// # Errors
    /// If the value is neither.
    pub fn truth(&self, key: &'static str) -> Result<Option<bool>, FileError> {
        self.node(key)
            .map(|node| match node.value {
                Value::Bool(truth) => Ok(truth),
                Value::Null | Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
                    Err(wrong_type(self.source, node, key, "true or false"))
                }
            })
            .transpose()
    }

    /// The values of a list; none if the key is absent.
    ///
    /// # Errors
    /// If the value is no list.
    pub fn list(&self, key: &'static str) -> Result<&'file [Node], FileError> {
        self.node(key).map_or(Ok(&[]), |node| list(self.source, node, key))
    }

    /// A list of texts; `None` if the key is absent.
    ///
    /// # Errors
    /// If the value is no list, or one of its values no text.
    pub fn texts(&self, key: &'static str) -> Result<Option<Vec<Located<String>>>, FileError> {
        self.node(key)
            .map(|node| list(self.source, node, key)?.iter().map(|node| text(self.source, node, key)).collect())
            .transpose()
    }

    /// Keys that may be there and are of no interest.
    pub fn ignore(&self, keys: &[&'static str]) {
        self.known.borrow_mut().extend(keys);
    }

    /// Refuses keys that were neither asked for nor ignored. `allowed` says of further ones that they may be there.
    ///
    /// # Errors
    /// With the first unknown key and the nearest known one.
    pub fn finish(self, allowed: impl Fn(&str) -> bool) -> Result<(), FileError> {
        let known = self.known.into_inner();
        match self.entries.iter().find(|(key, _)| !known.contains(key.text.as_str()) && !allowed(&key.text)) {
            None => Ok(()),
            Some((key, _)) => Err(FileError::UnknownKey {
                place: self.source.place(key.spot).into(),
                nearest: nearest(&key.text, &known),
                key: key.text.clone(),
                within: self.within,
            }),
        }
    }

    /// The error for a key that must be there and is not.
    #[must_use]
    pub fn missing(&self, key: &'static str) -> FileError {
        FileError::MissingKey { place: self.source.place(self.spot).into(), key, within: self.within.clone() }
    }
}

/// A node's text.
pub(super) fn text(source: &Source, node: &Node, key: &str) -> Result<Located<String>, FileError> {
    match &node.value {
        Value::Text(text) => Ok(Located { value: text.clone(), spot: node.spot }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => {
            Err(wrong_type(source, node, key, "a text"))
        }
    }
}

/// A node's text, where a number or a truth value is as good.
pub(super) fn scalar(source: &Source, node: &Node, key: &str) -> Result<Located<String>, FileError> {
    let value = match &node.value {
        Value::Text(text) | Value::Number(text) => text.clone(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null | Value::List(_) | Value::Map(_) => {
            return Err(wrong_type(source, node, key, "a text or a number"));
        }
    };
    Ok(Located { value, spot: node.spot })
}

/// A node's list.
pub(super) fn list<'file>(source: &Source, node: &'file Node, key: &str) -> Result<&'file [Node], FileError> {
    match &node.value {
        Value::List(nodes) => Ok(nodes),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) => {
            Err(wrong_type(source, node, key, "a list"))
        }
    }
}

/// The error for a value of the wrong type.
pub(super) fn wrong_type(source: &Source, node: &Node, key: &str, expected: &'static str) -> FileError {
    FileError::WrongType { place: source.place(node.spot).into(), key: key.to_owned(), expected, found: node.kind() }
}

/// The known key that somebody who wrote `key` most likely meant.
fn nearest(key: &str, known: &BTreeSet<&'static str>) -> Option<&'static str> {
    let distance = |candidate: &str| strsim::damerau_levenshtein(&candidate.to_lowercase(), &key.to_lowercase());
    let nearest = known.iter().min_by_key(|candidate| distance(candidate))?;
    (distance(nearest) <= 1 + key.chars().count() / 4).then_some(*nearest)
}
