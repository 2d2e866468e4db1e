//! A rehearsal for tests: it has an engine and a network, and checks at its end that nothing is left.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use bollard::query_parameters::ListImagesOptionsBuilder;

use super::build::Build;
use super::{Engine, Network, Rehearsal, label};

/// The image that tests run: the stand-ins' recipe makes it before the tests.
pub(crate) const IMAGE: &str = "python:3.11-slim";

/// A rehearsal that a test is.
pub(crate) struct Trial {
    pub(crate) engine: Engine,
    pub(crate) rehearsal: Rehearsal,
    pub(crate) network: Network,
}

impl Trial {
    /// A rehearsal of a project of which there is no other, with a registry at `registry`.
    pub(crate) async fn with_registry(name: &str, registry: SocketAddr) -> Self {
        let engine = Engine::connect().await.expect("these tests need a Docker engine");
        engine.ensure_pause_image().await.expect("the engine takes the image");
        engine.sweep_leftovers().await.expect("the engine answers");
        let random = super::RehearsalId::random().expect("random numbers");
        let rehearsal = Rehearsal::new(&format!("trial-{name}-{random}")).expect("/proc");
        let network = engine.open_network(&rehearsal, registry).await.expect("the engine makes the network");
        Self { engine, rehearsal, network }
    }

    /// The same without a registry.
    pub(crate) async fn new(name: &str) -> Self {
        Self::with_registry(name, nowhere()).await
    }

    /// Builds a project of `fixtures/tools`. No rehearsal builds it, so it is kept as the tests' own from one run to the next.
    pub(crate) async fn tool_image(&self, name: &str) -> String {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/tools").join(name);
        let kept = Rehearsal::new(&format!("fixture-{name}")).expect("/proc");
        self.engine.open_network(&kept, nowhere()).await.expect("the engine makes the network");
        let image = self.built(&kept, directory).await;
        self.engine.sweep(kept.id()).await.expect("everything can be removed");
        image
    }

    /// Builds the Dockerfile of a folder.
    pub(crate) async fn built(&self, rehearsal: &Rehearsal, context: PathBuf) -> String {
        let dockerfile = context.join("Dockerfile");
        let build = Build { context, dockerfile, arguments: BTreeMap::new(), target: None };
        self.engine.build(rehearsal, &build, |_| {}).await.expect("the fixture can be built").reference
    }

    /// Sweeps, and checks that nothing is left, not even an image without a name.
    pub(crate) async fn end(self) {
        let id = self.rehearsal.id();
        self.engine.sweep(id).await.expect("everything can be removed");
        assert!(
            !self.engine.rehearsals().await.expect("the engine lists").contains_key(id),
            "something is left of {id}"
        );
        self.engine.clear_cache(Some(self.rehearsal.project())).await.expect("the cache can be removed");
        assert_eq!(self.images().await, Vec::<String>::new(), "images are left of {id}");
    }

    /// The images of this project's builds that have no name and no image made from them.
    pub(crate) async fn dangling(&self) -> Vec<String> {
        self.list(&[("dangling", "true".to_owned())]).await
    }

    /// All the images of this project's builds that [`docker images`] lists.
    async fn images(&self) -> Vec<String> {
        self.list(&[]).await
    }

    async fn list(&self, more: &[(&str, String)]) -> Vec<String> {
        let built = ("label", format!("{}={}", label::BUILD, self.rehearsal.project()));
        let filters = more.iter().chain([&built]).map(|(name, value)| (*name, vec![value.clone()])).collect();
        let options = ListImagesOptionsBuilder::default().filters(&filters).build();
        let images = self.engine.docker().list_images(Some(options)).await.expect("the engine lists");
        images.into_iter().map(|image| image.id).collect()
    }
}

/// Where no registry is: port 9 is the discard service's.
fn nowhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 9))
}
