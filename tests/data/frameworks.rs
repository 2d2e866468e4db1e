//! The versions of the Django and the Node fixture: what must be found in each, on each engine, and what must not. All of it at night; on
//! every run one version on each engine.

use super::{Case, ENGINES, Row, broken, green, play, warned};

/// With Knex.
const NOTES: [Case; 9] = [
    green("v2", "S1,S2,S6"),
    green("v2-migration-split", "S1,S2,S6"),
    broken("v2-not-null", "S2,S6", &["X-02 S2"], "cannot write rows"),
    green("v2-database-default", "S1,S2,S6"),
    // As on RDS, the app's user owns its database and may do no more.
    broken("v2-new-role", "S1", &["C-09 S1"], "CREATE ROLE notes_reader"),
    broken("v2-renamed", "S2,S6", &["X-01 S2"], "`notes."),
    broken("v2-at-start", "S2,S6", &["X-05 S6"], "migration directory is corrupt"),
    green("v2-at-start-lenient", "S2,S6"),
    green("v2-on-rds-encrypted", "S1,S2,S6"),
];

/// With Django's own migrations.
const SHOP: [Case; 8] = [
    green("v2", "S1,S2,S6"),
    green("v2-merged", "S1"),
    broken("v2-two-leaves", "S1", &["M-02 S1"], "both come last"),
    broken("v2-not-null", "S2,S6", &["X-02 S2"], "cannot write rows"),
    green("v2-database-default", "S1,S2,S6"),
    broken("v2-renamed", "S2,S6", &["X-01 S2"], "`orders_"),
    green("v2-renamed-in-code", "S1,S2,S6"),
    // Unlike Alembic and Knex, Django minds no migration that it does not know.
    green("v2-at-start", "S2,S6"),
];

/// Where PostgreSQL, which takes a migration back as a whole, is not like the MySQLs, which do not.
const HALF: [(&str, &[&str], Case); 4] = [
    ("notes-node", &["postgres"], broken("v2-migration-half", "S1", &["M-12 S1"], "fails")),
    ("notes-node", &["mysql", "mariadb"], broken("v2-migration-half", "S1", &["M-08 S1"], "stay applied")),
    ("shop-django", &["postgres"], broken("v2-migration-half", "S1", &["M-12 S1"], "fails")),
    ("shop-django", &["mysql", "mariadb"], broken("v2-migration-half", "S1", &["M-08 S1"], "stay applied")),
];

/// What is broken only where production's database is an RDS instance.
const RDS: [(&str, &[&str], Case); 5] = [
    ("notes-node", &["postgres"], broken("v2-on-rds", "S1", &["C-08 ?"], "no encryption")),
    (
        "notes-node",
        &["postgres"],
        broken("v2-on-rds-slow", "S1", &["M-19 S1"], "on a plain PostgreSQL the same succeeds"),
    ),
    ("notes-node", &["mysql"], warned("v2-on-rds-cut", "S1", &["M-23 S1"], "with `NO_ENGINE_SUBSTITUTION` values")),
    // Both are met by tasks alone: the migration succeeds on either server.
    ("notes-node", &["mysql"], warned("v2-on-rds-lenient", "S1,S2,S6", &["M-23 S2"], "those that are missing made up")),
    ("notes-node", &ENGINES, broken("v2-on-rds-second-client", "S1,S6", &["C-08 S6"], "the same succeeds")),
];

/// Every row of these tables.
pub(super) fn rows() -> Vec<Row> {
    let of =
        |app: &'static str, cases: &'static [Case]| cases.iter().map(move |case| Row { app, engines: &ENGINES, case });
    let special = HALF.iter().chain(&RDS).map(|(app, engines, case)| Row { app, engines, case });
    of("notes-node", &NOTES).chain(of("shop-django", &SHOP)).chain(special).collect()
}

/// What is played on every run, on which engine.
const ALWAYS: [(&str, &str, &str); 3] = [
    ("postgres", "notes-node", "v2-on-rds"),
    ("mysql", "notes-node", "v2-on-rds-cut"),
    ("mariadb", "shop-django", "v2-at-start"),
];

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
