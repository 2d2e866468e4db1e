//! One look at the engine, with the removal of everything that it shows of a rehearsal.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;

use bollard::errors::Error as ApiError;
use bollard::models::{ContainerSummary, NetworkDisconnectRequest};
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
    RemoveContainerOptionsBuilder, RemoveImageOptions, RemoveImageOptionsBuilder, RemoveVolumeOptionsBuilder,
};
use futures_util::{StreamExt, stream};

use super::{SweepError, Swept, having, listing};
use crate::engine::rehearsal::{Owner, RehearsalId};
use crate::engine::{Engine, is_absent, label};

/// As many removals are under way at once; the engine takes its own locks beyond that.
const AT_ONCE: usize = 8;

/// One look.
pub(super) struct Round<'a> {
    engine: &'a Engine,
    id: &'a RehearsalId,
    pub(super) removed: Swept,
    /// The first removal that failed.
    pub(super) failed: Option<SweepError>,
}

impl<'a> Round<'a> {
    /// Removes what there is of the rehearsal `id`. The registries that its network names are added to `registries`: what
    /// is under way to one of them can come up when the network has gone.
    pub(super) async fn hold(
        engine: &'a Engine,
        id: &'a RehearsalId,
        registries: &mut BTreeSet<SocketAddr>,
    ) -> Result<Self, SweepError> {
        let mut round = Self { engine, id, removed: Swept::default(), failed: None };
        round.containers().await?;
        let networks = round.networks().await?;
        registries.extend(networks.iter().filter_map(|network| network.registry));
        for registry in registries.iter() {
            round.references(*registry).await?;
        }
        round.images().await?;
        round.volumes().await?;
        round.builds().await?;
        if round.failed.is_none() {
            for network in &networks {
                let removal = round.remove_network(&network.id).await;
                round.removed.networks += round.note("network", &network.id, removal);
            }
        }
        Ok(round)
    }

    async fn containers(&mut self) -> Result<(), SweepError> {
        let docker = self.engine.docker();
        let all = ListContainersOptionsBuilder::default().all(true).build();
        let containers = docker.list_containers(Some(all)).await.map_err(listing("containers"))?;
        let ours = containers.into_iter().filter(|container| is_of(container, self.id)).filter_map(|found| found.id);
        let removals = stream::iter(ours).map(|container| async move {
            let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
            let removal = docker.remove_container(&container, Some(options)).await;
            (container, removal)
        });
        let removals: Vec<_> = removals.buffer_unordered(AT_ONCE).collect().await;
        for (container, removal) in removals {
            self.removed.containers += self.note("container", &container, removal);
        }
        Ok(())
    }

    /// References under the registry's address. Removing one leaves the image to whatever else refers to it, and its
    /// parents to the builder's cache.
    async fn references(&mut self, registry: SocketAddr) -> Result<(), SweepError> {
        for reference in self.engine.references_under(registry).await.map_err(listing("images"))? {
            let options = RemoveImageOptionsBuilder::default().noprune(true).build();
            let removal = self.engine.docker().remove_image(&reference, Some(options), None).await;
            self.removed.images += self.note("image", &reference, removal.map(drop));
        }
        Ok(())
    }

    async fn images(&mut self) -> Result<(), SweepError> {
        let docker = self.engine.docker();
        let options = ListImagesOptionsBuilder::default().all(true).filters(&of(self.id)).build();
        for image in docker.list_images(Some(options)).await.map_err(listing("images"))? {
            let options = RemoveImageOptionsBuilder::default().force(true).noprune(true).build();
            let removal = docker.remove_image(&image.id, Some(options), None).await;
            self.removed.images += self.note("image", &image.id, removal.map(drop));
        }
        Ok(())
    }

    async fn volumes(&mut self) -> Result<(), SweepError> {
        let docker = self.engine.docker();
        let options = ListVolumesOptionsBuilder::default().filters(&of(self.id)).build();
        let volumes = docker.list_volumes(Some(options)).await.map_err(listing("volumes"))?;
        for volume in volumes.volumes.unwrap_or_default() {
            let options = RemoveVolumeOptionsBuilder::default().force(true).build();
            let removal = docker.remove_volume(&volume.name, Some(options)).await;
            self.removed.volumes += self.note("volume", &volume.name, removal);
        }
        Ok(())
    }

    /// What builds that were killed left without a name. Such an image cannot say whose it is, only of which project: so it
    /// is removed when no other living rehearsal of the project could be building. Of which project is not asked: a step
    /// that was under way comes up when everything else of its rehearsal has gone.
    async fn builds(&mut self) -> Result<(), SweepError> {
        let mut filters = having(label::BUILD);
        filters.insert("dangling".to_owned(), vec!["true".to_owned()]);
        let options = ListImagesOptionsBuilder::default().filters(&filters).build();
        // The images are listed before the rehearsals: a rehearsal that begins in between has made none of them.
        let images = self.engine.docker().list_images(Some(options)).await.map_err(listing("images"))?;
        if images.is_empty() {
            return Ok(());
        }
        let building = self.building().await?;
        for image in
            images.iter().filter(|image| !image.labels.get(label::BUILD).is_some_and(|it| building.contains(it)))
        {
            // Not forced: an image that something uses after all is not left over. Its nameless parents go with it.
            let removal = self.engine.docker().remove_image(&image.id, None::<RemoveImageOptions>, None).await;
            self.removed.images += usize::from(removal.is_ok());
        }
        Ok(())
    }

    /// The projects of which another rehearsal lives, and may be building.
    async fn building(&self) -> Result<BTreeSet<String>, SweepError> {
        let options = ListNetworksOptionsBuilder::default().filters(&having(label::PROJECT)).build();
        let networks = self.engine.docker().list_networks(Some(options)).await.map_err(listing("networks"))?;
        let others = networks.into_iter().filter_map(|network| network.labels).filter(|labels| {
            labels.get(label::REHEARSAL).is_some_and(|id| id != self.id.as_str())
                && Owner::from_labels(labels).is_some_and(|owner| owner.is_alive())
        });
        Ok(others.filter_map(|mut labels| labels.remove(label::PROJECT)).collect())
    }

    async fn networks(&self) -> Result<Vec<Record>, SweepError> {
        let options = ListNetworksOptionsBuilder::default().filters(&of(self.id)).build();
        let networks = self.engine.docker().list_networks(Some(options)).await.map_err(listing("networks"))?;
        let records = networks.into_iter().filter_map(|network| {
            let labels = network.labels.unwrap_or_default();
            let registry = labels.get(label::REGISTRY).and_then(|registry| registry.parse().ok());
            Some(Record { id: network.id?, registry })
        });
        Ok(records.collect())
    }

    /// Somebody may have let a container of their own take part, to look around: it is let go, not removed.
    async fn remove_network(&self, network: &str) -> Result<(), ApiError> {
        let docker = self.engine.docker();
        if let Ok(inspected) = docker.inspect_network(network, None).await {
            for container in inspected.containers.unwrap_or_default().into_keys() {
                let request = NetworkDisconnectRequest { container, force: Some(true) };
                // If it cannot be let go, removing the network fails and says so.
                let _ = docker.disconnect_network(network, request).await;
            }
        }
        docker.remove_network(network).await
    }

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

/// What a rehearsal's network says of it.
struct Record {
    id: String,
    registry: Option<SocketAddr>,
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

fn of(id: &RehearsalId) -> HashMap<String, Vec<String>> {
    having(&format!("{}={id}", label::REHEARSAL))
}
