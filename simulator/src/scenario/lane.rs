//! The project's migration, run again and again in the network of one task: what it needs there is started once, and each run is a fresh
//! container beside it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use simulator_core::ecs::definition::ContainerDefinition;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::ground::Ground;
use super::task::{Broken, Task};
use crate::database::LogicalDatabase;
use crate::migration_tool::interruption::{Migrator, NotRun, Outcome, Run};

/// The migration of the release that would be deployed: its command, or without one the start of the app.
pub(super) struct Lane<'g> {
    ground: &'g Ground<'g>,
    task: OnceCell<Task<'g>>,
    runs: AtomicU64,
}

impl<'g> Lane<'g> {
    pub(super) fn new(ground: &'g Ground<'g>) -> Self {
        Self { ground, task: OnceCell::new(), runs: AtomicU64::new(0) }
    }

    /// Removes all that there is of it.
    pub(super) async fn close(self) {
        if let Some(task) = self.task.into_inner() {
            task.remove().await;
        }
    }

    /// The container that migrates.
    fn container(&self) -> &'g str {
        let script = self.ground.session.script;
        let of_migration = script.migration.as_ref().and_then(|it| it.container.as_ref());
        of_migration.unwrap_or(&script.service.container)
    }

    async fn begin(
        &self,
        database: &LogicalDatabase,
        through: Option<SocketAddr>,
        command: Option<&[String]>,
    ) -> Result<Begun<'_, 'g>, Broken> {
        let (version, name) = (&self.ground.new, self.container());
        let task = self.task.get_or_try_init(|| Task::stage(self.ground, version, name, database)).await?;
        let number = self.runs.fetch_add(1, Ordering::Relaxed) + 1;
        let definition = version.container(name).cloned().unwrap_or_else(|| ContainerDefinition::new(name, ""));
        // Under its own name it would be a restart, which finds what an earlier run wrote to its disk.
        let definition = ContainerDefinition { name: format!("{name}-{number}"), ..definition };
        task.launch(&definition, command, &self.ground.secrets_through(database, through)).await?;
        let port = command.is_none().then_some(self.ground.session.script.service.port);
        Ok(Begun { task, definition, port })
    }
}

#[async_trait]
impl Migrator for Lane<'_> {
    async fn start(
        &self,
        database: &LogicalDatabase,
        through: Option<SocketAddr>,
    ) -> Result<Box<dyn Run + '_>, NotRun> {
        let command = self.ground.session.script.migration.as_ref().map(|it| it.command.as_slice());
        Ok(Box::new(
            self.begin(database, through, command).await.map_err(|broken| not_run(&broken.container, &broken))?,
        ))
    }

    async fn start_command(&self, database: &LogicalDatabase, command: &[String]) -> Result<Box<dyn Run + '_>, NotRun> {
        let name = command.join(" ");
        Ok(Box::new(self.begin(database, None, Some(command)).await.map_err(|broken| not_run(&name, &broken))?))
    }
}

/// Why `name` was not run, which is a container's or a command's.
fn not_run(name: &str, broken: &Broken) -> NotRun {
    let last = broken.lines.last().map_or_else(String::new, |line| format!(": {}", line.trim()));
    NotRun(format!("`{name}` {}{last}", broken.what))
}

/// A run that was begun.
struct Begun<'l, 'g> {
    task: &'l Task<'g>,
    definition: ContainerDefinition,
    /// Where it listens when it has migrated, if it is the app's start that migrates.
    port: Option<u16>,
}

#[async_trait]
impl Run for Begun<'_, '_> {
    async fn over(&self) -> Result<(), NotRun> {
        self.exit_code().await;
        Ok(())
    }

    async fn ended(self: Box<Self>, patience: Duration) -> Result<Outcome, NotRun> {
        let ended = timeout(patience, self.exit_code()).await;
        if ended.is_err() || self.port.is_some() {
            self.task.kill(&self.definition.name).await;
        }
        let exit_code = ended.unwrap_or_default();
        Ok(Outcome { exit_code, lines: self.task.lines_of(&self.definition.name), errors: Vec::new() })
    }

    async fn kill(self: Box<Self>) -> Result<(), NotRun> {
        self.task.kill(&self.definition.name).await;
        Ok(())
    }
}

impl Begun<'_, '_> {
    /// Waits until it is over: a command when it ends, the app when it is healthy.
    async fn exit_code(&self) -> Option<i64> {
        match self.port {
            None => self.task.end_of(&self.definition.name).await.code.map(i64::from),
            Some(port) => match self.task.until_healthy(&self.definition, port).await {
                Ok(()) => Some(0),
                // An app that has ended does not serve, whatever it says.
                Err(broken) => broken.exit_code.filter(|code| *code != 0),
            },
        }
    }
}
