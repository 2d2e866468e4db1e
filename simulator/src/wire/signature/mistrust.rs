//! Why a request is not believed to come from whom it says.

use thiserror::Error;

/// Why a request was not authenticated. The texts are AWS's; each protocol adds a code of its own.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Mistrust {
    /// It carries no signature at all.
    #[error("Request is missing Authentication Token")]
    Missing,
    /// Its signature lacks a part or cannot be read.
    #[error("{0}")]
    Incomplete(String),
    /// Its access key is unknown or inactive, or the session token is not that of the key.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// Its session has ended.
    #[error("The security token included in the request is expired")]
    SessionExpired,
    /// It was signed too long ago, or in the future.
    #[error("{0}")]
    Skewed(String),
    /// It was signed for another service, Region or day.
    #[error("{0}")]
    Scope(String),
    /// Its signature is not the one that the key's secret makes.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key \
         and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}
