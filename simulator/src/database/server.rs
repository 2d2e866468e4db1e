//! A database that is ready.

use std::fmt;

use bollard::Docker;
use testcontainers::{ContainerAsync, GenericImage};

use super::connection::PUBLISHED_ON;
use super::image::ImageUsed;
use super::launch::{self, Launched};
use super::managed;
use super::schema::SchemaSnapshot;
use super::statement::{self, Mark, PeakConnections, StatementError};
use super::{Account, Connection, DatabaseError, DatabaseSpec, Engine, LogicalDatabase, Password, Readiness, sql};

/// So many of the server's last lines show why it ended.
const LAST_LINES: usize = 8;

/// A database that is ready. Dropping it removes its container.
pub struct Database {
    spec: DatabaseSpec,
    docker: Docker,
    container: ContainerAsync<GenericImage>,
    image: ImageUsed,
    port: u16,
    readiness: Readiness,
}

impl fmt::Debug for Database {
    /// Leaves the container out, which shows its environment and so the passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("spec", &self.spec).field("image", &self.image).finish_non_exhaustive()
    }
}

impl Database {
    /// Starts a database and waits until it is ready.
    ///
    /// # Errors
    /// If there is no Docker engine or no image, or if the server does not become ready; nothing is left of it then.
    pub async fn start(spec: DatabaseSpec) -> Result<Self, DatabaseError> {
        Self::launch(spec).await?.ready().await
    }

    /// Starts a database's server and returns at once, so that other work can be done until [`Launched::ready`].
    ///
    /// # Errors
    /// If there is no Docker engine or no image, or if the engine refuses the container.
    pub async fn launch(spec: DatabaseSpec) -> Result<Launched, DatabaseError> {
        Launched::launch(spec).await
    }

    pub(super) fn new(launched: Launched, readiness: Readiness) -> Self {
        let Launched { spec, docker, container, image, port, .. } = launched;
        Self { spec, docker, container, image, port, readiness }
    }

    /// What was asked for.
    #[must_use]
    pub fn spec(&self) -> &DatabaseSpec {
        &self.spec
    }

    /// The proof that it is ready.
    #[must_use]
    pub fn readiness(&self) -> &Readiness {
        &self.readiness
    }

    /// The image it runs from.
    #[must_use]
    pub fn image(&self) -> &ImageUsed {
        &self.image
    }

    /// Docker's id of the server's container.
    #[must_use]
    pub fn container_id(&self) -> &str {
        self.container.id()
    }

    /// Host and port at which containers of the rehearsal's network reach it.
    #[must_use]
    pub fn inside(&self) -> (&str, u16) {
        (&self.spec.alias, self.spec.engine.port())
    }

    /// Host and port at which this machine reaches it.
    #[must_use]
    pub fn outside(&self) -> (&str, u16) {
        (PUBLISHED_ON, self.port)
    }

    /// The app's database, to be asked or cloned while the server runs.
    #[must_use]
    pub fn logical(&self) -> LogicalDatabase {
        LogicalDatabase::new(self.spec.clone(), self.docker.clone(), self.container.id().to_owned(), self.port)
    }

    /// A connection for the rehearsal's own queries, to the app's database. The administrator's is the one to use where the app's
    /// own first login must stay its first.
    ///
    /// # Errors
    /// If the server refuses it.
    pub async fn connect(&self, account: Account) -> Result<Connection, DatabaseError> {
        self.logical().connect(account).await
    }

