//! Prisma Migrate.
//!
//! What is marked as seen was seen on PostgreSQL with the engine that the package `prisma` 6.19.3 carries as WebAssembly and runs over a driver
//! of Node's (`engine: "js"`). The native engine is not in the package and comes from Prisma's own server. It differs: a script's statements
//! are one transaction there, and its failure is told in another text (P3018), which is not seen here. On MySQL and MariaDB that engine of
//! 6.19.3 ends with `RuntimeError: unreachable` before its first migration, so that nothing is seen there.

use super::{Basis, Lock, OnNewer, Rewind, Tables, Text, Tool, Waits};
use crate::finding::Code;

const ERRORS: Basis = Basis::Documented("prisma.io/docs/orm/reference/error-reference");
const LOCKING: Basis =
    Basis::Documented("prisma.io/docs/orm/prisma-migrate/workflows/development-and-production#advisory-locking");

/// Prisma.
pub(super) const TOOL: Tool = Tool {
    key: "prisma",
    name: "Prisma",
    commands: &[&["prisma", "migrate", "deploy"]],
    files: &["schema.prisma"],
    tables: Tables {
        version: "_prisma_migrations",
        columns: &["migration_name", "finished_at", "rolled_back_at"],
        without: &[],
        others: &[],
        query: "SELECT migration_name, CASE WHEN finished_at IS NULL THEN 'unfinished' ELSE 'applied' END \
                FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at",
    },
    lock: Lock::Session {
        postgres: Some("pg_advisory_lock(72707369)"),
        mysql: Some("GET_LOCK('prisma_migrate', 10)"),
        mariadb: Some("GET_LOCK('prisma_migrate', 10)"),
        waits: Waits::Seconds(10),
        basis: LOCKING,
    },
    texts: &[
        Text {
            pattern: "Timed out trying to acquire a postgres advisory lock",
            code: Code::M06,
            means: "waits ten seconds in vain for the lock that another session holds",
            way_out: "migrate over a direct URL, not through a pooler; end the holder: `SELECT pg_terminate_backend(pid) FROM pg_locks \
                      WHERE locktype = 'advisory' AND objid = 72707369`",
            basis: Basis::Seen,
        },
        Text {
            pattern: "migrate found failed migrations in the target database",
            code: Code::M09,
            means: "finds a migration that failed before and will apply no other",
            way_out: "undo what it did and run `npx prisma migrate resolve --rolled-back NAME`, or complete it and run \
                      `npx prisma migrate resolve --applied NAME`",
            basis: Basis::Seen,
        },
        Text {
            pattern: "The `{}` migration started at {} failed",
            code: Code::M09,
            means: "finds that `{0}` failed before and will apply no other",
            way_out: "undo what it did and run `npx prisma migrate resolve --rolled-back {0}`, or complete it and run \
                      `npx prisma migrate resolve --applied {0}`",
            basis: Basis::Seen,
        },
        Text {
            pattern: "A migration failed to apply. New migrations cannot be applied before the error is recovered from.",
            code: Code::M09,
            means: "fails, and records it: no other migration is applied until that is resolved",
            way_out: "undo what it did and run `npx prisma migrate resolve --rolled-back NAME`",
            basis: ERRORS,
        },
    ],
    down: None,
    stamp: Some("npx prisma migrate resolve --applied {}"),
    rewind: Rewind::Command("npx prisma migrate resolve --rolled-back {}"),
    on_newer: OnNewer::Ignores { basis: Basis::Seen },
};
