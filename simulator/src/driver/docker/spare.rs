//! Task networks made ahead.
//!
//! Most of the time between a task's beginning and its first container goes into its network: the engine needs a quarter of a
//! second and more for it. So a few are made while nobody waits, and a task takes one that is there.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::Shared;
use super::reach::Reach;
use crate::engine::namespace::Namespace;

/// Networks are made when no task has begun for this long: by then its containers have the processors they need to start.
const QUIET: Duration = Duration::from_secs(1);

/// A network that no task has yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spare {
    /// The engine's id of the container that holds it open.
    pub(super) pause: String,
    pub(super) address: IpAddr,
    /// The network itself, for whoever may enter it.
    pub(super) namespace: Namespace,
}

/// The networks that no task has yet.
#[derive(Debug, Default)]
pub(super) struct Spares {
    state: Mutex<State>,
    taken: Notify,
}

#[derive(Debug, Default)]
struct State {
    ready: VecDeque<Spare>,
    last_taken: Option<Instant>,
}

impl Spares {
    /// A network for a task, if one is there.
    pub(super) fn take(&self) -> Option<Spare> {
        let mut state = self.state();
        state.last_taken = Some(Instant::now());
        self.taken.notify_one();
        state.ready.pop_front()
    }

    /// One more is there.
    pub(super) fn add(&self, spare: Spare) {
        self.state().ready.push_back(spare);
    }

    /// Whether none is there.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.state().ready.is_empty()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Keeps `count` networks ready, for as long as it is not dropped.
    pub(super) async fn keep_spares(self: Arc<Self>, count: usize) {
        // Which ports have to be published is not known before there is a task.
        if self.reach().await == Reach::PublishedPorts {
            return;
        }
        let mut number = 0;
        loop {
            let (ready, quiet_from) = {
                let state = self.spares.state();
                (state.ready.len(), state.last_taken.map(|taken| taken + QUIET))
            };
            if ready >= count {
                self.spares.taken.notified().await;
                continue;
            }
            if let Some(quiet_from) = quiet_from.filter(|from| *from > Instant::now()) {
                sleep_until(quiet_from).await;
                continue;
            }
            number += 1;
            let name = format!("greenroom-{}-network-{number}", self.rehearsal.id());
            match self.make_network(&name, self.rehearsal.labels(), &[]).await {
                Ok(spare) => self.spares.add(spare),
                // Then tasks make their own, and say why not.
                Err(message) => {
                    tracing::debug!(message, "no network could be made ahead");
                    self.spares.taken.notified().await;
                }
            }
        }
    }
}
