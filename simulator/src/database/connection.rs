//! Connections for the rehearsal's own queries.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, Value};
use tokio_postgres::{NoTls, SimpleQueryMessage};

use super::result_column::ResultColumn;
use super::{DatabaseError, DatabaseSpec, Engine, Password, Refusal, sql};

/// Whose account a connection uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// The app's user; on a server that is like a managed one, PostgreSQL's administrator in its place, with its rights, and MySQL's and
    /// MariaDB's administrator as such.
    App,
    /// The engine's administrator.
    Administrator,
}

/// The address that a server's port is published on, and at which this machine reaches it. Nobody else is let in; and the engine
/// is known to run on this machine ([`crate::engine::Engine::connect`]), so no other address need be guessed.
pub(super) const PUBLISHED_ON: &str = "127.0.0.1";

/// One row: each value as the server writes it, `None` for NULL.
pub type Row = Vec<Option<String>>;

/// A connection for the rehearsal's own queries.
#[derive(Debug)]
pub struct Connection {
    engine: Engine,
    client: Client,
}

#[derive(Debug)]
enum Client {
    Postgres(tokio_postgres::Client),
    MySql(Conn),
}

impl Connection {
    pub(super) async fn open(spec: &DatabaseSpec, port: u16, account: Account) -> Result<Self, DatabaseError> {
        // A managed server may let the app in with TLS alone, which greenroom's own connections on loopback do without.
        let (user, password): (&str, &Password) = match account {
            Account::App if spec.managed.is_none() => (&spec.user, &spec.password),
            Account::App | Account::Administrator => (spec.engine.administrator(), spec.root_password()),
        };
        let engine = spec.engine;
        let refused = |reason: String| DatabaseError::Connect { engine, user: user.to_owned(), reason };
        let client = match engine {
            Engine::Postgres => {
                let mut config = tokio_postgres::Config::new();
                config.host(PUBLISHED_ON).port(port).dbname(&spec.name).user(user).password(password.expose());
                config.application_name("greenroom");
                let (client, connection) = config.connect(NoTls).await.map_err(|error| refused(in_full(&error)))?;
                // Ends with the client; an error in it is an error of the query that runs at the time.
                tokio::spawn(connection);
                if account == Account::App && spec.managed.is_some() {
                    let become_app = format!("SET SESSION AUTHORIZATION {}", sql::column(engine, &spec.user));
                    client.batch_execute(&become_app).await.map_err(|error| refused(in_full(&error)))?;
                }
                Client::Postgres(client)
            }
            Engine::MySql | Engine::MariaDb => {
                let options = OptsBuilder::default()
                    .ip_or_hostname(PUBLISHED_ON)
                    .tcp_port(port)
                    // Otherwise the driver would look for the server's socket on this machine.
                    .prefer_socket(false)
                    .user(Some(user))
                    .pass(Some(password.expose()))
                    .db_name(Some(&spec.name))
                    .setup(limitless(spec));
                Client::MySql(Conn::new(options).await.map_err(|error| refused(error.to_string()))?)
            }
        };
        Ok(Self { engine, client })
    }

