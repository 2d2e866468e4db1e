//! Rails' Active Record.
//!
//! What is marked as seen was seen with 6.1 of Debian 12; by hand it was the same with 7.2 of Debian 13. The two differ in where they hold
//! the lock: up to 7.0 in a session of its own, since 7.1 in the one that migrates.

use super::{Basis, Lock, OnNewer, Rewind, Tables, Text, Tool, Waits};
use crate::finding::Code;

/// Rails.
pub(super) const TOOL: Tool = Tool {
    key: "rails",
    name: "Rails",
    commands: &[&["rails", "db:migrate"], &["rake", "db:migrate"], &["rails", "db:prepare"]],
    files: &["bin/rails", "db/migrate/"],
    tables: Tables {
        version: "schema_migrations",
        columns: &["version"],
        without: &["dirty"],
        others: &["ar_internal_metadata"],
        query: "SELECT version, 'applied' FROM schema_migrations ORDER BY version",
    },
    lock: Lock::Session {
        postgres: Some("pg_try_advisory_lock(crc32(database name) * 2053462845)"),
        mysql: Some("GET_LOCK(?, 0)"),
        mariadb: Some("GET_LOCK(?, 0)"),
        waits: Waits::Not,
        basis: Basis::Seen,
    },
    texts: &[
        Text {
            pattern: "Cannot run migrations because another migration process is currently running.",
            code: Code::M06,
            means: "finds that another run holds the lock",
            way_out: "let one task migrate, before the others start; through a pooler, set `advisory_locks: false` or a direct URL",
            basis: Basis::Seen,
        },
        Text {
            pattern: "you don't own a lock of type ExclusiveLock",
            code: Code::M06,
            means: "has lost its lock: a pooler gave its session to somebody else",
            way_out: "migrate over a direct URL, or set `advisory_locks: false` in database.yml",
            basis: Basis::Seen,
        },
        // The one above is the server's warning, which a log may leave out; this is the error with which the run ends, on every server.
        Text {
            pattern: "Failed to release advisory lock",
            code: Code::M06,
            means: "has migrated and then fails, because it has lost its lock: a pooler gave its session to somebody else",
            way_out: "migrate over a direct URL, or set `advisory_locks: false` in database.yml",
            basis: Basis::Seen,
        },
        Text {
            pattern: "Multiple migrations have the version number {}",
            code: Code::M02,
            means: "finds two migrations of the version {0}",
            way_out: "give one of them another timestamp in its file's name",
            basis: Basis::Seen,
        },
    ],
    down: Some("bin/rails db:rollback STEP=1"),
    stamp: None,
    rewind: Rewind::Unneeded,
    on_newer: OnNewer::Ignores { basis: Basis::Seen },
};
