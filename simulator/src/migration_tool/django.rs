//! Django's own migrations.

use super::{Basis, Lock, OnNewer, Rewind, Tables, Text, Tool};
use crate::finding::Code;

const MIGRATIONS: Basis = Basis::Documented("docs.djangoproject.com/en/5.2/topics/migrations");

/// Django.
pub(super) const TOOL: Tool = Tool {
    key: "django",
    name: "Django",
    commands: &[&["manage.py", "migrate"], &["django-admin", "migrate"]],
    files: &["manage.py"],
    tables: Tables {
        version: "django_migrations",
        columns: &["app", "name", "applied"],
        without: &[],
        others: &[],
        query: "SELECT CONCAT(app, '.', name), 'applied' FROM django_migrations ORDER BY id",
    },
    lock: Lock::None { basis: Basis::Seen },
    texts: &[
        Text {
            pattern: "Conflicting migrations detected; multiple leaf nodes in the migration graph: ({})",
            code: Code::M02,
            means: "finds migrations that both come last: {0}",
            way_out: "merge them: `python manage.py makemigrations --merge`",
            basis: Basis::Seen,
        },
        Text {
            pattern: "InconsistentMigrationHistory: Migration {} is applied before its dependency {} on database",
            code: Code::X04,
            means: "finds `{0}` applied without `{1}`, on which it depends",
            way_out: "apply what `{1}` does, or record it as applied: `python manage.py migrate --fake` with its app and name",
            basis: MIGRATIONS,
        },
        Text {
            pattern: "NodeNotFoundError: Migration {} dependencies reference nonexistent parent node ({})",
            code: Code::X05,
            means: "cannot find the migration {1} that `{0}` comes after",
            way_out: "put the file of the migration {1} back into the image",
            basis: MIGRATIONS,
        },
    ],
    down: Some("python manage.py migrate APP PREVIOUS"),
    stamp: Some("python manage.py migrate --fake {}"),
    rewind: Rewind::Unneeded,
    on_newer: OnNewer::Ignores { basis: Basis::Seen },
};
