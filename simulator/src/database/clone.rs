//! Clones of a database, so that what one scenario does to it no other sees.
//!
//! A clone is another database of the same server. PostgreSQL copies files (`CREATE DATABASE … TEMPLATE`, which nobody may be connected
//! to meanwhile); MySQL and MariaDB have nothing of the kind, so the server's own dump is played into an empty one, inside the server's
//! container and through no network.

use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use futures_util::StreamExt;

use super::logical::LogicalDatabase;
use super::{Account, Connection, DatabaseError, Engine, sql};

/// The database of PostgreSQL that its administrator connects to while another is copied.
const MAINTENANCE: &str = "postgres";

const ACTION: &str = "clone the database";

/// Everything in a database as statements. `--no-tablespaces` does without the PROCESS privilege, and without `--add-drop-table` nothing
/// that is there already is overwritten.
const DUMP: &str = "--single-transaction --skip-lock-tables --no-tablespaces --routines --events --triggers --hex-blob \
                    --skip-comments --skip-add-drop-table";

impl LogicalDatabase {
    /// Makes a database called `name` with everything that this one holds, for the same user. Whoever is connected to this one is
    /// disconnected where the engine demands it (PostgreSQL).
    ///
    /// # Errors
    /// If the server refuses, for instance because the name is taken.
    pub async fn clone_as(&self, name: &str) -> Result<Self, DatabaseError> {
        let clone = self.called(name);
        match self.spec().engine {
            Engine::Postgres => self.copy_template(name).await?,
            Engine::MySql | Engine::MariaDb => self.copy_dump(name).await?,
        }
        Ok(clone)
    }

    /// Removes it with all its data, whoever is connected to it.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn remove(self) -> Result<(), DatabaseError> {
        let engine = self.spec().engine;
        let drop = format!("DROP DATABASE {}", sql::column(engine, self.name()));
        let mut connection = match engine {
            Engine::Postgres => {
                let mut connection = self.called(MAINTENANCE).connect(Account::Administrator).await?;
                self.disconnect_all(&mut connection).await?;
                connection
            }
            Engine::MySql | Engine::MariaDb => self.connect(Account::Administrator).await?,
        };
        connection.execute("remove a clone of the database", &drop).await
    }

    async fn disconnect_all(&self, connection: &mut Connection) -> Result<(), DatabaseError> {
        let disconnect = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}",
            sql::literal(self.spec().engine, self.name())
        );
        connection.rows(ACTION, &disconnect).await.map(drop)
    }

    async fn copy_template(&self, name: &str) -> Result<(), DatabaseError> {
        let engine = self.spec().engine;
        let mut connection = self.called(MAINTENANCE).connect(Account::Administrator).await?;
        self.disconnect_all(&mut connection).await?;
        let owner = sql::column(engine, &self.spec().user);
        // Copying files needs no write-ahead log of its own: what is cloned lives in memory, and a checkpoint costs little there.
        let copy = format!(
            "CREATE DATABASE {} TEMPLATE {} OWNER {owner} STRATEGY FILE_COPY",
            sql::column(engine, name),
            sql::column(engine, self.name())
        );
        let version = connection.rows(ACTION, "SELECT current_setting('server_version_num')::int >= 150000").await?;
        let knows_strategy = version.into_iter().flatten().flatten().any(|value| value == "t");
        let copy = if knows_strategy { copy } else { copy.replace(" STRATEGY FILE_COPY", "") };
        connection.execute(ACTION, &copy).await
    }

    async fn copy_dump(&self, name: &str) -> Result<(), DatabaseError> {
        let engine = self.spec().engine;
        let mut connection = self.connect(Account::Administrator).await?;
        let defaults = "SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA \
                        WHERE SCHEMA_NAME = DATABASE()";
        let row = connection.rows(ACTION, defaults).await?.into_iter().next().unwrap_or_default();
        let mut values = row.into_iter().flatten();
        let (Some(charset), Some(collation)) = (values.next(), values.next()) else {
            return Err(DatabaseError::query(ACTION, "the server does not tell its character set"));
        };
        let target = sql::column(engine, name);
        let create = format!("CREATE DATABASE {target} CHARACTER SET {charset} COLLATE {collation}");
        connection.execute(ACTION, &create).await?;
        if self.spec().user != self.spec().engine.administrator() {
            let user = sql::literal(engine, &self.spec().user);
            let grant = format!("GRANT ALL PRIVILEGES ON {target}.* TO {user}@'%'");
            connection.execute(ACTION, &grant).await?;
        }
        self.pipe_dump(name).await
    }

    /// Dumps this database into `target`, both with the clients in the server's own image.
    async fn pipe_dump(&self, target: &str) -> Result<(), DatabaseError> {
        let options = match self.spec().engine {
            // Otherwise the dump sets GTIDs, which only an empty server takes.
            Engine::MySql => "--set-gtid-purged=OFF",
            Engine::MariaDb | Engine::Postgres => "",
        };
        let script = format!(
            "set -e; dump=$(command -v mariadb-dump || command -v mysqldump); \
             client=$(command -v mariadb || command -v mysql); \
             \"$dump\" --user=root {DUMP} {options} \"$SOURCE\" >/tmp/greenroom-$TARGET.sql; \
             \"$client\" --user=root \"$TARGET\" </tmp/greenroom-$TARGET.sql; rm /tmp/greenroom-$TARGET.sql"
        );
        let variables = [
            format!("MYSQL_PWD={}", self.spec().root_password().expose()),
            format!("SOURCE={}", self.name()),
            format!("TARGET={target}"),
        ];
        let failed = |source| DatabaseError::Container { action: "run a dump in", source };
        let exec = CreateExecOptions {
            cmd: Some(vec!["sh".to_owned(), "-c".to_owned(), script]),
            env: Some(variables.to_vec()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..CreateExecOptions::default()
        };
        let id = self.docker().create_exec(self.container(), exec).await.map_err(failed)?.id;
        let started = self.docker().start_exec(&id, None::<StartExecOptions>).await.map_err(failed)?;
        let mut said = String::new();
        if let StartExecResults::Attached { mut output, .. } = started {
            while let Some(Ok(piece)) = output.next().await {
                said.push_str(&piece.to_string());
            }
        }
        // The engine notes the end of the process a moment after its output has ended.
        loop {
            let inspected = self.docker().inspect_exec(&id).await.map_err(failed)?;
            match (inspected.running, inspected.exit_code) {
                (Some(true), _) => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
                (_, Some(0)) => return Ok(()),
                (_, code) => {
                    let code = code.unwrap_or_default();
                    let said = super::statement::mask(&said, &[self.spec().root_password().expose()]);
                    return Err(DatabaseError::query(ACTION, &format!("the dump ended with {code}: {}", said.trim())));
                }
            }
        }
    }
}
