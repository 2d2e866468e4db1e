//! The versions of the Rust fixture, whose migrator is sqlx's: what must be found in each, on each engine, and what must not. By night
//! alone: compiling the app takes longer than everything else that is played on every run.

use super::{Case, ENGINES, Row, broken, green, warned};

const APP: &str = "links-rust";

const POSTGRES: [&str; 1] = ["postgres"];
const MYSQL: [&str; 1] = ["mysql"];
const MARIADB: [&str; 1] = ["mariadb"];

/// They commit every definition by itself.
const MYSQLS: [&str; 2] = ["mysql", "mariadb"];

type Of = (&'static [&'static str], Case);

/// What is the same everywhere.
const EVERYWHERE: [Of; 5] = [
    (&ENGINES, green("v2", "S1,S2,S6")),
    (&ENGINES, broken("v2-edited-migration", "S1", &["M-04 S1"], "is not the one that was applied")),
    (&ENGINES, green("v2-migration-split", "S1,S2,S6")),
    (&ENGINES, broken("v2-at-start", "S1,S2,S6", &["X-05 S6"], "VersionMissing(20261115090000)")),
    (&ENGINES, green("v2-at-start-lenient", "S1,S2,S6")),
];

/// What a migration leaves that fails at its second statement (S1).
const HALF: [Of; 2] = [
    (&POSTGRES, broken("v2-migration-half", "S1", &["M-12 S1"], "fails")),
    (&MYSQLS, broken("v2-migration-half", "S1", &["M-03 S1", "M-08 S1"], "stays noted as begun")),
];

/// What a run leaves that is killed (S7): on PostgreSQL and MySQL its lock, while its session lives on; on the MySQLs a note that it was
/// begun. On MariaDB there is no lock.
const KILLED: [Of; 5] = [
    (&POSTGRES, warned("v2", "S7", &["M-06 S7"], "a second run waits for it without end")),
    (&MYSQL, warned("v2", "S7", &["M-03 S7", "M-06 S7", "M-08 S7"], "is partially applied")),
    (&MARIADB, warned("v2", "S7", &["M-03 S7", "M-07 S7", "M-08 S7"], "is partially applied")),
    (&POSTGRES, green("v2-short-sessions", "S7")),
    (&MYSQL, warned("v2-short-sessions", "S7", &["M-03 S7", "M-08 S7"], "is partially applied")),
];

/// Every row of these tables.
pub(super) fn rows() -> Vec<Row> {
    let tables = EVERYWHERE.iter().chain(&HALF).chain(&KILLED);
    tables.map(|(engines, case)| Row { app: APP, engines, case }).collect()
}

#[cfg(feature = "whole")]
mod played {
    use super::rows;
    use crate::data::play;

    #[test]
    fn postgres() {
        play(&rows(), "postgres", &[]);
    }

    #[test]
    fn mysql() {
        play(&rows(), "mysql", &[]);
    }

    #[test]
    fn mariadb() {
        play(&rows(), "mariadb", &[]);
    }
}
