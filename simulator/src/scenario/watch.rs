//! Watches a migration from the server's side: the statements that it sends, whatever tool sends them, and what they do to others.

use super::ground::Ground;
use super::table::Schema;
use crate::database::compatibility::Capture;
use crate::database::evidence::{Ddl, EventTriggers, Probed, online};
use crate::database::sql::{Token, tokens};
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
        let of_clone = |it: &&String| changes_something(it) && !is_about_the_server(it);
        let again: Vec<String> = statements.iter().filter(of_clone).cloned().collect();
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

/// Whether a statement makes, changes or removes what the server has for all databases. A clone of one does not keep it to itself.
fn is_about_the_server(statement: &str) -> bool {
    const OF_SERVER: [&str; 8] = ["ROLE", "USER", "DATABASE", "SCHEMA", "SERVER", "TABLESPACE", "INSTANCE", "RESOURCE"];
    let tokens = tokens(statement);
    let between = |token: &&Token| ["OR", "REPLACE", "UNDO", "LOGFILE"].iter().any(|word| token.is(word));
    let what = tokens.iter().skip(1).find(|token| !between(token));
    begins(statement, &DEFINES) && what.is_some_and(|what| OF_SERVER.iter().any(|word| what.is(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_databases_share_is_not_a_clones() {
        for (statement, expected) in [
            ("CREATE ROLE reader", true),
            ("create or replace role reader", true),
            ("ALTER USER me IDENTIFIED BY 'x'", true),
            ("DROP DATABASE other", true),
            ("CREATE UNDO TABLESPACE t ADD DATAFILE 'a'", true),
            ("CREATE TABLE role (user int)", false),
            ("ALTER TABLE notes ADD COLUMN role int", false),
            ("CREATE OR REPLACE VIEW users AS SELECT 1", false),
            ("UPDATE user SET role = 1", false),
        ] {
            assert_eq!(is_about_the_server(statement), expected, "{statement}");
        }
    }
}
