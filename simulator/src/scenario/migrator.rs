//! How the schema is brought up to date: by a command in a one-off task, or by the app's own start.

use super::ground::Ground;
use super::task::{Broken, Task};
use super::version::Version;
use crate::database::{DatabaseError, LogicalDatabase};
use crate::finding::Finding;
use crate::rehearsal::RehearsalError;
use crate::rehearsal::diagnosis::migration::{self, OUT_OF_MEMORY, StoppedTask};
use crate::rehearsal::stages::deploy::Failed;

/// A migration that did not succeed.
pub(super) enum Unmigrated {
    /// Why, as a finding.
    Refuted(Box<Finding>),
    /// The rehearsal itself cannot go on.
    Failed(RehearsalError),
}

impl From<DatabaseError> for Unmigrated {
    fn from(error: DatabaseError) -> Self {
        Self::Failed(error.into())
    }
}

/// Brings `database` to the schema of `version`, as the project does it: with its migration command, or else by starting a task.
pub(super) async fn migrate(
    ground: &Ground<'_>,
    version: &Version,
    database: &LogicalDatabase,
) -> Result<(), Unmigrated> {
    let script = ground.session.script;
    let app = &script.service.container;
    let before = database.schema().await?;
    let mark = database.mark().await?;
    let (container, ended) = match &script.migration {
        Some(migration) => {
            let container = migration.container.as_ref().unwrap_or(app);
            (container, Task::run(ground, version, container, &migration.command, database).await)
        }
        None => {
            let started = Task::serve(ground, version, database).await;
            let ended = match started {
                Ok(task) => {
                    task.remove().await;
                    Ok(())
                }
                Err(broken) => Err(broken),
            };
            (app, ended)
        }
    };
    let Err(broken) = ended else { return Ok(()) };
    let errors = database.errors_since(&mark).await?;
    let after = database.schema().await?;
    let Broken { what, exit_code, out_of_memory, lines, hangs, sessions, .. } = broken;
    let container_reason =
        if out_of_memory { Some(OUT_OF_MEMORY.to_owned()) } else { exit_code.is_none().then(|| what.clone()) };
    let stopped = StoppedTask { arn: String::new(), exit_code, stopped_reason: what, container_reason };
    let migrations = &ground.session.input.files.migrations;
    let failed = Failed::of(ground.engine(), (stopped, container, lines), errors, (&before, &after), migrations);
    let finding =
        if hangs { migration::hangs(&failed.facts(), &sessions) } else { migration::diagnose(&failed.facts()) };
    Err(Unmigrated::Refuted(Box::new(finding)))
}
