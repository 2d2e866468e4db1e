//! The database engines a rehearsal can run, and what differs between their images.

use std::fmt;
use std::str::FromStr;

/// A database engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Engine {
    /// PostgreSQL.
    Postgres,
    /// MySQL proper.
    MySql,
    /// MariaDB.
    MariaDb,
}

impl Engine {
    /// Every engine, in the order in which they are listed to users.
    pub const ALL: [Self; 3] = [Self::Postgres, Self::MySql, Self::MariaDb];

    /// The name that `greenroom.toml` and `--database` use.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::MySql => "mysql",
            Self::MariaDb => "mariadb",
        }
    }

    /// The image that is run when neither the compose file nor the user names one.
    #[must_use]
    pub const fn default_image(self) -> &'static str {
        match self {
            Self::Postgres => "postgres:15",
            Self::MySql => "mysql:9.7",
            Self::MariaDb => "mariadb:10.11",
        }
    }

    /// The engine that an image runs, as far as its name says.
    #[must_use]
    pub fn of_image(image: &str) -> Option<Self> {
        let name = image.rsplit('/').next()?.split([':', '@']).next()?;
        let known = [
            ("postgres", Self::Postgres),
            ("postgis", Self::Postgres),
            ("timescaledb", Self::Postgres),
            ("mysql", Self::MySql),
            ("percona", Self::MySql),
            ("mariadb", Self::MariaDb),
        ];
        known.into_iter().find(|(start, _)| name.starts_with(start)).map(|(_, engine)| engine)
    }

    /// The TCP port the server listens on inside its container.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Postgres => 5432,
            Self::MySql | Self::MariaDb => 3306,
        }
    }

    /// The administrator that the image creates.
    #[must_use]
    pub const fn administrator(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::MySql | Self::MariaDb => "root",
        }
    }

    /// Server arguments with which it accepts `most` connections.
    pub(crate) fn accepting(self, most: u32) -> Vec<String> {
        match self {
            Self::Postgres => vec!["-c".to_owned(), format!("max_connections={most}")],
            Self::MySql | Self::MariaDb => vec![format!("--max-connections={most}")],
        }
    }

    /// Where the server keeps its data if the image does not say.
    pub(super) const fn data_directory(self) -> &'static str {
        match self {
            Self::Postgres => "/var/lib/postgresql/data",
            Self::MySql | Self::MariaDb => "/var/lib/mysql",
        }
    }

    /// Server arguments that let failing statements be read back afterwards, whatever program sent them. None of them changes
    /// what a statement does.
    pub(super) fn evidence_arguments(self) -> Vec<String> {
        let settings: &[&str] = match self {
            Self::Postgres => &[
                "-c",
                "log_line_prefix=greenroom|%n|%p|%u|%d|%e| ",
                "-c",
                "log_min_error_statement=error",
                "-c",
                "log_error_verbosity=default",
                "-c",
                "log_connections=on",
                "-c",
                "log_disconnections=on",
                "-c",
                "lc_messages=C",
            ],
            // The history of each connection is on by default but ends with the connection, and a migration's has ended by the
            // time anybody asks; the long history outlives it. 1 000 statements of at most 8 KiB are 8 MiB.
            Self::MySql => &[
                // As the official images have it: clients are known by their addresses.
                "--skip-name-resolve",
                "--performance-schema-consumer-events-statements-history-long=ON",
                "--performance-schema-events-statements-history-long-size=1000",
                "--performance-schema-max-sql-text-length=8192",
            ],
            Self::MariaDb => &[
                "--skip-name-resolve",
                "--performance-schema=ON",
                "--performance-schema-consumer-events-statements-current=ON",
                "--performance-schema-consumer-events-statements-history-long=ON",
                "--performance-schema-events-statements-history-long-size=1000",
                "--performance-schema-max-sql-text-length=8192",
                "--performance-schema-instrument=wait/lock/metadata/sql/mdl=ON",
            ],
        };
        settings.iter().map(|&setting| setting.to_owned()).collect()
    }
}

impl fmt::Display for Engine {
    /// The engine's own spelling of its name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres => "PostgreSQL",
            Self::MySql => "MySQL",
            Self::MariaDb => "MariaDB",
        })
    }
}

/// A text that names no engine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a database engine: `postgres`, `mysql` and `mariadb` are")]
pub struct UnknownEngine(String);

impl FromStr for Engine {
    type Err = UnknownEngine;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|engine| engine.key() == text).ok_or_else(|| UnknownEngine(text.to_owned()))
    }
}
