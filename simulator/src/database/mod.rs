//! The rehearsal's own databases: PostgreSQL, MySQL and MariaDB, real servers in containers started through testcontainers.
//!
//! A database counts as ready only when the four rules of [`readiness`] hold; nothing else (a log line, an open port, the image's
//! own health check) is ever trusted. Data lives in memory and is gone with the container.
//!
//! Deliberately absent: migrations, which the app's own container runs, and anything that judges a schema.

pub mod engine;
pub mod spec;

mod image;
mod launch;
pub mod readiness;
pub mod server;

pub mod catalog;
mod clients;
mod clone;
pub mod compatibility;
pub mod connection;
pub mod evidence;
mod lock_timeout;
pub mod lock_trial;
mod logical;
pub mod managed;
mod refusal;
mod result_column;
pub mod schema;
pub mod seeding;
mod session_lock;
mod sessions;
pub mod sql;
pub mod statement;
mod touched;

pub mod error;

#[cfg(test)]
mod tests;

pub use clients::{Clients, ConnectionLimit};
pub use connection::{Account, Connection};
pub use engine::Engine;
pub use error::DatabaseError;
pub use image::ImageUsed;
pub use launch::Launched;
pub use logical::LogicalDatabase;
pub use managed::{InstanceClass, Managed, UnknownClass};
pub use readiness::{Readiness, Rule, RuleEvidence};
pub use refusal::Refusal;
pub use result_column::ResultColumn;
pub use schema::{SchemaChange, SchemaSnapshot};
pub use server::Database;
pub use session_lock::{Blocked, end_holders};
pub use spec::{DatabaseSpec, InitialisationFile, Password};
pub use statement::{Mark, PeakConnections, StatementError};
