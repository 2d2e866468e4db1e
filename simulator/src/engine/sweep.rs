//! Removing everything of a rehearsal, and nothing else.
//!
//! What belongs to a rehearsal: containers, networks, volumes and images that carry its label; image references under the
//! address of its registry (its network's label says which); and the containers that the engine's builder made in its
//! network. The network goes last, because it is the record of the rest.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error as ApiError;
use bollard::models::{ContainerSummary, NetworkDisconnectRequest};
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
    RemoveContainerOptionsBuilder, RemoveImageOptionsBuilder, RemoveVolumeOptionsBuilder,
};
use futures_util::{StreamExt, stream};
use thiserror::Error;
use tokio::time::{Instant, sleep};

use super::connect::Engine;
use super::label;
use super::rehearsal::{Owner, RehearsalId};
use super::said::is_absent;

/// As many removals are under way at once; the engine takes its own locks beyond that.
const AT_ONCE: usize = 8;

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

impl Engine {
    /// Removes everything of the rehearsal `id`, whoever owns it.
    ///
    /// # Errors
    /// The engine cannot be asked, or still holds on to something after half a minute; everything else has been removed.
    pub async fn sweep(&self, id: &RehearsalId) -> Result<Swept, SweepError> {
        let deadline = Instant::now() + PATIENCE;
        let mut swept = Swept::default();
        loop {
            let Round { removed, failed, .. } = self.sweep_once(id).await?;
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

    /// Removes everything of every rehearsal whose owner is no longer alive.
    ///
    /// # Errors
    /// As [`Engine::sweep`], for the first that fails; the others have been swept all the same.
    pub async fn sweep_dead(&self) -> Result<BTreeMap<RehearsalId, Swept>, SweepError> {
        let mut swept = BTreeMap::new();
        let mut failed = None;
        for (id, owner) in self.rehearsals().await? {
            // Without an owner nothing can be judged; everything that we make has one.
            if owner.is_none_or(|owner| owner.is_alive()) {
                continue;
            }
            match self.sweep(&id).await {
                Ok(removed) => {
                    swept.insert(id, removed);
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(swept), Err)
    }

    /// Every rehearsal of which the engine has anything, with its owner where the labels name one.
    ///
    /// # Errors
    /// The engine cannot be asked.
    pub async fn rehearsals(&self) -> Result<BTreeMap<RehearsalId, Option<Owner>>, SweepError> {
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
        let mut found = BTreeMap::new();
        for labels in labels {
            // Whatever else stands under our label was not written by us, and so is not ours to remove.
            let Some(id) = labels.get(label::REHEARSAL).and_then(|id| id.parse().ok()) else { continue };
            let owner = found.entry(id).or_insert(None);
            *owner = owner.take().or_else(|| Owner::from_labels(&labels));
        }
        Ok(found)
    }

    async fn sweep_once<'a>(&self, id: &'a RehearsalId) -> Result<Round<'a>, SweepError> {
        let mut round = Round { id, removed: Swept::default(), failed: None };
        self.sweep_containers(&mut round).await?;
        let networks = self.networks_of(id).await?;
        for registry in networks.iter().filter_map(|network| network.registry) {
            self.sweep_references(registry, &mut round).await?;
        }
        self.sweep_images(&mut round).await?;
        self.sweep_volumes(&mut round).await?;
        for project in networks.iter().filter_map(|network| network.project.as_deref()) {
            round.removed.images += self.sweep_builds(id, project).await?;
        }
        if round.failed.is_none() {
            for network in &networks {
                let removal = self.remove_network(&network.id).await;
                round.removed.networks += round.note("network", &network.id, removal);
            }
        }
        Ok(round)
    }

    async fn sweep_containers(&self, round: &mut Round<'_>) -> Result<(), SweepError> {
        let all = ListContainersOptionsBuilder::default().all(true).build();
        let containers = self.docker().list_containers(Some(all)).await.map_err(listing("containers"))?;
        let ours = containers.into_iter().filter(|container| is_of(container, round.id)).filter_map(|found| found.id);
        let removals = stream::iter(ours).map(|container| async move {
            let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
            let removal = self.docker().remove_container(&container, Some(options)).await;
            (container, removal)
        });
        let removals: Vec<_> = removals.buffer_unordered(AT_ONCE).collect().await;
        for (container, removal) in removals {
            round.removed.containers += round.note("container", &container, removal);
        }
        Ok(())
    }

    /// References under the registry's address. Removing one leaves the image to whatever else refers to it, and its
    /// parents to the builder's cache.
    async fn sweep_references(&self, registry: SocketAddr, round: &mut Round<'_>) -> Result<(), SweepError> {
        for reference in self.references_under(registry).await.map_err(listing("images"))? {
            let options = RemoveImageOptionsBuilder::default().noprune(true).build();
            let removal = self.docker().remove_image(&reference, Some(options), None).await;
            round.removed.images += round.note("image", &reference, removal.map(drop));
        }
        Ok(())
    }

    async fn sweep_images(&self, round: &mut Round<'_>) -> Result<(), SweepError> {
        let options = ListImagesOptionsBuilder::default().all(true).filters(&of(round.id)).build();
        for image in self.docker().list_images(Some(options)).await.map_err(listing("images"))? {
            let options = RemoveImageOptionsBuilder::default().force(true).noprune(true).build();
            let removal = self.docker().remove_image(&image.id, Some(options), None).await;
            round.removed.images += round.note("image", &image.id, removal.map(drop));
        }
        Ok(())
    }

    async fn sweep_volumes(&self, round: &mut Round<'_>) -> Result<(), SweepError> {
        let options = ListVolumesOptionsBuilder::default().filters(&of(round.id)).build();
        let volumes = self.docker().list_volumes(Some(options)).await.map_err(listing("volumes"))?;
        for volume in volumes.volumes.unwrap_or_default() {
            let options = RemoveVolumeOptionsBuilder::default().force(true).build();
            let removal = self.docker().remove_volume(&volume.name, Some(options)).await;
            round.removed.volumes += round.note("volume", &volume.name, removal);
        }
        Ok(())
    }

    /// What a build that was killed left without a name. The images of a build cannot say whose they are, only of which
    /// project: so they are removed when no other living rehearsal of the project could be building.
    async fn sweep_builds(&self, id: &RehearsalId, project: &str) -> Result<usize, SweepError> {
        let filters = HashMap::from([
            ("label".to_owned(), vec![format!("{}={project}", label::BUILD)]),
            ("dangling".to_owned(), vec!["true".to_owned()]),
        ]);
        let options = ListImagesOptionsBuilder::default().filters(&filters).build();
        // The images are listed before the rehearsals: a rehearsal that begins in between has made none of them.
        let images = self.docker().list_images(Some(options)).await.map_err(listing("images"))?;
        if images.is_empty() || self.is_building(project, id).await? {
            return Ok(0);
        }
        let mut removed = 0;
        for image in images {
            // Not forced: an image that something uses after all is not left over. Its nameless parents go with it.
            let removal =
                self.docker().remove_image(&image.id, None::<bollard::query_parameters::RemoveImageOptions>, None);
            removed += usize::from(removal.await.is_ok());
        }
        Ok(removed)
    }

    /// Whether a living rehearsal of `project` other than `except` may be building.
    async fn is_building(&self, project: &str, except: &RehearsalId) -> Result<bool, SweepError> {
        let filters = HashMap::from([("label".to_owned(), vec![format!("{}={project}", label::PROJECT)])]);
        let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
        let networks = self.docker().list_networks(Some(options)).await.map_err(listing("networks"))?;
        Ok(networks.into_iter().filter_map(|network| network.labels).any(|labels| {
            labels.get(label::REHEARSAL).is_some_and(|id| id != except.as_str())
                && Owner::from_labels(&labels).is_some_and(|owner| owner.is_alive())
        }))
    }

    async fn networks_of(&self, id: &RehearsalId) -> Result<Vec<Record>, SweepError> {
        let options = ListNetworksOptionsBuilder::default().filters(&of(id)).build();
        let networks = self.docker().list_networks(Some(options)).await.map_err(listing("networks"))?;
        let records = networks.into_iter().filter_map(|network| {
            let labels = network.labels.unwrap_or_default();
            Some(Record {
                id: network.id?,
                registry: labels.get(label::REGISTRY).and_then(|registry| registry.parse().ok()),
                project: labels.get(label::PROJECT).cloned(),
            })
        });
        Ok(records.collect())
    }

    /// Somebody may have let a container of their own take part, to look around: it is let go, not removed.
    async fn remove_network(&self, network: &str) -> Result<(), ApiError> {
        let docker: &Docker = self.docker();
        if let Ok(inspected) = docker.inspect_network(network, None).await {
            for container in inspected.containers.unwrap_or_default().into_keys() {
                let request = NetworkDisconnectRequest { container, force: Some(true) };
                // If it cannot be let go, removing the network fails and says so.
                let _ = docker.disconnect_network(network, request).await;
            }
        }
        docker.remove_network(network).await
    }
}

/// What a rehearsal's network says of it.
struct Record {
    id: String,
    registry: Option<SocketAddr>,
    project: Option<String>,
}

/// One look at the engine.
struct Round<'a> {
    id: &'a RehearsalId,
    removed: Swept,
    /// The first removal that failed.
    failed: Option<SweepError>,
}

impl Round<'_> {
    /// How many a removal counts for: what had gone already is no error, and not counted.
    fn note(&mut self, kind: &str, name: &str, removal: Result<(), ApiError>) -> usize {
        match removal {
            Ok(()) => 1,
            Err(source) if is_absent(&source) => 0,
            Err(source) => {
                let what = format!("{kind} `{name}`");
                self.failed.get_or_insert(SweepError::Remove { what, rehearsal: self.id.clone(), source });
                0
            }
        }
    }
}

/// Whether a container is of the rehearsal: by its label, or, for one of the engine's builder, by its network. The builder
/// cannot be given labels for its containers; those of our own build instructions tell them from a user's.
fn is_of(container: &ContainerSummary, id: &RehearsalId) -> bool {
    let Some(labels) = &container.labels else { return false };
    if let Some(rehearsal) = labels.get(label::REHEARSAL) {
        return rehearsal == id.as_str();
    }
    let network = container.host_config.as_ref().and_then(|host| host.network_mode.as_deref());
    labels.contains_key(label::BUILD) && network == Some(&id.network_name())
}

fn having(label: &str) -> HashMap<String, Vec<String>> {
    HashMap::from([("label".to_owned(), vec![label.to_owned()])])
}

fn of(id: &RehearsalId) -> HashMap<String, Vec<String>> {
    having(&format!("{}={id}", label::REHEARSAL))
}

fn listing(what: &'static str) -> impl FnOnce(ApiError) -> SweepError {
    move |source| SweepError::List { what, source }
}

#[cfg(test)]
mod tests;
