//! Reading MySQL's and MariaDB's record of statements, `performance_schema.events_statements_history_long`.

use std::time::Duration;

use simulator_core::Timestamp;

use super::{PeakConnections, StatementError};
use crate::database::connection::Row;
use crate::database::{Connection, DatabaseError, Engine, sql};

const ACTION: &str = "read the server's record of statements";

/// How long a statement that is still running is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// What MySQL 9.7's `mysqldump` asks for on a server that has no such policies, before it is in a database: a clone is made with it, perhaps
/// while a migration runs beside it.
const ASKED_BY_THE_DUMP: &str = "Table ''performance_schema.column_masking_policy'' doesn''t exist";

/// The server's clocks, at one moment.
pub(super) struct Now {
    /// Picoseconds of the timer that statements are recorded with.
    pub(super) timer: u64,
    /// The time of day.
    clock: Timestamp,
}

/// Reads the server's clocks: the timer only shows in the record of the statement that asks.
pub(super) async fn now(connection: &mut Connection) -> Result<Now, DatabaseError> {
    let query = "SELECT s.TIMER_START, FLOOR(UNIX_TIMESTAMP(SYSDATE(3)) * 1000) \
                 FROM performance_schema.events_statements_current s JOIN performance_schema.threads t USING (THREAD_ID) \
                 WHERE t.PROCESSLIST_ID = CONNECTION_ID()";
    let rows = connection.rows("read the server's clocks", query).await?;
    let mut values = rows.into_iter().flatten().map(|value| value.and_then(|value| value.parse::<u64>().ok()));
    match (values.next().flatten(), values.next().flatten()) {
        (Some(timer), Some(clock)) => Ok(Now { timer, clock: Timestamp::from_millis(clock) }),
        _ => Err(DatabaseError::query("read the server's clocks", "the performance schema records no statements")),
    }
}

/// The statements that failed since the timer showed `from`, in the database `within` if one is named; those of connections that were in
/// no database at the time are anybody's.
pub(super) async fn errors_since(
    connection: &mut Connection,
    from: u64,
    within: Option<&str>,
) -> Result<Vec<StatementError>, DatabaseError> {
    settle(connection).await?;
    let now = now(connection).await?;
    let columns = "TIMER_END, MYSQL_ERRNO, RETURNED_SQLSTATE, MESSAGE_TEXT, SQL_TEXT, THREAD_ID, EVENT_ID";
    let there = within.map_or_else(String::new, |name| {
        format!(" AND (CURRENT_SCHEMA = {} OR CURRENT_SCHEMA IS NULL)", sql::literal(Engine::MySql, name))
    });
    let failed = format!(
        "ERRORS > 0 AND END_EVENT_ID IS NOT NULL AND TIMER_START >= {from}{there} AND NOT MESSAGE_TEXT <=> '{ASKED_BY_THE_DUMP}'"
    );
    // A connection's latest statement stays in the list of current ones, and enters the history a little after its end.
    let query = format!(
        "SELECT {columns} FROM performance_schema.events_statements_history_long WHERE {failed} \
         UNION SELECT {columns} FROM performance_schema.events_statements_current WHERE {failed} \
         ORDER BY TIMER_END, THREAD_ID, EVENT_ID"
    );
    let rows = connection.rows(ACTION, &query).await?;
    rows.into_iter()
        .map(|row| {
            let mut error =
                error(row, &now).ok_or_else(|| DatabaseError::query(ACTION, "a statement is recorded incompletely"))?;
            if let (Some(statement), Some(name)) = (&mut error.statement, within) {
                *statement = sql::unqualified(statement, name);
            }
            Ok(error)
        })
        .collect()
}

fn error(row: Row, now: &Now) -> Option<StatementError> {
    let mut values = row.into_iter();
    let end: u64 = values.next()??.parse().ok()?;
    let errno = values.next()??.parse().ok()?;
    let sqlstate = values.next()??;
    let message = values.next()?.unwrap_or_default();
    let statement = values.next()?;
    let ago = Duration::from_millis(now.timer.saturating_sub(end) / 1_000_000_000);
    let at = Timestamp::from_millis(now.clock.as_millis().saturating_sub(u64::try_from(ago.as_millis()).ok()?));
    Some(StatementError { sqlstate, errno: Some(errno), message, detail: None, statement, at })
}

/// The server answers a statement before it records its end: waits until no other connection has one open.
async fn settle(connection: &mut Connection) -> Result<(), DatabaseError> {
    let query = "SELECT COUNT(*) FROM performance_schema.events_statements_current s \
                 JOIN performance_schema.threads t USING (THREAD_ID) \
                 WHERE s.END_EVENT_ID IS NULL AND t.PROCESSLIST_COMMAND <> 'Sleep' AND t.PROCESSLIST_ID <> CONNECTION_ID() \
                 AND s.EVENT_NAME LIKE 'statement/sql/%'";
    let settled = async {
        loop {
            let rows = connection.rows(ACTION, query).await?;
            if rows.into_iter().flatten().flatten().next().as_deref() == Some("0") {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    // A statement that runs on has not failed yet.
    tokio::time::timeout(PATIENCE, settled).await.unwrap_or(Ok(()))
}

/// The most connections at once since the count was reset, and the limit.
pub(super) async fn peak_connections(connection: &mut Connection) -> Result<PeakConnections, DatabaseError> {
    let action = "read the count of connections";
    let peak = connection.rows(action, "SHOW GLOBAL STATUS LIKE 'Max_used_connections'").await?;
    let limit = connection.rows(action, "SHOW GLOBAL VARIABLES LIKE 'max_connections'").await?;
    let number = |rows: Vec<Row>| rows.into_iter().next()?.into_iter().nth(1)??.parse::<u32>().ok();
    match (number(peak), number(limit)) {
        (Some(at_most), Some(limit)) => Ok(PeakConnections { at_most, limit }),
        _ => Err(DatabaseError::query(action, "the server does not tell it")),
    }
}
