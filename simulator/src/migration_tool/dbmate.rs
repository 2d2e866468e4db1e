//! dbmate.

use super::{Basis, Lock, OnNewer, Rewind, Tables, Text, Tool};
use crate::finding::Code;

const README: Basis = Basis::Documented("github.com/amacneil/dbmate, README.md and pkg/dbmate/db.go");

/// dbmate.
pub(super) const TOOL: Tool = Tool {
    key: "dbmate",
    name: "dbmate",
    commands: &[&["dbmate", "up"], &["dbmate", "migrate"]],
    files: &["db/migrations/"],
    tables: Tables {
        // As Rails calls its own; what reads it is the same.
        version: "schema_migrations",
        columns: &["version"],
        without: &["dirty"],
        others: &[],
        query: "SELECT version, 'applied' FROM schema_migrations ORDER BY version",
    },
    lock: Lock::None { basis: README },
    texts: &[Text {
        pattern: "is out of order with already applied migrations, the version number has to be higher than the applied migration `{}`",
        code: Code::M02,
        means: "finds a migration that is older than the applied `{0}`",
        way_out: "give it a version later than `{0}`, or leave out `--strict`",
        basis: README,
    }],
    down: Some("dbmate rollback"),
    stamp: None,
    rewind: Rewind::Unneeded,
    on_newer: OnNewer::Ignores { basis: README },
};
