//! A task: the network that its containers share, and the containers.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bollard::errors::Error as ApiError;
use bollard::models::{ContainerCreateBody, HostConfig, HostConfigLogConfig};
use bollard::query_parameters::{CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder};
use futures_util::future::join_all;
use simulator_core::Observation;
use simulator_core::effect::{TaskId, TaskSpec};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::Shared;
use super::agent::{Agent, chain};
use super::reach::{Reach, anywhere_on_loopback};
use super::spare::Spare;
use crate::engine::namespace::Namespace;
use crate::engine::{is_absent, label, pause, said};

/// The engine may be busy with a container for this long before it is left to the sweep.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether a loopback is without IPv6, below `/proc/sys`.
pub(super) const LOOPBACK_WITHOUT_IPV6: &str = "net/ipv6/conf/lo/disable_ipv6";

/// Whether the kernel, which is the containers' too, has IPv6 at all.
fn has_ipv6() -> bool {
    Path::new("/proc/sys").join(LOOPBACK_WITHOUT_IPV6).exists()
}

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// A task that has a network.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) spec: TaskSpec,
    /// The engine's id of the container that holds the network open.
    pub(super) pause: String,
    address: IpAddr,
    /// What its containers are told by.
    pub(super) agent: Option<Agent>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    cleared: bool,
    containers: HashMap<String, Arc<Container>>,
    /// Every container that was made for the task.
    made: Vec<String>,
    /// The engine's names of its volumes.
    volumes: BTreeSet<String>,
}

/// A container of a task.
#[derive(Debug)]
pub(super) struct Container {
    /// The engine's id of it.
    pub(super) id: String,
    /// True once its end has been observed.
    pub(super) ended: watch::Sender<bool>,
}

impl Task {
    /// The container called `name` in the task definition.
    pub(super) fn container(&self, name: &str) -> Option<Arc<Container>> {
        self.state().containers.get(name).map(Arc::clone)
    }

    /// Counts the container `id` among the task's. None if the task has been cleared away meanwhile.
    pub(super) fn adopt(&self, name: &str, id: &str) -> Option<Arc<Container>> {
        let mut state = self.state();
        if state.cleared {
            return None;
        }
        let container = Arc::new(Container { id: id.to_owned(), ended: watch::Sender::new(false) });
        state.containers.insert(name.to_owned(), Arc::clone(&container));
        state.made.push(id.to_owned());
        Some(container)
    }

    /// Counts the volume that the engine calls `name` among the task's.
    pub(super) fn keep_volume(&self, name: &str) {
        self.state().volumes.insert(name.to_owned());
    }

    /// No container is adopted from now on. Answers with those that there are, and with the volumes.
    fn close(&self) -> (Vec<String>, BTreeSet<String>) {
        let mut state = self.state();
        state.cleared = true;
        (std::mem::take(&mut state.made), std::mem::take(&mut state.volumes))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// The task `id`, if it has been prepared and not cleared.
    pub(super) fn task(&self, id: &TaskId) -> Option<Arc<Task>> {
        self.tasks().get(id).map(Arc::clone)
    }

    /// Makes the network of a task.
    pub(super) async fn prepare(&self, spec: TaskSpec) -> Observation {
        let task = spec.task;
        let reach = self.reach().await;
        let made = match self.spares.take().filter(|_| reach == Reach::Address) {
            Some(spare) => Ok(spare),
            None => {
                let ports = if reach == Reach::Address { &[][..] } else { &spec.ports };
                self.make_network(&self.name(&task, "pause"), self.labels(&task), ports).await
            }
        };
        match made {
            Ok(Spare { pause, address, namespace }) => {
                // A task whose network is not closed would show what production does not.
                if let Some(wall) = self.walls.get()
                    && let Err(error) = wall.enclose(task, namespace.clone()).await
                {
                    self.remove(&pause).await;
                    return Observation::TaskNotPrepared { task, message: chain(&error) };
                }
                let agent = self.begin_agent(task, namespace).await;
                self.tasks().insert(task, Arc::new(Task { spec, pause, address, agent, state: Mutex::default() }));
                Observation::TaskPrepared { task, address }
            }
            Err(message) => Observation::TaskNotPrepared { task, message },
        }
    }

    /// The agent of a task. One that does not come up is missed by the containers that ask it; the others need none.
    async fn begin_agent(&self, task: TaskId, namespace: Namespace) -> Option<Agent> {
        match self.agents.get()?.begin(&self.engine, task, namespace).await {
            Ok(agent) => Some(agent),
            Err(message) => {
                tracing::warn!(%task, message, "a task has no agent");
                None
            }
        }
    }

    /// Removes what there is of a task. What the engine does not let go of is left to the sweep.
    pub(super) async fn clear(&self, id: &TaskId) {
        let Some(task) = self.tasks().remove(id) else { return };
        if let Some(wall) = self.walls.get() {
            wall.release(id);
        }
        self.doors.close(task.address);
        let (made, volumes) = task.close();
        join_all(made.iter().map(|container| self.remove(container))).await;
        join_all(volumes.iter().map(|volume| self.remove_volume(volume))).await;
        // Last, because the others are in its network.
        self.remove(&task.pause).await;
    }

    /// Removes a container and the volumes that nobody named.
    pub(super) async fn remove(&self, container: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
            match self.engine.docker().remove_container(container, Some(options)).await {
                Ok(()) => return,
                Err(error) if is_absent(&error) => return,
                Err(error) if Instant::now() > deadline => {
                    tracing::warn!(container, error = %said(&error), "a container is left to the sweep");
                    return;
                }
                Err(_) => sleep(PAUSE).await,
            }
        }
    }

