//! What a migration is interrupted with: the database that it finds, and whatever runs it.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use thiserror::Error;

use super::Outcome;
use crate::database::LogicalDatabase;
use crate::migration_tool::Tool;

/// What runs the project's migration, one run after another.
#[async_trait]
pub trait Migrator: Send + Sync {
    /// Starts the migration on `database`, which it reaches at the address `through` if there is one, and else as the project does.
    ///
    /// # Errors
    /// If it cannot be started.
    async fn start(&self, database: &LogicalDatabase, through: Option<SocketAddr>)
    -> Result<Box<dyn Run + '_>, NotRun>;

    /// Starts another command of the tool in the same image on `database`.
    ///
    /// # Errors
    /// If it cannot be started.
    async fn start_command(&self, database: &LogicalDatabase, command: &[String]) -> Result<Box<dyn Run + '_>, NotRun>;
}

/// A run that was begun.
#[async_trait]
pub trait Run: Send + Sync {
    /// Waits until it is over.
    ///
    /// # Errors
    /// If nobody can tell.
    async fn over(&self) -> Result<(), NotRun>;

    /// Waits until it is over, which it is made to be after `patience`, and tells how it ended.
    ///
    /// # Errors
    /// If nobody can tell.
    async fn ended(self: Box<Self>, patience: Duration) -> Result<Outcome, NotRun>;

    /// Kills it, as an exhausted memory does: it cannot clean up.
    ///
    /// # Errors
    /// If it could not be killed.
    async fn kill(self: Box<Self>) -> Result<(), NotRun>;
}

/// Why the migration could not be run at all.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct NotRun(pub String);

/// How much is tried.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The most statements at which the migration is killed.
    pub kills: usize,
    /// Which those are, if there are more, is drawn with this.
    pub seed: u64,
    /// After this moment nothing more is begun.
    pub until: Instant,
}

/// Where a migration is interrupted, and how.
pub struct Scene<'a> {
    /// What the migration finds: every run gets a clone of it. Nobody may be connected to it.
    pub baseline: &'a LogicalDatabase,
    /// What runs the migration: two, side by side.
    pub migrators: [&'a dyn Migrator; 2],
    /// The tool, where it is known.
    pub tool: Option<&'static Tool>,
    /// The migration command, as argv; empty if the app's start migrates.
    pub command: Vec<String>,
    /// Whether every task of the app migrates when it starts, so that several do at once in every deploy.
    pub at_start: bool,
    /// An address of this machine that the migration's containers reach.
    pub address: IpAddr,
    /// How much is tried.
    pub bounds: Bounds,
}
