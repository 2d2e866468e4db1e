//! Which of several migrations failed.

use std::collections::BTreeSet;

use crate::finding::Place;
use crate::rehearsal::files::Migration;

/// The revision that failed, as the migration files have it: of those that come after the schema's `present` one, the one that names most of
/// what the failed `statement` names. Where several run in one transaction, the first of them may have been undone with the others.
#[must_use]
pub fn blamed(migrations: &[Migration], present: &[String], statement: Option<&str>) -> Option<(String, Place)> {
    let mut known: Vec<&str> = present.iter().map(String::as_str).collect();
    let mut pending: Vec<&Migration> = Vec::new();
    let follows = |migration: &Migration, known: &[&str]| match known {
        [] => migration.after.is_empty(),
        known => migration.after.iter().any(|it| known.contains(&it.as_str())),
    };
    while let Some(next) =
        migrations.iter().find(|it| follows(it, &known) && !known.contains(&it.revision.value.as_str()))
    {
        known.push(&next.revision.value);
        pending.push(next);
    }
    let words = words(statement.unwrap_or_default());
    let named = |migration: &Migration| {
        let text = migration.source.text.to_lowercase();
        words.iter().filter(|word| text.contains(word.as_str())).count()
    };
    // The first of those that name as much.
    let next = pending.iter().rev().max_by_key(|migration| named(migration))?;
    Some((next.revision.value.clone(), next.source.place(next.revision.spot)))
}

/// The words of a statement, in small letters: a migration's file has its keywords in the names of functions, as `alter_column`.
fn words(statement: &str) -> BTreeSet<String> {
    let words = statement.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
    words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::files::{Located, Source, Spot};

    /// A migration whose file says no more than what it does.
    fn migration(revision: &str, after: &str, upgrade: &str) -> Migration {
        Migration {
            source: Source { name: format!("{revision}.py"), text: upgrade.to_owned() },
            tool: "alembic",
            revision: Located { value: revision.to_owned(), spot: Spot { line: 1, column: 1 } },
            after: (!after.is_empty()).then(|| after.to_owned()).into_iter().collect(),
        }
    }

    #[test]
    fn the_one_is_blamed_that_says_what_failed() {
        let migrations = [
            migration("0001", "", "op.create_table(\"articles\")"),
            migration("0002", "0001", "op.add_column(\"articles\", sa.Column(\"summary\", nullable=True))"),
            migration("0003", "0002", "op.alter_column(\"articles\", \"summary\", nullable=False)"),
            migration("0004", "0003", "op.create_index(\"by_title\", \"articles\", [\"title\"], unique=True)"),
        ];
        let not_null = "ALTER TABLE articles ALTER COLUMN summary SET NOT NULL";
        for (present, statement, expected) in [
            ("0001", Some(not_null), Some("0003")),
            ("0002", Some(not_null), Some("0003")),
            ("0001", Some("ALTER TABLE articles ADD COLUMN summary VARCHAR(500)"), Some("0002")),
            ("0001", Some("CREATE UNIQUE INDEX by_title ON articles (title)"), Some("0004")),
            ("0001", None, Some("0002")),
            ("", None, Some("0001")),
            ("0004", Some(not_null), None),
            ("elsewhere", Some(not_null), None),
        ] {
            let present: Vec<String> = (!present.is_empty()).then(|| present.to_owned()).into_iter().collect();
            let blamed = blamed(&migrations, &present, statement).map(|(revision, _)| revision);
            assert_eq!(blamed.as_deref(), expected, "{present:?}, {statement:?}");
        }
    }
}
