//! What can go wrong with a rehearsal's database.

use std::time::Duration;

use super::Engine;
use super::managed::CertificateError;
use super::readiness::Rule;

/// A failure of a rehearsal's database. None of them is a fault of the app.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// No Docker engine answered.
    #[error("could not reach a docker engine for the database")]
    ReachEngine(#[source] testcontainers::core::client::ClientError),
    /// The image is neither on the engine nor to be had.
    #[error("image `{image}` is not on the docker engine and could not be pulled: {reason}")]
    FindImage {
        /// The image.
        image: String,
        /// The registry's or the engine's answer.
        reason: String,
    },
    /// The server's container could not be started.
    #[error("could not start {engine} from image `{image}`")]
    Start {
        /// The engine.
        engine: Engine,
        /// The image.
        image: String,
        /// What testcontainers said.
        #[source]
        source: testcontainers::TestcontainersError,
    },
    /// The server ended while it was being waited for.
    #[error("{engine} stopped with exit code {exit_code} before it was ready; its last lines were:\n{log}")]
    Stopped {
        /// The engine.
        engine: Engine,
        /// Exit code of the container.
        exit_code: i64,
        /// The server's last log lines.
        log: String,
    },
    /// The database did not become ready in time, or never will.
    #[error("{engine} was not ready after {}.{} s: rule {rule} did not hold: {because}; the server's last lines were:\n{log}",
        waited.as_secs(), waited.subsec_millis() / 100)]
    NotReady {
        /// The engine.
        engine: Engine,
        /// How long it was waited for.
        waited: Duration,
        /// The first rule that did not hold.
        rule: Rule,
        /// Why it did not.
        because: String,
        /// The server's last log lines.
        log: String,
    },
    /// The server could not be given a certificate.
    #[error("could not give the database a certificate")]
    Certificate(#[source] CertificateError),
    /// The second container, from which readiness is probed, did not do its work.
    #[error("could not probe the database from a second container of image `{image}`: {reason}")]
    Probe {
        /// The image.
        image: String,
        /// What its shell or the engine said.
        reason: String,
    },
    /// The engine refused to act on the database's container.
    #[error("could not {action} the database's container")]
    Container {
        /// What was attempted.
        action: &'static str,
        /// The engine's answer.
        #[source]
        source: bollard::errors::Error,
    },
    /// The container could not be removed.
    #[error("could not remove the database's container")]
    Remove(#[source] testcontainers::TestcontainersError),
    /// A connection from this machine failed.
    #[error("could not connect to {engine} as `{user}`: {reason}")]
    Connect {
        /// The engine.
        engine: Engine,
        /// The user.
        user: String,
        /// What the driver said.
        reason: String,
    },
    /// One of the rehearsal's own queries failed.
    #[error("could not {action}: {reason}")]
    Query {
        /// What was attempted.
        action: &'static str,
        /// What the server or the driver said.
        reason: String,
    },
}

impl DatabaseError {
    /// One line that says what to do, where there is something to do.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::ReachEngine(_) => Some("start a docker engine, or name one in DOCKER_HOST".to_owned()),
            Self::FindImage { image, .. } => Some(format!(
                "pull `{image}` where a registry answers, or build its stand-in from Debian packages with `just images`"
            )),
            Self::NotReady { rule: Rule::Credentials, .. } => {
                Some("an initialisation file of the compose file may have changed the user or the database".to_owned())
            }
            Self::Stopped { .. } => Some("the server refused its settings: see its last lines above".to_owned()),
            Self::Start { .. }
            | Self::NotReady { .. }
            | Self::Certificate(_)
            | Self::Probe { .. }
            | Self::Container { .. }
            | Self::Remove(_)
            | Self::Connect { .. }
            | Self::Query { .. } => None,
        }
    }

    pub(super) fn query(action: &'static str, reason: &(impl ToString + ?Sized)) -> Self {
        Self::Query { action, reason: reason.to_string() }
    }
}
