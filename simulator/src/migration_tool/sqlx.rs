//! sqlx's migrator, of its command line and of its library.
//!
//! MariaDB takes no negative time for GET_LOCK: it answers NULL with warning 1411 (`Incorrect timeout value`), which the migrator does not
//! read, so that two runs are not kept apart there.
//!
//! On MySQL and MariaDB the row of a migration is written before it, as not successful, and made last by the first definition in it. On
//! PostgreSQL both are one transaction, and no row stays.

use super::{Basis, Lock, OnNewer, Rewind, Tables, Text, Tool, Waits};
use crate::finding::Code;

/// sqlx.
pub(super) const TOOL: Tool = Tool {
    key: "sqlx",
    name: "sqlx",
    commands: &[&["sqlx", "migrate", "run"], &["cargo-sqlx", "migrate", "run"]],
    files: &["sqlx-data.json", ".sqlx/"],
    tables: Tables {
        version: "_sqlx_migrations",
        columns: &["version", "success", "checksum"],
        without: &[],
        others: &[],
        query: "SELECT version, CASE WHEN success THEN 'applied' ELSE 'unfinished' END FROM _sqlx_migrations ORDER BY version",
    },
    lock: Lock::Session {
        postgres: Some("pg_advisory_lock(0x3d32ad9e * crc32(database name))"),
        mysql: Some("GET_LOCK(?, -1)"),
        mariadb: None,
        waits: Waits::ForEver,
        basis: Basis::Seen,
    },
    texts: &[
        missing("migration {} was previously applied but is missing in the resolved migrations"),
        modified("migration {} was previously applied but has been modified"),
        partial("migration {} is partially applied; fix and remove row from `_sqlx_migrations` table"),
        // The same as a program has them that returns the error from `main`, or panics with it.
        missing("VersionMissing({})"),
        modified("VersionMismatch({})"),
        partial(": Dirty({})"),
    ],
    down: Some("sqlx migrate revert"),
    stamp: None,
    rewind: Rewind::Statement("DELETE FROM _sqlx_migrations WHERE version = {}"),
    on_newer: OnNewer::Refuses { switch: Some("set_ignore_missing(true)"), basis: Basis::Seen },
};

const fn missing(pattern: &'static str) -> Text {
    Text {
        pattern,
        code: Code::X05,
        means: "does not have migration {0}, which the schema has, and refuses to start",
        way_out: "move migrations out of the start into a one-off task, or call `set_ignore_missing(true)` on the migrator",
        basis: Basis::Seen,
    }
}

const fn modified(pattern: &'static str) -> Text {
    Text {
        pattern,
        code: Code::M04,
        means: "finds that the file of migration {0} is not the one that was applied",
        way_out: "restore the file's bytes from git; if only line endings differ, add `*.sql text eol=lf` to .gitattributes",
        basis: Basis::Seen,
    }
}

const fn partial(pattern: &'static str) -> Text {
    Text {
        pattern,
        code: Code::M03,
        means: "finds that migration {0} was begun and not ended",
        way_out: "undo what it did, then `DELETE FROM _sqlx_migrations WHERE version = {0}`",
        basis: Basis::Seen,
    }
}
