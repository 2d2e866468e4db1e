//! The catalog of a schema: what a statement must respect to be accepted. Unlike a snapshot, which is compared, it is read into types.

mod kind;
mod mysql;
mod postgres;

use std::collections::BTreeMap;

use super::connection::Row;
use super::{Connection, DatabaseError, Engine};

pub use kind::Kind;

/// The catalog of one schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    /// The engine, whose types these are.
    pub engine: Engine,
    /// The app's tables by name, with the schema before it where that is not the default one. Views and partitions are left out.
    pub tables: BTreeMap<String, Table>,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// What of it must be unique, the primary key first.
    pub unique: Vec<Unique>,
    /// Its references to other tables and to itself.
    pub foreign_keys: Vec<ForeignKey>,
    /// Its check constraints.
    pub checks: Vec<Check>,
    /// Names of the triggers that run before a row is inserted and so may fill in or refuse it.
    pub insert_triggers: Vec<String>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What values it takes.
    pub kind: Kind,
    /// Its type as the server writes it.
    pub data_type: String,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// What fills it if an INSERT does not.
    pub filled: Filled,
}

/// What fills a column that an INSERT does not mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// Nothing but NULL.
    Not,
    /// A default.
    Default,
    /// An identity, a sequence or AUTO_INCREMENT.
    Counter,
    /// An expression; an INSERT must not mention it.
    Generated,
}

/// A primary key, unique constraint or unique index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unique {
    /// Its name.
    pub name: String,
    /// The columns it is about; those of its expressions among them.
    pub columns: Vec<String>,
    /// Whether it is the primary key.
    pub primary: bool,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// Its name.
    pub name: String,
    /// The table it refers to.
    pub to: String,
    /// Its columns, each with the one it refers to.
    pub columns: Vec<(String, String)>,
}

/// A check constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// The columns it is about.
    pub columns: Vec<String>,
    /// What must hold, as the server writes it.
    pub expression: String,
}

impl Column {
    /// Whether an INSERT that does not mention it is refused, as far as the catalog tells. MySQL and MariaDB fill a NOT NULL enumeration
    /// with its first value, whatever the mode.
    #[must_use]
    pub fn is_required(&self, engine: Engine) -> bool {
        let filled_anyway = engine != Engine::Postgres && matches!(self.kind, Kind::Enumeration(_));
        !self.nullable && self.filled == Filled::Not && !filled_anyway
    }
}

impl Table {
    /// The column called `name`, as the server compares names.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The foreign keys that `column` is part of.
    pub fn references_of<'a>(&'a self, column: &'a str) -> impl Iterator<Item = &'a ForeignKey> {
        self.foreign_keys.iter().filter(move |key| key.columns.iter().any(|(own, _)| own == column))
    }
}

impl Catalog {
    /// Reads the catalog of the database that `connection` is connected to.
    ///
    /// # Errors
    /// If the catalogs cannot be read.
    pub async fn read(connection: &mut Connection) -> Result<Self, DatabaseError> {
        let engine = connection.engine();
        let mut catalog = match engine {
            Engine::Postgres => postgres::read(connection).await?,
            Engine::MySql | Engine::MariaDb => mysql::read(connection).await?,
        };
        for table in catalog.tables.values_mut() {
            kind::narrow_by_checks(table);
        }
        Ok(catalog)
    }

    fn empty(engine: Engine) -> Self {
        Self { engine, tables: BTreeMap::new() }
    }

    /// Adds rows of `table, constraint, column, is primary`, one for each column of what must be unique.
    fn add_unique(&mut self, rows: Vec<Row>) {
        for [table, name, column, primary] in rows.into_iter().filter_map(values) {
            let Some(table) = self.tables.get_mut(&table) else { continue };
            match table.unique.iter_mut().find(|unique| unique.name == name) {
                Some(unique) => unique.columns.push(column),
                None => table.unique.push(Unique { name, columns: vec![column], primary: primary == "1" }),
            }
        }
        for table in self.tables.values_mut() {
            table.unique.sort_by_key(|unique| !unique.primary);
        }
    }

    /// Adds rows of `table, constraint, column, other table, other column`, one for each column of a foreign key.
    fn add_foreign_keys(&mut self, rows: Vec<Row>) {
        for [table, name, column, to, other] in rows.into_iter().filter_map(values) {
            let Some(table) = self.tables.get_mut(&table) else { continue };
            match table.foreign_keys.iter_mut().find(|key| key.name == name) {
                Some(key) => key.columns.push((column, other)),
                None => table.foreign_keys.push(ForeignKey { name, to, columns: vec![(column, other)] }),
            }
        }
    }

    /// Adds rows of `table, trigger`.
    fn add_triggers(&mut self, rows: Vec<Row>) {
        for [table, trigger] in rows.into_iter().filter_map(values) {
            if let Some(table) = self.tables.get_mut(&table) {
                table.insert_triggers.push(trigger);
            }
        }
    }
}

/// The values of a row of `N`; NULL as the empty text.
fn values<const N: usize>(row: Row) -> Option<[String; N]> {
    let values: Vec<String> = row.into_iter().map(Option::unwrap_or_default).collect();
    values.try_into().ok()
}
