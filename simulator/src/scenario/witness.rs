//! Sees what becomes of one task's containers.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use simulator_core::Observation;
use tokio::sync::watch;

use crate::driver::Observer;

/// So many of a container's last lines are kept.
const LINES: usize = 60;

/// How a container ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exit {
    /// Its exit code, if the engine knows one.
    pub(super) code: Option<i32>,
    /// Whether the kernel killed it for its memory.
    pub(super) out_of_memory: bool,
}

/// What was seen of one container.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Why it did not start, if it did not.
    pub(super) refused: Option<String>,
    /// How it ended, if it has.
    pub(super) exit: Option<Exit>,
    /// Its last lines.
    pub(super) lines: VecDeque<String>,
    /// Exit code and output of the last health command.
    pub(super) probed: Option<(Option<i32>, String)>,
}

#[derive(Debug, Default)]
struct State {
    address: Option<IpAddr>,
    refused: Option<String>,
    containers: BTreeMap<String, Seen>,
}

/// Sees what becomes of one task's containers.
#[derive(Debug)]
pub(super) struct Witness {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

impl Default for Witness {
    fn default() -> Self {
        Self { state: Mutex::default(), changed: watch::Sender::new(()) }
    }
}

impl Witness {
    /// The task's address, or why it has none.
    pub(super) fn address(&self) -> Result<IpAddr, String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let why = || state.refused.clone().unwrap_or_else(|| "the engine gave the task no network".to_owned());
        state.address.ok_or_else(why)
    }

    /// What was seen of the container called `name`.
    pub(super) fn of(&self, name: &str) -> Seen {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.containers.get(name).cloned().unwrap_or_default()
    }

    /// Waits for the end of the container called `name`.
    pub(super) async fn end_of(&self, name: &str) -> Exit {
        let mut changes = self.changed.subscribe();
        loop {
            changes.borrow_and_update();
            if let Some(exit) = self.of(name).exit {
                return exit;
            }
            // The sender lives as long as this does.
            if changes.changed().await.is_err() {
                return Exit { code: None, out_of_memory: false };
            }
        }
    }

    fn change(&self, container: &str, change: impl FnOnce(&mut Seen)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(state.containers.entry(container.to_owned()).or_default());
        drop(state);
        self.changed.send_replace(());
    }
}

impl Observer for Witness {
    fn observe(&self, observation: Observation) {
        match observation {
            Observation::TaskPrepared { address, .. } => {
                self.state.lock().unwrap_or_else(PoisonError::into_inner).address = Some(address);
            }
            Observation::TaskNotPrepared { message, .. } => {
                self.state.lock().unwrap_or_else(PoisonError::into_inner).refused = Some(message);
            }
            Observation::ImageNotPulled { container, message, .. }
            | Observation::ContainerNotStarted { container, message, .. } => {
                self.change(&container, |seen| seen.refused = Some(message));
            }
            Observation::ContainerExited { container, exit_code, out_of_memory, .. } => {
                self.change(&container, |seen| seen.exit = Some(Exit { code: exit_code, out_of_memory }));
            }
            Observation::HealthProbed { container, exit_code, output, .. } => {
                self.change(&container, |seen| seen.probed = Some((exit_code, output.to_string())));
            }
            Observation::Logged { container, line, .. } => self.change(&container, |seen| {
                if seen.lines.len() == LINES {
                    seen.lines.pop_front();
                }
                seen.lines.push_back(line);
            }),
            Observation::ImagePulled { .. }
            | Observation::ContainerStarted { .. }
            | Observation::MemoryUsed { .. }
            | Observation::TaskCleared { .. }
            | Observation::TargetProbed { .. }
            | Observation::TargetDrained { .. }
            | Observation::Listening { .. }
            | Observation::NotListening { .. }
            | Observation::HookAnswered { .. }
            | Observation::ImageScanned { .. }
            | Observation::AlarmChanged { .. } => {}
        }
    }
}
