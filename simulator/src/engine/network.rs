//! The network of a rehearsal: a bridge on which its containers see one another by name, and this process sees them.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, TcpListener};

use bollard::errors::Error as ApiError;
use bollard::models::{EndpointSettings, NetworkConnectRequest, NetworkCreateRequest};
use bollard::query_parameters::ListImagesOptionsBuilder;

use super::connect::{Engine, EngineError};
use super::label;
use super::rehearsal::Rehearsal;

/// The network of a rehearsal. It is made first and removed last: its labels say what else belongs to the rehearsal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The engine's id of it.
    pub id: String,
    /// Its name, which is also the network mode of the rehearsal's builds.
    pub name: String,
}

impl Engine {
    /// Makes the network of `rehearsal`. From now on image references under `registry` are the rehearsal's and go with it.
    ///
    /// # Errors
    /// The engine refuses, or its containers' addresses are not reachable from this process.
    pub async fn open_network(&self, rehearsal: &Rehearsal, registry: SocketAddr) -> Result<Network, EngineError> {
        let asked = |source| EngineError::Ask { attempt: "list images", source };
        if !self.references_under(registry).await.map_err(asked)?.is_empty() {
            return Err(EngineError::RegistryInUse { registry: registry.to_string() });
        }
        let mut labels = rehearsal.labels();
        labels.insert(label::REGISTRY.to_owned(), registry.to_string());
        self.make_network(rehearsal, labels).await
    }

    /// Makes the network of `rehearsal`, to which no image references belong: they are the user's, who pushed them.
    ///
    /// # Errors
    /// The engine refuses, or its containers' addresses are not reachable from this process.
    pub async fn open_bare_network(&self, rehearsal: &Rehearsal) -> Result<Network, EngineError> {
        self.make_network(rehearsal, rehearsal.labels()).await
    }

    async fn make_network(
        &self,
        rehearsal: &Rehearsal,
        labels: HashMap<String, String>,
    ) -> Result<Network, EngineError> {
        let name = rehearsal.id().network_name();
        let request = NetworkCreateRequest {
            name: name.clone(),
            driver: Some("bridge".to_owned()),
            labels: Some(labels),
            ..NetworkCreateRequest::default()
        };
        let id = self.docker().create_network(request).await.map_err(refused)?.id;
        self.check_reachable(&id).await?;
        Ok(Network { id, name })
    }

    /// Lets `container`, which runs already, take part in `network` under the names in `aliases`.
    ///
    /// # Errors
    /// The engine refuses.
    pub async fn join_network(&self, network: &Network, container: &str, aliases: &[&str]) -> Result<(), EngineError> {
        let aliases = aliases.iter().map(|&alias| alias.to_owned()).collect();
        let request = NetworkConnectRequest {
            container: container.to_owned(),
            endpoint_config: Some(EndpointSettings { aliases: Some(aliases), ..EndpointSettings::default() }),
        };
        let attempt = "let a container join the rehearsal's network";
        self.docker().connect_network(&network.id, request).await.map_err(|source| EngineError::Ask { attempt, source })
    }

    /// Every image reference, by tag or by digest, that begins with the address of `registry`.
    pub(crate) async fn references_under(&self, registry: SocketAddr) -> Result<Vec<String>, ApiError> {
        let all = ListImagesOptionsBuilder::default().all(true).build();
        let images = self.docker().list_images(Some(all)).await?;
        let prefix = format!("{registry}/");
        let references = images.into_iter().flat_map(|image| image.repo_tags.into_iter().chain(image.repo_digests));
        Ok(references.filter(|reference| reference.starts_with(&prefix)).collect())
    }

    /// The address of this machine on `network`, at which its containers reach whatever listens there.
    ///
    /// # Errors
    /// The engine refuses, or does not tell.
    pub async fn gateway(&self, network: &Network) -> Result<IpAddr, EngineError> {
        let place = "in a network whose gateway it does not tell";
        let elsewhere = || EngineError::Elsewhere { host: self.facts().host.clone(), place };
        self.gateway_of(&network.id).await?.ok_or_else(elsewhere)
    }

    async fn gateway_of(&self, id: &str) -> Result<Option<IpAddr>, EngineError> {
        let attempt = "look at the rehearsal's network";
        let network =
            self.docker().inspect_network(id, None).await.map_err(|source| EngineError::Ask { attempt, source })?;
        let configurations = network.ipam.and_then(|ipam| ipam.config).unwrap_or_default();
        Ok(configurations.into_iter().find_map(|config| config.gateway?.parse::<IpAddr>().ok()))
    }

    /// The bridge's own address is one of this machine's exactly where the engine shares its network with this process.
    async fn check_reachable(&self, id: &str) -> Result<(), EngineError> {
        let gateway = self.gateway_of(id).await?;
        match gateway.map(|address| TcpListener::bind((address, 0))) {
            Some(Err(_)) => {
                Err(EngineError::Elsewhere { host: self.facts().host.clone(), place: "in a network of their own" })
            }
            // An engine that does not tell is not worse than it is.
            Some(Ok(_)) | None => Ok(()),
        }
    }
}

fn refused(source: ApiError) -> EngineError {
    // The words are those of every release from 1.9 to 28: "could not find an available, non-overlapping IPv4 address pool
    // among the defaults" and, later, "all predefined address pools have been fully subnetted".
    let text = source.to_string();
    if text.contains("address pool") {
        return EngineError::Subnets { source };
    }
    EngineError::Ask { attempt: "make the rehearsal's network", source }
}
