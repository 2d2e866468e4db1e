//! Rails' Active Record.

use super::{Basis, Lock, OnNewer, Rewind, Tables, Text, Tool, Waits};
use crate::finding::Code;

const SOURCE: Basis = Basis::Documented("activerecord 7.2, lib/active_record/migration.rb");

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
        basis: SOURCE,
    },
    texts: &[
        Text {
            pattern: "Cannot run migrations because another migration process is currently running.",
            code: Code::M06,
            means: "finds that another run holds the lock",
            way_out: "let one task migrate, before the others start; through a pooler, set `advisory_locks: false` or a direct URL",
            basis: SOURCE,
        },
        Text {
            pattern: "you don't own a lock of type ExclusiveLock",
            code: Code::M06,
            means: "has lost its lock: a pooler gave its session to somebody else",
            way_out: "migrate over a direct URL, or set `advisory_locks: false` in database.yml",
            basis: Basis::Documented("github.com/rails/rails/issues/22092"),
        },
        Text {
            pattern: "Multiple migrations have the version number {}",
            code: Code::M02,
            means: "finds two migrations of the version {0}",
            way_out: "give one of them another timestamp in its file's name",
            basis: SOURCE,
        },
    ],
    down: Some("bin/rails db:rollback STEP=1"),
    stamp: None,
    rewind: Rewind::Unneeded,
    on_newer: OnNewer::Ignores { basis: Basis::Documented("guides.rubyonrails.org/active_record_migrations.html") },
};
