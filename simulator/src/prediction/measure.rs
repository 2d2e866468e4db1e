//! How containers behaved, as the World and the driver saw it.

use std::time::Duration;

use simulator_core::ecs::Task;
use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::ecs::task::{Container, Health};
use simulator_core::effect::Target;
use simulator_core::virtual_time::{Behaviour, Image, OutOfMemory, Script};
use simulator_core::{Timestamp, World};

use super::probes::{Probe, Told, tell};
use super::sightings::Sightings;

/// A container that had to be killed is stopped this long after its `stopTimeout` at the latest; the engine needs a moment.
const KILL: Duration = Duration::from_millis(500);

/// What is written before the engine's own words where a container could not be started.
const CANNOT_START: [&str; 2] = ["CannotStartContainerError: ", "CannotCreateContainerError: "];

/// How long a probe takes of which none passed: it matters to nobody.
const ANSWERS_IN: Duration = Duration::from_millis(10);

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

/// How the containers of services' tasks behaved so far. A container that came to nothing because of another one shows nothing; nor
/// does one that was taken away before it could be up, as long as there is another to go by.
#[must_use]
pub fn measure(world: &World, sightings: &Sightings) -> Vec<Measured> {
    let mut measured: Vec<(Measured, Vec<Behaviour>)> = Vec::new();
    for task in world.ecs().tasks().into_iter().filter(|task| task.origin.service.is_some()) {
        for (definition, container) in task.definition.containers.iter().zip(&task.containers) {
            let Some(behaviour) = behaviour(world, sightings, task, definition, container) else { continue };
            let cut_short = is_cut_short(task, definition, container, &behaviour);
            let of = |(it, _): &&mut (Measured, _)| it.image == definition.image && it.container == definition.name;
            let (known, rest) = match measured.iter_mut().position(|it| of(&it)) {
                Some(place) => &mut measured[place],
                None => {
                    let (image, container) = (definition.image.clone(), definition.name.clone());
                    measured.push((Measured { image, container, behaviours: Vec::new() }, Vec::new()));
                    measured.last_mut().expect("it was just pushed")
                }
            };
            if cut_short { rest.push(behaviour) } else { known.behaviours.push(behaviour) }
        }
    }
    let settle = |(mut known, rest): (Measured, Vec<Behaviour>)| {
        if known.behaviours.is_empty() {
            known.behaviours = rest;
        }
        known
    };
    measured.into_iter().map(settle).collect()
}

/// Whether the scheduler took the task away, for no fault of its own, before the container was as far as it is checked for.
fn is_cut_short(task: &Task, definition: &ContainerDefinition, container: &Container, behaviour: &Behaviour) -> bool {
    let taken_away = task.stop.as_ref().is_some_and(|stop| stop.reason.starts_with("Scaling activity initiated by"));
    let unchecked = definition.health_check.is_some() && behaviour.healthy.is_none();
    let unasked = !definition.port_mappings.is_empty() && behaviour.serves.is_none();
    taken_away && container.stopping_at.is_some() && (unchecked || unasked)
}

fn behaviour(
    world: &World,
    sightings: &Sightings,
    task: &Task,
    definition: &ContainerDefinition,
    container: &Container,
) -> Option<Behaviour> {
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
    let until = container.stopping_at.or(container.stopped_at).unwrap_or(world.now());
    let within = |probe: &Probe| probe.begun >= started && probe.ended <= until;
    let mut commands = sightings.of_container(&task.id, &container.name);
    commands.retain(within);
    let mut requests = requests(world, sightings, task, definition);
    requests.retain(within);
    // A health command says what it finds in the end, an answer what was there when it was asked for.
    let health = tell(&commands, started, |probe| probe.ended);
    let service = tell(&requests, started, |probe| probe.begun);
    let failing = is_failing(task, container);
    let worst = |of: fn(&Told) -> Option<Duration>| [of(&health), of(&service)].into_iter().flatten().min();
    Some(Behaviour {
        image,
        starts_in: started.since(pulled),
        cannot_start: None,
        exits: lived(exits).map(|after| (after, container.exit_code.unwrap_or_default())),
        // Whatever it used before, it was too much then.
        peak_memory: container.peak_memory.filter(|_| out_of_memory.is_none()),
        out_of_memory: lived(out_of_memory).map(|after| OutOfMemory { after, under_load: false }),
        healthy: health.up,
        serves: service.up,
        sick: worst(|told| told.sick).filter(|_| failing),
        hangs: worst(|told| told.hangs).filter(|_| failing),
        unready: None,
        stops_in,
        stop_code,
        answers_in: [health.takes, service.takes].into_iter().flatten().max().unwrap_or(ANSWERS_IN),
    })
}

/// Whether checks that failed again mean something: a probe may also fail once, or because the container was stopping.
fn is_failing(task: &Task, container: &Container) -> bool {
    let replaced = task.stop.as_ref().is_some_and(|stop| stop.reason.contains("health checks"));
    replaced || container.health == Health::Unhealthy
}

/// How long it took to stop when it was told to, none if it had to be killed, and its exit code.
fn stop(definition: &ContainerDefinition, container: &Container) -> Option<(Option<Duration>, i32)> {
    let took = container.stopped_at?.since(container.stopping_at?);
    let code = container.exit_code.unwrap_or_default();
    let killed = code == 137 && took + KILL >= definition.stop_timeout();
    Some((Some(took).filter(|_| !killed), code))
}

/// What load balancers asked the container's ports, in order.
fn requests(world: &World, sightings: &Sightings, task: &Task, definition: &ContainerDefinition) -> Vec<Probe> {
    let Some(address) = task.address else { return Vec::new() };
    let ports = definition.port_mappings.iter().map(|mapping| mapping.container_port);
    let targets = ports.map(|port| Target { address, port });
    let mut probes: Vec<Probe> = targets
        .flat_map(|target| {
            world.elb().target_groups().flat_map(move |group| sightings.of_target(&target, group)).collect::<Vec<_>>()
        })
        .collect();
    probes.sort_unstable_by_key(|probe| probe.begun);
    probes
}
