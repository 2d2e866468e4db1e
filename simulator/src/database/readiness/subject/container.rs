//! The container that is led through the situations.

use std::collections::HashMap;
use std::time::Duration;

use bollard::Docker;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{CreateContainerOptions, RemoveContainerOptionsBuilder};
use futures_util::StreamExt;
use testcontainers::core::client::docker_client_instance;
use tokio::time::{sleep, timeout};

use super::{HealthCheck, HealthTrial, Said, Situation, Subject, WRONG};
use crate::database::image::ImageUsed;
use crate::database::{DatabaseError, launch};

/// How long a check may take. Docker gives one thirty seconds; one that hangs is no healthy one.
const LONGEST: Duration = Duration::from_secs(10);

/// From one look for a change to the next.
const CADENCE: Duration = Duration::from_millis(50);

/// The file whose existence lets the server be started.
const START: &str = "/tmp/greenroom-start";

/// The file that exists while the initialisation is held.
const HELD: &str = "/tmp/greenroom-held";

/// The file whose existence lets the initialisation end.
const GO_ON: &str = "/tmp/greenroom-go-on";

/// Where the images' initialisation files are; this one is the last.
const SCRIPT: &str = "/docker-entrypoint-initdb.d/zzzz-greenroom.sh";

pub(super) async fn examine(subject: &Subject, checks: &[HealthCheck]) -> Result<Vec<HealthTrial>, DatabaseError> {
    let container = Container::start(subject).await?;
    let trials = container.lead(subject, checks).await;
    container.remove().await?;
    trials
}

struct Container {
    docker: Docker,
    id: String,
    image: String,
}

