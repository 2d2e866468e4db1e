//! Who waits for whom at this moment.

use super::lock::{Access, LockMode, TableLock};
use crate::database::connection::Row;
use crate::database::schema::postgres::NAME;
use crate::database::{Connection, DatabaseError, Engine};

const ACTION: &str = "ask who waits for a lock";

/// A connection that waits for a lock on a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The server's number of the connection.
    pub connection: u64,
    /// What it waits for.
    pub lock: TableLock,
    /// The connections that it waits for: those that hold what stops it, and those that wait before it.
    pub blocked_by: Vec<u64>,
    /// The statement that waits.
    pub statement: String,
}

/// The connections that wait for a lock on a table of the database that `watcher` is connected to. MySQL and MariaDB show theirs to
/// administrators only.
///
/// # Errors
/// If the server does not answer.
pub async fn waiting(watcher: &mut Connection) -> Result<Vec<Waiting>, DatabaseError> {
    match watcher.engine() {
        Engine::Postgres => {
            let query = format!(
                "SELECT l.pid, {NAME}, l.mode, array_to_string(pg_blocking_pids(l.pid), ','), a.query FROM pg_locks l \
                 JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_stat_activity a ON a.pid = l.pid \
                 WHERE NOT l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY l.pid"
            );
            Ok(watcher.rows(ACTION, &query).await?.into_iter().filter_map(postgres).collect())
        }
        Engine::MySql | Engine::MariaDb => Ok(mysql(&held(watcher.rows(ACTION, MYSQL).await?))),
    }
}

/// The locks that `connection` holds and that stop somebody else's reading or writing.
///
/// # Errors
/// If the server does not answer.
pub async fn strong_locks(watcher: &mut Connection, connection: u64) -> Result<Vec<TableLock>, DatabaseError> {
    let locks: Vec<TableLock> = match watcher.engine() {
        Engine::Postgres => {
            let query = format!(
                "SELECT {NAME}, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace \
                 WHERE l.granted AND l.pid = {connection} AND c.relkind IN ('r', 'p', 'm')"
            );
            let rows = watcher.rows(ACTION, &query).await?;
            let lock = |row: Row| {
                let [table, mode] = <[Option<String>; 2]>::try_from(row).ok()?;
                Some(TableLock { table: table?, mode: LockMode::Postgres(mode?) })
            };
            rows.into_iter().filter_map(lock).collect()
        }
        Engine::MySql | Engine::MariaDb => {
            let held = held(watcher.rows(ACTION, MYSQL).await?);
            held.into_iter().filter(|one| one.granted && one.connection == connection).map(|one| one.lock).collect()
        }
    };
    Ok(locks.into_iter().filter(|lock| lock.mode.stops(Access::Write)).collect())
}

fn postgres(row: Row) -> Option<Waiting> {
    let [connection, table, mode, blocked_by, statement] = <[Option<String>; 5]>::try_from(row).ok()?;
    Some(Waiting {
        connection: connection?.parse().ok()?,
        lock: TableLock { table: table?, mode: LockMode::Postgres(mode?) },
        blocked_by: blocked_by?.split(',').filter_map(|number| number.parse().ok()).collect(),
        statement: statement.unwrap_or_default(),
    })
}

const MYSQL: &str = "SELECT t.PROCESSLIST_ID, m.OBJECT_NAME, m.LOCK_TYPE, m.LOCK_STATUS = 'GRANTED', COALESCE(t.PROCESSLIST_INFO, '') \
     FROM performance_schema.metadata_locks m JOIN performance_schema.threads t ON t.THREAD_ID = m.OWNER_THREAD_ID \
     WHERE m.OBJECT_TYPE = 'TABLE' AND m.OBJECT_SCHEMA = DATABASE() AND t.PROCESSLIST_ID IS NOT NULL ORDER BY t.PROCESSLIST_ID";

/// A metadata lock, held or waited for.
struct Held {
    connection: u64,
    lock: TableLock,
    granted: bool,
    statement: String,
}

fn held(rows: Vec<Row>) -> Vec<Held> {
    let held = |row: Row| {
        let [connection, table, mode, granted, statement] = <[Option<String>; 5]>::try_from(row).ok()?;
        Some(Held {
            connection: connection?.parse().ok()?,
            lock: TableLock { table: table?, mode: LockMode::MySql(mode?) },
            granted: granted? == "1",
            statement: statement.unwrap_or_default(),
        })
    };
    rows.into_iter().filter_map(held).collect()
}

/// The server does not say whom a lock waits for: an exclusive one for everybody who holds any, another one for those that hold or
/// wait for what stops it.
fn mysql(held: &[Held]) -> Vec<Waiting> {
    let waiting = held.iter().filter(|one| !one.granted).map(|one| {
        let is_exclusive = one.lock.mode.stops(Access::Read);
        let access =
            if one.lock.mode == LockMode::MySql("SHARED_READ".to_owned()) { Access::Read } else { Access::Write };
        let others =
            held.iter().filter(|other| other.connection != one.connection && other.lock.table == one.lock.table);
        let stopping = others.filter(|other| if is_exclusive { other.granted } else { other.lock.mode.stops(access) });
        let mut blocked_by: Vec<u64> = stopping.map(|other| other.connection).collect();
        blocked_by.dedup();
        Waiting { connection: one.connection, lock: one.lock.clone(), blocked_by, statement: one.statement.clone() }
    });
    waiting.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_waits_for_the_holder_and_everybody_else_for_the_definition() {
        let row = |connection: &str, mode: &str, granted: &str| -> Row {
            [connection, "users", mode, granted, "…"].map(|value| Some(value.to_owned())).to_vec()
        };
        let rows = vec![
            row("1", "SHARED_READ", "1"),
            row("2", "SHARED_UPGRADABLE", "1"),
            row("2", "EXCLUSIVE", "0"),
            row("3", "SHARED_READ", "0"),
            row("4", "SHARED_WRITE", "0"),
        ];
        let found: Vec<(u64, Vec<u64>)> =
            mysql(&held(rows)).into_iter().map(|one| (one.connection, one.blocked_by)).collect();
        assert_eq!(found, [(2, vec![1]), (3, vec![2]), (4, vec![2])]);
    }
}
