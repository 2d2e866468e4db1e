//! The fixture's own migration command in a container of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use bollard::Docker;
use bollard::container::LogOutput;
use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{
    CreateContainerOptions, KillContainerOptionsBuilder, LogsOptionsBuilder, RemoveContainerOptionsBuilder,
    WaitContainerOptions,
};
use futures_util::{StreamExt, TryStreamExt};

use crate::database::LogicalDatabase;
use crate::migration_tool::interruption::{Migrator, NotRun, Outcome, Run};

/// Lines of a run's output that are kept.
const LINES: &str = "40";

/// How the migration is run.
#[derive(Clone, Debug)]
pub(in crate::migration_tool) struct Container {
    /// The engine.
    pub(in crate::migration_tool) docker: Docker,
    /// The image that would be deployed.
    pub(in crate::migration_tool) image: String,
    /// The command, as argv.
    pub(in crate::migration_tool) command: Vec<String>,
    /// The container's environment. `{host}`, `{port}` and `{name}` in a value stand for the database.
    pub(in crate::migration_tool) environment: BTreeMap<String, String>,
    /// The rehearsal's network.
    pub(in crate::migration_tool) network: String,
    /// Labels of every container.
    pub(in crate::migration_tool) labels: BTreeMap<String, String>,
}

/// A run that was begun.
struct Begun<'a> {
    docker: &'a Docker,
    id: String,
}

impl Container {
    async fn begin(
        &self,
        database: &LogicalDatabase,
        through: Option<SocketAddr>,
        command: &[String],
    ) -> Result<Begun<'_>, bollard::errors::Error> {
        let spec = database.spec();
        let direct = || (spec.alias.clone(), spec.engine.port());
        let (host, port) = through.map_or_else(direct, |gate| (gate.ip().to_string(), gate.port()));
        let filled = |value: &String| {
            value.replace("{host}", &host).replace("{port}", &port.to_string()).replace("{name}", database.name())
        };
        let body = ContainerCreateBody {
            image: Some(self.image.clone()),
            cmd: Some(command.to_vec()),
            env: Some(self.environment.iter().map(|(name, value)| format!("{name}={}", filled(value))).collect()),
            labels: Some(self.labels.clone().into_iter().collect()),
            host_config: Some(HostConfig { network_mode: Some(self.network.clone()), ..HostConfig::default() }),
            ..ContainerCreateBody::default()
        };
        let id = self.docker.create_container(None::<CreateContainerOptions>, body).await?.id;
        let run = Begun { docker: &self.docker, id };
        if let Err(refusal) = self.docker.start_container(&run.id, None).await {
            run.remove().await?;
            return Err(refusal);
        }
        Ok(run)
    }
}

#[async_trait]
impl Migrator for Container {
    async fn start(
        &self,
        database: &LogicalDatabase,
        through: Option<SocketAddr>,
    ) -> Result<Box<dyn Run + '_>, NotRun> {
        Ok(Box::new(self.begin(database, through, &self.command).await.map_err(|error| refused(&error))?))
    }

    async fn start_command(&self, database: &LogicalDatabase, command: &[String]) -> Result<Box<dyn Run + '_>, NotRun> {
        Ok(Box::new(self.begin(database, None, command).await.map_err(|error| refused(&error))?))
    }
}

fn refused(error: &bollard::errors::Error) -> NotRun {
    NotRun(error.to_string())
}

#[async_trait]
impl Run for Begun<'_> {
    async fn over(&self) -> Result<(), NotRun> {
        self.exit_code().await.map(|_| ()).map_err(|error| refused(&error))
    }

    async fn ended(self: Box<Self>, patience: Duration) -> Result<Outcome, NotRun> {
        let ended = async {
            let exit_code = tokio::time::timeout(patience, self.exit_code()).await;
            let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail(LINES).build();
            let log: Vec<LogOutput> = self.docker.logs(&self.id, Some(options)).try_collect().await?;
            let lines = log.iter().map(ToString::to_string).collect::<String>();
            self.remove().await?;
            let (exit_code, lines) = (exit_code.ok().transpose()?, lines.lines().map(str::to_owned).collect());
            Ok(Outcome { exit_code, lines, errors: Vec::new() })
        };
        ended.await.map_err(|error: bollard::errors::Error| refused(&error))
    }

    async fn kill(self: Box<Self>) -> Result<(), NotRun> {
        let kill = KillContainerOptionsBuilder::new().signal("SIGKILL").build();
        // It may have ended by itself: the gate is cut.
        let _killed = self.docker.kill_container(&self.id, Some(kill)).await;
        self.remove().await.map_err(|error| refused(&error))
    }
}

impl Begun<'_> {
    async fn exit_code(&self) -> Result<i64, bollard::errors::Error> {
        let mut waiting = self.docker.wait_container(&self.id, None::<WaitContainerOptions>);
        match waiting.next().await {
            Some(Ok(answer)) => Ok(answer.status_code),
            Some(Err(bollard::errors::Error::DockerContainerWaitError { code, .. })) => Ok(code),
            Some(Err(error)) => Err(error),
            None => Err(bollard::errors::Error::RequestTimeoutError),
        }
    }

    async fn remove(&self) -> Result<(), bollard::errors::Error> {
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        self.docker.remove_container(&self.id, Some(options)).await
    }
}
