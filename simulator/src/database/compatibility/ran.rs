//! Statements as the server's record has them.

use std::collections::BTreeMap;

use crate::database::connection::Row;
use crate::database::sql;
use crate::database::statement::postgres::entries;

/// A statement that ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The server's number of the connection that sent it.
    pub connection: u64,
    /// Its text. PostgreSQL's has `$1` where a driver sent parameters apart; MySQL's and MariaDB's has `?` when it was prepared, and
    /// the values when it was executed.
    pub text: String,
    /// Whether it was only prepared.
    pub prepared_only: bool,
}

/// A statement that was captured, with all that differ from it in values only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// The first text of it.
    pub text: String,
    /// What all of them have in common.
    pub digest: String,
    /// How many times it ran.
    pub times: usize,
}

impl Captured {
    /// Whether it reads or writes rows. The others (`BEGIN`, `SET`, definitions) are not compared.
    #[must_use]
    pub fn is_about_rows(&self) -> bool {
        let first = self.digest.split_whitespace().find(|word| *word != "(").unwrap_or_default();
        matches!(
            first,
            "select" | "insert" | "update" | "delete" | "replace" | "with" | "merge" | "values" | "table" | "call"
        )
    }
}

/// What ran, without repetitions, in the order in which each ran first.
#[must_use]
pub fn distinct(ran: &[Ran]) -> Vec<Captured> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut captured: Vec<Captured> = Vec::new();
    for statement in ran {
        let digest = sql::digest(&statement.text);
        if digest.is_empty() {
            continue;
        }
        let place = *places.entry(digest.clone()).or_insert(captured.len());
        if place == captured.len() {
            captured.push(Captured { text: statement.text.clone(), digest, times: 0 });
        }
        captured[place].times += usize::from(!statement.prepared_only);
    }
    captured
}

/// What `user` sent to `database`, from PostgreSQL's log with `log_statement = all`.
pub(super) fn from_log(log: &str, database: &str, user: &str) -> Vec<Ran> {
    let sent = entries(log).filter(|entry| entry.database == database && entry.user == user && entry.severity == "LOG");
    let ran = sent.filter_map(|entry| {
        let text = match entry.text.split_once(": ")? {
            ("statement", text) => text,
            (what, text) if what.starts_with("execute ") => text,
            _ => return None,
        };
        Some(Ran { connection: entry.process.into(), text: text.to_owned(), prepared_only: false })
    });
    ran.filter(|ran| !ran.text.contains("greenroom mark ")).collect()
}

/// What `user` sent to `database`, from rows of the general log: `connection, command, user and host, argument, is it after the mark`.
/// A connection of which no row tells the database was there before the log was; `known` has the databases of those.
pub(super) fn from_general_log(rows: &[Row], known: &BTreeMap<u64, String>, database: &str, user: &str) -> Vec<Ran> {
    let mut databases = known.clone();
    let mut ran = Vec::new();
    for row in rows {
        let [Some(connection), Some(command), Some(account), Some(argument), Some(recent)] = row.as_slice() else {
            continue;
        };
        let Ok(connection) = connection.parse::<u64>() else { continue };
        match command.as_str() {
            // `reader@172.17.0.1 on news using TCP/IP`; without a database there are two spaces.
            "Connect" => {
                let chosen = argument.split_once(" on ").and_then(|(_, rest)| rest.rsplit_once(" using "));
                databases.insert(connection, chosen.map_or("", |(name, _)| name.trim()).to_owned());
            }
            "Init DB" => drop(databases.insert(connection, argument.clone())),
            "Query" | "Prepare" | "Execute" => {
                let is_users = account.split_once('[').is_some_and(|(name, _)| name == user);
                let is_here = databases.get(&connection).is_some_and(|name| name == database);
                if is_users && is_here && recent == "1" {
                    ran.push(Ran { connection, text: argument.clone(), prepared_only: command == "Prepare" });
                }
            }
            _ => {}
        }
    }
    ran
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_read_from_postgresqls_log() {
        let line = |process: u32, user: &str, database: &str, text: &str| {
            format!("greenroom|1700000000.001|{process}|{user}|{database}|00000| {text}\n")
        };
        let log = [
            line(7, "postgres", "news", "LOG:  statement: SELECT 'ours'"),
            line(9, "reader", "news", "LOG:  execute <unnamed>: SELECT a\n\t  FROM t WHERE b = $1"),
            line(9, "reader", "news", "DETAIL:  parameters: $1 = 'x'"),
            line(9, "reader", "news", "LOG:  execute s1: INSERT INTO t (a) VALUES ($1)"),
            line(9, "reader", "other", "LOG:  statement: SELECT 'elsewhere'"),
            line(9, "reader", "news", "LOG:  statement: select a from t where b = 'y'"),
            line(9, "reader", "news", "LOG:  disconnection: session time: 0:00:00.002"),
            line(9, "reader", "news", "ERROR:  statement: no"),
        ];
        let captured = distinct(&from_log(&log.concat(), "news", "reader"));
        let shown: Vec<(&str, usize)> = captured.iter().map(|one| (one.text.as_str(), one.times)).collect();
        assert_eq!(shown, [("SELECT a\n  FROM t WHERE b = $1", 2), ("INSERT INTO t (a) VALUES ($1)", 1)]);
    }

    #[test]
    fn statements_are_read_from_the_general_log() {
        let row = |connection: &str, command: &str, argument: &str, recent: &str| -> Row {
            let account =
                if command == "Connect" { "[reader] @  [172.17.0.1]" } else { "reader[reader] @  [172.17.0.1]" };
            [connection, command, account, argument, recent].map(|value| Some(value.to_owned())).to_vec()
        };
        let rows = [
            row("1", "Connect", "reader@172.17.0.1 on news using TCP/IP", "0"),
            row("1", "Query", "SELECT 'before'", "0"),
            row("1", "Prepare", "SELECT a FROM t WHERE b IN (?, ?)", "1"),
            row("1", "Execute", "SELECT a FROM t WHERE b IN (1, 2)", "1"),
            row("1", "Close stmt", "", "1"),
            row("2", "Connect", "reader@172.17.0.1 on  using TCP/IP", "1"),
            row("2", "Query", "SELECT 'nowhere'", "1"),
            row("2", "Init DB", "news", "1"),
            row("2", "Query", "SELECT 'here'", "1"),
            row("3", "Query", "SELECT 'warm', 1", "1"),
            row("4", "Query", "SELECT 'other'", "1"),
        ];
        let known = BTreeMap::from([(3, "news".to_owned()), (4, "other".to_owned())]);
        let captured = distinct(&from_general_log(&rows, &known, "news", "reader"));
        let shown: Vec<(&str, usize)> = captured.iter().map(|one| (one.text.as_str(), one.times)).collect();
        assert_eq!(shown, [("SELECT a FROM t WHERE b IN (?, ?)", 1), ("SELECT 'here'", 2)]);
    }

    #[test]
    fn only_statements_about_rows_are_compared() {
        for (text, expected) in [
            ("BEGIN", false),
            ("(SELECT 1)", true),
            ("-- x\nWITH a AS (SELECT 1) SELECT * FROM a", true),
            ("ALTER TABLE t ADD a int", false),
        ] {
            let ran = Ran { connection: 1, text: text.to_owned(), prepared_only: false };
            assert_eq!(distinct(&[ran])[0].is_about_rows(), expected, "{text}");
        }
    }
}
