//! Inserting planned rows, one at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::cell::Cell;
use super::plan::{Gap, Insert, Plan, Purpose};
use crate::database::{Connection, DatabaseError, Engine, Refusal};

const ACTION: &str = "insert adversarial rows";

/// What came of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seeded {
    /// The rows that are there now, as they were inserted.
    pub accepted: Vec<Insert>,
    /// What the server refused.
    pub refused: Vec<Refused>,
    /// What was not even planned.
    pub gaps: Vec<Gap>,
}

/// A row, or a value in a row, that could not be seeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The table.
    pub table: String,
    /// What the row was there for.
    pub purpose: Purpose,
    /// The column whose value is refused, if it is known to be that one.
    pub column: Option<String>,
    /// The server's words; `None` if the row must refer to a table of which no row was accepted.
    pub refusal: Option<Refusal>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, purpose, column, refusal } = self;
        match column {
            Some(column) => write!(f, "`{table}.{column}`: {purpose}: ")?,
            None => write!(f, "`{table}`: {purpose}: ")?,
        }
        match refusal {
            Some(refusal) => write!(f, "{refusal}"),
            None => f.write_str("it must refer to a row of a table that has none"),
        }
    }
}

impl Seeded {
    /// The rows of `table` that are there now.
    pub fn rows<'a>(&'a self, table: &'a str) -> impl Iterator<Item = &'a Insert> {
        self.accepted.iter().filter(move |insert| insert.table == table)
    }

    /// The tables that have rows of it now.
    #[must_use]
    pub fn tables(&self) -> BTreeSet<&str> {
        self.accepted.iter().map(|insert| insert.table.as_str()).collect()
    }

    /// What could not be seeded, a sentence each: for a report.
    #[must_use]
    pub fn not_seeded(&self) -> Vec<String> {
        self.gaps.iter().map(ToString::to_string).chain(self.refused.iter().map(ToString::to_string)).collect()
    }
}

/// Inserts the rows of `plan`, each in a savepoint of one transaction, in the plan's order.
///
/// If a row is refused, each of the values that it is there for is tried alone, and the row is inserted with those that are accepted: a
/// check of one column must not hide what the others allow.
///
/// # Errors
/// If the connection fails. What the server refuses is part of the answer.
pub async fn seed(connection: &mut Connection, plan: &Plan) -> Result<Seeded, DatabaseError> {
    let mut seeded = Seeded { gaps: plan.gaps.clone(), ..Seeded::default() };
    connection.execute(ACTION, "START TRANSACTION").await?;
    if connection.engine() == Engine::Postgres {
        // What is checked at the end of a transaction would refuse all rows for one.
        connection.execute(ACTION, "SET CONSTRAINTS ALL IMMEDIATE").await?;
    }
    for planned in &plan.inserts {
        let Some(insert) = resolved(planned, &seeded.accepted) else {
            seeded.refused.push(refused(planned, None, None));
            continue;
        };
        match attempt(connection, &insert, true).await? {
            Ok(()) => seeded.accepted.push(insert),
            Err(refusal) => one_by_one(connection, insert, refusal, &mut seeded).await?,
        }
    }
    connection.execute(ACTION, "COMMIT").await?;
    Ok(seeded)
}

async fn one_by_one(
    connection: &mut Connection,
    insert: Insert,
    refusal: Refusal,
    seeded: &mut Seeded,
) -> Result<(), DatabaseError> {
    let ordinary = seeded.rows(&insert.table).find(|row| row.purpose == Purpose::Ordinary).cloned();
    let Some(ordinary) = ordinary.filter(|_| insert.special.len() > 1) else {
        seeded.refused.push(self::refused(&insert, None, Some(refusal)));
        return Ok(());
    };
    let mut allowed = insert.clone();
    allowed.special.clear();
    let mut found = Vec::new();
    for column in &insert.special {
        let alone = with(&insert, &ordinary, &[column].map(Clone::clone));
        match attempt(connection, &alone, false).await? {
            Ok(()) => drop(allowed.special.insert(column.clone())),
            Err(refusal) => found.push(self::refused(&insert, Some(column), Some(refusal))),
        }
    }
    let kept: Vec<String> = allowed.special.iter().cloned().collect();
    let row = with(&insert, &ordinary, &kept);
    let outcome = if kept.is_empty() { Err(refusal) } else { attempt(connection, &row, true).await? };
    match outcome {
        Ok(()) => {
            seeded.accepted.push(row);
            seeded.refused.extend(found);
        }
        Err(refusal) => seeded.refused.push(self::refused(&insert, None, Some(refusal))),
    }
    Ok(())
}

/// The row with only `kept` of its special values; elsewhere what the ordinary row has.
fn with(insert: &Insert, ordinary: &Insert, kept: &[String]) -> Insert {
    let cells = insert.cells.iter().map(|(name, cell)| {
        let plain = ordinary.cells.iter().find(|(other, _)| other == name).map(|(_, cell)| cell);
        let replaced = insert.special.contains(name) && !kept.contains(name);
        (name.clone(), plain.filter(|_| replaced).unwrap_or(cell).clone())
    });
    let special = kept.iter().cloned().collect();
    Insert { cells: cells.collect(), special, ..insert.clone() }
}

/// Tries one row, and takes it back if it is not to be kept.
async fn attempt(
    connection: &mut Connection,
    insert: &Insert,
    keep: bool,
) -> Result<Result<(), Refusal>, DatabaseError> {
    let statement = insert.sql(connection.engine());
    connection.execute(ACTION, "SAVEPOINT one_row").await?;
    let answer = connection.attempt(ACTION, &statement).await?;
    if answer.is_err() || !keep {
        connection.execute(ACTION, "ROLLBACK TO SAVEPOINT one_row").await?;
    }
    connection.execute(ACTION, "RELEASE SAVEPOINT one_row").await?;
    Ok(answer)
}

/// The row with what it refers to: the row that was planned, or any other of that table. `None` if there is none.
fn resolved(planned: &Insert, accepted: &[Insert]) -> Option<Insert> {
    let mut found: BTreeMap<&str, &Insert> = BTreeMap::new();
    let mut cells = Vec::new();
    for (name, cell) in &planned.cells {
        let Cell::Of { table, row, column } = cell else {
            cells.push((name.clone(), cell.clone()));
            continue;
        };
        let to_itself = *table == planned.table && *row == planned.row;
        let target = if to_itself {
            planned
        } else {
            let of_table = || accepted.iter().filter(|insert| insert.table == *table);
            found.entry(table).or_insert(of_table().find(|insert| insert.row == *row).or_else(|| of_table().next())?)
        };
        let value = target.cells.iter().find(|(other, _)| other == column).map(|(_, cell)| cell.clone());
        cells.push((name.clone(), value?));
    }
    Some(Insert { cells, ..planned.clone() })
}

fn refused(insert: &Insert, column: Option<&String>, refusal: Option<Refusal>) -> Refused {
    Refused { table: insert.table.clone(), purpose: insert.purpose.clone(), column: column.cloned(), refusal }
}
