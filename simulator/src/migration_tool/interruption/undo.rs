//! The statements that take a change of the schema back.

use crate::database::{Engine, SchemaChange, sql};

/// The statements that undo `changes`, the last change first; what cannot be undone by a statement is told as a comment.
#[must_use]
pub(super) fn undo(engine: Engine, changes: &[SchemaChange]) -> Vec<String> {
    changes.iter().rev().filter_map(|change| statement(engine, change)).collect()
}

/// Whether every one of `steps` can be run.
#[must_use]
pub(super) fn can_be_run(steps: &[String]) -> bool {
    steps.iter().all(|step| !step.starts_with("--"))
}

fn statement(engine: Engine, change: &SchemaChange) -> Option<String> {
    let quoted = |name: &str| sql::column(engine, name);
    Some(match change {
        SchemaChange::TableAdded { kind, table, .. } => {
            format!("DROP {} {}", kind.to_ascii_uppercase(), quoted(table))
        }
        SchemaChange::ColumnAdded { table, column } => {
            format!("ALTER TABLE {} DROP COLUMN {}", quoted(table), quoted(&column.name))
        }
        SchemaChange::ColumnChanged { table, before, .. } => match engine {
            Engine::MySql | Engine::MariaDb => {
                format!("ALTER TABLE {} MODIFY {} {}", quoted(table), quoted(&before.name), before.definition())
            }
            Engine::Postgres => format!("-- put {table}.{} back to: {}", before.name, before.definition()),
        },
        SchemaChange::Named { what, name, before: None, .. } => match (what.split_once(" on "), engine) {
            (Some(("constraint", table)), _) => {
                format!("ALTER TABLE {} DROP CONSTRAINT {}", quoted(table), quoted(name))
            }
            (Some(("index", _)), Engine::Postgres) => format!("DROP INDEX {}", quoted(name)),
            (Some(("index", table)), Engine::MySql | Engine::MariaDb) => {
                format!("DROP INDEX {} ON {}", quoted(name), quoted(table))
            }
            (Some(_) | None, _) => format!("-- drop {name}"),
        },
        SchemaChange::TableRemoved { .. } | SchemaChange::ColumnRemoved { .. } => {
            format!("-- restore from a backup: {change}")
        }
        SchemaChange::Named { .. } => format!("-- put back: {change}"),
        // Follows from what was added.
        SchemaChange::ColumnsReordered { .. } | SchemaChange::Revision { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::schema::Column;

    #[test]
    fn what_was_added_is_dropped_and_what_was_dropped_is_not_invented() {
        let column = |nullable| Column {
            name: "note".into(),
            data_type: "varchar(9)".into(),
            nullable,
            default: None,
            extra: String::new(),
        };
        let table = || "orders".to_owned();
        let named = |what: &str| SchemaChange::Named {
            what: what.into(),
            name: "by_note".into(),
            before: None,
            after: Some("UNIQUE (note)".into()),
        };
        let cases = [
            (
                SchemaChange::ColumnAdded { table: table(), column: column(true) },
                r#"ALTER TABLE "orders" DROP COLUMN "note""#,
                "ALTER TABLE `orders` DROP COLUMN `note`",
            ),
            (
                SchemaChange::ColumnChanged { table: table(), before: column(false), after: column(true) },
                "-- put orders.note back to: varchar(9) NOT NULL",
                "ALTER TABLE `orders` MODIFY `note` varchar(9) NOT NULL",
            ),
            (named("index on orders"), r#"DROP INDEX "by_note""#, "DROP INDEX `by_note` ON `orders`"),
            (
                SchemaChange::TableAdded { kind: "table".into(), table: table(), columns: Vec::new() },
                r#"DROP TABLE "orders""#,
                "DROP TABLE `orders`",
            ),
            (
                SchemaChange::ColumnRemoved { table: table(), column: column(true) },
                "-- restore from a backup: - column orders.note varchar(9)",
                "-- restore from a backup: - column orders.note varchar(9)",
            ),
        ];
        for (change, postgres, mysql) in cases {
            assert_eq!(undo(Engine::Postgres, std::slice::from_ref(&change)), [postgres]);
            assert_eq!(undo(Engine::MariaDb, std::slice::from_ref(&change)), [mysql]);
        }
        assert!(!can_be_run(&undo(
            Engine::MySql,
            &[SchemaChange::TableRemoved { kind: "table".into(), table: table() }]
        )));
    }
}
