//! Which rows each table gets, and why.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::cell::{Cell, Style};
use super::order::{Order, may_be_null, order};
use crate::database::catalog::{Catalog, Column, Filled, ForeignKey, Kind, Table, Unique};
use crate::database::{Engine, sql};

/// The tables in which migration tools keep their own record: a row in one of them would be a lie to the tool.
pub const VERSION_TABLES: [&str; 14] = [
    "alembic_version",
    "ar_internal_metadata",
    "databasechangelog",
    "databasechangeloglock",
    "django_migrations",
    "flyway_schema_history",
    "goose_db_version",
    "knex_migrations",
    "knex_migrations_lock",
    "mikro_orm_migrations",
    "schema_migrations",
    "sequelizemeta",
    "_prisma_migrations",
    "_sqlx_migrations",
];

/// The number that a reference to nothing carries: there are never that many rows.
const NOBODY: usize = 900;

/// What a row is there for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Something that other rows can refer to.
    Ordinary,
    /// The same as the first row in every column that need not be unique.
    Duplicate,
    /// The longest text in every column.
    Longest,
    /// NULL in every column that may be.
    Nulls,
    /// The value of this number of each enumeration; the first is that of the ordinary row.
    Value(usize),
    /// The same as the first row in one column of a key of several.
    DuplicateOf(String),
    /// A reference to nothing in this column, which no foreign key forbids.
    Orphan(String),
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ordinary => f.write_str("an ordinary row"),
            Self::Duplicate => f.write_str("a duplicate in every column that need not be unique"),
            Self::Longest => f.write_str("the longest text in every column"),
            Self::Nulls => f.write_str("NULL in every nullable column"),
            Self::Value(number) => write!(f, "value {} of each enumeration", number + 1),
            Self::DuplicateOf(column) => write!(f, "a duplicate in `{column}`"),
            Self::Orphan(column) => write!(f, "a reference to nothing in `{column}`"),
        }
    }
}

/// A row to be inserted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insert {
    /// The table.
    pub table: String,
    /// Its number among the rows of the table.
    pub row: usize,
    /// What it is there for.
    pub purpose: Purpose,
    /// Its values by column. A column that is not among them is filled by the server.
    pub cells: Vec<(String, Cell)>,
    /// The columns whose values serve the purpose.
    pub special: BTreeSet<String>,
}

impl Insert {
    /// The statement. References must have been replaced before.
    #[must_use]
    pub fn sql(&self, engine: Engine) -> String {
        let names: Vec<String> = self.cells.iter().map(|(name, _)| sql::column(engine, name)).collect();
        let values: Vec<String> = self.cells.iter().map(|(_, cell)| cell.sql(engine)).collect();
        // A key that is always generated is given here all the same, since other rows refer to it.
        let overriding = if engine == Engine::Postgres { "OVERRIDING SYSTEM VALUE " } else { "" };
        let table = sql::name(engine, &self.table);
        format!("INSERT INTO {table} ({}) {overriding}VALUES ({})", names.join(", "), values.join(", "))
    }
}

/// Something that could not be planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The table.
    pub table: String,
    /// The column, or the foreign key, if it is about one.
    pub what: Option<String>,
    /// Why not, as the end of a sentence.
    pub because: String,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, what, because } = self;
        match what {
            Some(what) => write!(f, "`{table}.{what}`: {because}"),
            None => write!(f, "`{table}`: {because}"),
        }
    }
}

/// The rows of a whole schema, in the order in which they are to be inserted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The rows.
    pub inserts: Vec<Insert>,
    /// What could not be planned.
    pub gaps: Vec<Gap>,
}

