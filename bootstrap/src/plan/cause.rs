//! Why a change is made.

use std::fmt;

use crate::resource::Owner;

/// Why a change is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The account has no such thing.
    Missing {
        /// What it is for.
        purpose: &'static str,
    },
    /// A field has another value.
    Field {
        /// The field.
        field: &'static str,
        /// What it should be.
        wanted: String,
        /// What it is.
        found: String,
    },
    /// A policy says something else.
    Policy {
        /// How it differs, in one line, as in "it lacks ...".
        what: String,
        /// Every grant that it lacks.
        lacking: Vec<String>,
        /// Every grant that it has beyond those that are wanted.
        beyond: Vec<String>,
    },
    /// It belongs to somebody else, and is to be this project's from now on.
    Adopted {
        /// Whose it is.
        owner: Owner,
    },
    /// Somebody has asked for it.
    Requested {
        /// How.
        because: &'static str,
    },
    /// It was made by settings that are not in greenroom.toml any more.
    Former {
        /// Which settings.
        setting: &'static str,
    },
    /// Nobody wants it any more.
    Unwanted {
        /// Why not.
        because: &'static str,
    },
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { purpose } => write!(f, "missing; {purpose}"),
            Self::Field { field, wanted, found } => write!(f, "{field}: wanted {wanted}, found {found}"),
            Self::Policy { what, lacking: _, beyond: _ } => write!(f, "it {what}"),
            Self::Adopted { owner } => write!(f, "it is {owner} and is adopted"),
            Self::Former { setting } => write!(f, "no longer in greenroom.toml, where {setting} asked for it"),
            Self::Requested { because } | Self::Unwanted { because } => f.write_str(because),
        }
    }
}
