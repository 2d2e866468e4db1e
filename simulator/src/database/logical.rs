//! One database of a server, by its own name: the app's, or a clone of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use bollard::Docker;

use super::schema::{self, SchemaSnapshot};
use super::statement::{self, Mark, StatementError};
use super::{Account, Connection, DatabaseError, DatabaseSpec, Engine};
use crate::migration_tool::Tool;

/// One database of a server. It does not keep the server running.
#[derive(Clone, Debug)]
pub struct LogicalDatabase {
    spec: DatabaseSpec,
    docker: Docker,
    container: String,
    port: u16,
}

impl LogicalDatabase {
    pub(super) fn new(spec: DatabaseSpec, docker: Docker, container: String, port: u16) -> Self {
        Self { spec, docker, container, port }
    }

    /// The database called `name` of the same server, whether it is there or not.
    pub(crate) fn called(&self, name: &str) -> Self {
        Self { spec: DatabaseSpec { name: name.to_owned(), ..self.spec.clone() }, ..self.clone() }
    }

    /// What was asked for, with this database's name.
    #[must_use]
    pub fn spec(&self) -> &DatabaseSpec {
        &self.spec
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// Where this machine reaches its server.
    #[must_use]
    pub fn outside(&self) -> SocketAddr {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), self.port)
    }

    pub(super) fn docker(&self) -> &Docker {
        &self.docker
    }

    pub(super) fn container(&self) -> &str {
        &self.container
    }

    /// A connection for the rehearsal's own queries.
    ///
    /// # Errors
    /// If the server refuses it.
    pub async fn connect(&self, account: Account) -> Result<Connection, DatabaseError> {
        Connection::open(&self.spec, self.port, account).await
    }

    /// Its schema as it is now.
    ///
    /// # Errors
    /// If the catalogs cannot be read.
    pub async fn schema(&self) -> Result<SchemaSnapshot, DatabaseError> {
        schema::read(&mut self.connect(Account::Administrator).await?, &self.spec).await
    }

    /// Its schema as it is now, unless somebody has changed it in a transaction that is not over: PostgreSQL's own functions wait for the
    /// locks of that. None then.
    ///
    /// # Errors
    /// If the catalogs cannot be read for another reason.
    pub async fn schema_unless_locked(&self) -> Result<Option<SchemaSnapshot>, DatabaseError> {
        let mut connection = self.connect(Account::Administrator).await?;
        let patience = match self.spec.engine {
            Engine::Postgres => "SET lock_timeout = '200ms'",
            Engine::MySql | Engine::MariaDb => "SET SESSION lock_wait_timeout = 1",
        };
        connection.execute("limit the wait for locks", patience).await?;
        match schema::read(&mut connection, &self.spec).await {
            Ok(schema) => Ok(Some(schema)),
            // PostgreSQL's 55P03, and MySQL's and MariaDB's 1205.
            Err(DatabaseError::Query { reason, .. })
                if reason.contains("due to lock timeout") || reason.contains("Lock wait timeout exceeded") =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The migration tool that keeps its record in it, if one is known to.
    ///
    /// # Errors
    /// If the catalogs cannot be read.
    pub async fn migration_tool(&self) -> Result<Option<&'static Tool>, DatabaseError> {
        schema::tool(&mut self.connect(Account::Administrator).await?, &self.spec).await
    }

    /// The number of rows of each table, in the order of the tables' names.
    ///
    /// # Errors
    /// If a table cannot be counted.
    pub async fn row_counts(&self) -> Result<Vec<(String, u64)>, DatabaseError> {
        schema::row_counts(&mut self.connect(Account::Administrator).await?, &self.spec).await
    }

    /// A mark in time, from which [`LogicalDatabase::errors_since`] reads on.
    ///
    /// # Errors
    /// If the server does not take it.
    pub async fn mark(&self) -> Result<Mark, DatabaseError> {
        statement::mark(&mut self.connect(Account::Administrator).await?, self.spec.engine).await
    }

    /// The statements that failed in this database since `mark`, from whatever client, in the order in which they failed. Passwords
    /// in them are masked.
    ///
    /// # Errors
    /// If the server's record cannot be read.
    pub async fn errors_since(&self, mark: &Mark) -> Result<Vec<StatementError>, DatabaseError> {
        self.read_errors(mark, Some(&self.spec.name)).await
    }

    /// The same in every database of the server.
    pub(super) async fn errors_anywhere_since(&self, mark: &Mark) -> Result<Vec<StatementError>, DatabaseError> {
        self.read_errors(mark, None).await
    }

    async fn read_errors(&self, mark: &Mark, within: Option<&str>) -> Result<Vec<StatementError>, DatabaseError> {
        let mut connection = self.connect(Account::Administrator).await?;
        let secrets = [self.spec.password.expose(), self.spec.root_password().expose()];
        statement::errors_since(&mut connection, (&self.docker, &self.container), mark, within, &secrets).await
    }

    /// PostgreSQL's log since `mark`, of all databases.
    pub(super) async fn log_since(&self, mark: &Mark) -> Result<String, DatabaseError> {
        let mut connection = self.connect(Account::Administrator).await?;
        statement::log_since(&mut connection, &self.docker, &self.container, mark).await
    }

    /// A text without the passwords of this server.
    pub(super) fn masked(&self, text: &str) -> String {
        statement::mask(text, &[self.spec.password.expose(), self.spec.root_password().expose()])
    }
}
