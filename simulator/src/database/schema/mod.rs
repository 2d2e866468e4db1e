//! What a database's schema is, and how two differ.

mod difference;
mod mysql;
mod postgres;
mod snapshot;

use super::{Connection, DatabaseError, DatabaseSpec, Engine};

pub use difference::SchemaChange;
pub use snapshot::{Column, SchemaSnapshot, Table};

/// The table in which Alembic keeps the revisions that a database is at.
const ALEMBIC: &str = "alembic_version";

pub(super) async fn read(connection: &mut Connection, spec: &DatabaseSpec) -> Result<SchemaSnapshot, DatabaseError> {
    let mut snapshot = match spec.engine {
        Engine::Postgres => postgres::read(connection).await?,
        Engine::MySql | Engine::MariaDb => mysql::read(connection).await?,
    };
    if snapshot.tables.remove(ALEMBIC).is_some() {
        let query = format!("SELECT version_num FROM {ALEMBIC} ORDER BY version_num");
        let rows = connection.rows("read the database's revision", &query).await?;
        snapshot.revision = rows.into_iter().flatten().flatten().collect();
    }
    Ok(snapshot)
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
        let query = format!("SELECT COUNT(*) FROM {}", quoted(spec.engine, name));
        let rows = connection.rows("count the rows of a table", &query).await?;
        let count = rows.into_iter().flatten().flatten().next().and_then(|count| count.parse().ok());
        counts.push((name.clone(), count.ok_or_else(|| DatabaseError::query("count the rows of a table", name))?));
    }
    Ok(counts)
}

/// The name of a table, or `schema.table`, for a query.
fn quoted(engine: Engine, name: &str) -> String {
    match engine {
        Engine::Postgres => {
            let quoted: Vec<String> =
                name.split('.').map(|part| format!("\"{}\"", part.replace('"', "\"\""))).collect();
            quoted.join(".")
        }
        Engine::MySql | Engine::MariaDb => format!("`{}`", name.replace('`', "``")),
    }
}
