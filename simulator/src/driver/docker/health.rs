//! Running a container's health command, as the engine would, but when the World wants it.

use std::time::Duration;

use simulator_core::Observation;
use simulator_core::effect::TaskId;

use super::Shared;
use super::exec::Exec;

/// `describe-tasks` and the engine itself keep this much of a probe's output.
const OUTPUT: usize = 1_024;

impl Shared {
    /// Runs `command` in the container, once.
    pub(super) async fn probe_health(
        &self,
        task: TaskId,
        container: String,
        command: Vec<String>,
        timeout: Duration,
    ) -> Observation {
        let (exit_code, output) = match self.task(&task).and_then(|known| known.container(&container)) {
            Some(target) => self.run_probe(&target.id, command, timeout).await,
            None => (None, "the container does not run".to_owned()),
        };
        let output = output.chars().take(OUTPUT).collect();
        Observation::HealthProbed { task, container: container.into(), exit_code, output }
    }

    async fn run_probe(&self, container: &str, command: Vec<String>, limit: Duration) -> (Option<i32>, String) {
        let mut exec = match Exec::start(&self.engine, container, command).await {
            Ok(exec) => exec,
            Err(message) => return (None, message),
        };
        if tokio::time::timeout(limit, exec.read(OUTPUT * 4)).await.is_err() {
            // It may have ended and left something running in the background that holds its output open.
            if let Some(exit_code) = exec.exit_code().await {
                return (Some(exit_code), exec.output());
            }
            exec.kill().await;
            // The engine's own words.
            let output = exec.output();
            let colon = if output.is_empty() { "" } else { ": " };
            return (None, format!("Health check exceeded timeout ({limit:?}){colon}{output}"));
        }
        (exec.exit_code().await, exec.output())
    }
}
