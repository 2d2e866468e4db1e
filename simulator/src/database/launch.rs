//! From a specification to a server that is ready.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::models::PortBinding;
use bollard::query_parameters::{LogsOptionsBuilder, WaitContainerOptions};
use futures_util::{StreamExt, TryStreamExt};
use testcontainers::core::client::docker_client_instance;
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, GenericImage, ImageExt};

use super::image::ImageUsed;
use super::managed::{self, CERTIFICATES, Certificate};
use super::readiness::{Judgement, Probe, Readiness, Rule, Sample, Shortfall, Wanted, judge};
use super::statement::readable;
use super::{Connection, Database, DatabaseError, DatabaseSpec, Engine};
use crate::database::connection::PUBLISHED_ON;

/// How many of the server's last log lines an error shows.
const LAST_LINES: usize = 15;

/// A database whose server has been started and is not ready yet.
pub struct Launched {
    pub(super) spec: DatabaseSpec,
    pub(super) docker: Docker,
    pub(super) container: ContainerAsync<GenericImage>,
    pub(super) image: ImageUsed,
    pub(super) port: u16,
    certificate: Option<Certificate>,
    started: Instant,
}

impl fmt::Debug for Launched {
    /// Leaves the container out, which shows its environment and so the passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Launched").field("spec", &self.spec).field("image", &self.image).finish_non_exhaustive()
    }
}

impl Launched {
    /// Starts the server's container on the rehearsal's network.
    ///
    /// Its data lives in memory: nothing is written to a disk, nothing has to be removed but the container, and the servers'
    /// flushes cost nothing. (A volume would do neither: those that an image declares are created without any label.)
    pub(super) async fn launch(spec: DatabaseSpec) -> Result<Self, DatabaseError> {
        let docker = docker_client_instance().await.map_err(DatabaseError::ReachEngine)?;
        let image = ImageUsed::find(&docker, spec.engine, spec.image()).await?;
        let started = Instant::now();
        let failed = |source| DatabaseError::Start { engine: spec.engine, image: image.reference.clone(), source };
        let certificate = spec.managed.as_ref().map(|_| Certificate::make(&spec.alias)).transpose();
        let certificate = certificate.map_err(DatabaseError::Certificate)?;
        let container = to_the_end(request(&spec, &image, certificate.as_ref()).start()).await.map_err(failed)?;
        let port = container.get_host_port_ipv4(spec.engine.port()).await.map_err(failed)?;
        Ok(Self { docker, container, image, port, certificate, spec, started })
    }

    /// Waits until the four rules of readiness hold. Dropping the future ends the server.
    ///
    /// # Errors
    /// If the server stops, if its credentials are refused for good, or if it is not ready within the specification's patience;
    /// the server is removed then.
    pub async fn ready(self) -> Result<Database, DatabaseError> {
        match self.wait().await {
            Ok(readiness) => Ok(Database::new(self, readiness)),
            Err(error) => {
                self.container.rm().await.map_err(DatabaseError::Remove)?;
                Err(error)
            }
        }
    }

    async fn wait(&self) -> Result<Readiness, DatabaseError> {
        let wanted = Wanted {
            engine: self.spec.engine,
            user: self.spec.user.clone(),
            database: self.spec.name.clone(),
            alias: self.spec.alias.clone(),
        };
        let (docker, spec, image) = (self.docker.clone(), self.spec.clone(), self.image.clone());
        let mut probe = to_the_end(async move { Probe::start(&docker, &spec, &image).await }).await?;
        let mut ended = Box::pin(self.docker.wait_container(self.container.id(), None::<WaitContainerOptions>));
        let patience = tokio::time::sleep(self.spec.patience);
        tokio::pin!(patience);
        let mut samples: Vec<Sample> = Vec::new();
        loop {
            tokio::select! {
                outcome = probe.next() => {
                    samples.push(Sample { at: self.started.elapsed(), outcome: outcome? });
                    match judge(&wanted, &samples) {
                        Judgement::Ready(rules) => {
                            let ready_after = self.started.elapsed();
                            self.forget_logins().await?;
                            if let (Some(managed), Some(certificate)) = (&self.spec.managed, &self.certificate) {
                                managed::demand(&self.spec, self.port, managed, certificate).await?;
                            }
                            return Ok(Readiness { rules, ready_after, attempts: samples.len() });
                        }
                        Judgement::NotYet(_) => {}
                        Judgement::Never(shortfall) => return Err(self.not_ready(shortfall).await),
                    }
                }
                answer = ended.next() => return Err(self.stopped(answer).await),
                () = &mut patience => {
                    let shortfall = match judge(&wanted, &samples) {
                        Judgement::NotYet(shortfall) | Judgement::Never(shortfall) => shortfall,
                        Judgement::Ready(_) => Shortfall { rule: Rule::Tcp, because: "it was ready too late".to_owned() },
                    };
                    return Err(self.not_ready(shortfall).await);
                }
            }
        }
    }

