//! The fixtures as images, and what migrates them: the apps in their versions, and the tools that no app uses, each with a project of its own.

use std::path::Path;
use std::process::Command;

use super::container::Container;
use crate::database::{Database, DatabaseSpec, Engine, Password};
use crate::engine::trial::Trial;

/// A fixture, and how it is migrated.
pub(in crate::migration_tool) struct App {
    pub(in crate::migration_tool) name: &'static str,
    command: &'static [&'static str],
    /// The schemes of its URL on PostgreSQL, and on MySQL and MariaDB.
    schemes: [&'static str; 2],
}

pub(in crate::migration_tool) const NEWS: App = App {
    name: "news-api",
    command: &["alembic", "upgrade", "head"],
    schemes: ["postgresql+asyncpg", "mysql+aiomysql"],
};

pub(in crate::migration_tool) const NOTES: App =
    App { name: "notes-node", command: &["node_modules/.bin/knex", "migrate:latest"], schemes: ["postgres", "mysql"] };

pub(in crate::migration_tool) const SHOP: App = App {
    name: "shop-django",
    command: &["python", "manage.py", "migrate", "--noinput"],
    schemes: ["postgresql", "mysql"],
};

/// [`NOTES`] in its versions that migrate with Prisma.
#[cfg(feature = "whole")]
pub(in crate::migration_tool) const PRISMA: App = App {
    name: "notes-node",
    command: &["node_modules/.bin/prisma", "migrate", "deploy"],
    schemes: ["postgresql", "mysql"],
};

#[cfg(feature = "whole")]
pub(in crate::migration_tool) const LINKS: App =
    App { name: "links-rust", command: &["links", "migrate"], schemes: ["postgres", "mysql"] };

/// A project with Rails.
pub(in crate::migration_tool) const RAILS: App =
    App { name: "rails", command: &["bin/rails", "db:migrate"], schemes: ["postgresql", "mysql2"] };

/// A project with dbmate.
pub(in crate::migration_tool) const DBMATE: App =
    App { name: "dbmate", command: &["dbmate", "up"], schemes: ["postgres", "mysql"] };

/// A project with Flask-Migrate.
pub(in crate::migration_tool) const FLASK: App = App {
    name: "flask-migrate",
    command: &["flask", "db", "upgrade"],
    schemes: ["postgresql+psycopg", "mysql+pymysql"],
};

/// A project with Liquibase.
#[cfg(feature = "whole")]
pub(in crate::migration_tool) const LIQUIBASE: App =
    App { name: "liquibase", command: &["liquibase", "update"], schemes: ["jdbc:postgresql", "jdbc:mariadb"] };

/// Whether everything is to be played.
pub(in crate::migration_tool) const fn whole() -> bool {
    cfg!(feature = "whole")
}

impl App {
    /// Its migration from `image`, on the network of `trial`.
    pub(in crate::migration_tool) fn migrator(&self, trial: &Trial, engine: Engine, image: &str) -> Container {
        let scheme = self.schemes[usize::from(engine != Engine::Postgres)];
        let environment = [
            ("DATABASE_URL", format!("{scheme}://app:rehearsal@{{host}}:{{port}}/{{name}}")),
            // Java's drivers want the account apart, and MariaDB's to be allowed what MySQL's way to log in needs.
            ("LIQUIBASE_COMMAND_URL", format!("{scheme}://{{host}}:{{port}}/{{name}}?allowPublicKeyRetrieval=true")),
            ("LIQUIBASE_COMMAND_USERNAME", "app".to_owned()),
            ("LIQUIBASE_COMMAND_PASSWORD", "rehearsal".to_owned()),
            ("SECRET_KEY", "for this test".to_owned()),
            // Asking npm's registry for a newer npm takes longer than all the rest.
            ("NPM_CONFIG_UPDATE_NOTIFIER", "false".to_owned()),
        ];
        Container {
            docker: trial.engine.docker().clone(),
            image: image.to_owned(),
            command: self.command.iter().map(|&word| word.to_owned()).collect(),
            environment: environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            network: trial.network.id.clone(),
            labels: trial.rehearsal.labels().into_iter().collect(),
        }
    }
}

/// Builds a branch of a version of a fixture.
pub(in crate::migration_tool) async fn image(trial: &Trial, app: &App, version: &str, branch: &str) -> String {
    let directory = tempfile::tempdir().expect("the machine has room");
    let target = directory.path().join("app");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/apps/checkout");
    let output = Command::new(script).args([app.name, version]).arg(&target).output().expect("the script can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let switched = Command::new("git").arg("-C").arg(&target).args(["switch", "-q", branch]).status();
    assert!(switched.expect("git is there").success(), "{version} has no branch {branch}");
    trial.built(&trial.rehearsal, target).await
}

/// Builds the project of a tool that no app uses.
pub(in crate::migration_tool) async fn tool_image(trial: &Trial, app: &App) -> String {
    trial.tool_image(app.name).await
}

/// A database `app` of the user `app`.
pub(in crate::migration_tool) async fn database(trial: &Trial, engine: Engine) -> Database {
    let password = Password::new("rehearsal");
    let mut spec = DatabaseSpec::new(engine, &trial.network.id, "app", "app", password, Password::new("root's"));
    spec.alias = format!("database-{}", engine.key());
    spec.labels = trial.rehearsal.labels().into_iter().collect();
    Database::start(spec).await.expect("the database becomes ready")
}
