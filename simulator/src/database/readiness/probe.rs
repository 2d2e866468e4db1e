//! The second container: the database's own client, asking over the rehearsal's network until it is told to stop.
//!
//! One container asks ten times a second for as long as it lives, which costs a client process per attempt; starting a container or
//! an exec per attempt would cost ten times as much.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::pin::Pin;

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{AttachContainerOptionsBuilder, CreateContainerOptions, KillContainerOptionsBuilder};
use futures_util::{Stream, StreamExt};

use super::sample::{Answer, Outcome};
use crate::database::image::ImageUsed;
use crate::database::{DatabaseError, DatabaseSpec, Engine};

/// What ends the output of each attempt, before the client's exit code.
const ENDED: &str = "greenroom: attempt ended ";

/// The second container.
pub(in crate::database) struct Probe {
    docker: Docker,
    id: String,
    image: String,
    engine: Engine,
    output: Pin<Box<dyn Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send>>,
    pending: String,
}

impl Probe {
    /// Starts asking.
    pub(in crate::database) async fn start(
        docker: &Docker,
        spec: &DatabaseSpec,
        image: &ImageUsed,
    ) -> Result<Self, DatabaseError> {
        let failed = |source: bollard::errors::Error| DatabaseError::Probe {
            image: image.reference.clone(),
            reason: source.to_string(),
        };
        let body = ContainerCreateBody {
            image: Some(image.reference.clone()),
            entrypoint: Some(vec!["sh".to_owned(), "-c".to_owned(), script(spec)]),
            cmd: Some(Vec::new()),
            env: Some(environment(spec)),
            labels: Some(spec.labels.clone().into_iter().collect()),
            host_config: Some(HostConfig {
                network_mode: Some(spec.network.clone()),
                // Gone as soon as it ends. The image's volumes would otherwise be made anew for it, without our labels.
                auto_remove: Some(true),
                tmpfs: Some(image.volumes.iter().map(|path| (path.clone(), String::new())).collect::<HashMap<_, _>>()),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        let id = docker.create_container(None::<CreateContainerOptions>, body).await.map_err(failed)?.id;
        let all = AttachContainerOptionsBuilder::new().stdout(true).stderr(true).stream(true).logs(true).build();
        let attached = docker.attach_container(&id, Some(all)).await.map_err(failed)?;
        docker.start_container(&id, None).await.map_err(failed)?;
        Ok(Self {
            docker: docker.clone(),
            id,
            image: image.reference.clone(),
            engine: spec.engine,
            output: attached.output,
            pending: String::new(),
        })
    }

    /// Waits for the next attempt to end.
    pub(in crate::database) async fn next(&mut self) -> Result<Outcome, DatabaseError> {
        loop {
            if let Some(outcome) = self.take_outcome() {
                return Ok(outcome);
            }
            match self.output.next().await {
                Some(Ok(output)) => write!(self.pending, "{output}").expect("a string takes any text"),
                Some(Err(source)) => return Err(self.failed(source.to_string())),
                None => return Err(self.failed(format!("it ended with: {}", self.pending.trim()))),
            }
        }
    }

    fn take_outcome(&mut self) -> Option<Outcome> {
        let ended = self.pending.find(ENDED)?;
        let rest = ended + ENDED.len();
        let length = self.pending[rest..].find('\n')?;
        let succeeded = self.pending[rest..rest + length].trim() == "0";
        let output = self.pending[..ended].trim().to_owned();
        self.pending.drain(..=rest + length);
        let answer = succeeded.then(|| Answer::parse(self.engine, &output)).flatten();
        Some(answer.map_or_else(|| Outcome::Refused(output.replace('\n', " ")), Outcome::Answered))
    }

    fn failed(&self, reason: String) -> DatabaseError {
        DatabaseError::Probe { image: self.image.clone(), reason }
    }
}

impl Drop for Probe {
    /// Ends the container, without waiting for it. If the runtime is gone too, its loop ends by itself.
    fn drop(&mut self) {
        let (docker, id) = (self.docker.clone(), std::mem::take(&mut self.id));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let kill = KillContainerOptionsBuilder::new().signal("SIGKILL").build();
                if let Err(refusal) = docker.kill_container(&id, Some(kill)).await {
                    tracing::debug!(%id, %refusal, "the probing container had ended already");
                }
            });
        }
    }
}

/// The loop: one attempt every tenth of a second, for as long as the database may take to become ready.
fn script(spec: &DatabaseSpec) -> String {
    let client = match spec.engine {
        Engine::Postgres => {
            r#"psql --no-psqlrc --quiet --no-align --tuples-only --field-separator="$(printf '\t')" --command "$QUERY""#
        }
        Engine::MySql | Engine::MariaDb => {
            r#""$(command -v mariadb || command -v mysql)" --host="$HOST" --port="$PORT" --protocol=TCP --user="$NAME" --connect-timeout=2 --skip-column-names --batch --execute "$QUERY" "$DATABASE""#
        }
    };
    let seconds = spec.patience.as_secs() + 10;
    format!(
        "until=$(($(date +%s) + {seconds})); while [ $(date +%s) -lt $until ]; do {client} 2>&1; echo \"{ENDED}$?\"; sleep 0.1; done"
    )
}

fn environment(spec: &DatabaseSpec) -> Vec<String> {
    let (host, port) = (&spec.alias, spec.engine.port());
    let (user, name, password) = (&spec.user, &spec.name, spec.password.expose());
    let mut variables = vec!["LC_ALL=C".to_owned(), format!("QUERY={}", Answer::query(spec.engine))];
    variables.extend(match spec.engine {
        Engine::Postgres => vec![
            format!("PGHOST={host}"),
            format!("PGPORT={port}"),
            format!("PGUSER={user}"),
            format!("PGDATABASE={name}"),
            format!("PGPASSWORD={password}"),
            "PGCONNECT_TIMEOUT=2".to_owned(),
            "PGAPPNAME=greenroom".to_owned(),
        ],
        // The password is not an argument, so that it stands in no list of processes.
        Engine::MySql | Engine::MariaDb => vec![
            format!("HOST={host}"),
            format!("PORT={port}"),
            format!("NAME={user}"),
            format!("DATABASE={name}"),
            format!("MYSQL_PWD={password}"),
        ],
    });
    variables
}
