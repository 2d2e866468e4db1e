//! What definitions do to a running database: the locks they take, the tables they rewrite, who waits for whom.
//!
//! PostgreSQL tells it itself, exactly and for whatever tool: event triggers, which an administrator installs, write what the statement's
//! own connection holds to the server's log, even if the transaction is rolled back later. MySQL and MariaDB have none: their statements
//! are read from the general log and tried again on a clone ([`online`]), and their metadata locks are asked for while they last
//! ([`waiting`]).

mod lock;
mod online;
mod postgres;
mod waiting;

use std::fmt;
use std::time::Duration;

use simulator_core::Timestamp;

pub use lock::{Access, LockMode, TableLock};
pub use online::{Online, Probed, online};
pub use postgres::EventTriggers;
pub use waiting::{Waiting, strong_locks, waiting};

/// A definition that ran on PostgreSQL, as its own connection saw it when it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ddl {
    /// The connection's number.
    pub connection: u64,
    /// What kind it is, such as `ALTER TABLE`.
    pub tag: String,
    /// The statement that the client sent, which may be several.
    pub statement: String,
    /// The locks on tables that its transaction held then, those of earlier statements among them; weak ones are left out.
    pub locks: Vec<TableLock>,
    /// How long it would have waited for a lock; `None` if for ever.
    pub lock_timeout: Option<Duration>,
    /// How long its transaction had been open.
    pub open_for: Duration,
    /// The tables that it rewrote, each with the reason.
    pub rewrote: Vec<Rewrite>,
    /// When it ended, by the server's clock. It may have been rolled back since.
    pub at: Timestamp,
}

/// A table that was written anew, row by row, while nobody else could use it (M-18).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    /// The table.
    pub table: String,
    /// Why.
    pub because: String,
}

impl fmt::Display for Ddl {
    /// One line: the statement, the locks, what it rewrote.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.statement.split_whitespace().collect::<Vec<_>>().join(" "))?;
        for lock in &self.locks {
            write!(f, "; {lock}")?;
        }
        for Rewrite { table, because } in &self.rewrote {
            write!(f, "; rewrote {table}: {because}")?;
        }
        match self.lock_timeout {
            Some(timeout) => write!(f, "; lock_timeout {} ms", timeout.as_millis()),
            None => f.write_str("; no lock_timeout"),
        }
    }
}

/// A wait for a lock that PostgreSQL wrote to its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The connection that waited.
    pub connection: u64,
    /// The mode that it asked for.
    pub mode: LockMode,
    /// What for, in the server's words: a relation by its number, a transaction.
    pub on: String,
    /// The connections that held the lock.
    pub holders: Vec<u64>,
    /// The connections that waited for it, in the order in which they would get it.
    pub queue: Vec<u64>,
    /// The statement that waited.
    pub statement: Option<String>,
}
