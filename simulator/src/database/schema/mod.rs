//! What a database's schema is, and how two differ.

mod difference;
mod mysql;
pub(super) mod postgres;
mod snapshot;

use super::{Connection, DatabaseError, DatabaseSpec, Engine, sql};
use crate::migration_tool::{TOOLS, Tool};

pub(crate) use difference::REVISION;
pub use difference::SchemaChange;
pub(crate) use snapshot::INVALID;
pub use snapshot::{Column, SchemaSnapshot, Table};

pub(super) async fn read(connection: &mut Connection, spec: &DatabaseSpec) -> Result<SchemaSnapshot, DatabaseError> {
    let mut snapshot = match spec.engine {
        Engine::Postgres => postgres::read(connection).await?,
        Engine::MySql | Engine::MariaDb => mysql::read(connection).await?,
    };
    if let Some(tool) = of(&snapshot) {
        snapshot.tables.retain(|table, _| !tool.tables.include(table));
        snapshot.revision = tool.entries(connection).await?.iter().map(ToString::to_string).collect();
    }
    Ok(snapshot)
}

/// The migration tool that has its tables there.
pub(super) async fn tool(
    connection: &mut Connection,
    spec: &DatabaseSpec,
) -> Result<Option<&'static Tool>, DatabaseError> {
    let snapshot = match spec.engine {
        Engine::Postgres => postgres::read(connection).await?,
        Engine::MySql | Engine::MariaDb => mysql::read(connection).await?,
    };
    Ok(of(&snapshot))
}

/// Of two tools that call their record the same, the one whose other tables are there too.
fn of(snapshot: &SchemaSnapshot) -> Option<&'static Tool> {
    let fits = |tool: &&Tool| tool.tables.are_in(&snapshot.tables);
    let whole = TOOLS.into_iter().filter(fits).find(|tool| tool.tables.are_all_in(&snapshot.tables));
    whole.or_else(|| TOOLS.into_iter().find(fits))
}

pub(super) async fn row_counts(
    connection: &mut Connection,
    spec: &DatabaseSpec,
) -> Result<Vec<(String, u64)>, DatabaseError> {
    let snapshot = read(connection, spec).await?;
    let mut counts = Vec::new();
    for (name, table) in &snapshot.tables {
        if table.kind != "table" {
            continue;
        }
        let query = format!("SELECT COUNT(*) FROM {}", sql::name(spec.engine, name));
        let rows = connection.rows("count the rows of a table", &query).await?;
        let count = rows.into_iter().flatten().flatten().next().and_then(|count| count.parse().ok());
        counts.push((name.clone(), count.ok_or_else(|| DatabaseError::query("count the rows of a table", name))?));
    }
    Ok(counts)
}
