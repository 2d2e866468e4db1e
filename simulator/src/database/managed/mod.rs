//! Like a managed database: what Amazon RDS demands of its clients and does not allow its users, on the real server.
//!
//! In reading order: what is demanded ([`Managed`]), how many connections an instance class has ([`class`]), the certificate that the
//! server shows ([`certificate`]), which statements demand it and which take it back ([`demand`]), and how they reach the server
//! ([`apply`]).
//!
//! Deliberately absent: `rds_superuser` and RDS's own stored procedures. The app's user is the owner of its database and no more, which is
//! what RDS's documentation advises; what a project's administrator does by hand is not part of a deploy.

mod apply;
mod certificate;
mod class;
mod demand;

use std::fmt;
use std::time::Duration;

use super::Engine;

pub(super) use apply::{demand, forgive};
pub(super) use certificate::{Certificate, CertificateError, PATH as CERTIFICATES};
pub use class::{InstanceClass, UnknownClass};

/// What is demanded of the clients and the users of a managed database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Managed {
    /// Whether connections without TLS are refused; as RDS has it by default for the server's version if absent.
    pub forced_tls: Option<bool>,
    /// `sql_mode` of MySQL and MariaDB; RDS's default if absent.
    pub sql_mode: Option<String>,
    /// How long a statement may run: `statement_timeout` of PostgreSQL, `max_execution_time` of MySQL (of SELECTs, in milliseconds),
    /// `max_statement_time` of MariaDB. No limit if absent, as RDS has it by default.
    pub statement_timeout: Option<Duration>,
    /// How long a statement may wait for a lock: `lock_timeout` of PostgreSQL, and in whole seconds `lock_wait_timeout` and
    /// `innodb_lock_wait_timeout` of MySQL and MariaDB. The server's own default if absent, as on RDS.
    pub lock_timeout: Option<Duration>,
}

impl Managed {
    /// Whether a server of `engine` with the version `major`.`minor` refuses connections without TLS.
    ///
    /// By default PostgreSQL does from 15 on (`rds.force_ssl` is 1; RDS user guide, "Using SSL with a PostgreSQL DB instance"), MySQL
    /// does not (`require_secure_transport` is OFF; "Requiring SSL/TLS for all connections to a MySQL DB instance"), and MariaDB does
    /// from 11.8 on ("Requiring SSL/TLS for all connections to a MariaDB DB instance").
    #[must_use]
    pub fn forces_tls(&self, engine: Engine, (major, minor): (u32, u32)) -> bool {
        self.forced_tls.unwrap_or(match engine {
            Engine::Postgres => major >= 15,
            Engine::MySql => false,
            Engine::MariaDb => (major, minor) >= (11, 8),
        })
    }

    /// `sql_mode`, where it is not left as the server has it.
    ///
    /// RDS's default parameter groups for MySQL have `NO_ENGINE_SUBSTITUTION` alone, so that values that do not fit are cut and not
    /// refused (catalogue of failures, M-23; github.com/awsdocs/amazon-rds-user-guide/issues/160). Of MariaDB's nothing is documented.
    #[must_use]
    pub fn sql_mode(&self, engine: Engine) -> Option<&str> {
        match engine {
            Engine::Postgres => None,
            Engine::MySql => Some(self.sql_mode.as_deref().unwrap_or("NO_ENGINE_SUBSTITUTION")),
            Engine::MariaDb => self.sql_mode.as_deref(),
        }
    }

    /// Whether values that are missing or do not fit are made up or cut instead of refused: neither strict mode is on.
    #[must_use]
    pub fn is_lenient(&self, engine: Engine) -> bool {
        self.sql_mode(engine).is_some_and(|mode| {
            let mode = mode.to_ascii_uppercase();
            // `TRADITIONAL` stands for both and more (MySQL's and MariaDB's manuals, "Combination SQL Modes").
            !["STRICT_TRANS_TABLES", "STRICT_ALL_TABLES", "TRADITIONAL"].iter().any(|strict| mode.contains(strict))
        })
    }
}

impl fmt::Display for Managed {
    /// What is demanded, in a few words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tls = match self.forced_tls {
            Some(true) => "TLS forced",
            Some(false) => "TLS not forced",
            None => "TLS as by default",
        };
        f.write_str(tls)?;
        if let Some(mode) = &self.sql_mode {
            write!(f, ", sql_mode `{mode}`")?;
        }
        for (what, limit) in [("statements", self.statement_timeout), ("waits for locks", self.lock_timeout)] {
            if let Some(limit) = limit {
                write!(f, ", {what} at most {} s", limit.as_secs_f64())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_forced_as_rds_does_unless_the_project_says_otherwise() {
        let said = |forced_tls| Managed { forced_tls, ..Managed::default() };
        for (forced, engine, version, expected) in [
            (None, Engine::Postgres, (14, 19), false),
            (None, Engine::Postgres, (15, 0), true),
            (Some(false), Engine::Postgres, (17, 2), false),
            (None, Engine::MySql, (8, 4), false),
            (Some(true), Engine::MySql, (8, 4), true),
            (None, Engine::MariaDb, (11, 4), false),
            (None, Engine::MariaDb, (11, 8), true),
        ] {
            assert_eq!(said(forced).forces_tls(engine, version), expected, "{engine} {version:?} {forced:?}");
        }
    }

    #[test]
    fn a_server_without_a_strict_mode_takes_anything() {
        let said = |sql_mode: Option<&str>| Managed { sql_mode: sql_mode.map(str::to_owned), ..Managed::default() };
        for (mode, engine, expected) in [
            (None, Engine::MySql, true),
            (None, Engine::MariaDb, false),
            (None, Engine::Postgres, false),
            (Some(""), Engine::MariaDb, true),
            (Some("ANSI_QUOTES,strict_all_tables"), Engine::MySql, false),
            (Some("TRADITIONAL"), Engine::MySql, false),
        ] {
            assert_eq!(said(mode).is_lenient(engine), expected, "{engine} {mode:?}");
        }
    }
}