impl Plan {
    /// Plans rows for every table of `catalog` but those of [`VERSION_TABLES`] and `left_out`. The same arguments give the same plan.
    #[must_use]
    pub fn of(catalog: &Catalog, left_out: &[&str], seed: u64) -> Self {
        let is_left_out = |name: &String| {
            let own = name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
            VERSION_TABLES.contains(&own.as_str()) || left_out.contains(&name.as_str())
        };
        let gap = |table: &String, what: Option<&String>, because: String| Gap {
            table: table.clone(),
            what: what.cloned(),
            because,
        };
        let mut plan = Self::default();
        let mut left_out: BTreeSet<String> = catalog.tables.keys().filter(|name| is_left_out(name)).cloned().collect();
        for (name, table) in catalog.tables.iter().filter(|(name, _)| !is_left_out(name)) {
            let needed = |column: &&Column| !column.nullable && column.filled == Filled::Not;
            for column in table.columns.iter().filter(|column| column.kind == Kind::Other).filter(needed) {
                let because = format!("no value of type `{}` is made, and it needs one", column.data_type);
                plan.gaps.push(gap(name, Some(&column.name), because));
                left_out.insert(name.clone());
            }
        }
        let order = order(catalog, &left_out);
        plan.gaps.extend(order.impossible.iter().map(|(table, because)| gap(table, None, because.clone())));
        for (table, key) in &order.open {
            let keys = catalog.tables.get(table).into_iter().flat_map(|table| &table.foreign_keys);
            let to = keys.filter(|candidate| candidate.name == *key).map(|key| &key.to).next();
            let because = match to {
                Some(to) if !order.tables.contains(to) => format!("it stays NULL, since `{to}` gets no rows"),
                _ => "it stays NULL, since the tables refer to one another in a cycle".to_owned(),
            };
            plan.gaps.push(gap(table, Some(key), because));
        }
        let mut counts = BTreeMap::new();
        for name in &order.tables {
            let Some(table) = catalog.tables.get(name) else { continue };
            let rows = Rows { catalog, order: &order, counts: &counts, name, table, seed };
            let (inserts, gaps) = rows.plan();
            counts.insert(name.clone(), inserts.len());
            plan.inserts.extend(inserts);
            plan.gaps.extend(gaps);
        }
        plan
    }
}

/// The rows of one table.
struct Rows<'a> {
    catalog: &'a Catalog,
    order: &'a Order,
    /// How many rows each table planned before has.
    counts: &'a BTreeMap<String, usize>,
    name: &'a String,
    table: &'a Table,
    seed: u64,
}

