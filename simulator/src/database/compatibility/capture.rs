//! Recording the statements that run.
//!
//! PostgreSQL writes them to its log (`log_statement = all`), MySQL and MariaDB to the table of their general log. Both can be turned on
//! while the server runs, both have the exact text of every statement of every connection, warm ones included, in order, and neither
//! changes what a statement does. The cheaper records leave statements out: `pg_stat_statements` replaces values so that `date $1`
//! can no longer be prepared and needs a library at the server's start; MariaDB's performance schema has no text of what was
//! prepared through the binary protocol (seen on 10.11).

use std::collections::BTreeMap;

use super::ran::{self, Captured, Ran, distinct};
use crate::database::statement::Mark;
use crate::database::{Account, DatabaseError, Engine, LogicalDatabase, sql};

const ACTION: &str = "record the statements that run";

/// A record of the statements that the app's user sends to one database, from when it was started.
#[derive(Clone, Debug)]
pub struct Capture {
    database: LogicalDatabase,
    from: From,
}

#[derive(Clone, Debug)]
enum From {
    Log(Mark),
    /// The server's time of day, as it writes it.
    Time(String),
}

impl Capture {
    /// Starts to record what is sent to `database`. Several records may go on at once; the server keeps recording
    /// until it is stopped.
    ///
    /// # Errors
    /// If the server does not do it.
    pub async fn start(database: &LogicalDatabase) -> Result<Self, DatabaseError> {
        let mut connection = database.connect(Account::Administrator).await?;
        let from = match database.spec().engine {
            Engine::Postgres => {
                // Values could be secrets, and are not needed.
                for setting in ["log_parameter_max_length = 0", "log_statement = 'all'"] {
                    connection.execute(ACTION, &format!("ALTER SYSTEM SET {setting}")).await?;
                }
                connection.execute(ACTION, "SELECT pg_reload_conf()").await?;
                recording(database).await?;
                From::Log(database.mark().await?)
            }
            Engine::MySql | Engine::MariaDb => {
                connection.execute(ACTION, "SET GLOBAL log_output = 'TABLE'").await?;
                connection.execute(ACTION, "SET GLOBAL general_log = ON").await?;
                let now = connection.rows(ACTION, "SELECT SYSDATE(6)").await?.into_iter().flatten().flatten().next();
                From::Time(now.ok_or_else(|| DatabaseError::query(ACTION, "the server has no time"))?)
            }
        };
        Ok(Self { database: database.clone(), from })
    }

    /// Everything that ran until now, in order.
    ///
    /// # Errors
    /// If the server's record cannot be read.
    pub async fn ran(&self) -> Result<Vec<Ran>, DatabaseError> {
        let (name, user) = (self.database.name(), &self.database.spec().user);
        let mut ran = match &self.from {
            From::Log(mark) => ran::from_log(&self.database.log_since(mark).await?, name, user),
            From::Time(from) => {
                let mut connection = self.database.connect(Account::Administrator).await?;
                let known = "SELECT ID, DB FROM information_schema.PROCESSLIST WHERE DB IS NOT NULL";
                let mut databases = BTreeMap::new();
                for row in connection.rows(ACTION, known).await? {
                    if let [Some(id), Some(name)] = row.as_slice()
                        && let Ok(id) = id.parse::<u64>()
                    {
                        databases.insert(id, name.clone());
                    }
                }
                let query = format!(
                    "SELECT thread_id, command_type, user_host, argument, event_time >= '{from}' FROM mysql.general_log \
                     WHERE thread_id <> CONNECTION_ID()"
                );
                let rows = connection.rows(ACTION, &query).await?;
                let mut ran = ran::from_general_log(&rows, &databases, name, user);
                for statement in &mut ran {
                    statement.text = sql::unqualified(&statement.text, name);
                }
                ran
            }
        };
        for statement in &mut ran {
            statement.text = self.database.masked(&statement.text);
        }
        Ok(ran)
    }

    /// Everything that ran until now, without repetitions.
    ///
    /// # Errors
    /// If the server's record cannot be read.
    pub async fn statements(&self) -> Result<Vec<Captured>, DatabaseError> {
        Ok(distinct(&self.ran().await?))
    }
}

/// A server process takes a changed setting before its next statement, once the postmaster has told it: waits until a new one has it,
/// which is told last.
async fn recording(database: &LogicalDatabase) -> Result<(), DatabaseError> {
    loop {
        let mut connection = database.connect(Account::Administrator).await?;
        let value = connection.rows(ACTION, "SHOW log_statement").await?.into_iter().flatten().flatten().next();
        if value.as_deref() == Some("all") {
            return Ok(());
        }
    }
}
