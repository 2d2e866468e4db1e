//! Liquibase. What is marked as seen was seen with 4.28.0, the last release that its npm package carries.
//!
//! An `update` that finds nothing to do does not ask for the lock, and takes it away at its end, whoever has it: a task of the app that starts
//! while another one migrates lets a third one in.

use super::{Basis, Lock, OnNewer, Rewind, Tables, Text, Tool, Waits};
use crate::finding::Code;

/// Liquibase.
pub(super) const TOOL: Tool = Tool {
    key: "liquibase",
    name: "Liquibase",
    commands: &[&["liquibase", "update"], &["mvn", "liquibase:update"]],
    files: &["liquibase.properties", "db/changelog/"],
    tables: Tables {
        // MySQL and MariaDB keep the capitals, PostgreSQL folds what is not quoted.
        version: "DATABASECHANGELOG",
        columns: &["ID", "AUTHOR", "MD5SUM"],
        without: &[],
        others: &["DATABASECHANGELOGLOCK"],
        query: "SELECT CONCAT(ID, ' of ', AUTHOR), 'applied' FROM DATABASECHANGELOG ORDER BY ORDEREXECUTED",
    },
    lock: Lock::Row {
        table: "DATABASECHANGELOGLOCK",
        taken: "SELECT 1 FROM DATABASECHANGELOGLOCK WHERE LOCKED",
        waits: Waits::Seconds(300),
        unlock: "liquibase releaseLocks",
        by_hand: "UPDATE DATABASECHANGELOGLOCK SET LOCKED = FALSE, LOCKGRANTED = NULL, LOCKEDBY = NULL",
        basis: Basis::Seen,
    },
    texts: &[
        Text {
            pattern: "Could not acquire change log lock.  Currently locked by {} since",
            code: Code::M05,
            means: "finds the lock in `DATABASECHANGELOGLOCK` taken by {0}: a run that goes on, or one that was killed",
            way_out: "make sure that no migration runs, then remove the lock: `liquibase releaseLocks`",
            basis: Basis::Seen,
        },
        // Liquibase prints two blanks; some of its extensions have a lock of their own and print one.
        Text {
            pattern: "Could not acquire change log lock. Currently locked by {} since",
            code: Code::M05,
            means: "finds the lock in `DATABASECHANGELOGLOCK` taken by {0}: a run that goes on, or one that was killed",
            way_out: "make sure that no migration runs, then remove the lock: `liquibase releaseLocks`",
            basis: Basis::Documented("github.com/camunda/camunda/issues/48343"),
        },
        Text {
            pattern: "but is now: {}",
            code: Code::M04,
            means: "finds that a changeset is not the one that was applied",
            way_out: "restore the changeset from git; if the change is meant, `liquibase clear-checksums`",
            basis: Basis::Seen,
        },
    ],
    down: Some("liquibase rollback-count 1"),
    stamp: Some("liquibase changelog-sync"),
    rewind: Rewind::Unneeded,
    on_newer: OnNewer::Ignores { basis: Basis::Seen },
};
