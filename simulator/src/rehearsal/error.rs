//! Why a rehearsal could not be held. That a deploy would fail is not an error: it is a verdict.

use std::fmt;

/// Why a rehearsal could not be held.
#[derive(Debug)]
pub enum RehearsalError {
    /// What the user gave cannot be used.
    Input {
        /// What, and where.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// There is no container engine that can be used, or it failed.
    Engine {
        /// What happened.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// Something that cannot happen unless greenroom is wrong.
    Bug {
        /// What happened.
        message: String,
    },
}

impl RehearsalError {
    /// Unusable input, with advice.
    pub fn input(error: &(dyn std::error::Error + 'static), help: impl Into<Option<String>>) -> Self {
        Self::Input { message: chain(error), help: help.into() }
    }

    /// A failure of the engine, with advice.
    pub fn engine(error: &(dyn std::error::Error + 'static), help: impl Into<Option<String>>) -> Self {
        Self::Engine { message: chain(error), help: help.into() }
    }

    /// A failure that nobody outside greenroom can have caused.
    pub fn bug(while_doing: &str, error: &(dyn std::error::Error + 'static)) -> Self {
        Self::Bug { message: format!("{while_doing}: {}", chain(error)) }
    }

    /// What to do, where something can be done.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Input { help, .. } | Self::Engine { help, .. } => help.as_deref(),
            Self::Bug { .. } => {
                Some("this is a bug of greenroom's: please report it with the command and this message")
            }
        }
    }
}

impl fmt::Display for RehearsalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input { message, .. } | Self::Engine { message, .. } | Self::Bug { message } => f.write_str(message),
        }
    }
}

impl std::error::Error for RehearsalError {}

/// An error and its causes in one line, none of them twice.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}
