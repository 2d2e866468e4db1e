//! What a container sees of itself.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use simulator_core::Observation;
use simulator_core::effect::TaskId;

use super::DockerDriver;
use super::agent::chain;
use super::listening::{self, sockets};
use super::task::LOOPBACK_WITHOUT_IPV6;
use crate::engine::namespace::Namespace;
use crate::engine::said;

/// None of the commands that are asked here takes long.
const LIMIT: Duration = Duration::from_secs(5);

/// A running container of a task.
#[derive(Clone, Copy, Debug)]
pub struct Inside<'a> {
    driver: &'a DockerDriver,
    task: TaskId,
    container: &'a str,
}

impl DockerDriver {
    /// The inside of `container` of `task`.
    #[must_use]
    pub const fn inside<'a>(&'a self, task: TaskId, container: &'a str) -> Inside<'a> {
        Inside { driver: self, task, container }
    }

    /// From now on ::1 is an address of the task's loopback.
    ///
    /// # Errors
    /// Only root may do that, where the kernel has IPv6.
    pub async fn give_loopback_ipv6(&self, task: &TaskId) -> Result<(), String> {
        let shared = &self.shared;
        let pause = shared.task(task).map(|task| task.pause.clone()).ok_or("the task does not run")?;
        let inspected = shared.engine.docker().inspect_container(&pause, None).await.map_err(|error| said(&error))?;
        let pid = inspected.state.and_then(|state| state.pid).unwrap_or_default();
        // Whoever opens it sees that of his own network.
        let path = Path::new("/proc/sys").join(LOOPBACK_WITHOUT_IPV6);
        let given = Namespace::new(pid, &pause).inside(|| std::fs::write(&path, "0"));
        given.map_err(|error| chain(&error))?.map_err(|error| format!("{}: {error}", path.display()))
    }
}

impl Inside<'_> {
    /// Runs a command; its exit code, if it ended by itself, and what it wrote.
    pub async fn run(&self, command: Vec<String>) -> (Option<i32>, String) {
        let shared = &self.driver.shared;
        let probed = shared.probe_health(self.task, self.container.to_owned(), command, LIMIT).await;
        let Observation::HealthProbed { exit_code, output, .. } = probed else { return (None, String::new()) };
        (exit_code, output.to_string())
    }

    /// The addresses on which something in the task's network listens; none where the container has no shell to ask with.
    pub async fn listens(&self) -> Vec<SocketAddr> {
        sockets(&self.run(listening::question()).await.1)
    }
}
