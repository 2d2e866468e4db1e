//! What a rehearsal wants of its database.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::{Engine, Managed, sql};

/// A password, which no `Debug` output ever shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Wraps a password.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The password itself, for whoever must hand it to a server or hide it in a text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(****)")
    }
}

/// A file that the image runs once on the empty database, before the real server starts.
#[derive(Clone, Debug)]
pub struct InitialisationFile {
    /// File name in `/docker-entrypoint-initdb.d`; the image runs them in this order. `.sh` is sourced, `.sql` is executed.
    pub name: String,
    /// The file's content.
    pub content: String,
}

/// What a rehearsal wants of its database.
#[derive(Clone, Debug)]
pub struct DatabaseSpec {
    /// The engine.
    pub engine: Engine,
    /// The image that the user's compose file names; the engine's default image if absent.
    pub image: Option<String>,
    /// Name of the app's database.
    pub name: String,
    /// The app's database user. Unless it is the engine's administrator it owns the app's database and nothing else, as on a
    /// managed database.
    pub user: String,
    /// The app's password.
    pub password: Password,
    /// The administrator's password; not used if the app connects as the administrator.
    pub administrator_password: Password,
    /// The rehearsal's Docker network, by name or id. It must exist.
    pub network: String,
    /// The host name under which the containers of that network reach the database.
    pub alias: String,
    /// Labels of every container that is made for the database.
    pub labels: BTreeMap<String, String>,
    /// Further server arguments, such as `-c max_connections=50` or `--max-connections=50`.
    pub arguments: Vec<String>,
    /// What production's managed database demands; none where it is to be as the image has it.
    pub managed: Option<Managed>,
    /// What the image runs on the empty database.
    pub initialisation: Vec<InitialisationFile>,
    /// How long the database may take to become ready.
    pub patience: Duration,
}

impl DatabaseSpec {
    /// A database called `name` and owned by `user` on `network`, reachable there as `database`, that has 120 s to become ready.
    #[must_use]
    pub fn new(
        engine: Engine,
        network: &str,
        name: &str,
        user: &str,
        password: Password,
        administrator: Password,
    ) -> Self {
        Self {
            engine,
            image: None,
            name: name.to_owned(),
            user: user.to_owned(),
            password,
            administrator_password: administrator,
            network: network.to_owned(),
            alias: "database".to_owned(),
            labels: BTreeMap::new(),
            arguments: Vec::new(),
            managed: None,
            initialisation: Vec::new(),
            patience: Duration::from_secs(120),
        }
    }

    /// The image that will be run.
    #[must_use]
    pub fn image(&self) -> &str {
        self.image.as_deref().unwrap_or(self.engine.default_image())
    }

    /// Whether the app connects as the administrator.
    pub(super) fn is_administrator(&self) -> bool {
        self.user == self.engine.administrator()
    }

    /// The password of the administrator, which is the app's if the app connects as the administrator.
    pub(super) fn root_password(&self) -> &Password {
        if self.is_administrator() { &self.password } else { &self.administrator_password }
    }

    /// Environment of the server's container.
    pub(super) fn environment(&self) -> Vec<(&'static str, String)> {
        let root = self.root_password().expose().to_owned();
        let app = || (self.user.clone(), self.password.expose().to_owned());
        match self.engine {
            Engine::Postgres => vec![("POSTGRES_PASSWORD", root), ("POSTGRES_DB", self.name.clone())],
            Engine::MySql => {
                let mut variables = vec![("MYSQL_ROOT_PASSWORD", root), ("MYSQL_DATABASE", self.name.clone())];
                if !self.is_administrator() {
                    let (user, password) = app();
                    variables.extend([("MYSQL_USER", user), ("MYSQL_PASSWORD", password)]);
                }
                variables
            }
            Engine::MariaDb => {
                let mut variables = vec![("MARIADB_ROOT_PASSWORD", root), ("MARIADB_DATABASE", self.name.clone())];
                if !self.is_administrator() {
                    let (user, password) = app();
                    variables.extend([("MARIADB_USER", user), ("MARIADB_PASSWORD", password)]);
                }
                variables
            }
        }
    }

    /// What the image runs on the empty database: ours first, then the user's.
    pub(super) fn initialisation_files(&self) -> Vec<InitialisationFile> {
        let mut files = Vec::new();
        // The image would make the user that it is told of a superuser, which no app is on a managed PostgreSQL: what only a
        // superuser may do would pass here and fail there.
        if self.engine == Engine::Postgres && !self.is_administrator() {
            let (user, name) = (sql::column(self.engine, &self.user), sql::column(self.engine, &self.name));
            let password = sql::literal(self.engine, self.password.expose());
            files.push(InitialisationFile {
                name: "00-greenroom.sql".to_owned(),
                content: format!(
                    "SET standard_conforming_strings = on;\nCREATE ROLE {user} LOGIN PASSWORD {password};\nALTER DATABASE {name} OWNER TO {user};\n"
                ),
            });
        }
        files.extend(self.initialisation.iter().cloned());
        files
    }
}