    /// From now on the app's next login is like its first. MySQL remembers the passwords of those who have logged in until it is restarted,
    /// and lets clients in meanwhile that cannot encrypt one (`caching_sha2_password`); after the next restart they are refused.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn forget_logins(&self) -> Result<(), DatabaseError> {
        if self.spec.engine != Engine::MySql {
            return Ok(());
        }
        self.connect(Account::Administrator).await?.execute("forget logins", "FLUSH PRIVILEGES").await
    }

    /// The schema of the app's database as it is now.
    ///
    /// # Errors
    /// If the catalogs cannot be read.
    pub async fn schema(&self) -> Result<SchemaSnapshot, DatabaseError> {
        self.logical().schema().await
    }

    /// The number of rows of each table of the app's database, in the order of the tables' names.
    ///
    /// # Errors
    /// If a table cannot be counted.
    pub async fn row_counts(&self) -> Result<Vec<(String, u64)>, DatabaseError> {
        self.logical().row_counts().await
    }

    /// A mark in time, from which [`Database::errors_since`] reads on.
    ///
    /// # Errors
    /// If the server does not take it.
    pub async fn mark(&self) -> Result<Mark, DatabaseError> {
        self.logical().mark().await
    }

    /// The statements that failed since `mark`, from whatever client, in the order in which they failed. Passwords in them are masked.
    ///
    /// # Errors
    /// If the server's record cannot be read.
    pub async fn errors_since(&self, mark: &Mark) -> Result<Vec<StatementError>, DatabaseError> {
        self.logical().errors_anywhere_since(mark).await
    }

    /// The last `count` lines that the server's container has written, for a report. Passwords in them are masked.
    pub async fn last_lines(&self, count: usize) -> String {
        let secrets = [self.spec.password.expose(), self.spec.root_password().expose()];
        let log = launch::last_lines(&self.docker, self.container.id(), count).await;
        statement::readable(self.spec.engine, &log, &secrets)
    }

    /// Starts counting connections, for [`Database::peak_connections`].
    ///
    /// # Errors
    /// If the server does not take it.
    pub async fn count_connections(&self) -> Result<Mark, DatabaseError> {
        let mut connection = self.connect(Account::Administrator).await?;
        statement::count_connections(&mut connection, self.spec.engine).await
    }

    /// The most connections that were open at once since [`Database::count_connections`] made `mark`.
    ///
    /// # Errors
    /// If the server's record cannot be read.
    pub async fn peak_connections(&self, mark: &Mark) -> Result<PeakConnections, DatabaseError> {
        let mut connection = self.connect(Account::Administrator).await?;
        statement::peak_connections(&mut connection, &self.docker, self.container.id(), mark, &self.spec.user).await
    }

    /// How its server ended, with its last lines, if it has: no rehearsal ends it before its own end.
    pub async fn ended(&self) -> Option<(Option<i64>, String)> {
        let inspected = self.docker.inspect_container(self.container.id(), None).await.ok()?;
        let state = inspected.state.filter(|state| state.running == Some(false))?;
        Some((state.exit_code, self.last_lines(LAST_LINES).await))
    }

    /// From now on the app logs in with `password`. Connections of the rehearsal's own as the app are refused then; those of the administrator
    /// are not, unless the app is the administrator.
    ///
    /// # Errors
    /// If the server does not take it.
    pub async fn change_password(&self, password: &Password) -> Result<(), DatabaseError> {
        let (engine, user) = (self.spec.engine, &self.spec.user);
        let new = sql::literal(engine, password.expose());
        let statement = match engine {
            Engine::Postgres => format!("ALTER ROLE {} PASSWORD {new}", sql::column(engine, user)),
            Engine::MySql | Engine::MariaDb => {
                format!("ALTER USER {}@'%' IDENTIFIED BY {new}", sql::literal(engine, user))
            }
        };
        self.connect(Account::Administrator).await?.execute("change the app's password", &statement).await
    }

    /// Makes a server that is like a managed one like any other: the app's user may do anything, and nothing is demanded of it.
    ///
    /// # Errors
    /// If the server does not take it.
    pub async fn forgive(&self) -> Result<(), DatabaseError> {
        managed::forgive(&self.spec, self.port).await
    }

    /// Removes the database and all its data.
    ///
    /// # Errors
    /// If the engine does not remove the container.
    pub async fn stop(self) -> Result<(), DatabaseError> {
        self.container.rm().await.map_err(DatabaseError::Remove)
    }

    /// Leaves the database running, for `--keep`: whoever cleans up by label removes it.
    #[must_use]
    pub fn keep(self) -> DatabaseSpec {
        let Self { spec, container, .. } = self;
        // testcontainers removes a container when its handle is dropped, and offers no other way not to.
        std::mem::forget(container);
        spec
    }
}
