//! The containers that live, and what they answer when asked.

use std::net::IpAddr;
use std::time::Duration;

use smol_str::SmolStr;

use super::behaviour::Behaviour;
use crate::observation::ProbeAnswer;
use crate::time::Timestamp;

/// How long a connection takes to be refused.
const REFUSED_IN: Duration = Duration::from_millis(1);

/// A task's network, and the containers in it.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) address: IpAddr,
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
    /// How its next start will go, settled when its image was wanted.
    pub(super) next: Option<Box<Behaviour>>,
    /// Its latest start.
    pub(super) run: Option<Run>,
}

/// One start of a container.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) number: u64,
    pub(super) behaviour: Box<Behaviour>,
    pub(super) started: Timestamp,
    pub(super) ended: bool,
}

impl Task {
    /// The container called `name`, which is added if it is new.
    pub(super) fn container_mut(&mut self, name: &str) -> &mut Container {
        let place = self.containers.iter().position(|container| container.name == name).unwrap_or_else(|| {
            // Most tasks have one container, and there may be very many tasks.
            self.containers.reserve_exact(1);
            self.containers.push(Container { name: name.into(), next: None, run: None });
            self.containers.len() - 1
        });
        &mut self.containers[place]
    }

    /// The latest start of the container called `name`.
    pub(super) fn run(&self, name: &str) -> Option<&Run> {
        self.containers.iter().find(|container| container.name == name)?.run.as_ref()
    }

    /// How long a request begun `now` takes, and what comes back: of the first container that serves.
    pub(super) fn answer(&self, now: Timestamp, timeout: Duration) -> (Duration, ProbeAnswer) {
        let mut runs = self.containers.iter().filter_map(|container| container.run.as_ref());
        match runs.find(|run| run.serves(now)) {
            Some(run) if run.hangs(now) || run.behaviour.answers_in > timeout => (timeout, ProbeAnswer::TimedOut),
            Some(run) => (run.behaviour.answers_in, ProbeAnswer::Status(200)),
            None => (REFUSED_IN, ProbeAnswer::Failed("connection refused".to_owned())),
        }
    }
}

impl Run {
    /// How long a health command begun `now` takes, and its exit code and output.
    pub(super) fn probe(&self, now: Timestamp, timeout: Duration) -> (Duration, Option<i32>, &'static str) {
        let takes = self.behaviour.answers_in;
        let ends = now + takes;
        if takes > timeout || self.hangs(ends) {
            (timeout, None, "timed out")
        } else if self.since(ends, self.behaviour.healthy) && !self.since(ends, self.behaviour.sick) {
            (takes, Some(0), "ok")
        } else {
            (takes, Some(1), "not ok")
        }
    }

    fn serves(&self, now: Timestamp) -> bool {
        now >= self.started
            && !self.ended
            && self.since(now, self.behaviour.serves)
            && !self.since(now, self.behaviour.sick)
    }

    fn hangs(&self, now: Timestamp) -> bool {
        self.since(now, self.behaviour.hangs)
    }

    /// Whether it is `now` so long after its start.
    fn since(&self, now: Timestamp, from: Option<Duration>) -> bool {
        from.is_some_and(|from| now.since(self.started) >= from)
    }
}
