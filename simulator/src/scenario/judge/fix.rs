//! What to do about a change that the running release cannot live with, as text to paste: split over two releases where it must be.

use super::subject::renamed_to;
use crate::database::Engine;
use crate::database::schema::{Column, SchemaChange};
use crate::finding::Code;

/// The lines of the fix for what `code` says of `change`, one of `changes`, on `engine`.
pub(in crate::scenario) fn fix(
    engine: Engine,
    code: Code,
    change: Option<&SchemaChange>,
    changes: &[SchemaChange],
) -> Vec<String> {
    let lines = match (code, change) {
        (Code::X01, Some(SchemaChange::ColumnRemoved { table, column })) => match renamed_to(table, column, changes) {
            Some(new) => rename(table, column, new),
            None => vec![
                format!(
                    "this release:  the code no longer names `{table}.{}`, and the migration leaves it",
                    column.name
                ),
                format!("next release:  ALTER TABLE {table} DROP COLUMN {};", column.name),
            ],
        },
        (Code::X01, Some(SchemaChange::TableRemoved { table, .. })) => vec![
            format!("this release:  the code no longer names `{table}`, and the migration leaves it"),
            format!("next release:  DROP TABLE {table};"),
        ],
        (
            Code::X02,
            Some(
                SchemaChange::ColumnAdded { table, column } | SchemaChange::ColumnChanged { table, after: column, .. },
            ),
        ) => required(engine, table, column),
        (Code::X02, Some(SchemaChange::Named { name, .. })) => vec![
            format!("this release:  leave `{name}` out, and let the code keep to it"),
            format!("next release:  create `{name}`, when no old task is left that breaks it"),
        ],
        (Code::X03, _) => vec![
            "name the columns in the old release's `SELECT *` and `RETURNING *`, and release that first".to_owned(),
            "or turn off its prepared statements for the time of the deploy (asyncpg: statement_cache_size=0)"
                .to_owned(),
        ],
        _ => Vec::new(),
    };
    if lines.is_empty() { vec![code.entry().fix.to_owned()] } else { lines }
}

fn rename(table: &str, old: &Column, new: &Column) -> Vec<String> {
    let (old, new, kind) = (&old.name, &new.name, &new.data_type);
    vec![
        format!("this release:  ALTER TABLE {table} ADD COLUMN {new} {kind};"),
        format!("               UPDATE {table} SET {new} = {old}; and the code writes both, and reads `{old}`"),
        format!("next release:  the code reads and writes `{new}` alone"),
        format!("one after:     ALTER TABLE {table} DROP COLUMN {old};"),
    ]
}

fn required(engine: Engine, table: &str, column: &Column) -> Vec<String> {
    let (name, kind) = (&column.name, &column.data_type);
    let (nullable, strict) = match engine {
        Engine::Postgres => (
            format!("ALTER TABLE {table} ADD COLUMN {name} {kind};"),
            format!("ALTER TABLE {table} ALTER COLUMN {name} SET NOT NULL;"),
        ),
        Engine::MySql | Engine::MariaDb => (
            format!("ALTER TABLE {table} ADD COLUMN {name} {kind} NULL;"),
            format!("ALTER TABLE {table} MODIFY COLUMN {name} {kind} NOT NULL;"),
        ),
    };
    vec![
        format!("this release:  {nullable}  -- or NOT NULL with a DEFAULT"),
        format!("next release:  UPDATE {table} SET {name} = … WHERE {name} IS NULL; {strict}"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, data_type: &str) -> Column {
        Column { name: name.into(), data_type: data_type.into(), nullable: false, default: None, extra: String::new() }
    }

    #[test]
    fn the_fix_is_text_to_paste() {
        let removed = SchemaChange::ColumnRemoved { table: "t".into(), column: column("a", "text") };
        let added = SchemaChange::ColumnAdded { table: "t".into(), column: column("b", "text") };
        let number = SchemaChange::ColumnAdded { table: "t".into(), column: column("n", "integer") };
        let check = |engine, code, change: &SchemaChange, changes: &[SchemaChange], part: &str| {
            let lines = fix(engine, code, Some(change), changes).join("\n");
            assert!(lines.contains(part), "{lines}");
        };
        let (postgres, mysql) = (Engine::Postgres, Engine::MySql);
        check(postgres, Code::X01, &removed, &[], "next release:  ALTER TABLE t DROP COLUMN a;");
        check(
            postgres,
            Code::X01,
            &removed,
            std::slice::from_ref(&added),
            "one after:     ALTER TABLE t DROP COLUMN a;",
        );
        check(postgres, Code::X02, &number, &[], "ALTER TABLE t ALTER COLUMN n SET NOT NULL;");
        check(mysql, Code::X02, &number, &[], "ALTER TABLE t MODIFY COLUMN n integer NOT NULL;");
        check(postgres, Code::X03, &added, &[], "SELECT *");
        assert_eq!(fix(postgres, Code::X09, None, &[]), [Code::X09.entry().fix]);
    }
}
