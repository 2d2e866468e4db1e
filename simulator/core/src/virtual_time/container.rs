//! The containers that live, and what they answer when asked.

use std::time::Duration;

use smol_str::SmolStr;

use super::behaviour::Behaviour;
use super::script::Draw;
use crate::effect::TaskId;
use crate::observation::ProbeAnswer;
use crate::time::{Millis, Timestamp};

/// How long a connection takes to be refused.
const REFUSED_IN: Duration = Duration::from_millis(1);

/// A task's network, and the containers in it.
#[derive(Clone, Debug)]
pub(super) struct Task {
    /// Task-level memory in MiB.
    pub(super) memory: Option<u32>,
    /// Whether a load balancer sends it requests, or has.
    pub(super) loaded: bool,
    pub(super) containers: Vec<Container>,
}

/// A container, from the wish for its image on.
#[derive(Clone, Debug)]
pub(super) struct Container {
    pub(super) name: SmolStr,
    pub(super) stage: Stage,
}

/// How far a container has come. There may be very many, and it is one or the other.
#[derive(Clone, Debug)]
pub(super) enum Stage {
    /// It does not run, and how its next start will go is not settled.
    Unsettled,
    /// Its image was wanted, and with that it is settled how it will start.
    Settled(Draw),
    /// Its latest start.
    Started(Run),
}

/// One start of a container: what is left of its behaviour once it has begun. There may be very many.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) number: u64,
    pub(super) ended: bool,
    pub(super) stop_code: i32,
    pub(super) stops_in: Option<Millis>,
    /// When it is killed for its memory, once a load balancer sends it requests.
    pub(super) killed_under_load: Option<Millis>,
    answers_in: Millis,
    started: Timestamp,
    healthy: Option<Timestamp>,
    serves: Option<Timestamp>,
    sick: Option<Timestamp>,
    hangs: Option<Timestamp>,
    /// From when until when it answers requests with 503. Hardly ever there, and there may be very many of these.
    unready: Option<Box<(Timestamp, Timestamp)>>,
}

/// The tasks that have a network, by the places that their ids name.
#[derive(Clone, Debug, Default)]
pub(super) struct Tasks(Vec<Option<Task>>);

impl Tasks {
    /// Adds `task`, which is called `id`. One that no World keeps is let go.
    pub(super) fn insert(&mut self, id: TaskId, task: Task) {
        let Some(place) = id.place() else { return };
        if self.0.len() <= place {
            self.0.resize(place + 1, None);
        }
        self.0[place] = Some(task);
    }

    /// The task called `id`.
    pub(super) fn get(&self, id: &TaskId) -> Option<&Task> {
        self.0.get(id.place()?)?.as_ref()
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self, id: &TaskId) -> Option<&mut Task> {
        self.0.get_mut(id.place()?)?.as_mut()
    }

    /// Takes out the task called `id`.
    pub(super) fn remove(&mut self, id: &TaskId) -> Option<Task> {
        self.0.get_mut(id.place()?)?.take()
    }
}

impl Task {
    /// The container called `name`, which is added if it is new.
    pub(super) fn container_mut(&mut self, name: &str) -> &mut Container {
        let place = self.containers.iter().position(|container| container.name == name).unwrap_or_else(|| {
            // Most tasks have one container, and there may be very many tasks.
            self.containers.reserve_exact(1);
            self.containers.push(Container { name: name.into(), stage: Stage::Unsettled });
            self.containers.len() - 1
        });
        &mut self.containers[place]
    }

    /// The latest start of the container called `name`.
    pub(super) fn run(&self, name: &str) -> Option<&Run> {
        self.containers.iter().find(|container| container.name == name)?.run()
    }

    /// How long a request begun `now` takes, and what comes back: of the first container that serves.
    pub(super) fn answer(&self, now: Timestamp, timeout: Duration) -> (Duration, ProbeAnswer) {
        let mut runs = self.containers.iter().filter_map(Container::run);
        match runs.find(|run| run.serves(now)) {
            Some(run) if run.hangs(now) || run.answers_in() > timeout => (timeout, ProbeAnswer::TimedOut),
            Some(run) if run.is_unready(now) => (run.answers_in(), ProbeAnswer::Status(503)),
            Some(run) => (run.answers_in(), ProbeAnswer::Status(200)),
            None => (REFUSED_IN, ProbeAnswer::Failed("connection refused".to_owned())),
        }
    }
}

impl Container {
    /// What settles its next start, once.
    pub(super) fn take_draw(&mut self) -> Option<Draw> {
        match self.stage {
            Stage::Settled(draw) => {
                self.stage = Stage::Unsettled;
                Some(draw)
            }
            Stage::Unsettled | Stage::Started(_) => None,
        }
    }

    /// Its latest start.
    pub(super) const fn run(&self) -> Option<&Run> {
        match &self.stage {
            Stage::Started(run) => Some(run),
            Stage::Unsettled | Stage::Settled(_) => None,
        }
    }

    /// The same, to be changed.
    pub(super) const fn run_mut(&mut self) -> Option<&mut Run> {
        match &mut self.stage {
            Stage::Started(run) => Some(run),
            Stage::Unsettled | Stage::Settled(_) => None,
        }
    }
}

impl Run {
    /// The `number`th start of all, at `started`, of a container that behaves like `behaviour`.
    pub(super) fn new(number: u64, started: Timestamp, behaviour: &Behaviour) -> Self {
        let from = |from: Option<Duration>| from.map(|from| started + from);
        Self {
            number,
            ended: false,
            stop_code: behaviour.stop_code,
            stops_in: behaviour.stops_in.map(Millis::from),
            killed_under_load: behaviour.out_of_memory.filter(|it| it.under_load).map(|it| it.after.into()),
            answers_in: behaviour.answers_in.into(),
            started,
            healthy: from(behaviour.healthy),
            serves: from(behaviour.serves),
            sick: from(behaviour.sick),
            hangs: from(behaviour.hangs),
            unready: behaviour.unready.map(|(from, lasts)| Box::new((started + from, started + from + lasts))),
        }
    }

    /// How long a health command begun `now` takes, and its exit code and output.
    pub(super) fn probe(&self, now: Timestamp, timeout: Duration) -> (Duration, Option<i32>, &'static str) {
        let takes = self.answers_in();
        let ends = now + takes;
        if takes > timeout || self.hangs(ends) {
            (timeout, None, "timed out")
        } else if since(ends, self.healthy) && !since(ends, self.sick) {
            (takes, Some(0), "ok")
        } else {
            (takes, Some(1), "not ok")
        }
    }

    fn answers_in(&self) -> Duration {
        self.answers_in.into()
    }

    fn serves(&self, now: Timestamp) -> bool {
        now >= self.started && !self.ended && since(now, self.serves) && !since(now, self.sick)
    }

    fn is_unready(&self, now: Timestamp) -> bool {
        self.unready.as_ref().is_some_and(|unready| (unready.0..unready.1).contains(&now))
    }

    fn hangs(&self, now: Timestamp) -> bool {
        since(now, self.hangs)
    }
}

/// Whether `from` has come.
fn since(now: Timestamp, from: Option<Timestamp>) -> bool {
    from.is_some_and(|from| now >= from)
}
