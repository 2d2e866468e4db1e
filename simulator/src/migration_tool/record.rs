//! What a tool has written down in the database: which migrations are applied, and which were begun and not ended.

use std::collections::BTreeMap;
use std::fmt;

use super::{Lock, Tool};
use crate::database::schema::Table;
use crate::database::{Connection, DatabaseError};

/// The tables in which a tool keeps its own record. They are no part of the app's schema.
#[derive(Clone, Copy, Debug)]
pub struct Tables {
    /// The table that says which migrations are applied.
    pub version: &'static str,
    /// Columns that it has: several tools call their table the same.
    pub columns: &'static [&'static str],
    /// Columns that it does not have, by which it is told from another's.
    pub without: &'static [&'static str],
    /// Its other tables.
    pub others: &'static [&'static str],
    /// A query of two columns, the migration and `applied` or `unfinished`, in the order of application.
    pub query: &'static str,
}

/// How far a migration got, as the tool has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It is applied.
    Applied,
    /// It was begun; the tool refuses to go on until somebody says what became of it.
    Unfinished,
}

/// What is written after a migration that was begun and not ended.
pub(crate) const UNFINISHED: &str = " (unfinished)";

/// One migration in a tool's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name or number.
    pub migration: String,
    /// How far it got.
    pub condition: Condition,
}

/// What a tool has written down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Its migrations, in the order of application.
    pub entries: Vec<Entry>,
    /// Whether a row says that somebody is migrating, where the tool's lock is a row.
    pub locked: bool,
}

impl Entry {
    /// Reads a row of two columns, as [`Tables::query`] gives them.
    #[must_use]
    pub fn judge(row: &[Option<String>]) -> Option<Self> {
        let [Some(migration), Some(condition)] = row else { return None };
        let condition = if condition == "unfinished" { Condition::Unfinished } else { Condition::Applied };
        Some(Self { migration: migration.clone(), condition })
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.migration)?;
        match self.condition {
            Condition::Applied => Ok(()),
            Condition::Unfinished => f.write_str(UNFINISHED),
        }
    }
}

impl State {
    /// The migration that was begun and not ended, if the tool has written one down.
    #[must_use]
    pub fn unfinished(&self) -> Option<&str> {
        let found = self.entries.iter().find(|entry| entry.condition == Condition::Unfinished);
        found.map(|entry| entry.migration.as_str())
    }
}

impl Tables {
    /// Whether one of `tables` is this record. Capitals do not count: some servers keep them, some fold them.
    #[must_use]
    pub fn are_in(&self, tables: &BTreeMap<String, Table>) -> bool {
        let has = |table: &Table, name: &str| table.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
        let mut found = tables.iter().filter(|(name, _)| name.eq_ignore_ascii_case(self.version));
        found.any(|(_, table)| {
            self.columns.iter().all(|name| has(table, name)) && !self.without.iter().any(|name| has(table, name))
        })
    }

    /// Whether all the tables are there, the others too.
    #[must_use]
    pub fn are_all_in(&self, tables: &BTreeMap<String, Table>) -> bool {
        self.are_in(tables)
            && self.others.iter().all(|other| tables.keys().any(|name| name.eq_ignore_ascii_case(other)))
    }

    /// Whether `table` is one of its tables.
    #[must_use]
    pub fn include(&self, table: &str) -> bool {
        std::iter::once(&self.version).chain(self.others).any(|name| name.eq_ignore_ascii_case(table))
    }
}

impl Tool {
    /// Reads which migrations this tool has recorded. Its table must be there.
    ///
    /// # Errors
    /// If the server refuses the query.
    pub async fn entries(&self, connection: &mut Connection) -> Result<Vec<Entry>, DatabaseError> {
        let rows = connection.rows("read the migration tool's record", self.tables.query).await?;
        Ok(rows.iter().filter_map(|row| Entry::judge(row)).collect())
    }

    /// Reads what this tool has written down, its lock included. Its tables must be there.
    ///
    /// # Errors
    /// If the server refuses a query.
    pub async fn state(&self, connection: &mut Connection) -> Result<State, DatabaseError> {
        let entries = self.entries(connection).await?;
        let locked = match self.lock {
            Lock::Row { taken, .. } => !connection.rows("read the migration tool's lock", taken).await?.is_empty(),
            Lock::None { .. } | Lock::Session { .. } => false,
        };
        Ok(State { entries, locked })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_judged() {
        let row = |migration: &str, condition: &str| vec![Some(migration.to_owned()), Some(condition.to_owned())];
        let rows = [row("1", "applied"), row("2", "unfinished"), vec![None, None]];
        let state = State { entries: rows.iter().filter_map(|row| Entry::judge(row)).collect(), locked: true };
        let words: Vec<String> = state.entries.iter().map(ToString::to_string).collect();
        assert_eq!(words, ["1", "2 (unfinished)"]);
        assert_eq!(state.unfinished(), Some("2"));
    }
}
