//! Flask-Migrate, which is Alembic behind Flask's command line.

use super::{Basis, Lock, OnNewer, Rewind, Text, Tool, alembic};
use crate::finding::Code;

const BY_HAND: Basis = Basis::Documented("by hand with Flask-Migrate 4.1.0 on PostgreSQL 15");

/// Flask-Migrate.
pub(super) const TOOL: Tool = Tool {
    key: "flask-migrate",
    name: "Flask-Migrate",
    commands: &[&["flask", "db", "upgrade"]],
    // Alembic keeps its settings at the top of a project, Flask-Migrate beside the migrations.
    files: &["migrations/alembic.ini"],
    tables: alembic::TABLES,
    lock: Lock::None { basis: BY_HAND },
    texts: &[
        Text {
            pattern: "[flask_migrate] Error: Multiple head revisions are present for given argument '{}'",
            code: Code::M01,
            means: "finds several heads among the migrations",
            way_out: "merge them: `flask db merge -m \"merge heads\" heads`",
            basis: BY_HAND,
        },
        Text {
            pattern: "[flask_migrate] Error: Can't locate revision identified by '{}'",
            code: Code::X05,
            means: "does not know the schema's revision `{0}` and refuses to start",
            way_out: "move migrations out of the container's start into a one-off task",
            basis: BY_HAND,
        },
    ],
    down: Some("flask db downgrade"),
    stamp: Some("flask db stamp {}"),
    rewind: Rewind::Unneeded,
    on_newer: OnNewer::Refuses { switch: None, basis: BY_HAND },
};
