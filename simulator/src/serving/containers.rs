//! The containers of a served account, and how nothing of them is left behind.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use simulator_core::World;
use tokio_util::sync::CancellationToken;

use super::ServeError;
use crate::account::Account;
use crate::data_channel::Sessions;
use crate::driver::docker::{DockerDriver, Registry};
use crate::driver::load_balancer::{LoadBalancer, Patience};
use crate::engine::watch::{self, Watcher};
use crate::engine::{Engine, Rehearsal};
use crate::rehearsal::error::chain;

/// What their labels call them.
const NAME: &str = "serve";

/// The engine with the account's containers.
#[derive(Debug)]
pub(super) struct Containers {
    engine: Engine,
    identity: Rehearsal,
    watcher: Watcher,
    /// Why security groups are not enforced, if they are not.
    unenforced: Option<String>,
}

impl Containers {
    /// Connects to the engine, removes what the dead left, and sets the watcher. The account's endpoint and registry are at `address`.
    pub(super) async fn open(
        account: &Arc<Account>,
        address: SocketAddr,
        program: &Path,
        subcommand: &str,
    ) -> Result<(Self, DockerDriver), ServeError> {
        let engine = Engine::connect().await?;
        engine.sweep_leftovers().await?;
        let identity = Rehearsal::new(NAME).map_err(ServeError::Random)?;
        let watcher = watch::spawn(identity.id(), program, &[subcommand])?;
        let network = engine.open_bare_network(&identity).await?;
        let load_balancer = Arc::new(LoadBalancer::new(Patience::default()));
        let registry = Registry { host: account.look(World::registry_aws_host), address };
        let driver = DockerDriver::new(engine.clone(), identity.clone(), network, registry, load_balancer)
            .await?
            .with_agent(Arc::clone(account), address);
        let enforced = driver.enforce_security_groups(Arc::clone(account)).await;
        let unenforced = enforced.err().map(|error| chain(&error));
        Ok((Self { engine, identity, watcher, unenforced }, driver))
    }

    /// Sessions in them, for clients of the server at `address`, until `stopping` is cancelled.
    pub(super) fn sessions(&self, address: SocketAddr, stopping: CancellationToken) -> io::Result<Sessions> {
        Sessions::new(self.engine.clone(), address, stopping)
    }

    /// Why security groups are not enforced between them, if they are not.
    pub(super) fn unenforced(&self) -> Option<&str> {
        self.unenforced.as_deref()
    }

    /// Removes them.
    pub(super) async fn close(self) -> Result<(), ServeError> {
        let swept = self.engine.sweep(self.identity.id()).await;
        // The watcher looks once more, as the process ends: what was under way may come up late.
        drop(self.watcher);
        Ok(swept.map(drop)?)
    }
}
