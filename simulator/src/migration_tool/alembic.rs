//! Alembic.

use super::{Basis, Lock, OnNewer, Rewind, Tables, Text, Tool};
use crate::finding::Code;

/// The record, which Flask-Migrate shares.
pub(super) const TABLES: Tables = Tables {
    version: "alembic_version",
    columns: &["version_num"],
    without: &[],
    others: &[],
    query: "SELECT version_num, 'applied' FROM alembic_version ORDER BY version_num",
};

/// Alembic.
pub(super) const TOOL: Tool = Tool {
    key: "alembic",
    name: "Alembic",
    commands: &[&["alembic", "upgrade"]],
    files: &["alembic.ini"],
    tables: TABLES,
    lock: Lock::None { basis: Basis::Seen },
    texts: &[
        Text {
            pattern: "Multiple head revisions are present for given argument '{}'",
            code: Code::M01,
            means: "finds several heads among the migrations",
            way_out: "merge them: `alembic merge -m \"merge heads\" heads`",
            basis: Basis::Seen,
        },
        Text {
            pattern: "Can't locate revision identified by '{}'",
            code: Code::X05,
            means: "does not know the schema's revision `{0}` and refuses to start",
            way_out: "move migrations out of the container's start into a one-off task",
            basis: Basis::Seen,
        },
    ],
    down: Some("alembic downgrade -1"),
    stamp: Some("alembic stamp {}"),
    rewind: Rewind::Unneeded,
    on_newer: OnNewer::Refuses { switch: None, basis: Basis::Seen },
};
