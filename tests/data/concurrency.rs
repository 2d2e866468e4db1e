//! Versions whose migration does harm through when it runs and with whom: twice at once, beside a reader, interrupted, or beside more tasks
//! than the database has connections for; and what a failure of it meets, leaves or hides. All of it at night; on every run one on each engine.

use super::{Case, ENGINES, Row, broken, green, play, warned};

const POSTGRES: [&str; 1] = ["postgres"];

/// They commit every definition by itself.
const MYSQLS: [&str; 2] = ["mysql", "mariadb"];

type Of = (&'static str, &'static [&'static str], Case);

/// Two runs at once (S7). Where a killed run leaves half of it applied as well, that is said beside it.
const AT_ONCE: [Of; 11] = [
    ("news-api", &POSTGRES, warned("v2", "S7", &["M-07 S7"], "Alembic lets two runs migrate at once")),
    ("news-api", &MYSQLS, warned("v2", "S7", &["M-07 S7", "M-08 S7"], "Alembic lets two runs migrate at once")),
    ("news-api", &POSTGRES, green("v2-migration-locked", "S7")),
    ("news-api", &MYSQLS, warned("v2-migration-locked", "S7", &["M-08 S7"], "Duplicate column name")),
    ("news-api", &ENGINES, green("v2-migration-repeatable", "S7")),
    ("shop-django", &POSTGRES, warned("v2", "S7", &["M-07 S7"], "Django lets two runs migrate at once")),
    ("shop-django", &MYSQLS, warned("v2", "S7", &["M-07 S7", "M-08 S7"], "Django lets two runs migrate at once")),
    ("shop-django", &POSTGRES, green("v2-migration-locked", "S7")),
    ("shop-django", &MYSQLS, warned("v2-migration-locked", "S7", &["M-08 S7"], "Duplicate column name")),
    ("shop-django", &POSTGRES, warned("v2-concurrent-locked", "S7", &["M-15 S7"], "end in a deadlock")),
    ("shop-django", &POSTGRES, green("v2-concurrent-polled", "S7")),
];

/// What a run leaves that is killed (S7) or ends itself in the middle (S1). On PostgreSQL Knex's lock goes with the transaction.
/// Liquibase's is committed before anything else.
const LEFT: [Of; 5] = [
    ("notes-node", &POSTGRES, green("v2", "S7")),
    (
        "notes-node",
        &ENGINES,
        warned("v2-added-changeset", "S7", &["M-05 S7", "M-08 S7"], "UPDATE DATABASECHANGELOGLOCK"),
    ),
    ("notes-node", &MYSQLS, warned("v2", "S7", &["M-05 S7", "M-08 S7"], "Migration table is already locked")),
    ("notes-node", &POSTGRES, broken("v2-exits-inside", "S1", &["T-06 S1"], "exits with 1")),
    ("notes-node", &MYSQLS, broken("v2-exits-inside", "S1", &["M-05 S1", "T-06 S1"], "leaves its lock behind")),
];

/// A reader that does not end (S8).
const BESIDE_A_READER: [Of; 3] = [
    ("news-api", &POSTGRES, warned("v2", "S8", &["M-16 S8"], "everybody else waits for the migration: 2 of 2")),
    ("news-api", &MYSQLS, warned("v2", "S8", &["M-17 S8"], "everybody else waits for the migration: 2 of 2")),
    ("news-api", &ENGINES, green("v2-lock-timeout", "S8")),
];

/// More tasks than there are connections for (S3).
const TOGETHER: [Of; 2] = [
    ("news-api", &ENGINES, broken("v2-large-pool", "S3", &["X-09 S3"], "requests fail")),
    ("news-api", &ENGINES, green("v2-small-pool", "S3")),
];

/// A failure at the start of new tasks, which have migrated by then (S6): the old release that ECS goes back to by itself has to take that.
const ROLLED_BACK: [Of; 2] = [
    ("news-api", &ENGINES, broken("v2-at-start-missing-env", "S6", &["C-01 S6", "X-07 S6"], "editor_address")),
    ("news-api", &ENGINES, broken("v2-at-start-missing-env-lenient", "S6", &["C-01 S6"], "editor_address")),
];

/// Rows that the migration does not expect (S1).
const ROWS: [Of; 2] = [
    ("news-api", &ENGINES, broken("v2-not-null-rows", "S1", &["M-11 S1"], "migration `0003` fails: ")),
    ("news-api", &ENGINES, green("v2-not-null-filled", "S1")),
];

/// What nobody notices (S1): without CONCURRENTLY the same failure is M-12 alone, see `v2-unique-duplicates`.
const HIDDEN: [Of; 4] = [
    ("news-api", &POSTGRES, broken("v2-concurrent-duplicates", "S1", &["M-12 S1", "M-13 S1"], "could not create")),
    ("news-api", &POSTGRES, green("v2-concurrent-pair", "S1")),
    ("news-api", &ENGINES, broken("v2-migration-masked", "S1", &["M-10 S1"], "its command ends with 0 all the same")),
    ("news-api", &ENGINES, green("v2-migration-forgiving", "S1")),
];

/// Every row of these tables.
pub(super) fn rows() -> Vec<Row> {
    let tables: [&'static [Of]; 7] = [&AT_ONCE, &LEFT, &BESIDE_A_READER, &TOGETHER, &ROLLED_BACK, &ROWS, &HIDDEN];
    tables.into_iter().flatten().map(|(app, engines, case)| Row { app, engines, case }).collect()
}

/// What is played on every run, on which engine.
const ALWAYS: [(&str, &str, &str); 3] = [
    ("postgres", "news-api", "v2-concurrent-duplicates"),
    ("mysql", "news-api", "v2-lock-timeout"),
    ("mariadb", "news-api", "v2-large-pool"),
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
