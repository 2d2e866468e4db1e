//! A task of one version: its containers, run by the driver as its task definition says, with a database of its own.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use simulator_core::Effect;
use simulator_core::ecs::definition::{Condition, ContainerDefinition};
use simulator_core::effect::{Pull, TaskId};
use tokio::time::{sleep, timeout};

use super::ground::Ground;
use super::order::order;
use super::version::{Version, spec};
use super::witness::{Exit, Witness};
use crate::database::LogicalDatabase;
use crate::driver::docker::Inside;
use crate::driver::{Driver, Observer};
use crate::rehearsal::diagnosis::health_command::missing_program;
use crate::rehearsal::diagnosis::sight::{Sight, look};
use crate::rehearsal::secret_values::SecretValue;

/// A container may take this long to become healthy, on a machine that does much else; ECS's own limits are [`crate::rehearsal`]'s subject.
const HEALTHY_WITHIN: Duration = Duration::from_secs(180);

/// A one-off command may take so many seconds, unless greenroom.toml says otherwise.
const COMMAND_SECONDS: u32 = 300;

/// One that is not healthy is looked into for so long.
const LOOK: Duration = Duration::from_secs(5);

/// Between two health checks.
const CADENCE: Duration = Duration::from_millis(150);

/// Why a task does not run as it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// The container.
    pub(super) container: String,
    /// What became of it, after its name: `exits with 1`.
    pub(super) what: String,
    /// Its exit code, if it ended.
    pub(super) exit_code: Option<i64>,
    /// Whether it was killed for using more memory than it has.
    pub(super) out_of_memory: bool,
    /// The last lines that it wrote.
    pub(super) lines: Vec<String>,
    /// What its last health command said, if it had one.
    pub(super) probed: Option<(Option<i32>, String)>,
    /// Whether it was a command that had to be ended.
    pub(super) hangs: bool,
    /// What its sessions did in the database then.
    pub(super) sessions: Vec<String>,
    /// The port on which it is to answer.
    pub(super) port: u16,
    /// What a look into it showed, if it ran.
    pub(super) sight: Sight,
}

/// A task that runs.
pub(super) struct Task<'g> {
    ground: &'g Ground<'g>,
    id: TaskId,
    witness: Arc<Witness>,
    observer: Arc<dyn Observer>,
    /// The container behind the load balancer.
    app: String,
    /// The address that its containers share.
    pub(super) address: IpAddr,
    /// Where it answers.
    pub(super) base: String,
    /// From its start until it was healthy.
    pub(super) healthy_after: Duration,
}

impl<'g> Task<'g> {
    /// Starts a service's task of `version` on `database` and waits until the app is healthy.
    ///
    /// # Errors
    /// What keeps it from becoming healthy; nothing is left of it then.
    pub(super) async fn serve(
        ground: &'g Ground<'g>,
        version: &Version,
        database: &LogicalDatabase,
    ) -> Result<Self, Broken> {
        let (app, port) = (&ground.session.script.service.container, ground.session.script.service.port);
        let (mut task, began) = Self::prepare(ground, version, app).await?;
        let healthy = async {
            task.start(version, app, None, database).await?;
            let definition = version.container(app).ok_or_else(|| task.broken(app, "is not in the task definition"))?;
            task.until_healthy(definition, port).await?;
            task.until_reachable(app, port).await
        };
        let healthy = healthy.await;
        task.healthy_after = began.elapsed();
        match healthy {
            Ok(()) => {
                ground.started(version, task.healthy_after);
                Ok(task)
            }
            Err(broken) => {
                let broken = task.looked_into(version, broken).await;
                task.remove().await;
                Err(broken)
            }
        }
    }

