//! Which tables were read or written, as the server itself counts.

use std::collections::BTreeSet;
use std::time::Duration;

use super::logical::LogicalDatabase;
use super::{Account, DatabaseError, Engine};

/// A killed client's sessions end within milliseconds.
const LEFT_WITHIN: Duration = Duration::from_secs(5);

impl LogicalDatabase {
    /// Forgets which tables were touched so far.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn forget_touches(&self) -> Result<(), DatabaseError> {
        let forget = match self.spec().engine {
            Engine::Postgres => "SELECT pg_stat_reset()",
            Engine::MySql | Engine::MariaDb => "TRUNCATE TABLE performance_schema.table_io_waits_summary_by_table",
        };
        self.connect(Account::Administrator).await?.execute("forget which tables were touched", forget).await
    }

    /// Waits until nobody but this connection is connected to it, or five seconds.
    ///
    /// # Errors
    /// If the server does not tell.
    pub async fn until_left(&self) -> Result<(), DatabaseError> {
        let query = match self.spec().engine {
            Engine::Postgres => {
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            }
            Engine::MySql | Engine::MariaDb => {
                "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND ID <> CONNECTION_ID()"
            }
        };
        let mut connection = self.connect(Account::Administrator).await?;
        let deadline = tokio::time::Instant::now() + LEFT_WITHIN;
        while tokio::time::Instant::now() < deadline {
            let rows = connection.rows("count the connections", query).await?;
            if rows.into_iter().flatten().flatten().next().as_deref() == Some("0") {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// The tables that were read or written since [`LogicalDatabase::forget_touches`], with the schema before those that are not in the
    /// default one. PostgreSQL counts what a session did when the session ends, so the app's must have ended.
    ///
    /// # Errors
    /// If the server does not tell.
    pub async fn touched_tables(&self) -> Result<BTreeSet<String>, DatabaseError> {
        let query = match self.spec().engine {
            Engine::Postgres => {
                "SELECT CASE schemaname WHEN 'public' THEN relname ELSE schemaname || '.' || relname END \
                 FROM pg_stat_user_tables \
                 WHERE coalesce(seq_scan, 0) + coalesce(idx_scan, 0) + n_tup_ins + n_tup_upd + n_tup_del > 0"
            }
            Engine::MySql | Engine::MariaDb => {
                "SELECT OBJECT_NAME FROM performance_schema.table_io_waits_summary_by_table \
                 WHERE OBJECT_TYPE = 'TABLE' AND OBJECT_SCHEMA = DATABASE() AND COUNT_STAR > 0"
            }
        };
        let rows = self.connect(Account::Administrator).await?.rows("read which tables were touched", query).await?;
        Ok(rows.into_iter().flatten().flatten().collect())
    }
}
