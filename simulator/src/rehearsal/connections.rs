//! How many connections to the database each task holds, counted while a rehearsal goes on.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use simulator_core::World;
use tokio_util::task::AbortOnDropHandle;

use crate::account::Account;
use crate::database::{Clients, ConnectionLimit, Database, DatabaseError};
use crate::prediction::Connections;

/// From one count to the next. Pools hold what they have opened for much longer.
const CADENCE: Duration = Duration::from_millis(100);

/// Connections that are being counted, until it is dropped.
#[derive(Debug)]
pub(super) struct Counter {
    limit: ConnectionLimit,
    most: Arc<Mutex<BTreeMap<Kind, u32>>>,
    _counting: AbortOnDropHandle<()>,
}

/// What is told apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    /// The images of the task's containers.
    images: Vec<String>,
    /// Whether it is a service's task; the others run a migration.
    of_service: bool,
}

impl Counter {
    /// Begins to count the connections that tasks of `account` have to `database`.
    ///
    /// # Errors
    /// If the server refuses the one that counts.
    pub(super) async fn start(database: &Database, account: Arc<Account>) -> Result<Self, DatabaseError> {
        let mut clients = Clients::of(database).await?;
        let limit = clients.limit().await?;
        let most = Arc::new(Mutex::new(BTreeMap::new()));
        let counting = tokio::spawn(count(clients, account, Arc::clone(&most)));
        Ok(Self { limit, most, _counting: AbortOnDropHandle::new(counting) })
    }

    /// The most connections that one task with a container of one of the images `old` held, one of the images `new`, and a migration's.
    pub(super) fn connections(&self, old: &[&str], new: &[&str]) -> Connections {
        let most = self.most.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |images: &[&str], of_service: bool| {
            let known = most.iter().filter(|(kind, _)| kind.of_service == of_service);
            let theirs = known.filter(|(kind, _)| kind.images.iter().any(|image| images.contains(&image.as_str())));
            theirs.map(|(_, count)| *count).max().unwrap_or_default()
        };
        let (old_task, new_task, migration) = (of(old, true), of(new, true), of(new, false));
        Connections { limit: self.limit, old_task, new_task, migration }
    }
}

async fn count(mut clients: Clients, account: Arc<Account>, most: Arc<Mutex<BTreeMap<Kind, u32>>>) {
    let mut pace = tokio::time::interval(CADENCE);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        let counts = match clients.count().await {
            Ok(counts) => counts,
            Err(error) => {
                // The server goes away before the rehearsal ends: what was counted stands.
                tracing::debug!(%error, "connections are no longer counted");
                return;
            }
        };
        let kinds = account.look(|world| kinds(world, &counts));
        let mut most = most.lock().unwrap_or_else(PoisonError::into_inner);
        for (kind, count) in kinds {
            let known = most.entry(kind).or_default();
            *known = (*known).max(count);
        }
    }
}

/// What the tasks are that have those addresses now.
fn kinds(world: &World, counts: &BTreeMap<IpAddr, u32>) -> Vec<(Kind, u32)> {
    let tasks = world.ecs().tasks().into_iter().filter(|task| task.stopped_at.is_none());
    tasks
        .filter_map(|task| {
            let count = counts.get(&task.address?)?;
            let images = task.definition.containers.iter().map(|container| container.image.clone()).collect();
            Some((Kind { images, of_service: task.origin.service.is_some() }, *count))
        })
        .collect()
}
