//! Removing everything of a rehearsal, and nothing else.
//!
//! What belongs to a rehearsal: containers, networks, volumes and images that carry its label; image references under the
//! address of its registry (its network's label says which); and the containers that the engine's builder made in its
//! network. The network goes last, because it is the record of the rest.

mod round;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::time::Duration;

use bollard::errors::Error as ApiError;
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
};
use thiserror::Error;
use tokio::time::{Instant, sleep};

use self::round::Round;
use super::connect::Engine;
use super::label;
use super::rehearsal::{Owner, RehearsalId};

/// The engine may be busy with something for this long before it counts as not removable.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at what is left.
const PAUSE: Duration = Duration::from_millis(100);

/// How much was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Containers.
    pub containers: usize,
    /// Networks.
    pub networks: usize,
    /// Volumes.
    pub volumes: usize,
    /// Images and references to images.
    pub images: usize,
}

impl Swept {
    /// Whether there was nothing to remove.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    fn add(&mut self, other: Self) {
        let Self { containers, networks, volumes, images } = other;
        self.containers += containers;
        self.networks += networks;
        self.volumes += volumes;
        self.images += images;
    }
}

/// What becomes of rehearsals that were to stay after their process had ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// They stay.
    Stay,
    /// They go like the others.
    Go,
}

/// What the labels say of a rehearsal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traces {
    /// The process that it belongs to, if they name one.
    pub owner: Option<Owner>,
    /// Whether it was to stay after that process had ended.
    pub is_kept: bool,
}

/// Why something may be left.
#[derive(Debug, Error)]
pub enum SweepError {
    /// The engine does not say what there is.
    #[error("could not list the engine's {what}")]
    List {
        /// Containers, networks, volumes or images.
        what: &'static str,
        /// What the engine said.
        #[source]
        source: ApiError,
    },
    /// The engine does not remove something.
    #[error("could not remove {what} of rehearsal {rehearsal}")]
    Remove {
        /// The kind of thing and its id.
        what: String,
        /// The rehearsal.
        rehearsal: RehearsalId,
        /// What the engine said.
        #[source]
        source: ApiError,
    },
}

/// Sweeps one rehearsal, as often as it takes. What it has learnt of the rehearsal it still knows when the engine has
/// forgotten it.
#[derive(Clone, Debug)]
pub struct Sweeper {
    id: RehearsalId,
    registries: BTreeSet<SocketAddr>,
}

impl Sweeper {
    /// For the rehearsal `id`.
    #[must_use]
    pub fn new(id: &RehearsalId) -> Self {
        Self { id: id.clone(), registries: BTreeSet::new() }
    }

    /// Removes what there is now.
    ///
    /// # Errors
    /// As [`Engine::sweep`].
    pub async fn sweep(&mut self, engine: &Engine) -> Result<Swept, SweepError> {
        let deadline = Instant::now() + PATIENCE;
        let mut swept = Swept::default();
        loop {
            let Round { removed, failed, .. } = Round::hold(engine, &self.id, &mut self.registries).await?;
            swept.add(removed);
            match failed {
                None if removed.is_nothing() => return Ok(swept),
                // What was removed is looked for once more: the engine lists a container until the last of it is gone.
                None => {}
                Some(error) if Instant::now() > deadline => return Err(error),
                Some(_) => sleep(PAUSE).await,
            }
        }
    }
}

impl Engine {
    /// Removes everything of the rehearsal `id`, whoever owns it.
    ///
    /// # Errors
    /// The engine cannot be asked, or still holds on to something after half a minute; everything else has been removed.
    pub async fn sweep(&self, id: &RehearsalId) -> Result<Swept, SweepError> {
        Sweeper::new(id).sweep(self).await
    }

    /// Removes everything of every rehearsal whose owner is no longer alive; of those that were to stay only if `kept` says so.
    ///
    /// # Errors
    /// As [`Engine::sweep`], for the first that fails; the others have been swept all the same.
    pub async fn sweep_dead(&self, kept: Kept) -> Result<BTreeMap<RehearsalId, Swept>, SweepError> {
        let mut swept = BTreeMap::new();
        let mut failed = None;
        for id in self.dead(kept).await? {
            match self.sweep(&id).await {
                Ok(removed) => {
                    swept.insert(id, removed);
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(swept), Err)
    }

    /// Removes what rehearsals left whose owner is no longer alive, as far as the engine lets go of it at once: for whoever begins something
    /// new, which what the engine holds on to does not disturb. `greenroom clean` says what that is.
    ///
    /// # Errors
    /// The engine cannot be asked.
    pub async fn sweep_leftovers(&self) -> Result<(), SweepError> {
        for id in self.dead(Kept::Stay).await? {
            let mut registries = BTreeSet::new();
            loop {
                let Round { removed, failed, .. } = Round::hold(self, &id, &mut registries).await?;
                if let Some(error) = failed {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "a dead rehearsal leaves something behind"
                    );
                    break;
                }
                if removed.is_nothing() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The rehearsals whose owner is no longer alive; those that were to stay only if `kept` says so.
    async fn dead(&self, kept: Kept) -> Result<Vec<RehearsalId>, SweepError> {
        let rehearsals = self.rehearsals().await?.into_iter();
        // Without an owner nothing can be judged; everything that we make has one.
        let dead = rehearsals.filter(|(_, Traces { owner, is_kept })| {
            owner.as_ref().is_some_and(|owner| !owner.is_alive()) && !(*is_kept && kept == Kept::Stay)
        });
        Ok(dead.map(|(id, _)| id).collect())
    }

    /// Every rehearsal of which the engine has anything, and what the labels say of it.
    ///
    /// # Errors
    /// The engine cannot be asked.
    pub async fn rehearsals(&self) -> Result<BTreeMap<RehearsalId, Traces>, SweepError> {
        let docker = self.docker();
        let filters = having(label::REHEARSAL);
        let containers = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let containers = docker.list_containers(Some(containers)).await.map_err(listing("containers"))?;
        let networks = ListNetworksOptionsBuilder::default().filters(&filters).build();
        let networks = docker.list_networks(Some(networks)).await.map_err(listing("networks"))?;
        let volumes = ListVolumesOptionsBuilder::default().filters(&filters).build();
        let volumes = docker.list_volumes(Some(volumes)).await.map_err(listing("volumes"))?;
        let images = ListImagesOptionsBuilder::default().all(true).filters(&filters).build();
        let images = docker.list_images(Some(images)).await.map_err(listing("images"))?;

        let labels = containers.into_iter().filter_map(|container| container.labels);
        let labels = labels.chain(networks.into_iter().filter_map(|network| network.labels));
        let labels = labels.chain(volumes.volumes.unwrap_or_default().into_iter().map(|volume| volume.labels));
        let labels = labels.chain(images.into_iter().map(|image| image.labels));
        let mut found: BTreeMap<RehearsalId, Traces> = BTreeMap::new();
        for labels in labels {
            // Whatever else stands under our label was not written by us, and so is not ours to remove.
            let Some(id) = labels.get(label::REHEARSAL).and_then(|id| id.parse().ok()) else { continue };
            let traces = found.entry(id).or_default();
            traces.owner = traces.owner.take().or_else(|| Owner::from_labels(&labels));
            traces.is_kept |= labels.contains_key(label::KEPT);
        }
        Ok(found)
    }
}

fn having(label: &str) -> HashMap<String, Vec<String>> {
    HashMap::from([("label".to_owned(), vec![label.to_owned()])])
}

fn listing(what: &'static str) -> impl FnOnce(ApiError) -> SweepError {
    move |source| SweepError::List { what, source }
}

#[cfg(test)]
mod tests;
