//! Waiting for a deployment to end, as the trace tells it.

use std::time::Duration;

use simulator_core::{Event, EventKind, World};

use crate::account::Account;

/// How a deployment ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// `COMPLETED`, and the service is in a steady state.
    Completed,
    /// `FAILED`, for this reason.
    Failed {
        /// `rolloutStateReason`.
        reason: String,
    },
    /// Neither within the time given.
    Neither,
}

/// Waits at most `patience` for the deployment `id` to end, as entries of the trace after the first `seen` tell.
pub async fn ended(account: &Account, id: &str, seen: usize, patience: Duration) -> Ended {
    let waiting = account.until(|world| ending(world, id, seen));
    tokio::time::timeout(patience, waiting).await.unwrap_or(Ended::Neither)
}

/// Waits at most `patience` for the service to be in a steady state by entries of the trace after the first `seen`.
pub async fn steady(account: &Account, service: &str, seen: usize, patience: Duration) -> bool {
    let steady_again = |world: &World| {
        after(world, seen).iter().any(|event| {
            matches!(&event.kind, EventKind::Service { service: of, message }
                if of == service && message.ends_with("has reached a steady state."))
        })
    };
    let waiting = account.until(|world| steady_again(world).then_some(()));
    tokio::time::timeout(patience, waiting).await.is_ok()
}

fn ending(world: &World, id: &str, seen: usize) -> Option<Ended> {
    after(world, seen).iter().rev().find_map(|event| {
        let EventKind::Deployment { id: of, rollout_state, reason, .. } = &event.kind else { return None };
        match *rollout_state {
            _ if of != id => None,
            "COMPLETED" => Some(Ended::Completed),
            "FAILED" => Some(Ended::Failed { reason: reason.clone() }),
            _ => None,
        }
    })
}

fn after(world: &World, seen: usize) -> &[Event] {
    world.events().get(seen..).unwrap_or_default()
}