    /// `broken` with what a look into it shows, if it still runs.
    async fn looked_into(&self, version: &Version, broken: Broken) -> Broken {
        if self.witness.of(&broken.container).exit.is_some() {
            return broken;
        }
        let check = version.container(&broken.container).and_then(|it| it.health_check.as_ref());
        let command = check.map(|check| check.command.join(" ")).unwrap_or_default();
        let output = broken.probed.as_ref().map_or("", |(_, output)| output.as_str());
        let inside = self.ground.driver.inside(self.id, &broken.container);
        let seen = timeout(LOOK, look(&inside, broken.port, (&command, output))).await;
        Broken { sight: seen.unwrap_or_default(), ..broken }
    }

    /// Waits until the app, which is healthy, answers those outside its container, too.
    async fn until_reachable(&self, app: &str, port: u16) -> Result<(), Broken> {
        let inside = self.ground.driver.inside(self.id, app);
        let reached = async {
            loop {
                if self.ground.client.get(&self.base).send().await.is_ok() {
                    return true;
                }
                let sight = Sight { listens: inside.listens().await, works: None };
                if sight.only_on_loopback(port).is_some() {
                    return false;
                }
                sleep(CADENCE).await;
            }
        };
        let reached = tokio::select! {
            biased;
            exit = self.witness.end_of(app) => return Err(self.exited(app, exit)),
            reached = timeout(HEALTHY_WITHIN, reached) => reached.unwrap_or(false),
        };
        let refuses = || self.broken(app, &format!("calls itself healthy, and refuses connections on port {port}"));
        if reached { Ok(()) } else { Err(refuses()) }
    }

    /// Runs `command` in the container `name` of a one-off task of `version` on `database`, to its end.
    ///
    /// # Errors
    /// It does not end with 0.
    pub(super) async fn run(
        ground: &'g Ground<'g>,
        version: &Version,
        name: &str,
        command: &[String],
        database: &LogicalDatabase,
    ) -> Result<(), Broken> {
        let (task, _) = Self::prepare(ground, version, name).await?;
        let ended = async {
            task.start(version, name, Some(command), database).await?;
            let migration = ground.session.script.migration.as_ref();
            let seconds = migration.and_then(|it| it.timeout_seconds).unwrap_or(COMMAND_SECONDS);
            match timeout(Duration::from_secs(u64::from(seconds)), task.witness.end_of(name)).await {
                Ok(Exit { code: Some(0), .. }) => Ok(()),
                Ok(exit) => Err(task.exited(name, exit)),
                Err(_) => {
                    let broken = task.broken(name, &format!("has not ended after {seconds} s"));
                    Err(Broken { sessions: database.sessions().await.unwrap_or_default(), hangs: true, ..broken })
                }
            }
        };
        let ended = ended.await;
        task.remove().await;
        ended
    }

    /// A task of `version` in which all runs that the container `name` needs, and that container does not.
    ///
    /// # Errors
    /// What keeps one of them from running; nothing is left of it then.
    pub(super) async fn stage(
        ground: &'g Ground<'g>,
        version: &Version,
        name: &str,
        database: &LogicalDatabase,
    ) -> Result<Self, Broken> {
        let (task, _) = Self::prepare(ground, version, name).await?;
        match task.start_others(version, name, database).await {
            Ok(()) => Ok(task),
            Err(broken) => {
                task.remove().await;
                Err(broken)
            }
        }
    }

    async fn prepare(ground: &'g Ground<'g>, version: &Version, app: &str) -> Result<(Self, Instant), Broken> {
        // Otherwise those who come later need less to log in than those who come first.
        if let Err(error) = ground.server.forget_logins().await {
            tracing::warn!(%error, "the server keeps what it knows of earlier logins");
        }
        let (id, witness) = (ground.next_task(), Arc::new(Witness::default()));
        let observer: Arc<dyn Observer> = Arc::clone(&witness) as _;
        let healthy_after = Duration::ZERO;
        let mut task = Self {
            ground,
            id,
            witness,
            observer,
            app: app.to_owned(),
            address: Ipv4Addr::UNSPECIFIED.into(),
            base: String::new(),
            healthy_after,
        };
        task.carry_out(Effect::PrepareTask(version.task(id))).await;
        let address =
            task.witness.address().map_err(|message| task.broken(app, &format!("has no network: {message}")))?;
        let port = ground.session.script.service.port;
        task.address = address;
        task.base = format!("http://{}", ground.driver.door(address, port));
        Ok((task, Instant::now()))
    }

