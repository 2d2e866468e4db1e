//! The statements that failed, as the server itself recorded them, whatever program sent them.
//!
//! PostgreSQL writes them to its log, MySQL and MariaDB keep them in the performance schema. What a migration tool prints of an error
//! is its own business and is never read.

mod mask;
mod mysql;
pub(super) mod postgres;

use std::fmt;

use bollard::Docker;
use simulator_core::Timestamp;

use super::{Connection, DatabaseError, Engine, Refusal};

pub use mask::mask;

/// A mark in a server's record, from which to read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark(Place);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// A line in the server's log.
    Line(String),
    /// Picoseconds of the server's own timer.
    Timer(u64),
}

/// A statement that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementError {
    /// The five characters that the SQL standard gives the error, such as `23502`.
    pub sqlstate: String,
    /// MySQL's and MariaDB's own number of it, such as 1364.
    pub errno: Option<u16>,
    /// The server's message.
    pub message: String,
    /// PostgreSQL's further explanation.
    pub detail: Option<String>,
    /// The statement, if it was one that failed (and not, say, a login).
    pub statement: Option<String>,
    /// When it failed, by the server's clock.
    pub at: Timestamp,
}

impl StatementError {
    /// What a server would record of a `statement` that it refuses so, at a time that does not matter.
    pub(crate) fn of(refusal: Refusal, statement: Option<String>) -> Self {
        let Refusal { sqlstate, errno, message } = refusal;
        Self { sqlstate, errno, message, detail: None, statement, at: Timestamp::from_millis(0) }
    }
}

impl fmt::Display for StatementError {
    /// One line: the code, the message, the statement.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SQLSTATE {}", self.sqlstate)?;
        if let Some(errno) = self.errno {
            write!(f, " (error {errno})")?;
        }
        write!(f, ": {}", one_line(&self.message))?;
        if let Some(detail) = &self.detail {
            write!(f, " ({})", one_line(detail))?;
        }
        if let Some(statement) = &self.statement {
            write!(f, ", in: {}", one_line(statement))?;
        }
        Ok(())
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// PostgreSQL's log since a mark that it was written to.
pub(super) async fn log_since(
    connection: &mut Connection,
    docker: &Docker,
    container: &str,
    mark: &Mark,
) -> Result<String, DatabaseError> {
    let until = postgres::mark(connection).await?;
    let log = postgres::read_log(docker, container, &until).await?;
    Ok(match &mark.0 {
        Place::Line(from) => postgres::between(&log, from, &until).to_owned(),
        Place::Timer(_) => log,
    })
}

pub(super) async fn mark(connection: &mut Connection, engine: Engine) -> Result<Mark, DatabaseError> {
    match engine {
        Engine::Postgres => Ok(Mark(Place::Line(postgres::mark(connection).await?))),
        Engine::MySql | Engine::MariaDb => Ok(Mark(Place::Timer(mysql::now(connection).await?.timer))),
    }
}

/// The statements that failed since `mark`, in the database `within` if one is named.
pub(super) async fn errors_since(
    connection: &mut Connection,
    (docker, container): (&Docker, &str),
    mark: &Mark,
    within: Option<&str>,
    secrets: &[&str],
) -> Result<Vec<StatementError>, DatabaseError> {
    let mut errors = match &mark.0 {
        Place::Line(from) => {
            let until = postgres::mark(connection).await?;
            let log = postgres::read_log(docker, container, &until).await?;
            postgres::errors(postgres::between(&log, from, &until), within)
        }
        Place::Timer(from) => mysql::errors_since(connection, *from, within).await?,
    };
    for error in &mut errors {
        error.message = mask(&error.message, secrets);
        for text in [&mut error.detail, &mut error.statement].into_iter().flatten() {
            *text = mask(text, secrets);
        }
    }
    Ok(errors)
}

/// A server's log as people read it: without the prefix that the parser needs, and without passwords.
pub(super) fn readable(engine: Engine, log: &str, secrets: &[&str]) -> String {
    let masked = mask(log, secrets);
    match engine {
        Engine::Postgres => masked.lines().map(postgres::without_prefix).collect::<Vec<_>>().join("\n"),
        Engine::MySql | Engine::MariaDb => masked,
    }
}

/// The most connections that were open at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeakConnections {
    /// How many, at the most. MySQL and MariaDB count the rehearsal's own connection with the app's; PostgreSQL does not.
    pub at_most: u32,
    /// How many the server accepts (`max_connections`).
    pub limit: u32,
}

/// Starts counting connections. MySQL and MariaDB keep one count for everybody, which starts anew here.
pub(super) async fn count_connections(connection: &mut Connection, engine: Engine) -> Result<Mark, DatabaseError> {
    if engine != Engine::Postgres {
        connection.execute("reset the count of connections", "FLUSH STATUS").await?;
    }
    mark(connection, engine).await
}

pub(super) async fn peak_connections(
    connection: &mut Connection,
    docker: &Docker,
    container: &str,
    mark: &Mark,
    user: &str,
) -> Result<PeakConnections, DatabaseError> {
    match &mark.0 {
        Place::Line(from) => {
            let until = postgres::mark(connection).await?;
            let log = postgres::read_log(docker, container, &until).await?;
            let limit = postgres::max_connections(connection).await?;
            Ok(PeakConnections { at_most: postgres::peak_connections(&log, from, user), limit })
        }
        Place::Timer(_) => mysql::peak_connections(connection).await,
    }
}
