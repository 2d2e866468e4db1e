//! The condition keys of a request.

use std::collections::BTreeMap;

/// Condition keys and their values. Keys are the same whatever their case; values are not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context(BTreeMap<String, Vec<String>>);

impl Context {
    /// Adds `value` to the values of `key`.
    pub fn add(&mut self, key: &str, value: impl Into<String>) {
        self.0.entry(key.to_ascii_lowercase()).or_default().push(value.into());
    }

    /// Gives `key` the one value `value`, unless it has some already.
    pub fn fill(&mut self, key: &str, value: impl Into<String>) {
        self.0.entry(key.to_ascii_lowercase()).or_insert_with(|| vec![value.into()]);
    }

    /// The values of `key`; nothing if the request does not carry the key.
    #[must_use]
    pub fn values(&self, key: &str) -> Option<&[String]> {
        self.0.get(&key.to_ascii_lowercase()).map(Vec::as_slice)
    }

    /// Every key, in lower case, with its values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter().map(|(key, values)| (key.as_str(), values.as_slice()))
    }

    /// The value of a key that has just one, which is what policy variables stand for.
    #[must_use]
    pub fn single(&self, key: &str) -> Option<&str> {
        match self.values(key) {
            Some([value]) => Some(value),
            Some(_) | None => None,
        }
    }
}
