//! A simulated account that others use from outside: what `greenroom serve` runs.
//!
//! One port answers everything: AWS's services, the image registry under `/v2/`, and the issuer of identity tokens. What the account
//! wishes is carried out by containers, or in virtual time that goes by like the clock on the wall.

mod containers;
mod error;
mod ready;

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use simulator_core::iam::Secret;
use simulator_core::virtual_time::VirtualTime;
use simulator_core::{AccountId, Region, Timing, World};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use self::containers::Containers;
use crate::Behaviours;
use crate::account::{Account, Origin, now};
use crate::cache;
use crate::driver::{self, Driver, virtual_time};
use crate::endpoint::{Bound, Endpoint, Offer};
use crate::oidc::{GITHUB, Issuer, Job};
use crate::registry::{self, BlobStore};
use crate::rehearsal::secret_values::random;
use crate::service;

pub use error::ServeError;
pub use ready::Ready;

/// What is to be served.
#[derive(Debug)]
pub struct Setup {
    /// The account.
    pub account: AccountId,
    /// The one Region that is simulated.
    pub region: Region,
    /// AWS's delays.
    pub timing: Timing,
    /// Seed of every identifier and generated secret.
    pub seed: u64,
    /// Where to listen; port 0 stands for any that is free.
    pub listen: SocketAddr,
    /// The directory that keeps everything over restarts; without one, the account ends with the process.
    pub state: Option<PathBuf>,
    /// What AWS's delays are called, which must be the same whenever the state is opened.
    pub timing_name: String,
    /// What carries the account's wishes out.
    pub engine: Engine,
    /// Whose identity tokens are handed out, as far as those who ask do not say otherwise.
    pub job: Job,
    /// Whether DescribeServices and DescribeTasks, asked again after what is not settled, wait for news.
    pub hold_polls: bool,
}

/// What carries the account's wishes out.
#[derive(Debug)]
pub enum Engine {
    /// Containers. The program and its first argument lead to [`crate::engine::watch::run`], as for a rehearsal.
    Docker {
        /// The program.
        program: PathBuf,
        /// Its subcommand.
        subcommand: String,
    },
    /// Virtual time, in which containers behave by this script.
    Virtual(Behaviours),
}

/// An account that is being served. [`Serving::close`] must follow; where the process ends before that, a watcher removes the
/// containers.
#[derive(Debug)]
pub struct Serving {
    account: Arc<Account>,
    ready: Ready,
    endpoint: Endpoint,
    stopping: CancellationToken,
    containers: Option<Containers>,
    /// What carries wishes out; dropped, it stops.
    driving: AbortOnDropHandle<Infallible>,
}

impl Serving {
    /// Begins to serve. Once this returns, it answers.
    ///
    /// # Errors
    /// The port is taken, the layers' directory cannot be used, or there is no container engine.
    pub async fn open(setup: Setup) -> Result<Self, ServeError> {
        let Setup { account, region, timing, timing_name, seed, listen, state, engine, job, hold_polls } = setup;
        let bound = Bound::to(listen).await?;
        let reached = reached_at(bound.address());
        let host = reached.to_string();
        let origin = Origin { account: account.to_string(), region: region.to_string(), timing: timing_name };
        let setup = simulator_core::Setup { account, region, seed, timing, now: now() };
        let issuer = Arc::new(match &state {
            Some(directory) => Issuer::kept_in(GITHUB, &directory.join("identity-token-key.der"))?,
            None => Issuer::new(GITHUB),
        });
        let (account, layers) = match &state {
            Some(directory) => {
                let services = service::all_trusting(Some(&issuer));
                let account = origin.open(directory, &setup, &host, &services)?;
                (account, BlobStore::open_whole(&directory.join("layers"))?)
            }
            None => {
                let layers = BlobStore::open(&cache::directory().join("registry"))?;
                (Account::new(World::new(setup).with_registry_at(&host)), layers)
            }
        };
        let account = Arc::new(account);
        let key = account.administrator_key().map_err(ServeError::Administrator)?;
        let bearer = Secret::new(random(24).map_err(ServeError::Random)?);
        let ready = account.look(|world| Ready::new(world, &host, &key, &bearer));

        let (containers, driving) = match engine {
            Engine::Docker { program, subcommand } => {
                let (containers, driver) = Containers::open(&account, reached, &program, &subcommand).await?;
                let driver: Arc<dyn Driver> = Arc::new(driver);
                (Some(containers), tokio::spawn(driver::drive(Arc::clone(&account), driver)))
            }
            Engine::Virtual(script) => {
                // What it tells the account is written down where the account is kept.
                let driver = if state.is_some() { VirtualTime::recording(script) } else { VirtualTime::new(script) };
                (None, tokio::spawn(virtual_time::drive_as_time_goes_by(Arc::clone(&account), driver)))
            }
        };
        let stopping = CancellationToken::new();
        let registry = registry::routes(Arc::clone(&account), layers, stopping.clone());
        let tokens = crate::oidc::routes(Arc::clone(&issuer), job, bearer, bound.address());
        let offer = Offer { issuer: Some(issuer), beside: registry.merge(tokens), hold_polls };
        let endpoint = bound.serve(Arc::clone(&account), offer);
        Ok(Self { account, ready, endpoint, stopping, containers, driving: AbortOnDropHandle::new(driving) })
    }

    /// The account.
    #[must_use]
    pub const fn account(&self) -> &Arc<Account> {
        &self.account
    }

    /// What clients need to know.
    #[must_use]
    pub const fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Stops answering and removes the containers.
    ///
    /// # Errors
    /// The engine does not let go of them; the watcher tries again.
    pub async fn close(self) -> Result<(), ServeError> {
        let Self { endpoint, stopping, containers, driving, .. } = self;
        drop(driving);
        stopping.cancel();
        endpoint.stop().await;
        match containers {
            Some(containers) => containers.close().await,
            None => Ok(()),
        }
    }
}

/// Where clients on this machine reach what listens at `address`.
fn reached_at(address: SocketAddr) -> SocketAddr {
    let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    SocketAddr::new(ip, address.port())
}
