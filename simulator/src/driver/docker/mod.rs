//! The driver with containers.
//!
//! A task is a network namespace: a container that does nothing holds it open, and the task's containers share it, so that
//! they see one another on localhost and have one address, as with `awsvpc`. They carry the labels that the ECS agent gives
//! them beside our own.
//!
//! The load balancer reaches a task by its address, or by ports published on loopback where addresses do not answer ([`reach`]).
//!
//! Limits: a container has its own memory limit, or else the task's; every container is held to the task's processors. The
//! containers of one task could together use more than the task has, because a cgroup around them all can only be made by
//! root on the engine's machine.

mod agent;
mod exec;
mod follow;
mod health;
mod image;
mod inside;
mod lines;
mod listening;
mod memory;
mod reach;
mod spare;
mod start;
mod stop;
mod task;
mod terminal;
mod volume;
mod wall;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_trait::async_trait;
use simulator_core::effect::{Target, TaskId};
use simulator_core::{Effect, Observation};
use thiserror::Error;
use tokio::task::JoinSet;

use self::agent::Agents;
use self::image::Images;
pub use self::inside::Inside;
use self::reach::Doors;
use self::spare::Spares;
use self::task::Task;
pub(crate) use self::terminal::{Keyboard, Terminal};
pub use self::wall::{Resident, Wall, WallError};
use super::hook::Hooks;
use super::load_balancer::LoadBalancer;
use super::run::{Driver, Observer};
use super::target_probe::TargetProbe;
use crate::account::Account;
use crate::engine::namespace::Namespace;
use crate::engine::pause::PauseError;
use crate::engine::{Engine, Network, Rehearsal};

/// Where the images of the simulated ECR really are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    /// Its name in task definitions: `<account>.dkr.ecr.<region>.amazonaws.com`.
    pub host: String,
    /// Its address on loopback.
    pub address: SocketAddr,
}

/// Why there is no driver.
#[derive(Debug, Error)]
pub enum DockerError {
    /// There is nothing to hold a task's network open.
    #[error(transparent)]
    Pause(#[from] PauseError),
}

/// Carries effects out with containers.
#[derive(Debug)]
pub struct DockerDriver {
    shared: Arc<Shared>,
    load_balancer: Arc<LoadBalancer>,
    target_probe: TargetProbe,
    hooks: Hooks,
    /// What goes on after an effect has been carried out: containers that are followed, targets that drain.
    background: Mutex<JoinSet<()>>,
}

/// What the parts of the driver share.
#[derive(Debug)]
struct Shared {
    engine: Engine,
    rehearsal: Rehearsal,
    network: Network,
    registry: Registry,
    images: Images,
    tasks: Mutex<HashMap<TaskId, Arc<Task>>>,
    spares: Spares,
    agents: OnceLock<Agents>,
    walls: OnceLock<Arc<Wall>>,
    doors: Doors,
}

impl DockerDriver {
    /// A driver for `rehearsal`, whose network is open.
    ///
    /// # Errors
    /// The engine does not take the image that tasks need.
    pub async fn new(
        engine: Engine,
        rehearsal: Rehearsal,
        network: Network,
        registry: Registry,
        load_balancer: Arc<LoadBalancer>,
    ) -> Result<Self, DockerError> {
        engine.ensure_pause_image().await?;
        let (images, tasks, spares) = (Images::default(), Mutex::default(), Spares::default());
        let (agents, walls, doors) = (OnceLock::new(), OnceLock::new(), Doors::default());
        let shared =
            Arc::new(Shared { engine, rehearsal, network, registry, images, tasks, spares, agents, walls, doors });
        let (target_probe, hooks, background) = (TargetProbe::new(), Hooks::default(), Mutex::default());
        Ok(Self { shared, load_balancer, target_probe, hooks, background })
    }

    /// The same with stand-ins for the functions of lifecycle hooks; without, their calls fail.
    #[must_use]
    pub fn with_hooks(mut self, hooks: Hooks) -> Self {
        self.hooks = hooks;
        self
    }

    /// The same with an agent in each task's network, which gives its containers their metadata, the credentials of their role in
    /// `account`, and a way to the account's `endpoint` on loopback. Where this process may not enter the networks, none is there.
    #[must_use]
    pub fn with_agent(self, account: Arc<Account>, endpoint: SocketAddr) -> Self {
        match Namespace::may_enter() {
            Ok(()) => {
                self.shared.agents.get_or_init(|| Agents { account, endpoint });
            }
            Err(error) => tracing::info!(%error, "tasks get no metadata and no credentials"),
        }
        self
    }

