//! Bytes to typed requests and back: signatures, AWS's protocols, errors.
//!
//! Every protocol is decoded to one tree of [`serde_json::Value`] (in the Query protocols all leaves are text) and every answer
//! is encoded from a [`Document`], so that a service is written once whatever its protocol.

pub(crate) mod authorization_message;
pub mod client;
mod document;
mod form;
pub mod input;
pub(crate) mod protocol;
pub mod row;
pub mod signature;
mod time;
mod xml;

pub use client::{Client, ClientError};
pub(crate) use document::document;
pub use document::{Document, IntoDocument};
pub use input::Input;
pub use row::{Row, row, viewing_row};
pub use time::time;
