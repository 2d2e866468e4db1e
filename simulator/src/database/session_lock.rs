//! Locks that belong to a session: PostgreSQL's advisory locks, and what MySQL and MariaDB give by `GET_LOCK`.
//!
//! The statements are those that a reader is told to run, so that what is told is what was tried.

use super::connection::Row;
use super::logical::LogicalDatabase;
use super::{Account, DatabaseError, Engine};

const ACTION: &str = "end the session that holds the lock";

/// Those that wait in the database at hand (`w`) and those that hold what they wait for (`h`).
const POSTGRES: &str = "FROM pg_stat_activity w, unnest(pg_blocking_pids(w.pid)) AS b (pid), pg_stat_activity h \
     WHERE w.datname = current_database() AND w.wait_event = 'advisory' AND h.pid = b.pid";

/// The same; an administrator may see it.
const MYSQL: &str = "FROM performance_schema.metadata_locks wl JOIN performance_schema.metadata_locks hl USING (OBJECT_TYPE, OBJECT_NAME) \
     JOIN performance_schema.threads w ON w.THREAD_ID = wl.OWNER_THREAD_ID \
     JOIN performance_schema.threads h ON h.THREAD_ID = hl.OWNER_THREAD_ID \
     WHERE OBJECT_TYPE = 'USER LEVEL LOCK' AND wl.LOCK_STATUS = 'PENDING' AND hl.LOCK_STATUS = 'GRANTED' \
     AND w.PROCESSLIST_DB = DATABASE()";

/// A session that waits for such a lock of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// The statement in which it waits.
    pub statement: String,
    /// What the session that holds the lock does.
    pub holder: String,
}

impl LogicalDatabase {
    /// A session in this database that waits for a lock of another one, if there is one at this moment.
    ///
    /// # Errors
    /// If the server does not tell.
    pub async fn blocked(&self) -> Result<Option<Blocked>, DatabaseError> {
        let query = match self.spec().engine {
            Engine::Postgres => format!("SELECT w.query, h.state {POSTGRES}"),
            Engine::MySql | Engine::MariaDb => format!("SELECT w.PROCESSLIST_INFO, h.PROCESSLIST_COMMAND {MYSQL}"),
        };
        let mut connection = self.connect(Account::Administrator).await?;
        let rows = connection.rows("see who waits for a session's lock", &query).await?;
        let masked = |blocked: Blocked| Blocked { statement: self.masked(&blocked.statement), ..blocked };
        Ok(rows.into_iter().find_map(blocked).map(masked))
    }

    /// Ends the sessions that hold the locks for which others wait, by [`end_holders`].
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn end_holders(&self) -> Result<(), DatabaseError> {
        let engine = self.spec().engine;
        let mut connection = self.connect(Account::Administrator).await?;
        let rows = connection.rows(ACTION, &end_holders(engine)).await?;
        match engine {
            Engine::Postgres => Ok(()),
            Engine::MySql | Engine::MariaDb => {
                for kill in rows.into_iter().flatten().flatten() {
                    connection.execute(ACTION, &kill).await?;
                }
                Ok(())
            }
        }
    }
}

/// What ends the sessions that hold the locks for which others wait, while those wait: on PostgreSQL the statement itself does, on MySQL and
/// MariaDB its rows are statements that do.
#[must_use]
pub fn end_holders(engine: Engine) -> String {
    match engine {
        Engine::Postgres => format!("SELECT pg_terminate_backend(h.pid) {POSTGRES}"),
        Engine::MySql | Engine::MariaDb => format!("SELECT CONCAT('KILL ', h.PROCESSLIST_ID) {MYSQL}"),
    }
}

fn blocked(row: Row) -> Option<Blocked> {
    let [statement, holder] = <[Option<String>; 2]>::try_from(row).ok()?;
    let line = |text: Option<String>| text.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    Some(Blocked { statement: line(statement), holder: line(holder) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_waits_is_told_on_one_line() {
        let row = |statement: &str| vec![Some(statement.to_owned()), Some("idle".to_owned())];
        let expected = Blocked { statement: "SELECT pg_advisory_lock($1)".to_owned(), holder: "idle".to_owned() };
        assert_eq!(blocked(row("SELECT\n  pg_advisory_lock($1)")), Some(expected));
        assert_eq!(blocked(vec![None]), None);
    }
}