    /// Makes a network, held open by a container called `name`, whose `ports` are published on loopback.
    pub(super) async fn make_network(
        &self,
        name: &str,
        labels: HashMap<String, String>,
        ports: &[u16],
    ) -> Result<Spare, String> {
        let host = HostConfig {
            network_mode: Some(self.network.id.clone()),
            log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
            port_bindings: Some(anywhere_on_loopback(ports)),
            // As a Fargate task has it, `localhost` is 127.0.0.1: newer engines leave ::1 on the loopback, and name it so.
            sysctls: has_ipv6().then(|| HashMap::from([(LOOPBACK_WITHOUT_IPV6.replace('/', "."), "1".to_owned())])),
            ..HostConfig::default()
        };
        let body = ContainerCreateBody {
            image: Some(pause::IMAGE.to_owned()),
            labels: Some(labels),
            exposed_ports: Some(ports.iter().map(|port| format!("{port}/tcp")).collect()),
            host_config: Some(host),
            ..ContainerCreateBody::default()
        };
        let pause = self.create(name, body).await.map_err(|error| said(&error))?;
        match self.start_pause(&pause).await {
            Ok((address, namespace)) => Ok(Spare { pause, address, namespace }),
            Err(message) => {
                self.remove(&pause).await;
                Err(message)
            }
        }
    }

    /// Starts the container that holds a task's network open, and answers with its address and the network.
    async fn start_pause(&self, pause: &str) -> Result<(IpAddr, Namespace), String> {
        let docker = self.engine.docker();
        docker.start_container(pause, None).await.map_err(|error| said(&error))?;
        let inspected = docker.inspect_container(pause, None).await.map_err(|error| said(&error))?;
        let pid = inspected.state.and_then(|state| state.pid).unwrap_or_default();
        let settings = inspected.network_settings.unwrap_or_default();
        let networks = settings.networks.unwrap_or_default();
        let address = networks.into_values().find_map(|network| network.ip_address?.parse().ok());
        let address = address.ok_or_else(|| "the engine gave the task no address".to_owned())?;
        self.doors.open(address, settings.ports.unwrap_or_default());
        Ok((address, Namespace::new(pid, pause)))
    }

    pub(super) async fn create(&self, name: &str, body: ContainerCreateBody) -> Result<String, ApiError> {
        let options = CreateContainerOptionsBuilder::default().name(name).build();
        Ok(self.engine.docker().create_container(Some(options), body).await?.id)
    }

    /// What a container is called on the engine, for whoever looks at `docker ps`.
    pub(super) fn name(&self, task: &TaskId, container: &str) -> String {
        let task = task.to_string();
        format!("greenroom-{}-{}-{container}", self.rehearsal.id(), &task[..12])
    }

    pub(super) fn labels(&self, task: &TaskId) -> HashMap<String, String> {
        let mut labels = self.rehearsal.labels();
        labels.insert(label::TASK.to_owned(), task.to_string());
        labels
    }

    fn tasks(&self) -> MutexGuard<'_, HashMap<TaskId, Arc<Task>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
