//! A project's own health check of its database, tried where it must say no (R-01 to R-04).
//!
//! One container is led through four situations, each held until everything has been tried in it: no server at all, the temporary server
//! that takes the initialisation files, the real server, and the real server with a wrong password. Nothing depends on how long
//! anything takes. The commands run where Docker runs a health check: in the database's container.

mod container;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::database::{DatabaseError, Engine};

/// The database of a project, as its compose file or its workflow's service has it.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The engine.
    pub engine: Engine,
    /// The image.
    pub image: String,
    /// Its environment, with the passwords.
    pub environment: BTreeMap<String, String>,
    /// Its server's arguments.
    pub arguments: Vec<String>,
    /// The rehearsal's network, by name or id.
    pub network: String,
    /// Labels of the container.
    pub labels: BTreeMap<String, String>,
    /// How long the server may take to initialise, and again to start.
    pub patience: Duration,
}

/// Where a project writes the health check of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// As `test` in a compose file, where a dollar sign is written twice.
    InCompose,
    /// As `--health-cmd` among the `options` of a workflow's service.
    InWorkflow,
}

/// A health check: Docker's `CMD` with its words, or `CMD-SHELL` with its one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HealthCheck {
    /// The program and its arguments.
    Command(Vec<String>),
    /// A line for the container's shell.
    Shell(String),
}

impl HealthCheck {
    /// Reads the words of a compose file's `test`, or of a `--health-cmd`, which is one line. `None` for `NONE` and for nothing.
    #[must_use]
    pub fn read(words: &[&str]) -> Option<Self> {
        match words {
            [] | ["NONE", ..] => None,
            ["CMD", rest @ ..] => Some(Self::Command(rest.iter().map(|&word| word.to_owned()).collect())),
            ["CMD-SHELL", rest @ ..] => Some(Self::Shell(rest.join(" "))),
            line => Some(Self::Shell(line.join(" "))),
        }
    }

    /// What is run.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        match self {
            Self::Command(words) => words.clone(),
            Self::Shell(line) => ["/bin/sh", "-c", line].map(str::to_owned).to_vec(),
        }
    }

    /// Whether a wrong password in its environment ought to make it fail. PostgreSQL's image trusts every user who comes from inside its
    /// container, and MariaDB's own script logs in as a user that it keeps for itself.
    fn depends_on_a_password(&self, engine: Engine) -> bool {
        let is_own_script = self.words().iter().any(|word| word.contains("healthcheck.sh"));
        engine != Engine::Postgres && !is_own_script
    }

    /// The same with every one of `passwords` replaced.
    fn with_wrong(&self, passwords: &[String]) -> Self {
        let replace =
            |text: &String| passwords.iter().fold(text.clone(), |text, password| text.replace(password, WRONG));
        match self {
            Self::Command(words) => Self::Command(words.iter().map(replace).collect()),
            Self::Shell(line) => Self::Shell(replace(line)),
        }
    }
}

/// Nobody's password.
const WRONG: &str = "greenroom-wrong-password";

/// Where a health check is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Situation {
    /// Before any server has been started.
    NoServer,
    /// While the temporary server takes the initialisation files.
    Initialising,
    /// When the server is ready.
    Ready,
    /// When the server is ready, with a wrong password in the environment and in the command.
    WrongPassword,
}

/// What a health check said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Where.
    pub situation: Situation,
    /// Its exit code; `None` if it did not end within ten seconds.
    pub exit_code: Option<i64>,
    /// What it wrote.
    pub output: String,
}

impl Said {
    /// Whether Docker would call the database healthy.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.exit_code == Some(0)
    }
}

/// What is wrong with a health check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lie {
    /// It succeeds without any server: it waits for a time or asks nobody (R-04).
    NoServer,
    /// It succeeds while only the temporary server runs (R-01, R-02).
    Initialising,
    /// It succeeds with a wrong password (R-03).
    WrongPassword,
    /// It fails when the server is ready.
    NeverHealthy,
}

impl Lie {
    /// Its code in the catalogue of failures; `None` for the last, which is no code of its own.
    #[must_use]
    pub const fn code(self, engine: Engine) -> Option<&'static str> {
        match (self, engine) {
            (Self::NoServer, _) => Some("R-04"),
            (Self::Initialising, Engine::Postgres) => Some("R-01"),
            (Self::Initialising, Engine::MySql | Engine::MariaDb) => Some("R-02"),
            (Self::WrongPassword, _) => Some("R-03"),
            (Self::NeverHealthy, _) => None,
        }
    }
}

