//! The Docker engine: the connection to it, what marks a thing as ours, and how nothing of ours is left behind.
//!
//! Everything a rehearsal creates carries its labels ([`label`]), so that whoever comes later can tell whose it is and
//! whether that owner still lives. Nothing without a label of ours is ever touched.
//!
//! Deliberately absent: engines whose containers cannot be reached from this machine. They are recognised and refused.

pub mod label;
pub mod rehearsal;

pub mod connect;
mod content;
pub mod namespace;
pub mod network;
mod said;
pub mod sweep;
pub mod watch;

pub mod build;
pub mod digest;
pub mod pause;
pub mod pull;
pub mod push;

pub(crate) use said::{is_absent, said, status};

pub use connect::{Engine, EngineError};
pub use network::Network;
pub use rehearsal::{Owner, Rehearsal, RehearsalId};

#[cfg(test)]
pub(crate) mod trial;
