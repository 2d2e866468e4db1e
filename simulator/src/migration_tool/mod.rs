//! What is known of migration tools: how each is recognised, where it keeps its record and its lock, what it prints when it fails, and
//! the way out. Any command works without this knowledge; with it, a failure has a name and a command to paste.
//!
//! One tool per file, all of them in [`TOOLS`]. Every text and every behaviour says how it is known ([`Basis`]): seen here, on real
//! servers, in this crate's tests; or documented, with the source.
//!
//! Deliberately absent: running a tool, which the app's own container does, and any of their libraries.

mod basis;
mod command;
mod lock;
mod record;
mod text;
mod tool;

mod alembic;
mod dbmate;
mod django;
mod flask_migrate;
mod flyway;
mod golang_migrate;
mod knex;
mod liquibase;
mod prisma;
mod rails;
mod sqlx;

mod table;

pub mod interruption;

#[cfg(test)]
mod tests;

pub use basis::Basis;
pub(crate) use command::migration_in;
pub use lock::{Lock, Waits};
pub(crate) use record::UNFINISHED;
pub use record::{Condition, Entry, State, Tables};
pub use table::{TOOLS, by_key, recognise, said};
pub use text::{Said, Text};
pub(crate) use tool::begins;
pub use tool::{OnNewer, Rewind, Tool};
