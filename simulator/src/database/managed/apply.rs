//! How a server comes to demand what a managed one does, and how it is talked out of it again.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::demand::{access, demands, forgiveness};
use super::{Certificate, Managed};
use crate::database::{Account, Connection, DatabaseError, DatabaseSpec, Engine, sql};

const ACTION: &str = "make the server like a managed one";

/// Between two looks at whether PostgreSQL has read its files again, and how long it may take for it.
const CADENCE: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(20);

/// Makes the server at `port`, which is ready, as demanding as `managed` says. PostgreSQL is given `certificate` now; the others have it
/// from their start.
pub(in crate::database) async fn demand(
    spec: &DatabaseSpec,
    port: u16,
    managed: &Managed,
    certificate: &Certificate,
) -> Result<(), DatabaseError> {
    let mut connection = Connection::open(spec, port, Account::Administrator).await?;
    let version = version(&mut connection).await?;
    let forced = managed.forces_tls(spec.engine, version);
    for statement in demands(managed, spec.engine, &spec.user, forced) {
        connection.execute(ACTION, &statement).await?;
    }
    match spec.engine {
        Engine::Postgres => {
            write(&mut connection, "greenroom.crt", certificate.chain.lines()).await?;
            write(&mut connection, "greenroom.key", certificate.key.lines()).await?;
            write(&mut connection, "pg_hba.conf", access(forced).iter().copied()).await?;
            for setting in ["ssl_cert_file = 'greenroom.crt'", "ssl_key_file = 'greenroom.key'", "ssl = on"] {
                connection.execute(ACTION, &format!("ALTER SYSTEM SET {setting}")).await?;
            }
            read_again(spec, port, &mut connection).await
        }
        Engine::MySql | Engine::MariaDb => Ok(()),
    }
}

/// Takes it back: the app's user may do anything, and nothing is demanded of it.
pub(in crate::database) async fn forgive(spec: &DatabaseSpec, port: u16) -> Result<(), DatabaseError> {
    let mut connection = Connection::open(spec, port, Account::Administrator).await?;
    for statement in forgiveness(spec.engine, &spec.user) {
        connection.execute(ACTION, &statement).await?;
    }
    match spec.engine {
        Engine::Postgres => {
            write(&mut connection, "pg_hba.conf", access(false).iter().copied()).await?;
            read_again(spec, port, &mut connection).await
        }
        Engine::MySql | Engine::MariaDb => Ok(()),
    }
}

/// The first two numbers of the server's version.
async fn version(connection: &mut Connection) -> Result<(u32, u32), DatabaseError> {
    let query = match connection.engine() {
        Engine::Postgres => "SHOW server_version",
        Engine::MySql | Engine::MariaDb => "SELECT VERSION()",
    };
    let text = connection.rows(ACTION, query).await?.into_iter().flatten().flatten().next().unwrap_or_default();
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    match numbers.next() {
        Some(Ok(major)) => Ok((major, numbers.next().and_then(Result::ok).unwrap_or_default())),
        Some(Err(_)) | None => Err(DatabaseError::query(ACTION, &format!("`{text}` is no version"))),
    }
}

/// Writes `lines` into `file` of PostgreSQL's data directory, where its processes are, readable by the server alone: it refuses a key that
/// others may read.
async fn write<'l>(
    connection: &mut Connection,
    file: &str,
    lines: impl Iterator<Item = &'l str>,
) -> Result<(), DatabaseError> {
    let lines: Vec<String> = lines.map(|line| format!("({})", sql::literal(Engine::Postgres, line))).collect();
    let values = lines.join(", ");
    let copy = format!("COPY (VALUES {values}) TO PROGRAM 'umask 077; cat > {file}.new && mv {file}.new {file}'");
    connection.execute(ACTION, &copy).await
}

/// Has PostgreSQL read its files again, and waits until those who connect meet what they say.
async fn read_again(spec: &DatabaseSpec, port: u16, connection: &mut Connection) -> Result<(), DatabaseError> {
    let query = "SELECT pg_conf_load_time()";
    let before = connection.rows(ACTION, query).await?;
    connection.rows(ACTION, "SELECT pg_reload_conf()").await?;
    let until = Instant::now() + PATIENCE;
    loop {
        // A new connection's process has what the server had when it was made.
        let mut fresh = Connection::open(spec, port, Account::Administrator).await?;
        if fresh.rows(ACTION, query).await? != before {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(DatabaseError::query(ACTION, "it does not read its files again"));
        }
        sleep(CADENCE).await;
    }
}
