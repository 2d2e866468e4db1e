//! The table: what must be found in each version, on each engine, and what must not.

use super::{Case, ENGINES, Row, broken, check, green};
use crate::whole::whole;

/// What these versions are of.
const APP: &str = "news-api";

/// What is the same on every engine.
const EVERYWHERE: [Case; 15] = [
    // Without its migration the new code cannot answer, which only its order of deploying prevents.
    Case { warnings: &["X-04 S4"], ..green("v2", "S1,S2,S3,S4,S5,S6,S9,S10") },
    broken("v2-drop-column", "S1,S2,S6", &["X-01 S2"], "the new schema refuses to prepare"),
    broken("v2-rename-column", "S2,S6", &["X-01 S2"], "the rollback breaks in the same way (S6)"),
    broken("v2-not-null-insert", "S1,S2,S6", &["X-02 S2"], "`articles.section`"),
    green("v2-not-null-default", "S1,S2,S6"),
    broken("v2-unique-duplicates", "S1,S2", &["M-12 S1"], "migration `0003` fails"),
    green("v2-unique-pair", "S1,S2,S6"),
    broken("v2-null-body", "S2,S6", &["X-06 S6"], "answer otherwise than before"),
    broken("v2-split-writes", "S2,S3", &["X-08 S3"], "`title`"),
    green("v2-dual-writes", "S2,S3"),
    broken("v2-migrate-at-start", "S1,S2,S6", &["X-05 S6"], "`0002`"),
    green("v2-migrate-at-start-lenient", "S1,S2,S6"),
    broken("v2-edited-migration", "S9", &["M-21 S9"], "articles.title"),
    // A way down that does not lead back.
    Case { warnings: &["M-27 S10"], ..green("v2-no-way-down", "S10") },
    broken("v2-swallowed-signal", "S5", &["H-07 S5"], "the whole 10 s"),
];

/// What is played on every run of the tests: one version for each way in which data breaks, and on the MySQLs those in which they are
/// not like PostgreSQL. The whole table takes three quarters of an hour.
const ALWAYS: [(&str, &[&str]); 3] = [
    (
        "postgres",
        &["v2", "v2-drop-column", "v2-unique-duplicates", "v2-null-body", "v2-split-writes", "v2-migrate-at-start"],
    ),
    ("mysql", &["v2-not-null-insert"]),
    ("mariadb", &["v2-unique-pair"]),
];

/// asyncpg keeps prepared statements; the drivers for the other engines keep none.
const STAR: Case = broken("v2-select-star", "S2,S6", &["X-03 S2"], "another result than before: SELECT");
const STAR_ELSEWHERE: Case = green("v2-select-star", "S2,S6");

/// Every row of this table.
pub(super) fn rows() -> Vec<Row> {
    let of = |engines: &'static [&'static str], case: &'static Case| Row { app: APP, engines, case };
    let mut rows: Vec<Row> = EVERYWHERE.iter().map(|case| of(&ENGINES, case)).collect();
    rows.extend([of(&["postgres"], &STAR), of(&["mysql"], &STAR_ELSEWHERE)]);
    rows
}

fn those_for(database: &str) -> Vec<&'static Case> {
    let always = ALWAYS.iter().find(|(name, _)| *name == database).map_or(&[][..], |(_, versions)| versions);
    let played: Vec<&Case> = EVERYWHERE.iter().filter(|case| whole() || always.contains(&case.version)).collect();
    assert!(whole() || played.len() == always.len(), "a version has another name now: {always:?} on {database}");
    played
}

#[test]
fn postgres() {
    check(APP, "postgres", those_for("postgres"));
    check(APP, "postgres", [&STAR]);
}

#[test]
fn mysql() {
    check(APP, "mysql", those_for("mysql"));
    if whole() {
        check(APP, "mysql", [&STAR_ELSEWHERE]);
    }
}

#[test]
fn mariadb() {
    check(APP, "mariadb", those_for("mariadb"));
}
