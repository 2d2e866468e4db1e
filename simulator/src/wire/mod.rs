//! Bytes to typed requests and back: signatures, AWS's protocols, errors.
//!
//! Every protocol is decoded to one tree of [`serde_json::Value`] (in the Query protocols all leaves are text) and every answer
//! is encoded from one, so that a service is written once whatever its protocol.

pub(crate) mod authorization_message;
pub mod client;
mod form;
pub mod input;
pub(crate) mod protocol;
pub mod row;
pub mod signature;
mod time;
mod xml;

pub use client::{Client, ClientError};
pub use input::Input;
pub use row::{Row, row, unsigned_row};
pub use time::time;