    /// MySQL remembers that a user has logged in and asks less of him the next time, which would hide from a rehearsal that the
    /// app cannot log in to a cold server (M-24). Flushing the privileges makes it forget the probe's logins.
    async fn forget_logins(&self) -> Result<(), DatabaseError> {
        match self.spec.engine {
            Engine::MySql => {
                let mut connection = Connection::open(&self.spec, self.port, super::Account::Administrator).await?;
                connection.execute("forget the logins so far", "FLUSH PRIVILEGES").await
            }
            Engine::Postgres | Engine::MariaDb => Ok(()),
        }
    }

    async fn not_ready(&self, shortfall: Shortfall) -> DatabaseError {
        let Shortfall { rule, because } = shortfall;
        let log = self.log().await;
        DatabaseError::NotReady { engine: self.spec.engine, waited: self.started.elapsed(), rule, because, log }
    }

    async fn log(&self) -> String {
        let secrets = [self.spec.password.expose(), self.spec.root_password().expose()];
        readable(self.spec.engine, &last_lines(&self.docker, self.container.id(), LAST_LINES).await, &secrets)
    }

    async fn stopped(
        &self,
        answer: Option<Result<bollard::models::ContainerWaitResponse, bollard::errors::Error>>,
    ) -> DatabaseError {
        let exit_code = match answer {
            Some(Ok(response)) => response.status_code,
            // bollard makes an error of every exit code but 0.
            Some(Err(bollard::errors::Error::DockerContainerWaitError { code, .. })) => code,
            Some(Err(source)) => return DatabaseError::Container { action: "wait for", source },
            None => 0,
        };
        let log = self.log().await;
        DatabaseError::Stopped { engine: self.spec.engine, exit_code, log }
    }
}

/// Carries `start` to its end even if nobody waits for it any more: only what has been started completely can be removed, which
/// dropping it does.
async fn to_the_end<T: Send + 'static>(start: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(start).await {
        Ok(started) => started,
        // The runtime cancels a task only when it ends, and nothing waits for the task then.
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

fn request(
    spec: &DatabaseSpec,
    image: &ImageUsed,
    certificate: Option<&Certificate>,
) -> testcontainers::ContainerRequest<GenericImage> {
    let (name, tag) = image.name_and_tag();
    let mut arguments = spec.engine.evidence_arguments();
    arguments.extend(spec.arguments.iter().cloned());
    // PostgreSQL takes a key from nobody but its own user, who gives it to himself later.
    let certificate = certificate.filter(|_| spec.engine != Engine::Postgres);
    if certificate.is_some() {
        arguments.extend(["ca", "cert", "key"].map(|what| format!("--ssl-{what}={CERTIFICATES}/{what}.pem")));
    }
    // Docker makes the host name an alias on a network, and testcontainers knows no other way to give one.
    let mut request = GenericImage::new(name, tag)
        .with_cmd(arguments)
        .with_hostname(&spec.alias)
        .with_labels(&spec.labels)
        .with_startup_timeout(Duration::from_secs(60));
    for (variable, value) in spec.environment() {
        request = request.with_env_var(variable, value);
    }
    for file in spec.initialisation_files() {
        request = request.with_copy_to(format!("/docker-entrypoint-initdb.d/{}", file.name), file.content.into_bytes());
    }
    if let Some(Certificate { chain, authority, key }) = certificate {
        for (what, content) in [("ca", authority), ("cert", chain), ("key", key)] {
            request = request.with_copy_to(format!("{CERTIFICATES}/{what}.pem"), content.clone().into_bytes());
        }
    }
    let (network, volumes, port) = (spec.network.clone(), image.volumes.clone(), spec.engine.port());
    // Not `with_network`, which would create a network without our labels if the rehearsal's had gone.
    request.with_host_config_modifier(move |host| {
        host.network_mode = Some(network.clone());
        host.tmpfs = Some(volumes.iter().map(|path| (path.clone(), String::new())).collect());
        host.publish_all_ports = Some(false);
        let binding = PortBinding { host_ip: Some(PUBLISHED_ON.to_owned()), host_port: None };
        host.port_bindings = Some(HashMap::from([(format!("{port}/tcp"), Some(vec![binding]))]));
    })
}

/// The last `count` lines of a container's log; what the engine says instead if it has none.
pub(super) async fn last_lines(docker: &Docker, id: &str, count: usize) -> String {
    let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail(&count.to_string()).build();
    let lines: Result<Vec<LogOutput>, _> = docker.logs(id, Some(options)).try_collect().await;
    match lines {
        Ok(lines) => lines.iter().map(ToString::to_string).collect::<String>().trim_end().to_owned(),
        Err(source) => format!("(no log: {source})"),
    }
}
