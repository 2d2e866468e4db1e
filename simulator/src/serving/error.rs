//! Why an account is not served.

use simulator_core::Refusal;
use thiserror::Error;

use crate::account::JournalError;
use crate::driver::docker::DockerError;
use crate::endpoint::EndpointError;
use crate::engine::EngineError;
use crate::engine::sweep::SweepError;
use crate::engine::watch::WatchError;
use crate::oidc::IssuerError;
use crate::registry::StoreError;

/// Why an account is not served.
#[derive(Debug, Error)]
pub enum ServeError {
    /// It cannot listen where it was told to.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// Image layers cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The account's state cannot be used.
    #[error(transparent)]
    State(#[from] JournalError),
    /// The issuer of identity tokens has no key.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// There is no container engine that can be used.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The engine takes no driver.
    #[error(transparent)]
    Driver(#[from] DockerError),
    /// Containers were not removed.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// Nothing would clean up after a kill.
    #[error("cannot start the watcher that cleans up")]
    Watch(#[from] WatchError),
    /// The operating system gives no random names and secrets.
    #[error("cannot make up names and secrets")]
    Random(#[source] std::io::Error),
    /// The account refuses its own administrator, which is our bug.
    #[error("cannot make the administrator: {0}")]
    Administrator(Refusal),
}

impl ServeError {
    /// Whether it is the container engine that is missing or does not serve.
    #[must_use]
    pub const fn is_of_engine(&self) -> bool {
        matches!(self, Self::Engine(_) | Self::Driver(_) | Self::Sweep(_))
    }

    /// What helps.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Endpoint(EndpointError::Taken(_)) => {
                Some("name another port with `--listen`, or port 0 for any free one".to_owned())
            }
            Self::Engine(error) => {
                let virtual_time = "or let containers be played by a script: `--engine virtual`";
                Some(error.help().map_or_else(|| virtual_time.to_owned(), |help| format!("{help}; {virtual_time}")))
            }
            Self::Store(_) => Some("make room there, or set XDG_CACHE_HOME to a directory with room".to_owned()),
            Self::State(JournalError::Other { .. }) => {
                Some("serve it with these settings, or name another directory with `--state`".to_owned())
            }
            Self::State(JournalError::Read { .. }) => {
                Some("serve it with the release that wrote it, or remove the directory to begin anew".to_owned())
            }
            Self::State(_)
            | Self::Issuer(_)
            | Self::Endpoint(EndpointError::Listen { .. })
            | Self::Driver(_)
            | Self::Sweep(_)
            | Self::Watch(_)
            | Self::Random(_)
            | Self::Administrator(_) => None,
        }
    }
}
