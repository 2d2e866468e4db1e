//! What can be wrong with a script.

use std::ops::Range;
use std::path::PathBuf;

use thiserror::Error;

use crate::finding::Place;

/// Why there is no script.
#[derive(Debug, Error)]
pub enum BehavioursError {
    /// The file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Something in it is wrong.
    #[error("{place}: {message}")]
    Wrong {
        /// Where.
        place: Place,
        /// What.
        message: String,
        /// What to do about it, where that is known.
        help: Option<String>,
    },
}

impl BehavioursError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Read { .. } => None,
            Self::Wrong { help, .. } => help.as_deref(),
        }
    }
}

/// Something wrong in a file whose name is not known yet.
#[derive(Debug)]
pub(crate) struct Wrong {
    pub(crate) message: String,
    pub(crate) at: Option<Range<usize>>,
}

impl Wrong {
    pub(crate) fn new(message: impl Into<String>, at: Range<usize>) -> Self {
        Self { message: message.into(), at: Some(at) }
    }

    /// The same in the file called `name` with the contents `text`.
    pub(crate) fn at(self, name: &str, text: &str) -> BehavioursError {
        let Self { message, at } = self;
        let place = at.map_or_else(|| Place::file(name), |at| Place::at_offset(name, text, at.start));
        BehavioursError::Wrong { place, help: nearest_key(&message), message }
    }
}

impl From<toml::de::Error> for Wrong {
    fn from(error: toml::de::Error) -> Self {
        Self { message: error.message().to_owned(), at: error.span() }
    }
}

/// For an unknown key, the known one that is written most like it.
fn nearest_key(message: &str) -> Option<String> {
    let mut quoted = message.strip_prefix("unknown field ")?.split('`').skip(1).step_by(2);
    let unknown = quoted.next()?;
    let nearest = quoted.max_by(|a, b| strsim::jaro(unknown, a).total_cmp(&strsim::jaro(unknown, b)))?;
    Some(format!("did you mean `{nearest}`?"))
}
