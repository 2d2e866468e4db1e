//! Flyway.

use super::{Basis, Lock, OnNewer, Rewind, Tables, Text, Tool, Waits};
use crate::finding::Code;

const DOCS: Basis = Basis::Documented("documentation.red-gate.com/flyway, commands Validate and Repair");

/// Flyway.
pub(super) const TOOL: Tool = Tool {
    key: "flyway",
    name: "Flyway",
    commands: &[&["flyway", "migrate"], &["mvn", "flyway:migrate"], &["gradlew", "flywayMigrate"]],
    files: &["flyway.conf", "flyway.toml", "db/migration/"],
    tables: Tables {
        version: "flyway_schema_history",
        columns: &["installed_rank", "version", "checksum", "success"],
        without: &[],
        others: &[],
        query: "SELECT COALESCE(version, description), CASE WHEN success THEN 'applied' ELSE 'unfinished' END \
                FROM flyway_schema_history ORDER BY installed_rank",
    },
    lock: Lock::Session {
        postgres: Some("pg_try_advisory_xact_lock(?), asked again and again"),
        mysql: Some("GET_LOCK(?, 10), asked again and again"),
        mariadb: Some("GET_LOCK(?, 10), asked again and again"),
        waits: Waits::ForEver,
        basis: Basis::Documented("documentation.red-gate.com/flyway, PostgreSQL transactional lock"),
    },
    texts: &[
        Text {
            pattern: "Migration checksum mismatch for migration version {}",
            code: Code::M04,
            means: "finds that the file of version {0} is not the one that was applied",
            way_out: "restore the file's bytes from git; if the change is meant, `flyway repair`",
            basis: DOCS,
        },
        Text {
            pattern: "Detected failed migration to version {} (",
            code: Code::M09,
            means: "finds that version {0} failed before and will apply no other",
            way_out: "undo what it did, then `flyway repair`",
            basis: DOCS,
        },
        Text {
            pattern: "contains a failed migration to version {}",
            code: Code::M09,
            means: "finds that version {0} failed before and will apply no other",
            way_out: "undo what it did, then `flyway repair`",
            basis: DOCS,
        },
        Text {
            pattern: "Detected applied migration not resolved locally: {}",
            code: Code::X05,
            means: "does not have version {0}, which the schema has, and refuses to start",
            way_out: "set `flyway.ignoreMigrationPatterns=*:future`, which is the default, or put the file back",
            basis: DOCS,
        },
        Text {
            pattern: "Found more than one migration with version {}",
            code: Code::M02,
            means: "finds two migrations of version {0}",
            way_out: "give one of them the next version",
            basis: DOCS,
        },
    ],
    down: Some("flyway undo"),
    stamp: Some("flyway baseline -baselineVersion={}"),
    rewind: Rewind::Command("flyway repair"),
    on_newer: OnNewer::Ignores {
        basis: Basis::Documented("documentation.red-gate.com/flyway, ignoreMigrationPatterns"),
    },
};