    /// The engine it is connected to.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Runs one query and returns its rows. `action` says what for, in an error.
    ///
    /// # Errors
    /// The server's words.
    pub async fn rows(&mut self, action: &'static str, query: &str) -> Result<Vec<Row>, DatabaseError> {
        match &mut self.client {
            Client::Postgres(client) => {
                let messages = client.simple_query(query).await.map_err(|error| failed(action, &error))?;
                let rows = messages.iter().filter_map(|message| match message {
                    SimpleQueryMessage::Row(row) => {
                        Some((0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect())
                    }
                    SimpleQueryMessage::CommandComplete(_) | SimpleQueryMessage::RowDescription(_) | _ => None,
                });
                Ok(rows.collect())
            }
            Client::MySql(conn) => {
                let rows: Vec<mysql_async::Row> =
                    conn.query(query).await.map_err(|error| DatabaseError::query(action, &error))?;
                Ok(rows.into_iter().map(values).collect())
            }
        }
    }

    /// Runs one statement that the server may well refuse. `action` says what for, in an error.
    ///
    /// # Errors
    /// If the connection fails; a refusal is part of the answer.
    pub async fn attempt(
        &mut self,
        action: &'static str,
        statement: &str,
    ) -> Result<Result<(), Refusal>, DatabaseError> {
        match &mut self.client {
            Client::Postgres(client) => match client.batch_execute(statement).await {
                Ok(()) => Ok(Ok(())),
                Err(error) => Refusal::of_postgres(&error).map(Err).ok_or_else(|| failed(action, &error)),
            },
            Client::MySql(conn) => match conn.query_drop(statement).await {
                Ok(()) => Ok(Ok(())),
                Err(error) => Refusal::of_mysql(&error).map(Err).ok_or_else(|| DatabaseError::query(action, &error)),
            },
        }
    }

    /// Prepares a statement without running it, and tells the columns of its result; none if it gives no rows.
    ///
    /// # Errors
    /// If the connection fails; a refusal is part of the answer.
    pub async fn describe(&mut self, statement: &str) -> Result<Result<Vec<ResultColumn>, Refusal>, DatabaseError> {
        let action = "prepare a captured statement";
        match &mut self.client {
            Client::Postgres(client) => match client.prepare(statement).await {
                Ok(prepared) => Ok(Ok(prepared.columns().iter().map(ResultColumn::of_postgres).collect())),
                Err(error) => Refusal::of_postgres(&error).map(Err).ok_or_else(|| failed(action, &error)),
            },
            Client::MySql(conn) => match conn.prep(statement).await {
                Ok(prepared) => {
                    let columns = prepared.columns().iter().map(ResultColumn::of_mysql).collect();
                    conn.close(prepared).await.map_err(|error| DatabaseError::query(action, &error))?;
                    Ok(Ok(columns))
                }
                Err(error) => Refusal::of_mysql(&error).map(Err).ok_or_else(|| DatabaseError::query(action, &error)),
            },
        }
    }

    /// The server's own number of this connection: PostgreSQL's process, MySQL's and MariaDB's connection id.
    ///
    /// # Errors
    /// If the server does not answer.
    pub async fn number(&mut self) -> Result<u64, DatabaseError> {
        let action = "ask for the connection's number";
        let query = match self.engine {
            Engine::Postgres => "SELECT pg_backend_pid()",
            Engine::MySql | Engine::MariaDb => "SELECT CONNECTION_ID()",
        };
        let value = self.rows(action, query).await?.into_iter().flatten().flatten().next();
        value.and_then(|value| value.parse().ok()).ok_or_else(|| DatabaseError::query(action, "it is no number"))
    }

    /// Runs one statement that gives no rows. `action` says what for, in an error.
    ///
    /// # Errors
    /// The server's words.
    pub async fn execute(&mut self, action: &'static str, statement: &str) -> Result<(), DatabaseError> {
        match &mut self.client {
            Client::Postgres(client) => client.batch_execute(statement).await.map_err(|error| failed(action, &error)),
            Client::MySql(conn) => {
                conn.query_drop(statement).await.map_err(|error| DatabaseError::query(action, &error))
            }
        }
    }
}

/// What frees greenroom's own queries from the limits of a server that is like a managed one.
fn limitless(spec: &DatabaseSpec) -> Vec<&'static str> {
    match (spec.engine, &spec.managed) {
        (Engine::MySql, Some(_)) => vec!["SET SESSION max_execution_time = 0"],
        (Engine::MariaDb, Some(_)) => vec!["SET SESSION max_statement_time = 0"],
        (Engine::Postgres, _) | (Engine::MySql | Engine::MariaDb, None) => Vec::new(),
    }
}

fn failed(action: &'static str, error: &tokio_postgres::Error) -> DatabaseError {
    DatabaseError::query(action, &in_full(error))
}

/// tokio-postgres keeps the server's words in the source of its error.
fn in_full(error: &tokio_postgres::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// The values of a row of which none has been taken out yet.
fn values(row: mysql_async::Row) -> Row {
    let values = row.unwrap_raw().into_iter();
    values.map(|value| text(value.expect("nothing has been taken out of the row"))).collect()
}

/// The text protocol sends every value as text.
fn text(value: Value) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        other @ (Value::Int(_)
        | Value::UInt(_)
        | Value::Float(_)
        | Value::Double(_)
        | Value::Date(..)
        | Value::Time(..)) => Some(other.as_sql(true).trim_matches('\'').to_owned()),
    }
}
