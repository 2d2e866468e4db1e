//! How two schemas differ.

use std::collections::BTreeMap;
use std::fmt;

use super::{Column, SchemaSnapshot, Table};

/// One difference between two schemas. It prints as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaChange {
    /// A table or view is new.
    TableAdded {
        /// `table` or `view`.
        kind: String,
        /// Its name.
        table: String,
        /// Its columns' names.
        columns: Vec<String>,
    },
    /// A table or view is gone.
    TableRemoved {
        /// `table` or `view`.
        kind: String,
        /// Its name.
        table: String,
    },
    /// A column is new.
    ColumnAdded {
        /// The table.
        table: String,
        /// The column.
        column: Column,
    },
    /// A column is gone.
    ColumnRemoved {
        /// The table.
        table: String,
        /// The column.
        column: Column,
    },
    /// A column is defined otherwise.
    ColumnChanged {
        /// The table.
        table: String,
        /// The column as it was.
        before: Column,
        /// The column as it is.
        after: Column,
    },
    /// The columns that both have stand in another order, which `SELECT *` shows.
    ColumnsReordered {
        /// The table.
        table: String,
        /// The order as it is.
        after: Vec<String>,
    },
    /// Something named is new, gone or defined otherwise: an index, a constraint, a type, a function.
    Named {
        /// What it is and where, such as `index on articles`; empty for what is in no table.
        what: String,
        /// Its name.
        name: String,
        /// What defined it, if it was there.
        before: Option<String>,
        /// What defines it, if it is there.
        after: Option<String>,
    },
    /// The migration tool's own record says otherwise.
    Revision {
        /// The revisions it was at, or the migrations that were applied.
        before: Vec<String>,
        /// The revisions it is at, or the migrations that are applied.
        after: Vec<String>,
    },
}

/// How the line of [`SchemaChange::Revision`] begins.
pub(crate) const REVISION: &str = "~ revision:";

impl fmt::Display for SchemaChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TableAdded { kind, table, columns } => write!(f, "+ {kind} {table} ({})", columns.join(", ")),
            Self::TableRemoved { kind, table } => write!(f, "- {kind} {table}"),
            Self::ColumnAdded { table, column } => {
                write!(f, "+ column {table}.{} {}", column.name, column.definition())
            }
            Self::ColumnRemoved { table, column } => {
                write!(f, "- column {table}.{} {}", column.name, column.definition())
            }
            Self::ColumnChanged { table, before, after } => {
                write!(f, "~ column {table}.{}: {} -> {}", after.name, before.definition(), after.definition())
            }
            Self::ColumnsReordered { table, after } => write!(f, "~ order of columns of {table}: {}", after.join(", ")),
            Self::Named { what, name, before, after } => {
                let what = if what.is_empty() { name.clone() } else { format!("{what}: {name}") };
                match (before, after) {
                    (Some(before), Some(after)) => write!(f, "~ {what}: {} -> {}", line(before), line(after)),
                    (Some(before), None) => write!(f, "- {what}: {}", line(before)),
                    (None, Some(after)) => write!(f, "+ {what}: {}", line(after)),
                    (None, None) => write!(f, "= {what}"),
                }
            }
            // Some tools record where the database is, others every migration that ever ran.
            Self::Revision { before, after } if before.iter().any(|it| after.contains(it)) => {
                let gone = before.iter().filter(|it| !after.contains(it)).map(|it| format!(" - {it}"));
                let new = after.iter().filter(|it| !before.contains(it)).map(|it| format!(" + {it}"));
                write!(f, "{REVISION}{}", gone.chain(new).collect::<String>())
            }
            Self::Revision { before, after } => write!(f, "{REVISION} {} -> {}", revisions(before), revisions(after)),
        }
    }
}

