//! The queue of what happens next, and the loop that makes it happen.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use simulator_core::effect::{Target, TaskId};
use simulator_core::observation::ProbeAnswer;
use simulator_core::{Arn, Effect, Observation, Timestamp, World};

use super::behaviour::{Behaviour, Image};

/// The exit code of a container that a script lets end by itself for want of memory.
const OUT_OF_MEMORY: i32 = 137;

/// Carries out effects by a script, in virtual time.
#[derive(Debug, Default)]
pub(crate) struct Driver {
    script: BTreeMap<String, Vec<Behaviour>>,
    started: BTreeMap<String, usize>,
    queue: BTreeMap<(Timestamp, u64), Observation>,
    sequence: u64,
    addresses: u32,
    tasks: BTreeMap<IpAddr, TaskId>,
    containers: BTreeMap<(TaskId, String), Running>,
    /// Every effect so far, and when it was wanted.
    pub(crate) wanted: Vec<(Timestamp, Effect)>,
    /// Everything that the World was told, and when; none stands for a deadline.
    pub(crate) told: Vec<(Timestamp, Option<Observation>)>,
    /// Where each target group's requests go now.
    pub(crate) routes: BTreeMap<Arn, Vec<Target>>,
}

/// A container that runs.
#[derive(Debug)]
struct Running {
    behaviour: Behaviour,
    started: Timestamp,
    ended: bool,
}

impl Driver {
    /// Has containers of `image` behave so.
    pub(crate) fn script(&mut self, image: &str, behaviour: Behaviour) {
        self.script_in_turn(image, vec![behaviour]);
    }

    /// Has containers of `image` behave so, one after the other and then from the beginning again.
    pub(crate) fn script_in_turn(&mut self, image: &str, behaviours: Vec<Behaviour>) {
        self.script.insert(image.to_owned(), behaviours);
    }

    /// When the next thing happens, if anything does.
    pub(crate) fn next(&self, world: &World) -> Option<Timestamp> {
        let happens = self.queue.keys().next().map(|(at, _)| *at);
        [happens, world.next_deadline()].into_iter().flatten().min()
    }

    /// Makes the next thing happen: the earlier of what the driver has in its queue and what the World is waiting for. Answers false
    /// when there is nothing.
    pub(crate) fn step(&mut self, world: &mut World) -> bool {
        self.carry_out(world);
        let happens = self.queue.keys().next().map(|(at, _)| *at);
        match (happens, world.next_deadline()) {
            (None, None) => return false,
            (Some(at), deadline) if deadline.is_none_or(|deadline| at <= deadline) => {
                let (_, observation) = self.queue.pop_first().expect("it was just seen");
                let observation = self.still_true(observation);
                self.told.push((at, observation.clone()));
                match observation {
                    Some(observation) => world.observe(at, observation),
                    None => world.tick(at),
                }
            }
            (_, Some(deadline)) => {
                self.told.push((deadline, None));
                world.tick(deadline);
                let next = world.next_deadline();
                assert!(next.is_none_or(|next| next > deadline), "a deadline that was kept must not come again");
            }
            (Some(_), None) => unreachable!("no deadline is later than any"),
        }
        self.carry_out(world);
        true
    }

    fn carry_out(&mut self, world: &mut World) {
        for effect in world.take_effects() {
            self.wanted.push((world.now(), effect.clone()));
            self.start(world.now(), effect);
        }
    }

