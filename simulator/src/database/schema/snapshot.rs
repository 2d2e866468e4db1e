//! A schema as it is at one moment.

use std::collections::{BTreeMap, BTreeSet};

use crate::database::connection::Row;

/// A schema as it is at one moment, read from the server's catalogs. Two snapshots are equal if and only if no statement of the app can
/// tell the schemas apart by structure; the order of columns, which `SELECT *` shows, counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaSnapshot {
    /// The app's tables and views by name; with the schema before it where that is not the default one.
    pub tables: BTreeMap<String, Table>,
    /// PostgreSQL's enumerated types, sequences of their own and functions, each with what defines it.
    pub others: BTreeMap<String, String>,
    /// What the migration tool's own table says the database is at; empty without such a table. The tool's tables are not among the
    /// tables.
    pub revision: Vec<String>,
}

/// A table or view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// `table`, `view`, `materialized view` or `foreign table`.
    pub kind: String,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// Its indexes by name, with what defines them.
    pub indexes: BTreeMap<String, String>,
    /// Its constraints by name, with what defines them.
    pub constraints: BTreeMap<String, String>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type as the server writes it, such as `character varying(80)`.
    pub data_type: String,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// Its default as the server writes it.
    pub default: Option<String>,
    /// Anything else that the server says of it: `auto_increment`, `generated always as identity`.
    pub extra: String,
}

impl Column {
    /// Its definition, without its name.
    #[must_use]
    pub fn definition(&self) -> String {
        let mut definition = self.data_type.clone();
        if !self.nullable {
            definition.push_str(" NOT NULL");
        }
        if let Some(default) = &self.default {
            definition.push_str(" DEFAULT ");
            definition.push_str(default);
        }
        if !self.extra.is_empty() {
            definition.push(' ');
            definition.push_str(&self.extra);
        }
        definition
    }
}

/// What stands after the definition of an index that a concurrent creation has left unfinished (`pg_index.indisvalid`). PostgreSQL's own
/// definitions end otherwise.
pub(crate) const INVALID: &str = " INVALID";

impl SchemaSnapshot {
    /// PostgreSQL's indexes that enforce nothing and that no query uses, because their creation failed. They remain until they are dropped.
    #[must_use]
    pub fn invalid_indexes(&self) -> BTreeSet<String> {
        let of_table = |(name, table): (&String, &Table)| {
            // An index is in its table's schema.
            let schema = name.rsplit_once('.').map(|(schema, _)| format!("{schema}.")).unwrap_or_default();
            let invalid = table.indexes.iter().filter(|(_, definition)| definition.ends_with(INVALID));
            invalid.map(|(index, _)| format!("{schema}{index}")).collect::<Vec<_>>()
        };
        self.tables.iter().flat_map(of_table).collect()
    }

    /// Puts the catalogs' rows together: tables as `name, kind`; columns as `table, name, type, nullable, default, extra`; indexes
    /// and constraints as `table, name, definition`.
    pub(super) fn assemble(tables: Vec<Row>, columns: Vec<Row>, indexes: Vec<Row>, constraints: Vec<Row>) -> Self {
        let mut snapshot = Self::default();
        for [name, kind] in tables.into_iter().filter_map(values) {
            snapshot
                .tables
                .insert(name.unwrap_or_default(), Table { kind: kind.unwrap_or_default(), ..Table::default() });
        }
        for [table, name, data_type, nullable, default, extra] in columns.into_iter().filter_map(values) {
            if let Some(table) = snapshot.tables.get_mut(&table.unwrap_or_default()) {
                table.columns.push(Column {
                    name: name.unwrap_or_default(),
                    data_type: data_type.unwrap_or_default(),
                    nullable: nullable.as_deref() == Some("YES"),
                    default,
                    extra: extra.unwrap_or_default(),
                });
            }
        }
        for [table, name, definition] in indexes.into_iter().filter_map(values) {
            if let Some(table) = snapshot.tables.get_mut(&table.unwrap_or_default()) {
                table.indexes.insert(name.unwrap_or_default(), definition.unwrap_or_default());
            }
        }
        for [table, name, definition] in constraints.into_iter().filter_map(values) {
            if let Some(table) = snapshot.tables.get_mut(&table.unwrap_or_default()) {
                table.constraints.insert(name.unwrap_or_default(), definition.unwrap_or_default());
            }
        }
        snapshot
    }
}

fn values<const N: usize>(row: Row) -> Option<[Option<String>; N]> {
    row.try_into().ok()
}
