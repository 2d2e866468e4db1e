//! golang-migrate.

use super::{Basis, Lock, OnNewer, Rewind, Tables, Text, Tool, Waits};
use crate::finding::Code;

const SOURCE: Basis = Basis::Documented("golang-migrate 4, migrate.go and database/error.go");

/// golang-migrate.
pub(super) const TOOL: Tool = Tool {
    key: "golang-migrate",
    name: "golang-migrate",
    commands: &[&["migrate", "-path", "up"], &["migrate", "-source", "up"]],
    files: &["*.up.sql"],
    tables: Tables {
        version: "schema_migrations",
        columns: &["version", "dirty"],
        without: &[],
        others: &[],
        query: "SELECT version, CASE WHEN dirty THEN 'unfinished' ELSE 'applied' END FROM schema_migrations",
    },
    lock: Lock::Session {
        postgres: Some("pg_advisory_lock(?)"),
        mysql: Some("GET_LOCK(?, 10)"),
        mariadb: Some("GET_LOCK(?, 10)"),
        waits: Waits::Seconds(15),
        basis: SOURCE,
    },
    texts: &[
        Text {
            pattern: "Dirty database version {}. Fix and force version.",
            code: Code::M03,
            means: "finds that version {0} was begun and not ended",
            way_out: "undo what version {0} did and run `migrate force` with the number of the version before it (-1 if there is none), or \
                      complete it and run `migrate force {0}`",
            basis: SOURCE,
        },
        Text {
            pattern: "no migration found for version {}",
            code: Code::X05,
            means: "does not have version {0}, which the schema has, and refuses to start",
            way_out: "move migrations out of the container's start into a one-off task",
            basis: SOURCE,
        },
        Text {
            pattern: "can't acquire database lock",
            code: Code::M06,
            means: "waits in vain for the lock that another session holds",
            way_out: "end the session that holds it, and let one task migrate before the others start",
            basis: SOURCE,
        },
        Text {
            pattern: "duplicate migration file: {}",
            code: Code::M02,
            means: "finds two migrations of one version: {0}",
            way_out: "give one of them the next version",
            basis: SOURCE,
        },
    ],
    down: Some("migrate down 1"),
    stamp: Some("migrate force {}"),
    rewind: Rewind::Force { up: "up", force: "force", none: "-1" },
    on_newer: OnNewer::Refuses { switch: None, basis: SOURCE },
};