    fn start(&mut self, now: Timestamp, effect: Effect) {
        match effect {
            Effect::PrepareTask(spec) => {
                self.addresses += 1;
                let address = IpAddr::V4(Ipv4Addr::from(0x0A00_0000 + self.addresses));
                self.tasks.insert(address, spec.task.clone());
                self.later(now, Duration::from_millis(100), Observation::TaskPrepared { task: spec.task, address });
            }
            Effect::PullImage(pull) => match self.behaviour(&pull.image).image {
                Image::Pulls(takes) => {
                    self.later(now, takes, Observation::ImagePulled { task: pull.task, container: pull.container });
                }
                Image::Refused(words) => {
                    let message = words.to_owned();
                    let refused = Observation::ImageNotPulled { task: pull.task, container: pull.container, message };
                    self.later(now, Duration::from_secs(1), refused);
                }
                Image::Hangs => {}
            },
            Effect::StartContainer(spec) => {
                let behaviour = self.behaviour(&spec.image);
                *self.started.entry(spec.image.clone()).or_default() += 1;
                let (task, container) = (spec.task.clone(), spec.name.clone());
                if let Some(words) = behaviour.cannot_start {
                    let message = words.to_owned();
                    return self.later(
                        now,
                        behaviour.starts_in,
                        Observation::ContainerNotStarted { task, container, message },
                    );
                }
                let started = now + behaviour.starts_in;
                let runtime_id = format!("{}-{container}", task.0);
                let observation =
                    Observation::ContainerStarted { task: task.clone(), container: container.clone(), runtime_id };
                self.at(started, observation);
                if let Some((after, code)) = behaviour.exits {
                    self.exit(started + after, &task, &container, code, code == OUT_OF_MEMORY);
                }
                self.containers.insert((task, container), Running { behaviour, started, ended: false });
            }
            Effect::ProbeHealth { task, container, command: _, timeout } => self.probe(now, task, container, timeout),
            Effect::StopContainer { task, container, timeout } => {
                let stops_in = self.containers[&(task.clone(), container.clone())].behaviour.stops_in;
                let (takes, code) = match stops_in {
                    Some(takes) if takes <= timeout => (takes, 0),
                    Some(_) | None => (timeout, 137),
                };
                self.exit(now + takes, &task, &container, code, false);
            }
            Effect::ClearTask { task } => {
                self.containers.retain(|(of, _), _| *of != task);
                self.later(now, Duration::from_millis(200), Observation::TaskCleared { task });
            }
            Effect::ProbeTarget { target_group, target, path: _, timeout } => {
                let (takes, answer) = self.answer(now, &target, timeout);
                self.later(now, takes, Observation::TargetProbed { target_group, target, answer });
            }
            Effect::Route { target_group, targets } => {
                self.routes.insert(target_group, targets);
            }
            Effect::DrainTarget { target_group, target } => {
                self.later(now, Duration::from_millis(300), Observation::TargetDrained { target_group, target });
            }
            Effect::Listen { .. } => {}
        }
    }

    fn probe(&mut self, now: Timestamp, task: TaskId, container: String, timeout: Duration) {
        let Some(running) = self.containers.get(&(task.clone(), container.clone())) else { return };
        let takes = running.behaviour.answers_in;
        let age = (now + takes).since(running.started);
        let passes = running.behaviour.healthy.is_some_and(|from| age >= from)
            && running.behaviour.sick.is_none_or(|from| age < from);
        let (takes, exit_code, output) = if takes > timeout {
            (timeout, None, "timed out")
        } else if passes {
            (takes, Some(0), "ok")
        } else {
            (takes, Some(1), "not ok")
        };
        self.later(now, takes, Observation::HealthProbed { task, container, exit_code, output: output.to_owned() });
    }

    fn answer(&self, now: Timestamp, target: &Target, timeout: Duration) -> (Duration, ProbeAnswer) {
        let task = self.tasks.get(&target.address).cloned().unwrap_or_else(|| TaskId(String::new()));
        let of_task = self.containers.range((task.clone(), String::new())..).take_while(|((of, _), _)| *of == task);
        let serving = of_task.into_iter().find(|(_, running)| {
            let serves = running.behaviour.serves.is_some_and(|from| now.since(running.started) >= from);
            let sick = running.behaviour.sick.is_some_and(|from| now.since(running.started) >= from);
            now >= running.started && serves && !sick && !running.ended
        });
        match serving {
            Some((_, running)) if running.behaviour.answers_in > timeout => (timeout, ProbeAnswer::TimedOut),
            Some((_, running)) => (running.behaviour.answers_in, ProbeAnswer::Status(200)),
            None => (Duration::from_millis(1), ProbeAnswer::Failed("connection refused".to_owned())),
        }
    }

    /// A container ends only once, whatever was to end it.
    fn still_true(&mut self, observation: Observation) -> Option<Observation> {
        if let Observation::ContainerExited { task, container, .. } = &observation {
            let running = self.containers.get_mut(&(task.clone(), container.clone()))?;
            if std::mem::replace(&mut running.ended, true) {
                return None;
            }
        }
        Some(observation)
    }

    fn exit(&mut self, at: Timestamp, task: &TaskId, container: &str, code: i32, out_of_memory: bool) {
        let (task, container) = (task.clone(), container.to_owned());
        self.at(at, Observation::ContainerExited { task, container, exit_code: Some(code), out_of_memory });
    }

    /// How the next container of `image` behaves.
    fn behaviour(&self, image: &str) -> Behaviour {
        let turn = self.started.get(image).copied().unwrap_or_default();
        let behaviours = self.script.get(image).filter(|behaviours| !behaviours.is_empty());
        behaviours.map_or_else(Behaviour::healthy, |behaviours| behaviours[turn % behaviours.len()].clone())
    }

    fn later(&mut self, now: Timestamp, after: Duration, observation: Observation) {
        self.at(now + after, observation);
    }

    fn at(&mut self, at: Timestamp, observation: Observation) {
        self.sequence += 1;
        self.queue.insert((at, self.sequence), observation);
    }
}
