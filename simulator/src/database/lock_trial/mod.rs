//! A migration tried against somebody who is reading: does it wait, and who waits behind it (M-16, M-17).
//!
//! For each table that the migration touches a holder keeps a transaction open that has read it, as `pg_dump`, a report or an idle session
//! does. When the migration waits for one of them, canaries read and write every touched table, each with little patience; then that
//! holder goes and the migration runs on to the next. Which canaries must fail is known from the locks alone, and both are told.

mod canary;

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::catalog::Catalog;
use super::evidence::{Access, TableLock, Waiting, strong_locks, waiting};
use super::{Account, Connection, DatabaseError, LogicalDatabase, sql};

pub use canary::{Canary, Outcome};

const ACTION: &str = "hold a table";

/// From one look at the locks to the next.
const CADENCE: Duration = Duration::from_millis(10);

/// What came of a migration with holders.
#[derive(Debug)]
pub struct LockTrial<T> {
    /// Each time that the migration waited for a holder, in order.
    pub stops: Vec<Stop>,
    /// What the migration itself came to; `None` if it had not ended when the patience did.
    pub migration: Option<T>,
}

/// The migration waited for a holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// What it waited for, and its statement.
    pub waiting: Waiting,
    /// What it held already, from earlier statements of its transaction.
    pub held: Vec<TableLock>,
    /// What reading and writing each table came to meanwhile.
    pub canaries: Vec<Canary>,
    /// Whether the migration stopped waiting by itself while the canaries ran: a `lock_timeout`, or one of its tool's.
    pub gave_up: bool,
}

impl Stop {
    /// Whether the locks say that this access has to wait.
    #[must_use]
    pub fn predicts(&self, table: &str, access: Access) -> bool {
        let locks = self.held.iter().chain(std::iter::once(&self.waiting.lock));
        locks.filter(|lock| lock.table == table).any(|lock| lock.mode.stops(access))
    }

    /// How many canaries the locks say must fail, if the migration does not give up.
    #[must_use]
    pub fn predicted(&self) -> usize {
        self.canaries.iter().filter(|canary| self.predicts(&canary.table, canary.access)).count()
    }

    /// How many canaries failed because they had to wait.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.canaries.iter().filter(|canary| canary.outcome == Outcome::TimedOut).count()
    }
}

/// How long whom waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The migration has this long, from its beginning to its end.
    pub migration: Duration,
    /// A canary waits this many seconds: MySQL and MariaDB count whole ones.
    pub canary_seconds: u32,
}

/// Runs `migration` against `database` while `tables` are held.
///
/// The migration must connect by itself; it is polled all the while, and dropped when its patience ends.
///
/// # Errors
/// If the rehearsal's own connections fail. What the migration comes to is part of the answer.
pub async fn lock_trial<T>(
    database: &LogicalDatabase,
    tables: &[String],
    migration: impl Future<Output = T>,
    patience: Patience,
) -> Result<LockTrial<T>, DatabaseError> {
    let mut watcher = database.connect(Account::Administrator).await?;
    let catalog = Catalog::read(&mut watcher).await?;
    let mut holders = Vec::new();
    for table in tables.iter().filter(|table| catalog.tables.contains_key(*table)) {
        holders.push(Holder::of(database, table).await?);
    }
    let end = Instant::now() + patience.migration;
    let mut migration = std::pin::pin!(migration);
    let mut ended = None;
    let mut stops = Vec::new();
    while ended.is_none() && !holders.is_empty() {
        let found = tokio::select! {
            result = &mut migration => {
                ended = Some(result);
                break;
            }
            found = timeout(end.saturating_duration_since(Instant::now()), stopped(&mut watcher, &holders)) => found,
        };
        let Ok(found) = found else { break };
        let (waiting, place) = found?;
        let held = strong_locks(&mut watcher, waiting.connection).await?;
        let canaries = {
            let mut canaries = std::pin::pin!(canary::send(database, &catalog, tables, patience.canary_seconds));
            loop {
                tokio::select! {
                    result = &mut migration, if ended.is_none() => ended = Some(result),
                    canaries = &mut canaries => break canaries?,
                }
            }
        };
        let waits_still = self::waiting(&mut watcher)
            .await?
            .iter()
            .any(|one| one.connection == waiting.connection && one.lock == waiting.lock);
        stops.push(Stop { gave_up: ended.is_some() || !waits_still, waiting, held, canaries });
        holders.remove(place).release().await?;
    }
    for holder in holders {
        holder.release().await?;
    }
    if ended.is_none() {
        ended = timeout(end.saturating_duration_since(Instant::now()), &mut migration).await.ok();
    }
    Ok(LockTrial { stops, migration: ended })
}

/// Waits until somebody waits for one of the holders; says who, and the holder's place.
async fn stopped(watcher: &mut Connection, holders: &[Holder]) -> Result<(Waiting, usize), DatabaseError> {
    loop {
        for found in waiting(watcher).await? {
            let place = holders.iter().position(|holder| found.blocked_by.contains(&holder.number));
            if let Some(place) = place {
                return Ok((found, place));
            }
        }
        sleep(CADENCE).await;
    }
}

/// An open transaction that has read a table.
struct Holder {
    connection: Connection,
    number: u64,
}

impl Holder {
    async fn of(database: &LogicalDatabase, table: &str) -> Result<Self, DatabaseError> {
        let mut connection = database.connect(Account::Administrator).await?;
        let number = connection.number().await?;
        let read = format!("SELECT 1 FROM {} LIMIT 1", sql::name(connection.engine(), table));
        connection.execute(ACTION, "START TRANSACTION").await?;
        connection.rows(ACTION, &read).await?;
        Ok(Self { connection, number })
    }

    async fn release(mut self) -> Result<(), DatabaseError> {
        self.connection.execute("let go of a table", "ROLLBACK").await
    }
}
