//! Which change of the schema a failed statement is about.

use crate::database::StatementError;
use crate::database::schema::{Column, SchemaChange};

/// The change that explains `error`: the one whose column and table, or whose table or constraint, its message or its statement names.
/// A column counts for more than a table, since every statement names a table.
pub(in crate::scenario) fn explaining<'c>(
    error: &StatementError,
    changes: &'c [SchemaChange],
) -> Option<&'c SchemaChange> {
    let message = words(&error.message);
    let statement = error.statement.as_deref().map(words).unwrap_or_default();
    let names = |name: &str| message.contains(&name.to_lowercase());
    let concerns = |table: &str| {
        let table = table.rsplit('.').next().unwrap_or(table).to_lowercase();
        message.contains(&table) || statement.contains(&table)
    };
    let by_name = changes.iter().find(|change| match change {
        SchemaChange::ColumnAdded { table, column } | SchemaChange::ColumnRemoved { table, column } => {
            names(&column.name) && concerns(table)
        }
        SchemaChange::ColumnChanged { table, after, .. } => names(&after.name) && concerns(table),
        SchemaChange::TableRemoved { table, .. } => names(table),
        SchemaChange::Named { name, .. } => names(name),
        SchemaChange::TableAdded { .. } | SchemaChange::ColumnsReordered { .. } | SchemaChange::Revision { .. } => {
            false
        }
    });
    by_name.or_else(|| {
        changes.iter().find(|change| match change {
            SchemaChange::ColumnAdded { table, .. }
            | SchemaChange::ColumnRemoved { table, .. }
            | SchemaChange::ColumnChanged { table, .. }
            | SchemaChange::ColumnsReordered { table, .. } => concerns(table),
            SchemaChange::TableAdded { .. }
            | SchemaChange::TableRemoved { .. }
            | SchemaChange::Named { .. }
            | SchemaChange::Revision { .. } => false,
        })
    })
}

/// What a change is about, in a few words.
pub(in crate::scenario) fn named(change: &SchemaChange) -> String {
    match change {
        SchemaChange::ColumnAdded { table, column } | SchemaChange::ColumnRemoved { table, column } => {
            format!("`{table}.{}`", column.name)
        }
        SchemaChange::ColumnChanged { table, after, .. } => format!("`{table}.{}`", after.name),
        SchemaChange::TableAdded { table, .. } | SchemaChange::TableRemoved { table, .. } => format!("`{table}`"),
        SchemaChange::ColumnsReordered { table, .. } => format!("the columns of `{table}`"),
        SchemaChange::Named { name, .. } => format!("`{name}`"),
        SchemaChange::Revision { .. } => "the revision".to_owned(),
    }
}

/// The column that took the place of the removed `column` of `table`: the only one that was added there with the same type.
pub(in crate::scenario) fn renamed_to<'c>(
    table: &str,
    column: &Column,
    changes: &'c [SchemaChange],
) -> Option<&'c Column> {
    let mut alike = changes.iter().filter_map(|change| match change {
        SchemaChange::ColumnAdded { table: of, column: added }
            if of == table && added.data_type == column.data_type =>
        {
            Some(added)
        }
        SchemaChange::ColumnAdded { .. }
        | SchemaChange::ColumnRemoved { .. }
        | SchemaChange::ColumnChanged { .. }
        | SchemaChange::ColumnsReordered { .. }
        | SchemaChange::TableAdded { .. }
        | SchemaChange::TableRemoved { .. }
        | SchemaChange::Named { .. }
        | SchemaChange::Revision { .. } => None,
    });
    let only = alike.next()?;
    alike.next().is_none().then_some(only)
}

/// The table that a change is about, if it is about one.
pub(in crate::scenario) fn table_of(change: &SchemaChange) -> Option<&str> {
    match change {
        SchemaChange::ColumnAdded { table, .. }
        | SchemaChange::ColumnRemoved { table, .. }
        | SchemaChange::ColumnChanged { table, .. }
        | SchemaChange::ColumnsReordered { table, .. }
        | SchemaChange::TableAdded { table, .. }
        | SchemaChange::TableRemoved { table, .. } => Some(table),
        SchemaChange::Named { what, .. } => what.split_once(" on ").map(|(_, table)| table),
        SchemaChange::Revision { .. } => None,
    }
}

/// The words of a statement or a message, in lower case.
fn words(text: &str) -> std::collections::BTreeSet<String> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    text.split(|c| !is_word(c)).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use simulator_core::Timestamp;

    use super::*;

    fn column(name: &str, data_type: &str) -> Column {
        Column { name: name.into(), data_type: data_type.into(), nullable: true, default: None, extra: String::new() }
    }

    fn removed(name: &str) -> SchemaChange {
        SchemaChange::ColumnRemoved { table: "articles".into(), column: column(name, "text") }
    }

    fn added(name: &str) -> SchemaChange {
        SchemaChange::ColumnAdded { table: "articles".into(), column: column(name, "text") }
    }

    #[test]
    fn an_error_is_laid_to_the_change_that_it_names() {
        let changes = [added("slug"), removed("body")];
        let cases = [
            ("column articles.body does not exist", "SELECT articles.body FROM articles", Some("`articles.body`")),
            ("Unknown column 'articles.body' in 'field list'", "", Some("`articles.body`")),
            (
                "Field 'slug' doesn't have a default value",
                "INSERT INTO articles (id) VALUES (1)",
                Some("`articles.slug`"),
            ),
            ("cached plan must not change result type", "SELECT * FROM articles", Some("`articles.slug`")),
            ("relation \"authors\" does not exist", "SELECT 1 FROM authors", None),
        ];
        for (message, statement, expected) in cases {
            let error = StatementError {
                sqlstate: String::new(),
                errno: None,
                message: message.to_owned(),
                detail: None,
                statement: Some(statement.to_owned()),
                at: Timestamp::from_millis(0),
            };
            assert_eq!(explaining(&error, &changes).map(named).as_deref(), expected, "{message}");
        }
    }

    #[test]
    fn a_column_is_renamed_if_exactly_one_of_its_type_is_new() {
        let old = column("body", "text");
        let number = SchemaChange::ColumnAdded { table: "articles".into(), column: column("n", "integer") };
        let new = |changes: &[SchemaChange]| renamed_to("articles", &old, changes).map(|it| it.name.clone());
        assert_eq!(new(&[removed("body"), added("text"), number.clone()]).as_deref(), Some("text"));
        assert_eq!(new(&[added("a"), added("b")]), None);
        assert_eq!(new(&[number]), None);
    }
}
