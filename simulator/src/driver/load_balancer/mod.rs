//! A load balancer for HTTP/1.1 on loopback, with the habits of an Application Load Balancer.
//!
//! A listener's rules say which target group gets a request, spread by their weights; of its group's targets the next one gets it. It streams bodies both ways, keeps connections open on
//! both sides, and tells when a target has answered everything it had. A request is never sent twice: what a target breaks
//! is answered with 502, what it does not answer with 504, and without any target with 503.
//!
//! A target that is taken out of the route gets no request afterwards, on no connection: its idle connections are closed
//! then, and the busy ones are closed when they have been answered. So when a drained target is told to stop, nothing is on
//! its way to it, and no request can meet the connection it closes.
//!
//! Deliberately absent: TLS, HTTP/2, actions other than forwarding, stickiness, slow start.

mod broken;
mod connection;
mod pool;
mod proxy;
mod route;
mod rules;
mod upgrade;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use simulator_core::effect::Target;
use simulator_core::elb::Forwarding;
use simulator_core::{Arn, Timestamp};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use self::proxy::Proxy;
use self::route::Routes;
use self::rules::Rules;

/// As many failures are remembered.
const REMEMBERED: usize = 1_000;

/// How long the load balancer waits for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a connection to a target (a fixed 10 s in the real service).
    pub connection: Duration,
    /// For an answer while nothing else moves (`idle_timeout.timeout_seconds`, 60 s unless configured).
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connection: Duration::from_secs(10), answer: Duration::from_secs(60) }
    }
}

/// A request that the load balancer answered itself, because no target did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// When.
    pub at: Timestamp,
    /// Whose request it was; none if the rule that took it gives no target group any.
    pub target_group: Option<Arn>,
    /// The target it went to, if there was one.
    pub target: Option<Target>,
    /// 502, 503 or 504.
    pub status: u16,
    /// What happened.
    pub reason: String,
}

/// Why a port could not be opened.
#[derive(Debug, Error)]
pub enum ListenError {
    /// Somebody else has it.
    #[error("port {port} on 127.0.0.1 is already taken")]
    Taken {
        /// The port.
        port: u16,
    },
    /// The system refuses.
    #[error("could not listen on port {port} of 127.0.0.1")]
    Bind {
        /// The port; 0 means any.
        port: u16,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// The load balancer of a rehearsal. Dropping it closes everything.
#[derive(Debug)]
pub struct LoadBalancer {
    shared: Arc<Shared>,
    listeners: Mutex<Listeners>,
}

/// What the listeners' connections share.
#[derive(Debug)]
struct Shared {
    routes: Routes,
    rules: Rules,
    patience: Patience,
    failures: Mutex<Vec<Failure>>,
}

#[derive(Debug, Default)]
struct Listeners {
    reserved: BTreeMap<u16, TcpListener>,
    /// Who accepts for each listener: one task.
    accepting: BTreeMap<Arn, JoinSet<()>>,
}

impl LoadBalancer {
    /// A load balancer without listeners.
    #[must_use]
    pub fn new(patience: Patience) -> Self {
        let shared =
            Shared { routes: Routes::default(), rules: Rules::default(), patience, failures: Mutex::default() };
        Self { shared: Arc::new(shared), listeners: Mutex::default() }
    }

    /// Opens `local` on loopback for the listener that will have the port `port` in AWS. Without it that listener gets
    /// whatever port is free.
    ///
    /// # Errors
    /// The port is taken.
    pub async fn reserve(&self, port: u16, local: u16) -> Result<(), ListenError> {
        let listener = bind(local).await?;
        self.listeners().reserved.insert(port, listener);
        Ok(())
    }

    /// Opens a port for `listener`, which has the port `port` in AWS, and spreads its requests by `rules` from now on.
    ///
    /// # Errors
    /// No port can be opened.
    pub async fn listen(&self, listener: Arn, rules: Vec<Forwarding>, port: u16) -> Result<SocketAddr, ListenError> {
        self.forward(&listener, rules);
        let reserved = self.listeners().reserved.remove(&port);
        let socket = match reserved {
            Some(socket) => socket,
            None => bind(0).await?,
        };
        let address = socket.local_addr().map_err(|source| ListenError::Bind { port: 0, source })?;
        let proxy = Proxy::new(Arc::clone(&self.shared), listener.clone(), port);
        self.listeners().accepting.entry(listener).or_default().spawn(proxy.accept(socket));
        Ok(address)
    }

    /// Closes the port of `listener` with every connection to it. Once this returns, nobody is accepted there any more.
    pub async fn close(&self, listener: &Arn) {
        let accepting = self.listeners().accepting.remove(listener);
        self.shared.rules.forget(listener);
        if let Some(mut accepting) = accepting {
            accepting.shutdown().await;
        }
    }

    /// From now on the requests of `listener` are spread by `rules`, of which the first that takes a request decides.
    pub fn forward(&self, listener: &Arn, rules: Vec<Forwarding>) {
        self.shared.rules.set(listener, rules);
    }

    /// From now on requests for `target_group` go to exactly `targets`.
    pub fn route(&self, target_group: &Arn, targets: &[Target]) {
        self.shared.routes.set(target_group, targets);
    }

    /// Ends when `target` has no request of `target_group` left to answer.
    pub fn drained(&self, target_group: &Arn, target: &Target) -> impl Future<Output = ()> + Send + use<> {
        self.shared.routes.drained(target_group, target)
    }

    /// The last requests that no target answered.
    #[must_use]
    pub fn failures(&self) -> Vec<Failure> {
        self.shared.failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for LoadBalancer {
    fn default() -> Self {
        Self::new(Patience::default())
    }
}

impl Shared {
    fn note(&self, failure: Failure) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() == REMEMBERED {
            failures.remove(0);
        }
        failures.push(failure);
    }
}

async fn bind(port: u16) -> Result<TcpListener, ListenError> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|source| {
        if source.kind() == io::ErrorKind::AddrInUse {
            ListenError::Taken { port }
        } else {
            ListenError::Bind { port, source }
        }
    })
}

#[cfg(test)]
mod tests;
