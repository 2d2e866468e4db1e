//! What can be wrong with a user's file before anybody looks at what it means.

use crate::finding::Place;

/// A file that cannot be read, is not what its format asks for, or contradicts itself. It is the user's input that is wrong: exit code 3.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file cannot be read.
    #[error("could not read `{name}`: {}", source.kind())]
    Read {
        /// The file.
        name: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The file does not follow its format.
    #[error("{place}: could not parse it: {reason}")]
    Parse {
        /// Where.
        place: Box<Place>,
        /// What the parser says.
        reason: String,
    },
    /// A key that nobody reads.
    #[error("{place}: unknown key `{key}` in {within}")]
    UnknownKey {
        /// Where.
        place: Box<Place>,
        /// The key.
        key: String,
        /// What it stands in, such as `a container definition`.
        within: String,
        /// The nearest key that is known.
        nearest: Option<&'static str>,
    },
    /// A value of another type than its key wants.
    #[error("{place}: `{key}` must be {expected}, and is {found}")]
    WrongType {
        /// Where.
        place: Box<Place>,
        /// The key.
        key: String,
        /// What it must be, such as `a number`.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A key without which the rest means nothing.
    #[error("{place}: {within} has no `{key}`")]
    MissingKey {
        /// Where.
        place: Box<Place>,
        /// The key.
        key: &'static str,
        /// What it must stand in.
        within: String,
    },
    /// Something that contradicts another part of the same file, or that the file's reader refuses.
    #[error("{place}: {problem}")]
    Contradiction {
        /// Where.
        place: Box<Place>,
        /// What is wrong.
        problem: String,
        /// What to do.
        help: String,
    },
}

impl FileError {
    /// The place at fault.
    #[must_use]
    pub fn place(&self) -> Place {
        match self {
            Self::Read { name, .. } => Place::file(name),
            Self::Parse { place, .. }
            | Self::UnknownKey { place, .. }
            | Self::WrongType { place, .. }
            | Self::MissingKey { place, .. }
            | Self::Contradiction { place, .. } => place.as_ref().clone(),
        }
    }

    /// One line that says what to do.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Read { name, source } if source.kind() == std::io::ErrorKind::NotFound => {
                format!("create `{name}`, or name another file under [files] in greenroom.toml")
            }
            Self::Read { name, .. } => format!("make `{name}` a file that you may read"),
            Self::Parse { .. } => "correct the syntax at this place".to_owned(),
            Self::UnknownKey { nearest: Some(nearest), .. } => format!("did you mean `{nearest}`?"),
            Self::UnknownKey { key, .. } => format!("remove `{key}`: whoever reads this file in a deploy refuses it"),
            Self::WrongType { key, expected, .. } => format!("write {expected} for `{key}`"),
            Self::MissingKey { key, .. } => format!("add `{key}`"),
            Self::Contradiction { help, .. } => help.clone(),
        }
    }
}
