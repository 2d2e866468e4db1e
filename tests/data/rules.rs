//! Versions that break a rule of what is around them: of URLs, of the memory that a task has, of what the server does in a transaction or to
//! a whole table, and of a migration tool's record. All of it at night; on every run the one that fails for a reason that no log tells.

use super::{Case, ENGINES, Row, broken, green, play, warned};

const NEWS: &str = "news-api";
const NOTES: &str = "notes-node";

const POSTGRES: &[&str] = &["postgres"];
const MYSQLS: &[&str] = &["mysql", "mariadb"];

type Of = (&'static str, &'static [&'static str], Case);

/// The password has characters that mean something in URLs and in Python's ini files (S1).
const PASSWORDS: [Of; 4] = [
    (NEWS, &ENGINES, broken("v2-percent", "S1", &["M-26 S1"], "double each `%` for the ini file")),
    (NEWS, &ENGINES, green("v2-percent-doubled", "S1")),
    (
        NOTES,
        &ENGINES,
        broken("v2-raw-password", "S1", &["M-26 ?"], "with a password of letters and digits the same succeeds"),
    ),
    (NOTES, &ENGINES, green("v2-encoded-password", "S1,S6")),
];

/// More memory than the task definition grants, for the migration (S1) and at the start of the app (S6).
const MEMORY: [Of; 4] = [
    (NEWS, &ENGINES, broken("v2-hungry-migration", "S1", &["H-09 S1"], "killed for using more memory")),
    (NEWS, &ENGINES, green("v2-sparing-migration", "S1")),
    (NEWS, &ENGINES, broken("v2-hungry", "S6", &["H-09 S6"], "is killed for its memory")),
    (NEWS, &ENGINES, green("v2-sparing", "S6")),
];

/// What the server does not do in a transaction, and what it goes through every row for (S1).
const STATEMENTS: [Of; 3] = [
    (NEWS, POSTGRES, broken("v2-concurrent-inside", "S1", &["M-14 S1"], "cannot run inside a transaction block")),
    (NEWS, &ENGINES, warned("v2-bigger-key", "S1", &["M-18 S1"], "every row of `articles`")),
    (NEWS, &ENGINES, green("v2-longer-title", "S1")),
];

/// Collations that the server does not have, and such as cannot be compared (S1).
const COLLATIONS: [Of; 4] = [
    (NEWS, &["mariadb"], broken("v2-collation", "S1", &["M-22 S1"], "Unknown collation")),
    (NEWS, &["postgres", "mysql"], green("v2-collation", "S1,S2,S6")),
    (NEWS, MYSQLS, broken("v2-collation-mixed", "S1", &["M-22 S1"], "Illegal mix of collations")),
    (NEWS, &ENGINES, green("v2-collation-neutral", "S1,S2,S6")),
];

/// A migration that the tool has written down as begun, and that blocks all that follow, be it that it fails (S1) or is killed (S7).
const RECORDS: [Of; 3] = [
    (NOTES, POSTGRES, broken("v2-prisma-fails", "S1", &["M-08 S1", "M-09 S1"], "its earlier statements stay applied")),
    (
        NOTES,
        POSTGRES,
        warned(
            "v2-prisma",
            "S7",
            &["M-06 S7", "M-08 S7", "M-09 S7"],
            "the second run waited in `SELECT pg_advisory_lock(72707369)`, until it gave up",
        ),
    ),
    (NOTES, POSTGRES, green("v2-prisma", "S1,S6")),
];

/// Every row of these tables.
pub(super) fn rows() -> Vec<Row> {
    let tables: [&'static [Of]; 5] = [&PASSWORDS, &MEMORY, &STATEMENTS, &COLLATIONS, &RECORDS];
    tables.into_iter().flatten().map(|(app, engines, case)| Row { app, engines, case }).collect()
}

/// What is played on every run, on which engine.
const ALWAYS: [(&str, &str, &str); 1] = [("mariadb", NOTES, "v2-raw-password")];

#[test]
fn postgres() {
    play(&rows(), "postgres", &ALWAYS);
}

#[test]
fn mysql() {
    play(&rows(), "mysql", &ALWAYS);
}

#[test]
fn mariadb() {
    play(&rows(), "mariadb", &ALWAYS);
}