impl fmt::Display for Lie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoServer => "it succeeds while no server runs at all",
            Self::Initialising => "it succeeds while only the temporary server of the initialisation runs",
            Self::WrongPassword => "it succeeds with a wrong password",
            Self::NeverHealthy => "it fails although the server is ready",
        })
    }
}

/// What came of trying one health check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthTrial {
    /// The check.
    pub check: HealthCheck,
    /// What it said, in each situation.
    pub said: Vec<Said>,
}

impl HealthTrial {
    /// What is wrong with it, proved by what it said. Whatever succeeds without any server succeeds in all the rest, too, which is then no
    /// lie of its own.
    #[must_use]
    pub fn lies(&self, engine: Engine) -> Vec<Lie> {
        let asks_nobody = self.said.iter().any(|said| said.situation == Situation::NoServer && said.is_healthy());
        let by_password = self.check.depends_on_a_password(engine);
        let lie = |said: &Said| match said.situation {
            Situation::NoServer => said.is_healthy().then_some(Lie::NoServer),
            Situation::Initialising => (said.is_healthy() && !asks_nobody).then_some(Lie::Initialising),
            Situation::WrongPassword => {
                (said.is_healthy() && !asks_nobody && by_password).then_some(Lie::WrongPassword)
            }
            Situation::Ready => (!said.is_healthy()).then_some(Lie::NeverHealthy),
        };
        self.said.iter().filter_map(lie).collect()
    }
}

impl Subject {
    /// Tries each check in each situation.
    ///
    /// # Errors
    /// If the engine refuses the container, or the server does not become ready.
    pub async fn examine(&self, checks: &[HealthCheck]) -> Result<Vec<HealthTrial>, DatabaseError> {
        container::examine(self, checks).await
    }

    /// A check that tells the truth: over TCP, which the temporary server does not serve, and as the app's user on its database.
    #[must_use]
    pub fn honest_check(&self) -> HealthCheck {
        let given = |names: &[&str]| {
            names.iter().find_map(|name| {
                self.environment
                    .get(*name)
                    .filter(|value| !value.is_empty())
                    .map(|value| ((*name).to_owned(), value.clone()))
            })
        };
        HealthCheck::Shell(match self.engine {
            Engine::Postgres => {
                let user = given(&["POSTGRES_USER"]).map_or_else(|| "postgres".to_owned(), |(_, value)| value);
                let name = given(&["POSTGRES_DB"]).map_or_else(|| user.clone(), |(_, value)| value);
                format!("pg_isready -h 127.0.0.1 -U {user} -d {name}")
            }
            Engine::MySql | Engine::MariaDb => {
                let program = if self.engine == Engine::MySql { "mysql" } else { "mariadb" };
                let user = given(&["MARIADB_USER", "MYSQL_USER"]).map(|(_, value)| value);
                let password = if user.is_some() {
                    given(&["MARIADB_PASSWORD", "MYSQL_PASSWORD"])
                } else {
                    given(&["MARIADB_ROOT_PASSWORD", "MYSQL_ROOT_PASSWORD"])
                };
                let password = password.map_or_else(String::new, |(name, _)| format!("MYSQL_PWD=${name} "));
                let user = user.unwrap_or_else(|| "root".to_owned());
                let database = given(&["MARIADB_DATABASE", "MYSQL_DATABASE"])
                    .map_or_else(String::new, |(_, value)| format!(" {value}"));
                format!("{password}{program} -h 127.0.0.1 -u {user}{database} -e 'SELECT 1'")
            }
        })
    }

    /// The honest check as a line to paste where the check stands.
    #[must_use]
    pub fn line_to_paste(&self, written: Written) -> String {
        let HealthCheck::Shell(line) = self.honest_check() else { return String::new() };
        let escaped = line.replace('\\', "\\\\").replace('"', "\\\"");
        match written {
            Written::InCompose => format!("test: [\"CMD-SHELL\", \"{}\"]", escaped.replace('$', "$$")),
            Written::InWorkflow => format!("--health-cmd \"{escaped}\""),
        }
    }

