//! What the ECS agent is for a task's containers: metadata and credentials at 169.254.170.2, and beside them, which AWS does not have,
//! the simulated account's endpoint.
//!
//! Each task has an agent of its own that listens in the task's network namespace, so that nobody else can ask it, and nothing listens
//! on this machine. Where this process may not enter the namespace there is no agent, and its variables are not set.

mod answer;
mod metadata;
mod server;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use simulator_core::effect::{ContainerSpec, TaskId};
use tokio::task::JoinSet;

use crate::account::Account;
use crate::engine::Engine;
use crate::engine::namespace::{Namespace, NamespaceError};

/// Where the agent answers (`facts/aws.md` 3.10).
pub(super) const ADDRESS: Ipv4Addr = Ipv4Addr::new(169, 254, 170, 2);

/// The agent's port.
const PORT: u16 = 80;

/// What agents are made of.
#[derive(Clone, Debug)]
pub(super) struct Agents {
    pub(super) account: Arc<Account>,
    /// Where the account's endpoint listens on loopback.
    pub(super) endpoint: SocketAddr,
}

/// A task's agent. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Agent {
    /// The port under which the account's endpoint is reached at [`ADDRESS`].
    endpoint_port: u16,
    _serving: JoinSet<()>,
}

impl Agents {
    /// Begins to serve the task `task` in its network.
    pub(super) async fn begin(&self, engine: &Engine, task: TaskId, namespace: Namespace) -> Result<Agent, String> {
        let endpoint_port = self.endpoint.port();
        // Entering blocks for as long as a thread takes to start.
        let opened = tokio::task::spawn_blocking(move || {
            Ok::<_, NamespaceError>((namespace.listen(ADDRESS, PORT)?, namespace.listen(ADDRESS, endpoint_port)?))
        });
        let (own, relay) = match opened.await {
            Ok(opened) => opened.map_err(|error| chain(&error))?,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        let listen = |listener| tokio::net::TcpListener::from_std(listener).map_err(|error| error.to_string());
        let asked = server::Asked { account: Arc::clone(&self.account), engine: engine.clone(), task };
        let mut serving = JoinSet::new();
        serving.spawn(server::serve(listen(own)?, asked));
        serving.spawn(server::relay(listen(relay)?, self.endpoint));
        Ok(Agent { endpoint_port, _serving: serving })
    }
}

impl Agent {
    /// Adds the variables that lead a container here. The agent's own go before what the task definition says, as on AWS; the endpoint's
    /// does not, for somebody who sets it means another.
    pub(super) fn lead(&self, spec: &ContainerSpec, environment: &mut BTreeMap<String, String>) {
        let metadata = format!("http://{ADDRESS}/v4/{}", spec.id);
        environment.insert("ECS_CONTAINER_METADATA_URI_V4".to_owned(), metadata);
        if spec.has_role {
            let credentials = format!("/v2/credentials/{}", credentials_id(spec.task));
            environment.insert("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI".to_owned(), credentials);
        }
        let endpoint = format!("http://{ADDRESS}:{}", self.endpoint_port);
        environment.entry("AWS_ENDPOINT_URL".to_owned()).or_insert(endpoint);
    }
}

/// What names a task's credentials: its id in the form of a UUID.
fn credentials_id(task: TaskId) -> String {
    let digits = task.to_string();
    format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
}

/// An error with its causes.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
