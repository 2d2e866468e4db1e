//! The sections of `greenroom.toml` that a rehearsal reads. Paths are relative to the file.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

use super::production::{Profile, Rds};
use crate::database::Engine;
use crate::driver::hook;

/// `[files]`: where the user's own files are. What they say is never repeated here.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Files {
    /// The Dockerfile of the app.
    #[serde(default = "dockerfile")]
    pub dockerfile: PathBuf,
    /// The build context.
    #[serde(default = "context")]
    pub context: PathBuf,
    /// The compose file, where there is one.
    pub compose: Option<PathBuf>,
    /// The task definition, as `aws ecs describe-task-definition` prints it or as `register-task-definition` takes it.
    pub task_definition: PathBuf,
    /// The policy of the role that the app itself has, as JSON or as `aws iam get-role-policy` prints it; if absent, the role is left as
    /// its owner has it. No rehearsal asks it: what the app calls of AWS is not simulated.
    pub task_role_policy: Option<PathBuf>,
    /// Requests that show whether the app works.
    pub smoke: PathBuf,
    /// The security groups of the account that is deployed to, as `aws ec2 describe-security-groups` prints them; if absent, they are as
    /// bootstrap makes them.
    pub security_groups: Option<PathBuf>,
    /// The policy that the deploy identity has on AWS, as JSON or as `aws iam get-user-policy` prints it; if absent, it is as bootstrap
    /// makes it.
    pub deploy_policy: Option<PathBuf>,
}

/// `[migration]`: how the schema is brought up to date.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Migration {
    /// The container whose image, environment and secrets the one-off task uses; the service's container if absent.
    pub container: Option<String>,
    /// The command, as argv.
    pub command: Vec<String>,
    /// It is ended when it has run for so many seconds; 300 if absent.
    pub timeout_seconds: Option<u32>,
}

/// `[database]`: the database of the app.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Database {
    /// The engine that production uses.
    #[serde(deserialize_with = "engine")]
    pub engine: Engine,
    /// The app's database.
    pub name: String,
    /// The app's user.
    pub user: String,
    /// The secret of the task definition that carries the URL.
    pub secret: String,
    /// What the user's password has in production besides letters and digits, such as `%@/`: the rehearsal's has it, too. Nothing if absent.
    #[serde(default, deserialize_with = "special")]
    pub password_characters: String,
    /// The name or id of its security group in `[files] security-groups`; the one that bootstrap makes if absent.
    pub security_group: Option<String>,
    /// `max_connections` of production's server; the engine's own default if absent.
    pub max_connections: Option<u32>,
    /// What kind of server production has; one like any other if absent.
    pub profile: Option<Profile>,
    /// The instance, for `profile = "rds"`.
    pub rds: Option<Rds>,
    /// How that secret's value is written for each engine, with `{user}`, `{password}`, `{host}`, `{port}` and `{name}`, encoded as URLs
    /// have it; `{raw-password}` is the password as it is.
    pub url: Urls,
}

/// `[database.url]`: the shape of the database's URL, by engine.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Urls {
    /// On PostgreSQL.
    pub postgres: Option<String>,
    /// On MySQL.
    pub mysql: Option<String>,
    /// On MariaDB.
    pub mariadb: Option<String>,
}

impl Urls {
    /// The shape for `engine`.
    #[must_use]
    pub fn shape(&self, engine: Engine) -> Option<&str> {
        match engine {
            Engine::Postgres => self.postgres.as_deref(),
            Engine::MySql => self.mysql.as_deref(),
            Engine::MariaDb => self.mariadb.as_deref(),
        }
    }
}

/// A value of `[secrets]`: how a secret that is not the database's is made up for a rehearsal.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Secret {
    /// So many random letters and digits.
    pub generate: usize,
    /// In production its value is a JSON object with these keys: each of them gets so many. A plain text if there are none.
    #[serde(default)]
    pub keys: Vec<String>,
}

/// A value of `[stand-ins]`: what answers in place of a function that lifecycle hooks ask.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StandIn {
    /// A program and its arguments, run beside greenroom.toml: it gets the event on its standard input.
    Command(Words),
    /// The URL of an endpoint, which gets the event by POST.
    Post(Url),
}

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Words(Vec<String>);

/// A URL that something on this machine or near it answers at.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Url(String);

impl From<&StandIn> for hook::StandIn {
    fn from(stand_in: &StandIn) -> Self {
        match stand_in {
            StandIn::Command(Words(words)) => Self::Command(words.clone()),
            StandIn::Post(Url(url)) => Self::Post(url.clone()),
        }
    }
}

impl TryFrom<Vec<String>> for Words {
    type Error = &'static str;

    fn try_from(words: Vec<String>) -> Result<Self, Self::Error> {
        if words.first().is_some_and(|program| !program.is_empty()) {
            Ok(Self(words))
        } else {
            Err("a command begins with a program")
        }
    }
}

impl TryFrom<String> for Url {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let rest = text.strip_prefix("http://").unwrap_or_default();
        if rest.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '[') {
            Ok(Self(text))
        } else {
            Err(format!("`{text}` is no URL that begins with `http://` and a host"))
        }
    }
}

fn dockerfile() -> PathBuf {
    PathBuf::from("Dockerfile")
}

fn context() -> PathBuf {
    PathBuf::from(".")
}

/// Quotes and backslashes are left out: the databases' images write the password into SQL as it is.
fn special<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.chars().find(|c| !c.is_ascii_punctuation() || "'\"`\\".contains(*c)) {
        None => Ok(text),
        Some(other) => Err(serde::de::Error::custom(format!(
            "`{other}` cannot be in a rehearsal's password: name punctuation, without quotes and backslashes"
        ))),
    }
}

fn engine<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Engine, D::Error> {
    let name = String::deserialize(deserializer)?;
    name.parse().map_err(serde::de::Error::custom)
}
