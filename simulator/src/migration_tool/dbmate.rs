//! dbmate. What is marked as seen was seen with 2.36.0.

use super::{Basis, Lock, OnNewer, Rewind, Tables, Text, Tool};
use crate::finding::Code;

/// dbmate.
pub(super) const TOOL: Tool = Tool {
    key: "dbmate",
    name: "dbmate",
    commands: &[&["dbmate", "up"], &["dbmate", "migrate"]],
    files: &["db/migrations/"],
    tables: Tables {
        // As Rails calls its own, which has a second table beside it.
        version: "schema_migrations",
        columns: &["version"],
        without: &["dirty"],
        others: &[],
        query: "SELECT version, 'applied' FROM schema_migrations ORDER BY version",
    },
    lock: Lock::None { basis: Basis::Seen },
    texts: &[Text {
        pattern: "is out of order with already applied migrations, the version number has to be higher than the applied migration `{}`",
        code: Code::M02,
        means: "finds a migration that is older than the applied `{0}`",
        way_out: "give it a version later than `{0}`, or leave out `--strict`",
        basis: Basis::Seen,
    }],
    down: Some("dbmate rollback"),
    stamp: None,
    rewind: Rewind::Unneeded,
    on_newer: OnNewer::Ignores { basis: Basis::Seen },
};