    /// Starts the container `target` and those that run with it.
    async fn start(
        &self,
        version: &Version,
        target: &str,
        command: Option<&[String]>,
        database: &LogicalDatabase,
    ) -> Result<(), Broken> {
        self.start_others(version, target, database).await?;
        let definition =
            version.container(target).ok_or_else(|| self.broken(target, "is not in the task definition"))?;
        self.launch(definition, command, &self.ground.secrets_for(database)).await
    }

    /// Starts those that run with the container `target`, and waits until it may start.
    async fn start_others(&self, version: &Version, target: &str, database: &LogicalDatabase) -> Result<(), Broken> {
        let secrets = self.ground.secrets_for(database);
        for container in order(&version.containers, target) {
            for dependency in &container.depends_on {
                if let Some(awaited) = version.container(&dependency.container) {
                    self.until(awaited, dependency.condition).await?;
                }
            }
            if container.name != target {
                self.launch(container, None, &secrets).await?;
            }
        }
        Ok(())
    }

    /// Starts `container`, with `command` instead of its own if there is one.
    pub(super) async fn launch(
        &self,
        container: &ContainerDefinition,
        command: Option<&[String]>,
        secrets: &[SecretValue],
    ) -> Result<(), Broken> {
        let (name, image) = (container.name.as_str(), container.image.clone());
        let pull = Pull { task: self.id, container: name.into(), image, digest: None, token: None };
        self.carry_out(Effect::PullImage(pull)).await;
        self.started(name)?;
        let files: BTreeMap<String, String> = self.ground.environment_files(container);
        self.carry_out(Effect::StartContainer(Box::new(spec(container, self.id, command, files, secrets)))).await;
        self.started(name)
    }

    #[expect(clippy::result_large_err, reason = "a task breaks once, and then it is told whole what became of it")]
    fn started(&self, name: &str) -> Result<(), Broken> {
        match self.witness.of(name).refused {
            None => Ok(()),
            Some(message) => Err(self.broken(name, &format!("does not start: {message}"))),
        }
    }

    /// Waits until `container` is as `condition` says.
    async fn until(&self, container: &ContainerDefinition, condition: Condition) -> Result<(), Broken> {
        let name = &container.name;
        match condition {
            Condition::Start => Ok(()),
            Condition::Healthy => self.until_healthy(container, 0).await,
            Condition::Complete | Condition::Success => {
                match timeout(HEALTHY_WITHIN, self.witness.end_of(name)).await {
                    Ok(Exit { code: Some(0), .. }) => Ok(()),
                    Ok(_) if condition == Condition::Complete => Ok(()),
                    Ok(exit) => Err(self.exited(name, exit)),
                    Err(_) => Err(self.broken(name, "does not end, and another container waits for it")),
                }
            }
        }
    }

    /// Waits until the health check of `container` succeeds; without one, until something listens on `port`.
    pub(super) async fn until_healthy(&self, container: &ContainerDefinition, port: u16) -> Result<(), Broken> {
        let name = container.name.as_str();
        let healthy = async {
            loop {
                if self.is_healthy(container, port).await {
                    return true;
                }
                if self.is_hopeless(name).await {
                    return false;
                }
                sleep(CADENCE).await;
            }
        };
        tokio::select! {
            biased;
            exit = self.witness.end_of(name) => Err(self.exited(name, exit)),
            healthy = timeout(HEALTHY_WITHIN, healthy) => {
                let late = || self.broken(name, &format!("is not healthy after {} s", HEALTHY_WITHIN.as_secs()));
                match healthy {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(self.broken(name, "serves, and its health command cannot be run")),
                    Err(_) => Err(late()),
                }
            }
        }
    }

