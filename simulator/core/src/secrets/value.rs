//! Values of secrets: texts or bytes.

use super::INVALID;
use crate::iam::Secret;
use crate::refusal::Refusal;

/// Most bytes of a value (botocore, `SecretStringType`, `SecretBinaryType`).
const LARGEST: usize = 65_536;

/// A secret's value. Printing it shows nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `SecretString`.
    Text(Secret),
    /// `SecretBinary`, in Base64.
    Binary(Secret),
}

impl Value {
    /// The text `text`.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self::Text(Secret::new(text))
    }

    /// The text, for whoever is entitled to it; none of a value of bytes.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.expose()),
            Self::Binary(_) => None,
        }
    }

    /// The limits on a value. The refusal does not repeat it.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let (member, bytes) = match self {
            Self::Text(text) => ("SecretString", text.expose().len()),
            Self::Binary(base64) => ("SecretBinary", decoded_length(base64.expose())),
        };
        if (1..=LARGEST).contains(&bytes) {
            return Ok(());
        }
        Err(Refusal::fault(INVALID, format!("{member} must have between 1 and {LARGEST} bytes.")))
    }
}

/// How many bytes `base64` stands for: three for each four characters that are not padding.
fn decoded_length(base64: &str) -> usize {
    base64.trim_end_matches('=').len() * 3 / 4
}
