//! The container engine seen by the tests: what it holds and what it says happened.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bollard::Docker;
use bollard::models::{EventMessage, NetworkCreateRequest};
use bollard::query_parameters::{
    EventsOptionsBuilder, ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptionsBuilder,
    ListVolumesOptionsBuilder,
};
use futures_util::StreamExt;
use tokio::runtime::Runtime;

/// The label that names the process that a rehearsal belongs to, as `<pid>@<boot id>`.
const OWNER: &str = "greenroom.owner";

/// The engine that the program under test uses.
pub(crate) struct Engine {
    docker: Docker,
    runtime: Arc<Runtime>,
}

/// Something that happened to a container.
#[derive(Clone, Debug)]
pub(crate) struct Happening {
    /// Nanoseconds since the epoch, by the engine's clock.
    pub(crate) at: u64,
    pub(crate) action: String,
    pub(crate) container: String,
    pub(crate) task: String,
    pub(crate) revision: String,
    pub(crate) exit_code: Option<String>,
    owner: String,
}

/// Listens to the engine's events.
pub(crate) struct Watch {
    happenings: Arc<Mutex<Vec<Happening>>>,
    engine: Engine,
}

impl Engine {
    pub(crate) fn connect() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = Arc::new(runtime.expect("a runtime can be started"));
        let docker = Docker::connect_with_defaults().expect("these tests need a container engine");
        let docker = runtime.block_on(docker.negotiate_version()).expect("these tests need a container engine");
        Self { docker, runtime }
    }

    /// Everything that is labelled as belonging to a rehearsal of process `pid`.
    pub(crate) fn left_by(&self, pid: u32) -> Vec<String> {
        let filters = HashMap::from([("label", vec![OWNER])]);
        let belongs = |labels: Option<&HashMap<String, String>>| {
            labels.and_then(|it| it.get(OWNER)).is_some_and(|owner| owner.starts_with(&format!("{pid}@")))
        };
        self.runtime.block_on(async {
            let mut left = Vec::new();
            let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
            let containers = self.docker.list_containers(Some(options)).await.expect("the engine answers");
            left.extend(
                containers
                    .iter()
                    .filter(|it| belongs(it.labels.as_ref()))
                    .map(|it| format!("container {:?}", it.names)),
            );
            let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
            let networks = self.docker.list_networks(Some(options)).await.expect("the engine answers");
            left.extend(
                networks.iter().filter(|it| belongs(it.labels.as_ref())).map(|it| format!("network {:?}", it.name)),
            );
            let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
            let volumes =
                self.docker.list_volumes(Some(options)).await.expect("the engine answers").volumes.unwrap_or_default();
            left.extend(volumes.iter().filter(|it| belongs(Some(&it.labels))).map(|it| format!("volume {}", it.name)));
            let options = ListImagesOptionsBuilder::default().all(true).filters(&filters).build();
            let images = self.docker.list_images(Some(options)).await.expect("the engine answers");
            left.extend(
                images.iter().filter(|it| belongs(Some(&it.labels))).map(|it| format!("image {:?}", it.repo_tags)),
            );
            left
        })
    }

    /// Every image reference that the engine knows.
    pub(crate) fn image_tags(&self) -> Vec<String> {
        let options = ListImagesOptionsBuilder::default().all(true).build();
        let images = self.runtime.block_on(self.docker.list_images(Some(options))).expect("the engine answers");
        images.into_iter().flat_map(|image| image.repo_tags).collect()
    }

    /// Makes a network that has nothing to do with greenroom.
    pub(crate) fn make_stranger(&self) -> String {
        let name = format!("stranger-{}", std::process::id());
        let request = NetworkCreateRequest { name: name.clone(), ..NetworkCreateRequest::default() };
        self.runtime.block_on(self.docker.create_network(request)).expect("the engine makes a network");
        name
    }

    /// Whether there is a network called `name`.
    pub(crate) fn has_network(&self, name: &str) -> bool {
        self.runtime.block_on(self.docker.inspect_network(name, None)).is_ok()
    }

    /// Removes what [`Engine::make_stranger`] made.
    pub(crate) fn remove_stranger(&self, name: &str) {
        self.runtime.block_on(self.docker.remove_network(name)).expect("the engine removes the network");
    }

    /// The values of `variables` in the first container called `container` that process `pid` starts.
    pub(crate) fn environment_of(&self, pid: u32, container: &str, variables: &[&str]) -> Vec<String> {
        let label = format!("com.amazonaws.ecs.container-name={container}");
        let filters = HashMap::from([("label", vec![label.as_str()])]);
        let owner = format!("{pid}@");
        let looking = async {
            let mut pace = tokio::time::interval(Duration::from_millis(100));
            loop {
                pace.tick().await;
                let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
                let found = self.docker.list_containers(Some(options)).await.expect("the engine answers");
                let mine = found.into_iter().find(|it| {
                    it.labels.as_ref().and_then(|it| it.get(OWNER)).is_some_and(|it| it.starts_with(&owner))
                });
                if let Some(id) = mine.and_then(|it| it.id)
                    && let Ok(inspected) = self.docker.inspect_container(&id, None).await
                {
                    let environment = inspected.config.and_then(|it| it.env).unwrap_or_default();
                    let value = |name: &&str| {
                        environment.iter().find_map(|it| it.strip_prefix(&format!("{name}="))).map(str::to_owned)
                    };
                    return variables.iter().filter_map(value).collect();
                }
            }
        };
        let found = self.runtime.block_on(async { tokio::time::timeout(Duration::from_secs(180), looking).await });
        found.expect("the rehearsal starts such a container")
    }

    /// Listens from now on.
    pub(crate) fn watch(&self) -> Watch {
        let happenings = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&happenings);
        let filters = HashMap::from([("type", vec!["container"]), ("label", vec![OWNER])]);
        let mut events = self.docker.events(Some(EventsOptionsBuilder::default().filters(&filters).build()));
        self.runtime.spawn(async move {
            while let Some(Ok(event)) = events.next().await {
                if let Some(happening) = happening(event) {
                    kept.lock().expect("no other thread panics with it").push(happening);
                }
            }
        });
        Watch { happenings, engine: Self { docker: self.docker.clone(), runtime: Arc::clone(&self.runtime) } }
    }
}

impl Watch {
    /// What happened to the containers of process `pid`, once nothing of it is left.
    pub(crate) fn until_gone(&self, pid: u32) -> Vec<Happening> {
        while !self.engine.left_by(pid).is_empty() {
            std::thread::park_timeout(std::time::Duration::from_millis(100));
        }
        let happenings = self.happenings.lock().expect("the listener does not panic");
        let mut mine: Vec<Happening> =
            happenings.iter().filter(|it| it.owner.starts_with(&format!("{pid}@"))).cloned().collect();
        mine.sort_by_key(|it| it.at);
        mine
    }
}

fn happening(event: EventMessage) -> Option<Happening> {
    let attributes = event.actor?.attributes?;
    let get = |key: &str| attributes.get(key).cloned();
    Some(Happening {
        at: u64::try_from(event.time_nano?).ok()?,
        // `exec_die: …` and `exec_start: …` carry the command.
        action: event.action?.split(':').next()?.to_owned(),
        container: get("com.amazonaws.ecs.container-name")?,
        task: get("com.amazonaws.ecs.task-arn")?,
        revision: get("com.amazonaws.ecs.task-definition-version")?,
        exit_code: get("exitCode"),
        owner: get(OWNER)?,
    })
}