    /// Whether the container `name` serves already, and its health command calls a program that is not there.
    async fn is_hopeless(&self, name: &str) -> bool {
        let probed = self.witness.of(name).probed;
        let missing = probed.and_then(|(_, output)| missing_program(&output)).is_some();
        missing && name == self.app && self.ground.client.get(&self.base).send().await.is_ok()
    }

    async fn is_healthy(&self, container: &ContainerDefinition, port: u16) -> bool {
        let Some(check) = &container.health_check else {
            return port == 0 || self.ground.client.get(&self.base).send().await.is_ok();
        };
        let (command, timeout) = (check.argv().into(), check.timeout);
        let probe = Effect::ProbeHealth { task: self.id, container: container.name.as_str().into(), command, timeout };
        self.carry_out(probe).await;
        self.witness.of(&container.name).probed.is_some_and(|(code, _)| code == Some(0))
    }

    /// Waits for the end of the container `name`.
    pub(super) async fn end_of(&self, name: &str) -> Exit {
        self.witness.end_of(name).await
    }

    /// The inside of the app's container.
    pub(super) fn inside(&self) -> Inside<'_> {
        self.ground.driver.inside(self.id, &self.app)
    }

    /// The port on which the app is to answer.
    pub(super) fn port(&self) -> u16 {
        self.ground.session.script.service.port
    }

    /// From now on ::1 is an address of its loopback, as in Docker's own containers.
    ///
    /// # Errors
    /// Why that is not possible here.
    pub(super) async fn give_loopback_ipv6(&self) -> Result<(), String> {
        self.ground.driver.give_loopback_ipv6(&self.id).await
    }

    /// The last lines that the container `name` wrote.
    pub(super) fn lines_of(&self, name: &str) -> Vec<String> {
        self.witness.of(name).lines.into_iter().collect()
    }

    /// Kills the container `name`.
    pub(super) async fn kill(&self, name: &str) {
        let timeout = Duration::ZERO;
        self.carry_out(Effect::StopContainer { task: self.id, container: name.into(), timeout }).await;
        self.witness.end_of(name).await;
    }

    /// How long the app may take to end.
    pub(super) fn grace(&self, version: &Version) -> Duration {
        version.container(&self.app).map_or(Duration::from_secs(30), ContainerDefinition::stop_timeout)
    }

    /// Sends the app its stop signal and waits for its end, at most `stopTimeout`. Answers how it ended and how long that took.
    pub(super) async fn stop(&self, version: &Version) -> (Exit, Duration) {
        let grace = self.grace(version);
        let began = Instant::now();
        let container = self.app.as_str().into();
        self.carry_out(Effect::StopContainer { task: self.id, container, timeout: grace }).await;
        (self.witness.end_of(&self.app).await, began.elapsed())
    }

    /// Removes all that there is of it, at once.
    pub(super) async fn remove(self) {
        self.carry_out(Effect::ClearTask { task: self.id }).await;
    }

    async fn carry_out(&self, effect: Effect) {
        self.ground.driver.carry_out(effect, &self.observer).await;
    }

    fn exited(&self, name: &str, exit: Exit) -> Broken {
        let what = match exit {
            Exit { out_of_memory: true, .. } => "is killed for its memory".to_owned(),
            Exit { code: Some(code), .. } => format!("exits with {code}"),
            Exit { code: None, .. } => "ends, nobody knows how".to_owned(),
        };
        let Exit { code, out_of_memory } = exit;
        Broken { exit_code: code.map(i64::from), out_of_memory, ..self.broken(name, &what) }
    }

    fn broken(&self, name: &str, what: &str) -> Broken {
        let seen = self.witness.of(name);
        let lines = seen.lines.into_iter().collect();
        Broken {
            container: name.to_owned(),
            what: what.to_owned(),
            exit_code: None,
            out_of_memory: false,
            lines,
            probed: seen.probed,
            hangs: false,
            sessions: Vec::new(),
            port: self.port(),
            sight: Sight::default(),
        }
    }
}