    /// Whether tasks have an agent.
    #[must_use]
    pub fn has_agent(&self) -> bool {
        self.shared.agents.get().is_some()
    }

    /// From now on the security groups of `account` decide which connections its tasks can open to one another, and to whatever is
    /// admitted to the answer. Called before the first task.
    ///
    /// # Errors
    /// That is not possible on this machine; nothing is enforced then.
    pub async fn enforce_security_groups(&self, account: Arc<Account>) -> Result<Arc<Wall>, WallError> {
        let Shared { engine, network, walls, .. } = &*self.shared;
        let wall = Arc::new(Wall::new(engine, network, account).await?);
        let wall = Arc::clone(walls.get_or_init(|| wall));
        self.keep_going(Arc::clone(&wall).keep());
        Ok(wall)
    }

    /// Makes the networks of `count` tasks ahead, and again whenever they have been taken: as many as a deployment starts at
    /// once. Best called while something else is waited for.
    pub fn keep_spare_networks(&self, count: usize) {
        self.keep_going(Arc::clone(&self.shared).keep_spares(count));
    }

    /// Where what listens on `port` of a task's `address` is reached from this process.
    #[must_use]
    pub fn door(&self, address: IpAddr, port: u16) -> SocketAddr {
        let door = self.shared.doors.of(&Target { address, port });
        SocketAddr::new(door.address, door.port)
    }

    /// Lets `work` go on until it ends or the driver is dropped.
    fn keep_going(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut background = self.background.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(ended) = background.try_join_next() {
            if let Err(error) = ended
                && error.is_panic()
            {
                resume_unwind(error.into_panic());
            }
        }
        background.spawn(work);
    }
}

#[async_trait]
impl Driver for DockerDriver {
    async fn carry_out(&self, effect: Effect, observer: &Arc<dyn Observer>) {
        let shared = &self.shared;
        match effect {
            Effect::PrepareTask(spec) => observer.observe(shared.prepare(spec).await),
            Effect::PullImage(pull) => observer.observe(shared.pull(pull).await),
            Effect::StartContainer(spec) => {
                if let Some(following) = shared.start(*spec, observer).await {
                    self.keep_going(following);
                }
            }
            Effect::ProbeHealth { task, container, command, timeout } => {
                observer.observe(shared.probe_health(task, container.to_string(), command.to_vec(), timeout).await);
            }
            Effect::StopContainer { task, container, timeout } => {
                shared.stop(task, container.to_string(), timeout, observer).await
            }
            Effect::ClearTask { task } => {
                shared.clear(&task).await;
                observer.observe(Observation::TaskCleared { task });
            }
            Effect::ProbeTarget { target_group, target, path, timeout } => {
                let answer = self.target_probe.ask(&shared.doors.of(&target), &path, timeout).await;
                observer.observe(Observation::TargetProbed { target_group, target, answer });
            }
            Effect::Route { target_group, targets } => {
                let doors: Vec<_> = targets.iter().map(|target| shared.doors.of(target)).collect();
                self.load_balancer.route(&target_group, &doors);
            }
            Effect::DrainTarget { target_group, target } => {
                // From here on the target's requests are watched; later effects need not wait until they are answered.
                let drained = self.load_balancer.drained(&target_group, &shared.doors.of(&target));
                let observer = Arc::clone(observer);
                self.keep_going(async move {
                    drained.await;
                    observer.observe(Observation::TargetDrained { target_group, target });
                });
            }
            Effect::InvokeHook(call) => {
                let answer = self.hooks.call(&call).await;
                observer.observe(Observation::HookAnswered { execution: call.execution, answer });
            }
            Effect::Forward { listener, rules } => self.load_balancer.forward(&listener, rules),
            Effect::StopListening { listener } => self.load_balancer.close(&listener).await,
            Effect::Listen { listener, rules, port } => {
                observer.observe(match self.load_balancer.listen(listener.clone(), rules, port).await {
                    Ok(address) => Observation::Listening { listener, address },
                    Err(error) => Observation::NotListening { listener, message: error.to_string() },
                });
            }
        }
    }
}

#[cfg(test)]
mod tests;
