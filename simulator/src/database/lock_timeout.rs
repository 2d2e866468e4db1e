//! A limit on waiting for locks that no client knows of.

use super::logical::LogicalDatabase;
use super::{Account, DatabaseError, Engine, sql};

const ACTION: &str = "limit how long sessions wait for locks";

impl LogicalDatabase {
    /// From now on whoever connects to it waits a second for a lock and no longer, unless he says otherwise. MySQL and MariaDB let
    /// administrators off.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn limit_waiting(&self) -> Result<(), DatabaseError> {
        let engine = self.spec().engine;
        let limit = match engine {
            Engine::Postgres => format!("ALTER DATABASE {} SET lock_timeout = '1s'", sql::column(engine, self.name())),
            // They have no settings of a database, but a statement that every session begins with. Without the CAST MySQL 9 refuses the
            // value (1232), and with it every session.
            Engine::MySql | Engine::MariaDb => {
                let begin = format!(
                    "SET SESSION lock_wait_timeout = CAST(IF(DATABASE() <=> {}, 1, @@SESSION.lock_wait_timeout) AS UNSIGNED)",
                    sql::literal(engine, self.name())
                );
                format!("SET GLOBAL init_connect = {}", sql::literal(engine, &begin))
            }
        };
        self.connect(Account::Administrator).await?.execute(ACTION, &limit).await
    }
}
