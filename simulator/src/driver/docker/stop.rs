//! Stopping a container.

use std::sync::Arc;
use std::time::Duration;

use bollard::query_parameters::KillContainerOptionsBuilder;
use simulator_core::Observation;
use simulator_core::effect::TaskId;
use tokio::time::timeout;

use super::Shared;
use super::task::Container;
use crate::driver::Observer;

/// After SIGKILL a container is gone as soon as the kernel has let go of its processes.
const AFTER_KILL: Duration = Duration::from_secs(10);

impl Shared {
    /// Sends the container its stop signal, and SIGKILL when it has not ended after `grace`. Whoever follows the container
    /// observes its end; a container that never was has ended.
    pub(super) async fn stop(&self, task: TaskId, name: String, grace: Duration, observer: &Arc<dyn Observer>) {
        let Some(container) = self.task(&task).and_then(|known| known.container(&name)) else {
            let (exit_code, out_of_memory) = (None, false);
            return observer.observe(Observation::ContainerExited {
                task,
                container: name.into(),
                exit_code,
                out_of_memory,
            });
        };
        self.signal(&container, &self.stop_signal(&container).await).await;
        if !ends_within(&container, grace).await {
            self.signal(&container, "SIGKILL").await;
            if !ends_within(&container, AFTER_KILL).await {
                tracing::warn!(container = container.id, "a container does not end after SIGKILL");
            }
        }
    }

    /// The image's STOPSIGNAL, or SIGTERM.
    async fn stop_signal(&self, container: &Container) -> String {
        let inspected = self.engine.docker().inspect_container(&container.id, None).await.ok();
        let signal = inspected.and_then(|inspected| inspected.config?.stop_signal).filter(|signal| !signal.is_empty());
        signal.unwrap_or_else(|| "SIGTERM".to_owned())
    }

    async fn signal(&self, container: &Container, signal: &str) {
        let options = KillContainerOptionsBuilder::default().signal(signal).build();
        if let Err(error) = self.engine.docker().kill_container(&container.id, Some(options)).await {
            // It has ended by itself, most likely; whoever follows it finds out.
            tracing::debug!(container = container.id, signal, %error, "a signal was not delivered");
        }
    }
}

async fn ends_within(container: &Container, time: Duration) -> bool {
    timeout(time, container.ended.subscribe().wait_for(|&ended| ended)).await.is_ok()
}
