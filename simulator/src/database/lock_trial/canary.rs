//! Somebody else's SELECT and INSERT, with little patience.

use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::Instant;

use crate::database::catalog::{Catalog, Filled, Table};
use crate::database::evidence::Access;
use crate::database::{Account, DatabaseError, Engine, LogicalDatabase, Refusal, sql};

const ACTION: &str = "send a canary";

/// What reading or writing a table came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    /// The table.
    pub table: String,
    /// Whether it read or wrote.
    pub access: Access,
    /// What it came to.
    pub outcome: Outcome,
}

/// What reading or writing a table came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was served after this time.
    Served(Duration),
    /// It was not served while its patience lasted.
    TimedOut,
    /// It failed for another reason.
    Refused(Refusal),
}

/// Reads and writes each table, all at the same time, as the app's user, and for so many `seconds` at most. Nothing is written that
/// lasts.
pub(super) async fn send(
    database: &LogicalDatabase,
    catalog: &Catalog,
    tables: &[String],
    seconds: u32,
) -> Result<Vec<Canary>, DatabaseError> {
    let known = tables.iter().filter_map(|table| catalog.tables.get_key_value(table));
    let canaries = known.flat_map(|(name, table)| {
        [Access::Read, Access::Write]
            .into_iter()
            .filter_map(move |access| Some((name, access, statement(database.spec().engine, name, table, access)?)))
    });
    try_join_all(canaries.map(|(table, access, statement)| one(database, table, (access, statement), seconds))).await
}

async fn one(
    database: &LogicalDatabase,
    table: &str,
    (access, statement): (Access, String),
    seconds: u32,
) -> Result<Canary, DatabaseError> {
    let mut connection = database.connect(Account::App).await?;
    let patience = match database.spec().engine {
        Engine::Postgres => format!("SET statement_timeout = '{seconds}s'"),
        // The first is about tables, the second about rows. Both count whole seconds.
        Engine::MySql | Engine::MariaDb => {
            format!("SET SESSION lock_wait_timeout = {seconds}, innodb_lock_wait_timeout = {seconds}")
        }
    };
    connection.execute(ACTION, &patience).await?;
    connection.execute(ACTION, "START TRANSACTION").await?;
    let start = Instant::now();
    let outcome = match connection.attempt(ACTION, &statement).await? {
        Ok(()) => Outcome::Served(start.elapsed()),
        Err(refusal) if refusal.sqlstate == "57014" || refusal.errno == Some(1205) => Outcome::TimedOut,
        Err(refusal) => Outcome::Refused(refusal),
    };
    connection.execute(ACTION, "ROLLBACK").await?;
    Ok(Canary { table: table.to_owned(), access, outcome })
}

/// A statement that takes the locks of any other of its kind and needs no value. `None` if the table has no column that can be written.
fn statement(engine: Engine, name: &str, table: &Table, access: Access) -> Option<String> {
    let name = sql::name(engine, name);
    match access {
        Access::Read => Some(format!("SELECT 1 FROM {name} LIMIT 1")),
        Access::Write => {
            let column = table.columns.iter().find(|column| matches!(column.filled, Filled::Not | Filled::Default))?;
            let column = sql::column(engine, &column.name);
            Some(format!("INSERT INTO {name} ({column}) SELECT {column} FROM {name} WHERE 1 = 0"))
        }
    }
}
