//! How containers behaved, as the World saw it.

use std::time::Duration;

use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::ecs::task::{Container, Health};
use simulator_core::ecs::{Task, TaskDefinition};
use simulator_core::virtual_time::{Behaviour, Image, OutOfMemory, Script};
use simulator_core::{EventKind, Timestamp, World};

/// A container that had to be killed is stopped this long after its `stopTimeout` at the latest; the engine needs a moment.
const KILL: Duration = Duration::from_millis(500);

/// What is written before the engine's own words where a container could not be started.
const CANNOT_START: [&str; 2] = ["CannotStartContainerError: ", "CannotCreateContainerError: "];

/// How the containers of one name and image behaved, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// The image as the task definition writes it.
    pub image: String,
    /// The container's name.
    pub container: String,
    /// What each did.
    pub behaviours: Vec<Behaviour>,
}

impl Measured {
    /// A script in which the containers do again what they did.
    #[must_use]
    pub fn script(measured: &[Self]) -> Script {
        let mut script = Script::default();
        for Self { image, container, behaviours } in measured {
            script.container_of(image, container, behaviours.clone());
        }
        script
    }
}

/// How the containers of services' tasks behaved so far. A container that came to nothing because of another one shows nothing.
#[must_use]
pub fn measure(world: &World) -> Vec<Measured> {
    let mut measured: Vec<Measured> = Vec::new();
    for task in world.ecs().tasks().into_iter().filter(|task| task.origin.service.is_some()) {
        for (definition, container) in task.definition.containers.iter().zip(&task.containers) {
            let Some(behaviour) = behaviour(world, task, definition, container) else { continue };
            let of = |it: &&mut Measured| it.image == definition.image && it.container == definition.name;
            match measured.iter_mut().find(of) {
                Some(known) => known.behaviours.push(behaviour),
                None => measured.push(Measured {
                    image: definition.image.clone(),
                    container: definition.name.clone(),
                    behaviours: vec![behaviour],
                }),
            }
        }
    }
    measured
}

fn behaviour(world: &World, task: &Task, definition: &ContainerDefinition, container: &Container) -> Option<Behaviour> {
    let wanted = container.pull_started_at?;
    let reason = container.reason.as_deref().unwrap_or_default();
    let Some(pulled) = container.pulled_at else {
        let (_, words) = reason.split_once("CannotPullContainerError: ")?;
        return Some(Behaviour::refused(words));
    };
    let image = Image::Pulls(pulled.since(wanted));
    let Some(started) = container.started_at else {
        let words = CANNOT_START.iter().find_map(|prefix| reason.strip_prefix(prefix))?;
        return Some(Behaviour { image, ..Behaviour::cannot_start(words) });
    };
    let lived = |until: Option<Timestamp>| until.map(|until| until.since(started));
    let by_itself = container.stopped_at.filter(|_| container.stopping_at.is_none());
    let out_of_memory = by_itself.filter(|_| reason.starts_with("OutOfMemoryError"));
    let exits = by_itself.filter(|_| out_of_memory.is_none());
    let (stops_in, stop_code) = stop(definition, container).unwrap_or((Some(Duration::from_secs(1)), 0));
    let healthy = container.healthy_at.map(|at| at.since(started));
    Some(Behaviour {
        image,
        starts_in: started.since(pulled),
        cannot_start: None,
        exits: lived(exits).map(|after| (after, container.exit_code.unwrap_or_default())),
        out_of_memory: lived(out_of_memory).map(|after| OutOfMemory { after, under_load: false }),
        peak_memory: None,
        healthy,
        serves: serves(world, task, container, started).or(healthy),
        // A check that passed and then failed for good shows in what the control plane believes at the end.
        sick: lived(container.stopping_at).filter(|_| healthy.is_some() && container.health == Health::Unhealthy),
        hangs: None,
        unready: None,
        stops_in,
        stop_code,
        answers_in: Duration::from_millis(10),
    })
}

/// How long it took to stop when it was told to, none if it had to be killed, and its exit code.
fn stop(definition: &ContainerDefinition, container: &Container) -> Option<(Option<Duration>, i32)> {
    let took = container.stopped_at?.since(container.stopping_at?);
    let code = container.exit_code.unwrap_or_default();
    let killed = code == 137 && took + KILL >= definition.stop_timeout();
    Some((Some(took).filter(|_| !killed), code))
}

/// From when the container behind the load balancer answered its health checks.
fn serves(world: &World, task: &Task, container: &Container, started: Timestamp) -> Option<Duration> {
    let address = task.address?;
    let until = task.stopped_at.unwrap_or(world.now());
    let is_behind = |port: u16| port_mappings(&task.definition, &container.name).contains(&port);
    world.events().iter().filter(|event| event.at >= started && event.at <= until).find_map(|event| {
        let EventKind::TargetHealth { target, state: "healthy", .. } = &event.kind else { return None };
        (target.address == address && is_behind(target.port)).then(|| event.at.since(started))
    })
}

fn port_mappings(definition: &TaskDefinition, container: &str) -> Vec<u16> {
    let found = definition.containers.iter().find(|it| it.name == container);
    found.into_iter().flat_map(|it| &it.port_mappings).map(|mapping| mapping.container_port).collect()
}
