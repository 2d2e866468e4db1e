//! What the clients of a database are doing at this moment.

use super::logical::LogicalDatabase;
use super::{Account, DatabaseError, Engine};

impl LogicalDatabase {
    /// A line for each session of somebody else in it: what it does or waits for, and its last statement, without passwords.
    ///
    /// # Errors
    /// If the server does not tell.
    pub async fn sessions(&self) -> Result<Vec<String>, DatabaseError> {
        let query = match self.spec().engine {
            Engine::Postgres => {
                "SELECT CASE wait_event_type WHEN 'Lock' THEN 'waits for a lock' ELSE state END, left(query, 200) \
                 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state IS NOT NULL ORDER BY pid"
            }
            Engine::MySql | Engine::MariaDb => {
                "SELECT COALESCE(NULLIF(STATE, ''), COMMAND), LEFT(INFO, 200) FROM information_schema.PROCESSLIST \
                 WHERE DB = DATABASE() AND ID <> CONNECTION_ID() ORDER BY ID"
            }
        };
        let mut connection = self.connect(Account::Administrator).await?;
        let rows = connection.rows("see what sessions do", query).await?;
        Ok(rows.into_iter().filter_map(|row| line(&row)).map(|line| self.masked(&line)).collect())
    }
}

fn line(row: &[Option<String>]) -> Option<String> {
    let [doing, statement] = row else { return None };
    let doing = doing.as_deref().unwrap_or("does something");
    let statement = statement.as_deref().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    Some(if statement.is_empty() { doing.to_owned() } else { format!("{doing}: {statement}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_told_in_one_line() {
        let row = |doing: Option<&str>, statement: Option<&str>| {
            line(&[doing.map(str::to_owned), statement.map(str::to_owned)]).expect("two columns")
        };
        assert_eq!(
            row(Some("waits for a lock"), Some("ALTER TABLE t\n ADD a int")),
            "waits for a lock: ALTER TABLE t ADD a int"
        );
        assert_eq!(row(Some("Sleep"), None), "Sleep");
    }
}