impl Rows<'_> {
    fn plan(&self) -> (Vec<Insert>, Vec<Gap>) {
        let mut gaps = Vec::new();
        let gap = |what: Option<&str>, because: String| Gap {
            table: self.name.clone(),
            what: what.map(str::to_owned),
            because,
        };
        let others = self.table.columns.iter().filter(|column| column.kind == Kind::Other);
        for column in others.filter(|column| column.filled != Filled::Generated) {
            gaps.push(gap(Some(&column.name), format!("no value of type `{}` is made", column.data_type)));
        }
        let mut inserts: Vec<Insert> = Vec::new();
        for (purpose, distinct) in self.wanted() {
            let row = inserts.len();
            match self.row(row, &purpose, &distinct) {
                Some(insert) => inserts.push(insert),
                None => gaps.push(gap(None, format!("{purpose}: its key takes no more than {row} values"))),
            }
        }
        (inserts, gaps)
    }

    /// The rows that there should be, each with the columns that keep it different from the others.
    fn wanted(&self) -> Vec<(Purpose, BTreeSet<String>)> {
        let usual: BTreeSet<String> =
            self.table.unique.iter().filter_map(|unique| self.distinguishing(unique, None)).collect();
        let mut wanted = vec![
            (Purpose::Ordinary, usual.clone()),
            (Purpose::Duplicate, usual.clone()),
            (Purpose::Longest, usual.clone()),
            (Purpose::Nulls, usual.clone()),
        ];
        let varied = self.table.columns.iter().filter(|column| self.is_free(column) && !usual.contains(&column.name));
        let values = varied.map(|column| Self::choices(&column.kind));
        wanted.extend((1..values.max().unwrap_or(1)).map(|number| (Purpose::Value(number), usual.clone())));
        for column in &usual {
            let keys = self.table.unique.iter().map(|unique| self.distinguishing(unique, Some(column)));
            let others: Option<BTreeSet<String>> = keys.collect();
            wanted.extend(others.map(|others| (Purpose::DuplicateOf(column.clone()), others)));
        }
        wanted.extend(self.orphans().map(|column| (Purpose::Orphan(column.name.clone()), usual.clone())));
        wanted
    }

    /// How many values of a kind are worth a row each.
    fn choices(kind: &Kind) -> usize {
        if matches!(kind, Kind::Enumeration(_) | Kind::Boolean) { kind.values() } else { 1 }
    }

    /// The column by which rows differ in what must be unique: the one with the most values, `except` this one.
    fn distinguishing(&self, unique: &Unique, except: Option<&String>) -> Option<String> {
        let columns = unique.columns.iter().filter_map(|name| self.table.column(name));
        let candidates = columns.filter(|column| Some(&column.name) != except && column.filled != Filled::Generated);
        // Of equally many the first.
        let best = candidates.rev_max_by_key(|column| self.values(column));
        // A column of one value keeps one row from being followed by another; a column of none holds NULL or what the server gives it.
        let least = if except.is_some() { 2 } else { 1 };
        best.filter(|column| self.values(column) >= least).map(|column| column.name.clone())
    }

    /// How many different values a column can take here.
    fn values(&self, column: &Column) -> usize {
        let rows = self.table.references_of(&column.name).map(|key| {
            let parents =
                if key.to == *self.name { usize::MAX } else { self.counts.get(&key.to).copied().unwrap_or_default() };
            parents.min(column.kind.values())
        });
        rows.min().unwrap_or_else(|| column.kind.values())
    }

    /// Whether a column is the row's own: neither generated nor a reference.
    fn is_free(&self, column: &Column) -> bool {
        column.filled != Filled::Generated && self.table.references_of(&column.name).next().is_none()
    }

    /// Columns that look like a reference to another table and are none.
    fn orphans(&self) -> impl Iterator<Item = &Column> {
        self.table.columns.iter().filter(|column| {
            let stem = column.name.strip_suffix("_id").or_else(|| column.name.strip_suffix("Id")).unwrap_or_default();
            let stem = stem.to_ascii_lowercase();
            let is_table = |name: &String| {
                let name = name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
                name == stem
                    || name == format!("{stem}s")
                    || name == format!("{stem}es")
                    || stem.strip_suffix('y').is_some_and(|stem| name == format!("{stem}ies"))
            };
            let fits = matches!(column.kind, Kind::Integer { .. } | Kind::Uuid | Kind::Text(_))
                && column.kind.values() > NOBODY;
            !stem.is_empty() && fits && self.is_free(column) && self.catalog.tables.keys().any(is_table)
        })
    }

    fn row(&self, row: usize, purpose: &Purpose, distinct: &BTreeSet<String>) -> Option<Insert> {
        let mut cells = Vec::new();
        let mut special = BTreeSet::new();
        for column in self.table.columns.iter().filter(|column| column.filled != Filled::Generated) {
            let differs = distinct.contains(&column.name);
            if differs && row >= self.values(column) {
                return None;
            }
            if let Some(cell) = self.cell(column, row, purpose, differs, &mut special) {
                cells.push((column.name.clone(), cell));
            }
        }
        Some(Insert { table: self.name.clone(), row, purpose: purpose.clone(), cells, special })
    }

    /// The value of one column; `None` if the server is to fill it. Marks the column if the value serves the purpose.
    fn cell(
        &self,
        column: &Column,
        row: usize,
        purpose: &Purpose,
        differs: bool,
        special: &mut BTreeSet<String>,
    ) -> Option<Cell> {
        let mut mark = || special.insert(column.name.clone());
        let index = if differs { row } else { 0 };
        if *purpose == Purpose::Nulls && column.nullable {
            mark();
            return Some(Cell::Null);
        }
        if let Some(key) = self.table.references_of(&column.name).next() {
            return self.reference(key, column, row, index);
        }
        let is_key = self.table.unique.iter().any(|unique| unique.columns.contains(&column.name));
        let is_text = matches!(column.kind, Kind::Text(_) | Kind::Bytes(_));
        let style = if *purpose == Purpose::Longest && is_text {
            mark();
            Style::Longest
        } else if is_key {
            Style::Key
        } else {
            Style::Plain
        };
        let mut index = index;
        if let Purpose::Value(number) = purpose
            && !differs
            && Self::choices(&column.kind) > 1
        {
            mark();
            index = *number;
        }
        if *purpose == Purpose::DuplicateOf(column.name.clone()) {
            mark();
            index = 0;
        }
        if *purpose == Purpose::Orphan(column.name.clone()) {
            mark();
            return Cell::of(&column.kind, NOBODY, Style::Key, self.seed);
        }
        match Cell::of(&column.kind, index, style, self.seed) {
            Some(cell) => Some(cell),
            None if column.filled == Filled::Not => Some(Cell::Null),
            None => None,
        }
    }

    /// What a column that refers to a row holds.
    fn reference(&self, key: &ForeignKey, column: &Column, row: usize, index: usize) -> Option<Cell> {
        let is_open = self.order.open.contains(&(self.name.clone(), key.name.clone()));
        let is_first_of_itself = key.to == *self.name && row == 0 && may_be_null(self.table, &key.name);
        if is_open || is_first_of_itself {
            // One NULL among the columns of the key is enough; the others may hold anything.
            let anything = Cell::of(&column.kind, index, Style::Key, self.seed);
            return if column.nullable { Some(Cell::Null) } else { anything };
        }
        let (_, other) = key.columns.iter().find(|(own, _)| *own == column.name)?;
        Some(Cell::Of { table: key.to.clone(), row: index, column: other.clone() })
    }
}

/// The first of the largest, where the standard library gives the last.
trait FirstLargest: Iterator + Sized {
    fn rev_max_by_key<K: Ord>(self, mut key: impl FnMut(&Self::Item) -> K) -> Option<Self::Item> {
        self.fold(None, |best: Option<Self::Item>, item| match best {
            Some(best) if key(&best) >= key(&item) => Some(best),
            _ => Some(item),
        })
    }
}

impl<I: Iterator> FirstLargest for I {}
