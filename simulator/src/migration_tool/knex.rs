//! Knex.

use super::{Basis, Lock, OnNewer, Rewind, Tables, Text, Tool, Waits};
use crate::finding::Code;

/// Knex.
pub(super) const TOOL: Tool = Tool {
    key: "knex",
    name: "Knex",
    commands: &[&["knex", "migrate:latest"], &["knex", "migrate:up"]],
    files: &["knexfile.js", "knexfile.ts", "knexfile.mjs", "knexfile.cjs"],
    tables: Tables {
        version: "knex_migrations",
        columns: &["name", "batch", "migration_time"],
        without: &[],
        others: &["knex_migrations_lock"],
        query: "SELECT name, 'applied' FROM knex_migrations ORDER BY id",
    },
    // On PostgreSQL a whole batch is one transaction, and a killed run's row goes with it; elsewhere DDL commits the row.
    lock: Lock::Row {
        table: "knex_migrations_lock",
        taken: "SELECT 1 FROM knex_migrations_lock WHERE is_locked = 1",
        waits: Waits::Not,
        unlock: "npx knex migrate:unlock",
        by_hand: "UPDATE knex_migrations_lock SET is_locked = 0",
        basis: Basis::Seen,
    },
    texts: &[
        Text {
            pattern: "Migration table is already locked",
            code: Code::M05,
            means: "finds the lock in `knex_migrations_lock` taken: by a run that goes on, or by one that was killed",
            way_out: "make sure that no migration runs, then remove the lock: `npx knex migrate:unlock`",
            basis: Basis::Seen,
        },
        Text {
            pattern: "The migration directory is corrupt, the following files are missing: {}",
            code: Code::X05,
            means: "does not have the migration `{0}`, which the schema has, and refuses to start",
            way_out: "move migrations out of the container's start into a one-off task, or set \
                      `migrations: { disableMigrationsListValidation: true }` in the knexfile",
            basis: Basis::Seen,
        },
    ],
    down: Some("npx knex migrate:down"),
    // Knex has no command for it.
    stamp: None,
    rewind: Rewind::Unneeded,
    on_newer: OnNewer::Refuses { switch: Some("disableMigrationsListValidation: true"), basis: Basis::Seen },
};