impl Container {
    async fn start(subject: &Subject) -> Result<Self, DatabaseError> {
        let docker = docker_client_instance().await.map_err(DatabaseError::ReachEngine)?;
        let image = ImageUsed::find(&docker, subject.engine, &subject.image).await?;
        let failed = |source: bollard::errors::Error| DatabaseError::Probe {
            image: image.reference.clone(),
            reason: source.to_string(),
        };
        let own = docker.inspect_image(&image.reference).await.map_err(failed)?.config.unwrap_or_default();
        let mut command = own.entrypoint.unwrap_or_default();
        if subject.arguments.is_empty() {
            command.extend(own.cmd.unwrap_or_default());
        } else {
            command.extend(subject.arguments.iter().cloned());
        }
        let entrypoint = ["/bin/sh", "-c", &script(), "sh"].map(str::to_owned).to_vec();
        let variables = subject.environment.iter().map(|(name, value)| format!("{name}={value}"));
        let body = ContainerCreateBody {
            image: Some(image.reference.clone()),
            entrypoint: Some(entrypoint),
            cmd: Some(command),
            env: Some(variables.collect()),
            labels: Some(subject.labels.clone().into_iter().collect()),
            host_config: Some(HostConfig {
                network_mode: Some(subject.network.clone()),
                tmpfs: Some(image.volumes.iter().map(|path| (path.clone(), String::new())).collect::<HashMap<_, _>>()),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        let id = docker.create_container(None::<CreateContainerOptions>, body).await.map_err(failed)?.id;
        // From here on dropping it removes the container.
        let container = Self { docker, id, image: image.reference.clone() };
        container.docker.start_container(&container.id, None).await.map_err(failed)?;
        Ok(container)
    }

    async fn lead(&self, subject: &Subject, checks: &[HealthCheck]) -> Result<Vec<HealthTrial>, DatabaseError> {
        let mut trials: Vec<HealthTrial> =
            checks.iter().map(|check| HealthTrial { check: check.clone(), said: Vec::new() }).collect();
        self.try_each(&mut trials, Situation::NoServer, subject).await?;
        self.shell(&format!(": > {START}")).await?;
        self.until(subject, "initialise", &HealthCheck::Shell(format!("[ -e {HELD} ]"))).await?;
        self.try_each(&mut trials, Situation::Initialising, subject).await?;
        self.shell(&format!(": > {GO_ON}")).await?;
        self.until(subject, "become ready", &subject.honest_check()).await?;
        self.try_each(&mut trials, Situation::Ready, subject).await?;
        self.try_each(&mut trials, Situation::WrongPassword, subject).await?;
        Ok(trials)
    }

    async fn try_each(
        &self,
        trials: &mut [HealthTrial],
        situation: Situation,
        subject: &Subject,
    ) -> Result<(), DatabaseError> {
        let passwords = subject.passwords();
        for trial in trials {
            let (check, variables) = if situation == Situation::WrongPassword {
                let wrong = subject.environment.iter().filter(|(_, value)| passwords.contains(value));
                (trial.check.with_wrong(&passwords), wrong.map(|(name, _)| format!("{name}={WRONG}")).collect())
            } else {
                (trial.check.clone(), Vec::new())
            };
            let (exit_code, output) = self.run(check.words(), variables).await?;
            let secrets: Vec<&str> = passwords.iter().map(String::as_str).collect();
            let output = crate::database::statement::mask(&output, &secrets);
            trial.said.push(Said { situation, exit_code, output });
        }
        Ok(())
    }

    /// Waits until a check of ours succeeds.
    async fn until(&self, subject: &Subject, what: &str, check: &HealthCheck) -> Result<(), DatabaseError> {
        let succeeds = async {
            while self.run(check.words(), Vec::new()).await?.0 != Some(0) {
                sleep(CADENCE).await;
            }
            Ok(())
        };
        match timeout(subject.patience, succeeds).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let lines = launch::last_lines(&self.docker, &self.id, 15).await;
                let passwords = subject.passwords();
                let secrets: Vec<&str> = passwords.iter().map(String::as_str).collect();
                let lines = crate::database::statement::mask(&lines, &secrets);
                Err(self.failed(format!("it did not {what} within {} s:\n{lines}", subject.patience.as_secs())))
            }
        }
    }

    async fn shell(&self, line: &str) -> Result<(), DatabaseError> {
        match self.run(HealthCheck::Shell(line.to_owned()).words(), Vec::new()).await? {
            (Some(0), _) => Ok(()),
            (_, output) => Err(self.failed(output)),
        }
    }

    /// Runs a command in the container; its exit code and its output.
    async fn run(&self, words: Vec<String>, variables: Vec<String>) -> Result<(Option<i64>, String), DatabaseError> {
        let failed = |source: bollard::errors::Error| self.failed(source.to_string());
        let options = CreateExecOptions {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(words),
            env: Some(variables),
            ..CreateExecOptions::default()
        };
        let id = self.docker.create_exec(&self.id, options).await.map_err(failed)?.id;
        let started = self.docker.start_exec(&id, None::<StartExecOptions>).await.map_err(failed)?;
        let StartExecResults::Attached { output: mut pieces, .. } = started else {
            return Err(self.failed("the engine did not attach to the command".to_owned()));
        };
        let mut output = String::new();
        let ended = async {
            while let Some(Ok(piece)) = pieces.next().await {
                output.push_str(&piece.to_string());
            }
            // The output ends a moment before the engine notes the end of the process.
            loop {
                let inspected = self.docker.inspect_exec(&id).await.map_err(failed)?;
                if inspected.running == Some(false) {
                    return Ok(inspected.exit_code);
                }
                sleep(CADENCE).await;
            }
        };
        let exit_code = timeout(LONGEST, ended).await.unwrap_or(Ok(None))?;
        Ok((exit_code, output.trim().to_owned()))
    }

    fn failed(&self, reason: String) -> DatabaseError {
        DatabaseError::Probe { image: self.image.clone(), reason }
    }

    async fn remove(self) -> Result<(), DatabaseError> {
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        let removed = self.docker.remove_container(&self.id, Some(options)).await;
        removed.map_err(|source| DatabaseError::Container { action: "remove", source })
    }
}

impl Drop for Container {
    /// Removes the container, without waiting for it. One that has been removed is not there to be removed again.
    fn drop(&mut self) {
        let (docker, id) = (self.docker.clone(), std::mem::take(&mut self.id));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
                if let Err(refusal) = docker.remove_container(&id, Some(options)).await {
                    tracing::debug!(%id, %refusal, "the examined container is gone already");
                }
            });
        }
    }
}

/// What runs in the container: waits, leaves a script that holds the initialisation, and becomes the image's own command.
fn script() -> String {
    let hold = format!(": > {HELD}; until [ -e {GO_ON} ]; do sleep 0.1; done");
    format!(
        "until [ -e {START} ]; do sleep 0.1; done; mkdir -p {}; printf '%s\\n' '{hold}' > {SCRIPT} && exec \"$@\"",
        "/docker-entrypoint-initdb.d"
    )
}
