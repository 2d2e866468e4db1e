//! Watches a migration from the server's side: the statements that it sends, whatever tool sends them, and what they do to others.

use super::ground::Ground;
use super::table::Schema;
use crate::database::compatibility::Capture;
use crate::database::evidence::{Ddl, EventTriggers, Probed, online};
use crate::database::sql::tokens;
use crate::database::{Account, DatabaseError, Engine, LogicalDatabase};

/// A watch over one database.
#[derive(Debug)]
pub(super) struct Watch {
    capture: Capture,
    triggers: Option<EventTriggers>,
}

/// What was seen of a migration.
#[derive(Clone, Debug, Default)]
pub(super) struct Watched {
    /// The statements that it sent, in order.
    pub(super) statements: Vec<String>,
    /// PostgreSQL: its definitions, as the connection that ran them saw them.
    pub(super) definitions: Vec<Ddl>,
    /// MySQL and MariaDB: how each statement is carried out.
    pub(super) probed: Vec<Probed>,
}

impl Watch {
    /// Watches `database` from now on.
    ///
    /// # Errors
    /// If the server refuses it.
    pub(super) async fn over(database: &LogicalDatabase) -> Result<Self, DatabaseError> {
        let triggers = match database.spec().engine {
            Engine::Postgres => Some(EventTriggers::install(database).await?),
            Engine::MySql | Engine::MariaDb => None,
        };
        Ok(Self { capture: Capture::start(database).await?, triggers })
    }

    /// What was seen until now. MySQL and MariaDB have no event triggers: what the migration sent is tried once more, on a clone of the
    /// baseline called `name`.
    ///
    /// # Errors
    /// If the server's record cannot be read.
    pub(super) async fn seen(&self, ground: &Ground<'_>, name: &str) -> Result<Watched, DatabaseError> {
        let ran = self.capture.ran().await?;
        let statements: Vec<String> = ran.into_iter().filter(|it| !it.prepared_only).map(|it| it.text).collect();
        let definitions = match &self.triggers {
            Some(triggers) => triggers.read().await?.0,
            None => Vec::new(),
        };
        let again: Vec<String> = statements.iter().filter(|it| changes_something(it)).cloned().collect();
        let probed = if self.triggers.is_none() && again.iter().any(|it| begins(it, &DEFINES)) {
            let clone = ground.clone_called(name, Schema::Baseline).await?;
            online(&mut clone.connect(Account::App).await?, &again).await?
        } else {
            Vec::new()
        };
        Ok(Watched { statements, definitions, probed })
    }
}

const DEFINES: [&str; 4] = ["ALTER", "CREATE", "DROP", "RENAME"];

/// Whether a statement does anything to a database. The others (a tool's questions, its locks) would only take time, or wait.
pub(super) fn changes_something(statement: &str) -> bool {
    begins(statement, &DEFINES)
        || begins(statement, &["INSERT", "UPDATE", "DELETE", "REPLACE", "TRUNCATE"])
        || begins(statement, &["SET"])
}

fn begins(statement: &str, words: &[&str]) -> bool {
    tokens(statement).first().is_some_and(|first| words.iter().any(|word| first.is(word)))
}
