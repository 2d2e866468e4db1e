//! How production's database differs from a server in a container, as `[database]` of `greenroom.toml` describes it.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::config::Database;
use super::error::RehearsalError;
use crate::behaviours::duration::Span;
use crate::database::{Engine, InstanceClass, Managed};

/// `profile` of `[database]`: what kind of server production has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// An instance of Amazon RDS.
    Rds,
}

/// `[database.rds]`: the instance. What is absent is as RDS has it by default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rds {
    /// The DB instance class, from which `max_connections` follows unless `[database]` says it.
    #[serde(default, deserialize_with = "class")]
    pub class: Option<InstanceClass>,
    /// `rds.force_ssl`, or `require_secure_transport`.
    pub force_tls: Option<bool>,
    /// `sql_mode` of its parameter group.
    pub sql_mode: Option<String>,
    /// `statement_timeout` of its parameter group or of the app's role; `max_execution_time`, `max_statement_time`.
    #[serde(default, deserialize_with = "span")]
    pub statement_timeout: Option<Duration>,
    /// `lock_timeout`, likewise; `lock_wait_timeout`.
    #[serde(default, deserialize_with = "span")]
    pub lock_timeout: Option<Duration>,
}

/// What `database` demands of its clients on `engine`; nothing if it is a server like any other.
///
/// # Errors
/// What is said of it cannot be so.
pub(crate) fn managed(database: &Database, engine: Engine) -> Result<Option<Managed>, RehearsalError> {
    let refuse = |message: String, help: &str| Err(RehearsalError::Input { message, help: Some(help.to_owned()) });
    let rds = match (database.profile, &database.rds) {
        (None, None) => return Ok(None),
        (None, Some(_)) => {
            return refuse(
                "greenroom.toml describes an instance in [database.rds], and [database] does not say that production has one"
                    .to_owned(),
                "add `profile = \"rds\"` to [database], or take [database.rds] away",
            );
        }
        (Some(Profile::Rds), described) => described.clone().unwrap_or_default(),
    };
    if database.user == engine.administrator() {
        return refuse(
            format!(
                "the app's user `{}` may do anything on {engine} in a container, which no user may on RDS: a profile would show nothing",
                database.user
            ),
            "give the app a user of its own in [database], as the owner of its database",
        );
    }
    for (key, limit) in [("statement-timeout", &rds.statement_timeout), ("lock-timeout", &rds.lock_timeout)] {
        if limit.as_ref().is_some_and(|limit| limit.is_zero()) {
            return refuse(
                format!("`{key}` in [database.rds] is 0, which servers take for no limit"),
                "leave it out if there is none, or write production's, such as \"30s\"",
            );
        }
    }
    if rds
        .sql_mode
        .as_ref()
        .is_some_and(|mode| !mode.chars().all(|c| c.is_ascii_uppercase() || matches!(c, '_' | ',' | '0'..='9')))
    {
        return refuse(
            "`sql-mode` in [database.rds] is no list of modes".to_owned(),
            "write what `SELECT @@sql_mode` says on production, such as \"NO_ENGINE_SUBSTITUTION\"",
        );
    }
    Ok(Some(Managed {
        forced_tls: rds.force_tls,
        sql_mode: rds.sql_mode,
        statement_timeout: rds.statement_timeout,
        lock_timeout: rds.lock_timeout,
    }))
}

/// How many connections `database` accepts on `engine`, if that is known: what is said of production comes before what follows from its
/// class.
pub(crate) fn max_connections(database: &Database, engine: Engine) -> Option<u32> {
    let class = database.rds.as_ref().and_then(|rds| rds.class.as_ref()).filter(|_| database.profile.is_some());
    database.max_connections.or_else(|| class.map(|class| class.max_connections(engine)))
}

fn class<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<InstanceClass>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

fn span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    Span::deserialize(deserializer).map(|Span(duration)| Some(duration))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(rest: &str) -> Database {
        let text = format!("engine = \"postgres\"\nname = \"n\"\nuser = \"u\"\nsecret = \"s\"\n{rest}\n[url]\n");
        toml::from_str(&text).expect("it is written rightly")
    }

    #[test]
    fn what_is_described_is_what_is_demanded() {
        assert_eq!(managed(&database(""), Engine::Postgres).expect("nothing is said"), None);
        let whole = "profile = \"rds\"\nrds = { class = \"db.t4g.micro\", force-tls = true, sql-mode = \"ANSI_QUOTES\", \
                     statement-timeout = \"30s\", lock-timeout = \"1.5s\" }";
        let expected = Managed {
            forced_tls: Some(true),
            sql_mode: Some("ANSI_QUOTES".to_owned()),
            statement_timeout: Some(Duration::from_secs(30)),
            lock_timeout: Some(Duration::from_millis(1_500)),
        };
        assert_eq!(managed(&database(whole), Engine::MySql).expect("it can be so"), Some(expected));
        let alone = database("profile = \"rds\"");
        assert_eq!(managed(&alone, Engine::Postgres).expect("RDS's defaults"), Some(Managed::default()));
        for (text, expected) in [
            ("", None),
            ("max-connections = 40", Some(40)),
            (whole, Some(112)),
            (&format!("max-connections = 40\n{whole}"), Some(40)),
        ] {
            assert_eq!(max_connections(&database(text), Engine::Postgres), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_so_is_refused_with_what_to_write() {
        for (text, user, help) in [
            ("rds = { class = \"db.t4g.micro\" }", "u", "add `profile = \"rds\"`"),
            ("profile = \"rds\"", "postgres", "a user of its own"),
            ("profile = \"rds\"\nrds = { lock-timeout = \"0s\" }", "u", "leave it out"),
            ("profile = \"rds\"\nrds = { sql-mode = \"strict';\" }", "u", "SELECT @@sql_mode"),
        ] {
            let said = Database { user: user.to_owned(), ..database(text) };
            match managed(&said, Engine::Postgres) {
                Err(RehearsalError::Input { help: Some(said), .. }) => assert!(said.contains(help), "{said}"),
                other => panic!("{text} is taken: {other:?}"),
            }
        }
        let rest = "engine = \"postgres\"\nname = \"n\"\nuser = \"u\"\nsecret = \"s\"\nurl = {}\n";
        for (text, part) in [
            ("profile = \"aurora\"", "expected `rds`"),
            ("rds = { class = \"db.m3.large\" }", "SHOW max_connections"),
            ("rds = { statement-timeout = \"30\" }", "is no duration"),
            ("rds = { ssl = true }", "unknown field `ssl`"),
        ] {
            let error = toml::from_str::<Database>(&format!("{rest}{text}")).expect_err("it is not taken").to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
