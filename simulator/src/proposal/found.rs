//! A value and where it was found.

use super::document::{Entry, Setting};
use crate::rehearsal::files::{Source, Spot};

/// A value that a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found<T> {
    /// The value.
    pub(super) value: T,
    /// Where: the file, its line, and what stands there.
    pub(super) reason: String,
}

impl<T> Found<T> {
    /// `value`, said by `what` at `spot` of `source`.
    pub(super) fn new(value: T, source: &Source, spot: Spot, what: &str) -> Self {
        Self::at(value, source, spot.line, what)
    }

    /// `value`, said by `what` in a line of `source`.
    pub(super) fn at(value: T, source: &Source, line: usize, what: &str) -> Self {
        Self { value, reason: format!("{}:{line}, {what}", source.name) }
    }

    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Found<U> {
        Found { value: change(self.value), reason: self.reason }
    }
}

/// A text as TOML writes it.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Words as TOML writes them.
pub(super) fn list(words: &[String]) -> String {
    format!("[{}]", words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", "))
}

impl Entry {
    /// A text that a file says, or else what `otherwise` makes of its absence.
    pub(super) fn text(key: &str, found: Option<Found<String>>, otherwise: impl FnOnce() -> Setting) -> Self {
        Self::raw(key, found.map(|found| found.map(|text| quoted(&text))), otherwise)
    }

    /// The same of a value that is TOML already.
    pub(super) fn raw(key: &str, found: Option<Found<String>>, otherwise: impl FnOnce() -> Setting) -> Self {
        let setting = match found {
            Some(Found { value, reason }) => Setting::Found { value, reason },
            None => otherwise(),
        };
        Self { key: key.to_owned(), setting }
    }
}

/// A text that serves although no file says it.
pub(super) fn assumed(text: &str, reason: &str) -> Setting {
    Setting::Assumed { value: quoted(text), reason: reason.to_owned() }
}

/// A text that nothing can stand for.
pub(super) fn open(example: &str, advice: &str) -> Setting {
    Setting::Open { example: quoted(example), advice: advice.to_owned() }
}