    /// The passwords in its environment.
    fn passwords(&self) -> Vec<String> {
        let is_password = |name: &&String| name.to_ascii_uppercase().contains("PASSWORD");
        let names = self.environment.keys().filter(is_password);
        names.filter_map(|name| self.environment.get(name)).filter(|value| value.len() > 1).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(engine: Engine, environment: &[(&str, &str)]) -> Subject {
        Subject {
            engine,
            image: engine.default_image().to_owned(),
            environment: environment.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
            arguments: Vec::new(),
            network: String::new(),
            labels: BTreeMap::new(),
            patience: Duration::ZERO,
        }
    }

    #[test]
    fn checks_are_read_as_compose_files_and_workflows_write_them() {
        let shell = |line: &str| Some(HealthCheck::Shell(line.to_owned()));
        let command = HealthCheck::Command(vec!["pg_isready".to_owned(), "-q".to_owned()]);
        for (words, expected) in [
            (vec!["CMD-SHELL", "pg_isready -q"], shell("pg_isready -q")),
            (vec!["CMD", "pg_isready", "-q"], Some(command)),
            (vec!["pg_isready -q"], shell("pg_isready -q")),
            (vec!["NONE"], None),
            (vec![], None),
        ] {
            assert_eq!(HealthCheck::read(&words), expected, "{words:?}");
        }
    }

    #[test]
    fn the_line_to_paste_is_the_projects_own() {
        for (engine, environment, expected) in [
            (Engine::Postgres, vec![], r#"test: ["CMD-SHELL", "pg_isready -h 127.0.0.1 -U postgres -d postgres"]"#),
            (
                Engine::Postgres,
                vec![("POSTGRES_USER", "app"), ("POSTGRES_DB", "news")],
                r#"test: ["CMD-SHELL", "pg_isready -h 127.0.0.1 -U app -d news"]"#,
            ),
            (
                Engine::MySql,
                vec![
                    ("MYSQL_USER", "app"),
                    ("MYSQL_PASSWORD", "x"),
                    ("MYSQL_ROOT_PASSWORD", "y"),
                    ("MYSQL_DATABASE", "news"),
                ],
                r#"test: ["CMD-SHELL", "MYSQL_PWD=$$MYSQL_PASSWORD mysql -h 127.0.0.1 -u app news -e 'SELECT 1'"]"#,
            ),
            (
                Engine::MariaDb,
                vec![("MARIADB_ROOT_PASSWORD", "y")],
                r#"test: ["CMD-SHELL", "MYSQL_PWD=$$MARIADB_ROOT_PASSWORD mariadb -h 127.0.0.1 -u root -e 'SELECT 1'"]"#,
            ),
        ] {
            assert_eq!(subject(engine, &environment).line_to_paste(Written::InCompose), expected);
        }
        let of_workflow = subject(Engine::MySql, &[("MYSQL_ROOT_PASSWORD", "y")]).line_to_paste(Written::InWorkflow);
        assert_eq!(
            of_workflow,
            r#"--health-cmd "MYSQL_PWD=$MYSQL_ROOT_PASSWORD mysql -h 127.0.0.1 -u root -e 'SELECT 1'""#
        );
    }

    #[test]
    fn lies_follow_from_what_was_said() {
        let said = |situation, exit_code| Said { situation, exit_code, output: String::new() };
        let trial = |codes: [Option<i64>; 4]| {
            let situations = [Situation::NoServer, Situation::Initialising, Situation::Ready, Situation::WrongPassword];
            let said = situations.into_iter().zip(codes).map(|(situation, code)| said(situation, code)).collect();
            HealthTrial { check: HealthCheck::Shell(String::new()), said }
        };
        let honest = [Some(2), Some(2), Some(0), Some(1)];
        assert_eq!(trial(honest).lies(Engine::MySql), []);
        assert_eq!(trial([Some(0); 4]).lies(Engine::MySql), [Lie::NoServer]);
        assert_eq!(
            trial([Some(1), Some(0), Some(0), Some(0)]).lies(Engine::MySql),
            [Lie::Initialising, Lie::WrongPassword]
        );
        let own_script = HealthTrial {
            check: HealthCheck::Shell("healthcheck.sh --connect".to_owned()),
            ..trial([Some(1), Some(1), Some(0), Some(0)])
        };
        assert_eq!(own_script.lies(Engine::MariaDb), []);
        assert_eq!(trial([Some(2), Some(2), Some(0), Some(0)]).lies(Engine::Postgres), []);
        assert_eq!(trial([None; 4]).lies(Engine::MariaDb), [Lie::NeverHealthy]);
    }
}