fn line(definition: &str) -> String {
    definition.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn revisions(revisions: &[String]) -> String {
    if revisions.is_empty() { "none".to_owned() } else { revisions.join(", ") }
}

impl SchemaSnapshot {
    /// What changed from `before` to `after`, as [`Self::difference`], but for what the tool's own record says.
    #[must_use]
    pub fn tables_changed(before: &Self, after: &Self) -> Vec<SchemaChange> {
        let changes = Self::difference(before, after).into_iter();
        changes.filter(|change| !matches!(change, SchemaChange::Revision { .. })).collect()
    }

    /// What changed from `before` to `after`: tables by name, within a table its columns, indexes and constraints, then everything
    /// else, then the revision.
    #[must_use]
    pub fn difference(before: &Self, after: &Self) -> Vec<SchemaChange> {
        let Self { tables, others, revision } = before;
        let mut changes = Vec::new();
        for (name, old, new) in pairs(tables, &after.tables) {
            let table = name.clone();
            match (old, new) {
                (Some(old), Some(new)) => compare_tables(&table, old, new, &mut changes),
                (Some(old), None) => changes.push(SchemaChange::TableRemoved { kind: old.kind.clone(), table }),
                (None, Some(new)) => {
                    changes.push(SchemaChange::TableAdded {
                        kind: new.kind.clone(),
                        table,
                        columns: names(&new.columns),
                    });
                }
                (None, None) => {}
            }
        }
        compare_named("", others, &after.others, &mut changes);
        if *revision != after.revision {
            changes.push(SchemaChange::Revision { before: revision.clone(), after: after.revision.clone() });
        }
        changes
    }
}

fn compare_tables(table: &str, before: &Table, after: &Table, changes: &mut Vec<SchemaChange>) {
    let Table { kind, columns, indexes, constraints } = before;
    let owned = || table.to_owned();
    if *kind != after.kind {
        changes.push(SchemaChange::TableRemoved { kind: kind.clone(), table: owned() });
        let columns = names(&after.columns);
        changes.push(SchemaChange::TableAdded { kind: after.kind.clone(), table: owned(), columns });
        return;
    }
    for old in columns {
        match after.columns.iter().find(|new| new.name == old.name) {
            None => changes.push(SchemaChange::ColumnRemoved { table: owned(), column: old.clone() }),
            Some(new) if new != old => {
                changes.push(SchemaChange::ColumnChanged { table: owned(), before: old.clone(), after: new.clone() });
            }
            Some(_) => {}
        }
    }
    let (mut old_order, mut new_order) = (names(columns), names(&after.columns));
    for new in &after.columns {
        if !old_order.contains(&new.name) {
            changes.push(SchemaChange::ColumnAdded { table: owned(), column: new.clone() });
        }
    }
    let kept = old_order.clone();
    old_order.retain(|name| new_order.contains(name));
    new_order.retain(|name| kept.contains(name));
    if old_order != new_order {
        changes.push(SchemaChange::ColumnsReordered { table: owned(), after: names(&after.columns) });
    }
    compare_named(&format!("index on {table}"), indexes, &after.indexes, changes);
    compare_named(&format!("constraint on {table}"), constraints, &after.constraints, changes);
}

fn compare_named(
    what: &str,
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
    changes: &mut Vec<SchemaChange>,
) {
    for (name, before, after) in pairs(before, after).filter(|(_, before, after)| before != after) {
        let (what, name) = (what.to_owned(), name.clone());
        changes.push(SchemaChange::Named { what, name, before: before.cloned(), after: after.cloned() });
    }
}

/// Every name that either side has, in order, with what each side has under it.
fn pairs<'side, T>(
    before: &'side BTreeMap<String, T>,
    after: &'side BTreeMap<String, T>,
) -> impl Iterator<Item = (&'side String, Option<&'side T>, Option<&'side T>)> {
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names.into_iter().map(|name| (name, before.get(name), after.get(name)))
}

fn names(columns: &[Column]) -> Vec<String> {
    columns.iter().map(|column| column.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, data_type: &str) -> Column {
        Column { name: name.into(), data_type: data_type.into(), nullable: true, default: None, extra: String::new() }
    }

    /// A schema with one table `t` of these columns.
    fn schema(columns: &[Column]) -> SchemaSnapshot {
        let table = Table { kind: "table".into(), columns: columns.to_vec(), ..Table::default() };
        SchemaSnapshot { tables: BTreeMap::from([("t".to_owned(), table)]), ..SchemaSnapshot::default() }
    }

    fn check(before: &SchemaSnapshot, after: &SchemaSnapshot, expected: &[&str]) {
        let shown: Vec<String> = SchemaSnapshot::difference(before, after).iter().map(ToString::to_string).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn equal_schemas_do_not_differ() {
        let schema = schema(&[column("a", "text")]);
        check(&schema, &schema, &[]);
    }

    #[test]
    fn columns_are_added_removed_changed_and_reordered() {
        let strict = Column { nullable: false, default: Some("''::text".into()), ..column("a", "text") };
        let before = schema(&[column("a", "text"), column("b", "text"), column("c", "integer")]);
        let after = schema(&[column("c", "integer"), strict, column("d", "date")]);
        let expected = [
            "~ column t.a: text -> text NOT NULL DEFAULT ''::text",
            "- column t.b text",
            "+ column t.d date",
            "~ order of columns of t: c, a, d",
        ];
        check(&before, &after, &expected);
    }

    #[test]
    fn tables_and_named_things_and_revisions_are_told() {
        let before = SchemaSnapshot::default();
        let mut after = schema(&[column("a", "text"), column("b", "text")]);
        check(&before, &after, &["+ table t (a, b)"]);
        check(&after, &before, &["- table t"]);
        let plain = after.clone();
        after.revision = vec!["2f".to_owned()];
        after.others.insert("type mood".into(), "ENUM ('glad')".into());
        let table = after.tables.get_mut("t").expect("it was made above");
        table.indexes.insert("i".into(), "CREATE INDEX i\n  ON t (a)".into());
        let expected =
            ["+ index on t: i: CREATE INDEX i ON t (a)", "+ type mood: ENUM ('glad')", "~ revision: none -> 2f"];
        check(&plain, &after, &expected);
        let every = SchemaSnapshot { revision: vec!["1.js".to_owned(), "2.js".to_owned()], ..plain.clone() };
        let first = SchemaSnapshot { revision: vec!["1.js".to_owned()], ..plain };
        check(&first, &every, &["~ revision: + 2.js"]);
        check(&every, &first, &["~ revision: - 2.js"]);
    }
}
