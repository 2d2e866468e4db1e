//! What the text of a migration's statements alone says: patterns that break deploys, before anything has run.
//!
//! For PostgreSQL the rules are squawk's ([`postgres`]), for MySQL and MariaDB, where statements fail in other places, our own ([`mysql`]).
//! A pattern is the weakest kind of finding ([`Kind::Static`](crate::finding::Kind::Static)): whoever has seen the statement run knows more,
//! and a finding that was proved takes the place of the pattern with the same code.
//!
//! Deliberately absent: rules of taste (types to prefer, names), and reading migration files: the statements are those that the server got.

mod mysql;
mod postgres;
pub(crate) mod statement;
#[cfg(test)]
mod tests;

use crate::database::Engine;
use crate::finding::{Code, Finding, Kind, Severity, Stage};

/// A statement that has a pattern known to break deploys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// What it breaks, in the catalogue's terms.
    pub code: Code,
    /// The rule: squawk's name of it, or ours.
    pub rule: String,
    /// Why, in one sentence or two.
    pub message: String,
    /// What to write instead, if the rule says so.
    pub help: Option<String>,
    /// The statement, on one line.
    pub statement: String,
}

/// The patterns in `statements`, which a migration sent to a server of `engine` in this order. The same statements give the same patterns in
/// the same order; a statement that cannot be parsed has none.
#[must_use]
pub fn patterns(engine: Engine, statements: &[String]) -> Vec<Pattern> {
    match engine {
        Engine::Postgres => postgres::patterns(statements),
        Engine::MySql | Engine::MariaDb => mysql::patterns(statements),
    }
}

/// `patterns` as findings, one for each code. What was seen to happen needs no suspicion: whoever knows leaves it out before.
#[must_use]
pub fn findings(patterns: &[Pattern]) -> Vec<Finding> {
    let mut codes: Vec<Code> = Vec::new();
    for pattern in patterns {
        if !codes.contains(&pattern.code) {
            codes.push(pattern.code);
        }
    }
    codes.into_iter().map(|code| finding(code, patterns)).collect()
}

fn finding(code: Code, patterns: &[Pattern]) -> Finding {
    let of_code = || patterns.iter().filter(|pattern| pattern.code == code);
    let evidence = of_code().map(|it| format!("{}: {} ({})", it.rule, it.statement, one_line(&it.message)));
    let mut help: Vec<String> = Vec::new();
    for text in of_code().filter_map(|it| it.help.as_deref()).map(one_line).chain([code.entry().fix.to_owned()]) {
        if !help.contains(&text) {
            help.push(text);
        }
    }
    let sentence = "the migration has a statement of a kind that breaks deploys; nothing was seen to break here";
    let finding = Finding::error(code, Kind::Static, Stage::Migrate, sentence);
    Finding { severity: Severity::Warning, ..finding }.with_evidence(evidence).with_help(help)
}

pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
