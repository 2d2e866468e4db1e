//! Flask-Migrate, which is Alembic behind Flask's command line. What is marked as seen was seen with 4.1.0, and logs as `flask db init` sets
//! it up; a project that logs otherwise is told from Alembic's texts, which are in these.

use super::{Basis, Lock, OnNewer, Rewind, Text, Tool, alembic};
use crate::finding::Code;

/// Flask-Migrate.
pub(super) const TOOL: Tool = Tool {
    key: "flask-migrate",
    name: "Flask-Migrate",
    commands: &[&["flask", "db", "upgrade"]],
    // Alembic keeps its settings at the top of a project, Flask-Migrate beside the migrations.
    files: &["migrations/alembic.ini"],
    tables: alembic::TABLES,
    lock: Lock::None { basis: Basis::Seen },
    texts: &[
        Text {
            pattern: "[flask_migrate] Error: Multiple head revisions are present for given argument '{}'",
            code: Code::M01,
            means: "finds several heads among the migrations",
            way_out: "merge them: `flask db merge -m \"merge heads\" heads`",
            basis: Basis::Seen,
        },
        Text {
            pattern: "[flask_migrate] Error: Can't locate revision identified by '{}'",
            code: Code::X05,
            means: "does not know the schema's revision `{0}` and refuses to start",
            way_out: "move migrations out of the container's start into a one-off task",
            basis: Basis::Seen,
        },
    ],
    down: Some("flask db downgrade"),
    stamp: Some("flask db stamp {}"),
    rewind: Rewind::Unneeded,
    on_newer: OnNewer::Refuses { switch: None, basis: Basis::Seen },
};
