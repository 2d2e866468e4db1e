//! The stage on Docker.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use simulator::Account;
use simulator::account::now;
use simulator::driver::docker::{DockerDriver, Registry};
use simulator::driver::drive;
use simulator::engine::{Engine, Rehearsal, RehearsalId};
use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::virtual_time::{Behaviour, Image};
use simulator_core::{Operation, World};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::stage::Stage;
use crate::{account, program};

/// The image that every container runs.
const IMAGE: &str = "python:3.11-slim";

/// Nobody listens there: it is the port of the discard service.
const NO_REGISTRY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);

/// An engine on a busy machine takes this much longer than any container: it is allowed for in every limit.
const PATIENCE: Duration = Duration::from_secs(60);

/// Containers of an engine.
pub(crate) struct DockerStage {
    account: Arc<Account>,
    engine: Engine,
    rehearsal: Rehearsal,
    driving: AbortOnDropHandle<Infallible>,
}

impl DockerStage {
    /// A rehearsal of its own, called after the case.
    pub(crate) async fn open(case: &str) -> Self {
        let engine = Engine::connect().await.expect("these cases need a Docker engine");
        engine.sweep_leftovers().await.expect("the engine answers");
        let random = RehearsalId::random().expect("random numbers");
        let rehearsal = Rehearsal::new(&format!("conformance-{}-{random}", case.replace('_', "-"))).expect("/proc");
        let network = engine.open_network(&rehearsal, NO_REGISTRY).await.expect("the engine makes the network");
        let registry = Registry { host: "none.invalid".to_owned(), address: NO_REGISTRY };
        let driver = DockerDriver::new(engine.clone(), rehearsal.clone(), network, registry, Arc::default()).await;
        let account = Arc::new(Account::new(account::world(now())));
        let driving = tokio::spawn(drive(Arc::clone(&account), Arc::new(driver.expect("a driver"))));
        Self { account, engine, rehearsal, driving: AbortOnDropHandle::new(driving) }
    }
}

impl Stage for DockerStage {
    fn perform(&mut self, definition: ContainerDefinition, behaviour: &Behaviour) -> ContainerDefinition {
        let image = match behaviour.image {
            // How long an image takes to come is the engine's affair.
            Image::Pulls(_) => IMAGE.to_owned(),
            Image::Refused(_) => format!("{NO_REGISTRY}/absent:1"),
            Image::Hangs => panic!("no registry that never answers is at hand"),
        };
        program::of(behaviour, ContainerDefinition { image, ..definition })
    }

    fn must<O: Operation>(&mut self, operation: O) -> O::Output {
        let root = self.account.look(World::root);
        self.account.call(&root, operation).unwrap_or_else(|refusal| panic!("{} was refused: {refusal}", O::NAME))
    }

    fn look<R>(&self, at: impl FnOnce(&World) -> R) -> R {
        self.account.look(at)
    }

    async fn until<R>(&mut self, what: &str, limit: Duration, condition: impl FnMut(&World) -> Option<R>) -> R {
        match timeout(limit + PATIENCE, self.account.until(condition)).await {
            Ok(found) => found,
            Err(_) => panic!("{what}: not within {limit:?}; {}", self.account.look(account::story)),
        }
    }

    async fn close(self) {
        let Self { account: _, engine, rehearsal, driving } = self;
        driving.abort();
        // Aborted work may still be under way on the engine; the sweep deals with that.
        let _ = driving.await;
        engine.sweep(rehearsal.id()).await.expect("everything can be removed");
        let left = engine.rehearsals().await.expect("the engine lists");
        assert!(!left.contains_key(rehearsal.id()), "something is left of {}", rehearsal.id());
    }
}
