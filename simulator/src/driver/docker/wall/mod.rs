//! Security groups between containers: each task's network lets connections out only where the groups of both ends allow it.
//!
//! The rules stand in the network of whoever opens the connection, as TCP's first packet is dropped there: the app sees what it sees in a
//! VPC, a connection that times out. They follow the account: a rule that is revoked closes what it opened, for new connections. They end
//! with the network that they are in, so nothing of them is ever left behind.
//!
//! It takes root, to enter the networks, and `iptables-restore`, which machines with an engine have. Without either nothing is enforced,
//! and the report says so. UDP is not enforced.

mod rules;
mod tool;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use simulator_core::effect::TaskId;
use thiserror::Error;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::account::Account;
use crate::engine::namespace::{Namespace, NamespaceError};
use crate::engine::{Engine, Network, said};
pub use rules::Resident;
use tool::ToolError;

/// Between two looks at what has been dropped.
const PAUSE: Duration = Duration::from_millis(250);

/// Why security groups are not enforced between containers.
#[derive(Debug, Error)]
pub enum WallError {
    /// This process may not enter the containers' networks.
    #[error(transparent)]
    Enter(#[from] NamespaceError),
    /// What puts rules in place does not.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// The engine does not tell the network's addresses.
    #[error("the engine does not tell the addresses of the rehearsal's network{0}")]
    Network(String),
}

/// The rules between the tasks of an account.
#[derive(Debug)]
pub struct Wall {
    account: Arc<Account>,
    /// The addresses of the rehearsal's network, in CIDR form.
    network: String,
    residents: Mutex<Vec<Resident>>,
    tasks: Mutex<BTreeMap<TaskId, Arc<Enclosed>>>,
    changed: Notify,
}

/// A task's network.
#[derive(Debug)]
struct Enclosed {
    namespace: Namespace,
    /// The rules that hold in it.
    present: tokio::sync::Mutex<Option<String>>,
}

impl Wall {
    /// What enforces the security groups of `account` between what is in `network`.
    ///
    /// # Errors
    /// That is not possible here.
    pub(super) async fn new(engine: &Engine, network: &Network, account: Arc<Account>) -> Result<Self, WallError> {
        Namespace::may_enter()?;
        tool::present()?;
        let told = |error| WallError::Network(format!(": {}", said(&error)));
        let network = engine.docker().inspect_network(&network.id, None).await.map_err(told)?;
        let configurations = network.ipam.and_then(|ipam| ipam.config).unwrap_or_default();
        let subnet = configurations.into_iter().find_map(|config| config.subnet.filter(|subnet| !subnet.contains(':')));
        let network = subnet.ok_or_else(|| WallError::Network(String::new()))?;
        let (residents, tasks, changed) = (Mutex::default(), Mutex::default(), Notify::new());
        Ok(Self { account, network, residents, tasks, changed })
    }

    /// From now on `resident` is in the network, as its security groups allow.
    pub fn admit(&self, resident: Resident) {
        self.residents.lock().unwrap_or_else(PoisonError::into_inner).push(resident);
        self.changed.notify_one();
    }

    /// From now on the network of `task` has the rules of the task's security groups; when this answers they are in place.
    ///
    /// # Errors
    /// They are not, and the task must not begin.
    pub(super) async fn enclose(&self, task: TaskId, namespace: Namespace) -> Result<(), WallError> {
        let enclosed = Arc::new(Enclosed { namespace, present: tokio::sync::Mutex::default() });
        // Known first: what changes meanwhile is seen to as soon as the first rules are in place.
        self.tasks().insert(task, Arc::clone(&enclosed));
        let raised = self.raise(&task, &enclosed).await;
        if raised.is_err() {
            self.release(&task);
        }
        raised
    }

    /// The network of `task` is no more.
    pub(super) fn release(&self, task: &TaskId) {
        self.tasks().remove(task);
    }

    /// Keeps the rules in step with the account, for as long as it is not dropped.
    pub(super) async fn keep(self: Arc<Self>) {
        loop {
            let stirred = self.account.stirred();
            tokio::pin!(stirred);
            // Registered before looking, so that a change in between is not missed.
            stirred.as_mut().enable();
            for (task, enclosed) in self.all() {
                if let Err(error) = self.raise(&task, &enclosed).await
                    && self.tasks().contains_key(&task)
                {
                    tracing::warn!(%task, %error, "a task's network keeps the rules that it had");
                }
            }
            tokio::select! {
                () = stirred => {}
                () = self.changed.notified() => {}
            }
        }
    }

    /// Waits until a connection that a task tried to open to `resident` has been dropped, and answers which task's. Cancelling it is safe.
    pub async fn turned_away(&self, resident: Ipv4Addr) -> TaskId {
        loop {
            for (task, enclosed) in self.all() {
                // A task that has ended meanwhile tells nothing.
                let counted = enclosed.work(tool::counted).await.unwrap_or_default();
                if tool::dropped(&counted, resident) > 0 {
                    return task;
                }
            }
            sleep(PAUSE).await;
        }
    }

    /// Puts the rules of a task in place, if they are not.
    async fn raise(&self, task: &TaskId, enclosed: &Enclosed) -> Result<(), WallError> {
        let mut present = enclosed.present.lock().await;
        let residents = self.residents.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let wanted = self.account.look(|world| rules::of(world, task, &residents, &self.network));
        let Some(wanted) = wanted.filter(|wanted| present.as_ref() != Some(wanted)) else { return Ok(()) };
        let text = wanted.clone();
        enclosed.work(move || tool::apply(&text)).await?;
        *present = Some(wanted);
        Ok(())
    }

    fn all(&self) -> Vec<(TaskId, Arc<Enclosed>)> {
        self.tasks().iter().map(|(task, enclosed)| (*task, Arc::clone(enclosed))).collect()
    }

    fn tasks(&self) -> MutexGuard<'_, BTreeMap<TaskId, Arc<Enclosed>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Enclosed {
    /// Does `work` in the network. A process is started there, which blocks.
    async fn work<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<R, ToolError> + Send + 'static,
    ) -> Result<R, WallError> {
        let namespace = self.namespace.clone();
        match tokio::task::spawn_blocking(move || namespace.inside(work)).await {
            Ok(done) => Ok(done??),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
}
