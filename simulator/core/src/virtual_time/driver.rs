//! The loop that makes happen what is due, and how effects become things that are due.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use smol_str::{SmolStr, format_smolstr};

use super::behaviour::Image;
use super::container::{Run, Stage, Task, Tasks};
use super::queue::{Due, Exit, Queue, SMALL};
use super::script::{Draw, Entry, Script};
use crate::arn::Arn;
use crate::effect::{ContainerSpec, Effect, HookCall, Pull, Target, TaskId, TaskSpec};
use crate::elb::Forwarding;
use crate::observation::Observation;
use crate::time::Timestamp;
use crate::world::World;

/// How long a task's network takes to be made.
const PREPARES_IN: Duration = Duration::from_millis(100);
/// How long a registry takes to refuse an image.
const REFUSES_IN: Duration = Duration::from_secs(1);
/// How long what is left of a task takes to be removed.
const CLEARS_IN: Duration = Duration::from_millis(200);
/// How long a target takes to answer the requests that it has.
const DRAINS_IN: Duration = Duration::from_millis(300);
/// The address before the first that is given.
const BEFORE_FIRST: u32 = 0x0A00_0000;
/// The exit code of what is killed.
const KILLED: i32 = 137;

/// Carries effects out in virtual time, by a script.
#[derive(Clone, Debug, Default)]
pub struct VirtualTime {
    script: Script,
    queue: Queue,
    /// How many containers have had their turn.
    turns: BTreeMap<Entry, usize>,
    drawn: u64,
    runs: u64,
    tasks: Tasks,
    /// Who was given each address, in the order in which they were given.
    addressed: Vec<TaskId>,
    routes: BTreeMap<Arn, Vec<Target>>,
    rules: BTreeMap<Arn, Vec<Forwarding>>,
    /// How often each function of lifecycle hooks has been called.
    calls: BTreeMap<String, usize>,
    record: Option<Record>,
    /// Room for effects, empty: hardly ever more than a few are wanted at once, but that is very often.
    effects: Vec<Effect>,
}

/// What passed between the World and the driver.
#[derive(Clone, Debug, Default)]
struct Record {
    wanted: Vec<(Timestamp, Effect)>,
    told: Vec<(Timestamp, Option<Observation>)>,
}

/// What [`VirtualTime::step`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something has happened.
    Happened,
    /// Nothing is left to happen: no container does anything, and the World waits for nothing.
    Quiet,
    /// The World asked to be woken, and when it was woken asks for the same time again. That is our bug, and goes on for ever.
    Stuck(Timestamp),
}

/// How [`VirtualTime::run_until`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The condition holds.
    Reached,
    /// The condition does not hold, and never will by itself: nothing is left to happen.
    Quiet,
    /// The condition does not hold yet; what happens next would happen later than was allowed.
    Late,
    /// As [`Step::Stuck`].
    Stuck(Timestamp),
}

impl VirtualTime {
    /// Containers that behave by `script`.
    #[must_use]
    pub fn new(script: Script) -> Self {
        Self { script, ..Self::default() }
    }

    /// The same, keeping what passes between it and the World, for [`VirtualTime::take_wanted`] and [`VirtualTime::take_told`].
    #[must_use]
    pub fn recording(script: Script) -> Self {
        Self { record: Some(Record::default()), ..Self::new(script) }
    }

    /// The script. A change counts for the containers whose images are wanted from then on.
    pub const fn script_mut(&mut self) -> &mut Script {
        &mut self.script
    }

    /// The effects since the last call, and when each was wanted; none unless they are recorded.
    pub fn take_wanted(&mut self) -> Vec<(Timestamp, Effect)> {
        self.record.as_mut().map(|record| std::mem::take(&mut record.wanted)).unwrap_or_default()
    }

    /// What the World was told since the last call, and when; nothing stands for a deadline. None unless it is recorded.
    pub fn take_told(&mut self) -> Vec<(Timestamp, Option<Observation>)> {
        self.record.as_mut().map(|record| std::mem::take(&mut record.told)).unwrap_or_default()
    }

    /// Where each target group's requests go now.
    #[must_use]
    pub const fn routes(&self) -> &BTreeMap<Arn, Vec<Target>> {
        &self.routes
    }

    /// How each listener's requests are spread now.
    #[must_use]
    pub const fn rules(&self) -> &BTreeMap<Arn, Vec<Forwarding>> {
        &self.rules
    }

    /// When the next thing happens: the earlier of what containers do and what the World waits for.
    pub fn next_at(&mut self, world: &mut World) -> Option<Timestamp> {
        self.carry_out(world);
        [self.queue.next(), world.next_deadline()].into_iter().flatten().min()
    }

    /// Makes the next thing happen. At one instant, what containers do comes before the World's own deadlines.
    pub fn step(&mut self, world: &mut World) -> Step {
        let Some(at) = self.next_at(world) else { return Step::Quiet };
        if self.queue.next() == Some(at) {
            let observation = match self.queue.pop() {
                Some(Due::Observation(observation)) => Some(observation),
                Some(Due::Exit(exit)) => self.end(exit),
                None => return Step::Quiet,
            };
            // Of a container that has ended already there is nothing to tell.
            if observation.is_some() {
                self.tell(world, at, observation);
            }
        } else {
            self.tell(world, at, None);
            if world.next_deadline().is_some_and(|next| next <= at) {
                return Step::Stuck(at);
            }
        }
        self.carry_out(world);
        Step::Happened
    }

    /// Lets things happen until `condition` holds, none later than `until`.
    pub fn run_until(
        &mut self,
        world: &mut World,
        mut condition: impl FnMut(&World) -> bool,
        until: Timestamp,
    ) -> Ended {
        while !condition(world) {
            match self.next_at(world) {
                Some(at) if at > until => return Ended::Late,
                Some(_) | None => {}
            }
            match self.step(world) {
                Step::Happened => {}
                Step::Quiet => return Ended::Quiet,
                Step::Stuck(at) => return Ended::Stuck(at),
            }
        }
        Ended::Reached
    }

    fn tell(&mut self, world: &mut World, at: Timestamp, observation: Option<Observation>) {
        if let Some(record) = &mut self.record {
            record.told.push((at, observation.clone()));
        }
        match observation {
            Some(observation) => world.observe(at, observation),
            None => world.tick(at),
        }
    }

    /// Begins what the World wants, once it has been told all that containers do at this instant.
    fn carry_out(&mut self, world: &mut World) {
        let now = world.now();
        if !world.wants_something() || self.queue.next() == Some(now) {
            return;
        }
        let mut effects = std::mem::take(&mut self.effects);
        world.swap_effects(&mut effects);
        for effect in effects.drain(..) {
            if let Some(record) = &mut self.record {
                record.wanted.push((now, effect.clone()));
            }
            self.begin(now, effect);
        }
        effects.shrink_to(SMALL);
        self.effects = effects;
    }

    fn begin(&mut self, now: Timestamp, effect: Effect) {
        match effect {
            Effect::PrepareTask(spec) => self.prepare(now, &spec),
            Effect::PullImage(pull) => self.pull(now, pull),
            Effect::StartContainer(spec) => self.start(now, *spec),
            Effect::ProbeHealth { task, container, command: _, timeout } => {
                let Some(run) = self.tasks.get(&task).and_then(|task| task.run(&container)) else { return };
                let (takes, exit_code, output) = run.probe(now, timeout);
                let output = SmolStr::new_static(output);
                self.due(now + takes, Observation::HealthProbed { task, container, exit_code, output });
            }
            Effect::StopContainer { task, container, timeout } => self.stop(now, task, container, timeout),
            Effect::ClearTask { task } => {
                self.tasks.remove(&task);
                self.due(now + CLEARS_IN, Observation::TaskCleared { task });
            }
            Effect::ProbeTarget { target_group, target, path: _, timeout } => {
                let task = self.addressed(target.address).and_then(|id| self.tasks.get(&id));
                let nobody = Task { memory: None, loaded: false, containers: Vec::new() };
                let (takes, answer) = task.unwrap_or(&nobody).answer(now, timeout);
                self.due(now + takes, Observation::TargetProbed { target_group, target, answer });
            }
            Effect::Route { target_group, targets } => {
                let before = self.routes.insert(target_group.clone(), targets.clone()).unwrap_or_default();
                if self.has_requests(&target_group) {
                    self.load(now, &before, &targets);
                }
            }
            Effect::DrainTarget { target_group, target } => {
                self.due(now + DRAINS_IN, Observation::TargetDrained { target_group, target });
            }
            Effect::Forward { listener, rules } => self.spread(now, listener, rules),
            Effect::StopListening { listener } => self.spread(now, listener, Vec::new()),
            Effect::InvokeHook(call) => self.invoke(now, *call),
            Effect::Listen { listener, rules, port } => {
                self.spread(now, listener.clone(), rules);
                let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
                self.due(now, Observation::Listening { listener, address });
            }
        }
    }

    fn prepare(&mut self, now: Timestamp, spec: &TaskSpec) {
        self.addressed.push(spec.task);
        let address = address(self.addressed.len());
        let task = Task { memory: spec.memory, loaded: false, containers: Vec::new() };
        self.tasks.insert(spec.task, task);
        self.due(now + PREPARES_IN, Observation::TaskPrepared { task: spec.task, address });
    }

    fn pull(&mut self, now: Timestamp, pull: Pull) {
        let draw = self.draw(&pull.image, &pull.container);
        let behaviour = self.script.behaviour(draw);
        let Pull { task, container, .. } = pull;
        match &behaviour.image {
            Image::Pulls(takes) => {
                let observation = Observation::ImagePulled { task, container: container.clone() };
                self.due(now + *takes, observation);
            }
            Image::Refused(words) => {
                let (task, container, message) = (task, container.clone(), words.clone());
                self.due(now + REFUSES_IN, Observation::ImageNotPulled { task, container, message });
            }
            Image::Hangs => {}
        }
        if let Some(task) = self.tasks.get_mut(&task) {
            task.container_mut(&container).stage = Stage::Settled(draw);
        }
    }

    fn start(&mut self, now: Timestamp, spec: ContainerSpec) {
        let ContainerSpec { task: id, name, image, memory, .. } = spec;
        let settled = self.tasks.get_mut(&id).and_then(|task| task.container_mut(&name).take_draw());
        let draw = settled.unwrap_or_else(|| self.draw(&image, &name));
        let behaviour = self.script.behaviour(draw);
        let started = now + behaviour.starts_in;
        if let Some(message) = behaviour.cannot_start.clone() {
            return self.due(started, Observation::ContainerNotStarted { task: id, container: name, message });
        }
        self.runs += 1;
        let number = self.runs;
        // As short as it can be: there may be very many.
        let runtime_id = format_smolstr!("virtual-{number}");
        let observation = Observation::ContainerStarted { task: id, container: name.clone(), runtime_id };
        self.due(started, observation);
        let exit = |after: Duration, code: i32, out_of_memory: bool| {
            let (task, container) = (id, name.clone());
            (started + after, Due::Exit(Exit { task, container, run: number, code, out_of_memory }))
        };
        let loaded = self.tasks.get(&id).is_some_and(|task| task.loaded);
        let limit = memory.or_else(|| self.tasks.get(&id).and_then(|task| task.memory));
        let too_much = behaviour.peak_memory.is_some_and(|peak| limit.is_some_and(|limit| peak > limit));
        let at_once = behaviour.out_of_memory.filter(|it| !it.under_load || loaded);
        let exits = [
            behaviour.exits.map(|(after, code)| exit(after, code, false)),
            too_much.then(|| exit(behaviour.up(), KILLED, true)),
            at_once.map(|it| exit(it.after, KILLED, true)),
        ];
        for (at, due) in exits.into_iter().flatten() {
            self.queue.push(at, due);
        }
        if let Some(mebibytes) = behaviour.peak_memory.filter(|_| !too_much) {
            let (task, container) = (id, name.clone());
            self.due(started + behaviour.up(), Observation::MemoryUsed { task, container, mebibytes });
        }
        if let Some(task) = self.tasks.get_mut(&id) {
            task.container_mut(&name).stage = Stage::Started(Run::new(number, started, &behaviour));
        }
    }

    fn invoke(&mut self, now: Timestamp, call: HookCall) {
        let HookCall { execution, function, stage, .. } = call;
        let turn = self.calls.entry(function.clone()).or_default();
        let answer = self.script.answer(&function, stage, *turn);
        *turn += 1;
        if let Some((after, answer)) = answer {
            self.due(now + after, Observation::HookAnswered { execution, answer });
        }
    }

    fn stop(&mut self, now: Timestamp, task: TaskId, container: SmolStr, timeout: Duration) {
        let Some(run) = self.tasks.get(&task).and_then(|task| task.run(&container)) else { return };
        let (takes, code) = match run.stops_in.map(Duration::from) {
            Some(takes) if takes <= timeout => (takes, run.stop_code),
            Some(_) | None => (timeout, KILLED),
        };
        let run = run.number;
        self.queue.push(now + takes, Due::Exit(Exit { task, container, run, code, out_of_memory: false }));
    }

    /// The requests of `listener` are spread by `rules` from now on.
    fn spread(&mut self, now: Timestamp, listener: Arn, rules: Vec<Forwarding>) {
        let groups = rules.iter().flat_map(|rule| &rule.shares).map(|share| share.target_group.clone());
        let groups: BTreeSet<Arn> = groups.filter(|group| !self.has_requests(group)).collect();
        self.rules.insert(listener, rules);
        for group in groups {
            if let Some(targets) = self.routes.get(&group).filter(|_| self.has_requests(&group)).cloned() {
                self.load(now, &[], &targets);
            }
        }
    }

    /// Whether a listener has requests for `group`: test requests are a load like others.
    fn has_requests(&self, group: &Arn) -> bool {
        let mut shares = self.rules.values().flatten().flat_map(|rule| &rule.shares);
        shares.any(|share| share.target_group == *group && share.weight > 0)
    }

    /// Requests that went to the targets `before` go to `targets` from now on.
    fn load(&mut self, now: Timestamp, before: &[Target], targets: &[Target]) {
        // Both are in order, and mostly the same.
        let mut before = before.iter().peekable();
        for target in targets {
            while before.next_if(|old| *old < target).is_some() {}
            if before.next_if_eq(&target).is_some() {
                continue;
            }
            let Some(id) = self.addressed(target.address) else { continue };
            let Some(task) = self.tasks.get_mut(&id).filter(|task| !task.loaded) else { continue };
            task.loaded = true;
            for container in &task.containers {
                let Some(run) = container.run() else { continue };
                if let Some(after) = run.killed_under_load {
                    let (task, container, run) = (id, container.name.clone(), run.number);
                    let exit = Exit { task, container, run, code: KILLED, out_of_memory: true };
                    self.queue.push(now + after.into(), Due::Exit(exit));
                }
            }
        }
    }

    /// The task that was given `address`.
    fn addressed(&self, address: IpAddr) -> Option<TaskId> {
        let IpAddr::V4(address) = address else { return None };
        let number = u32::from(address).wrapping_sub(BEFORE_FIRST);
        self.addressed.get(usize::try_from(number).ok()?.checked_sub(1)?).copied()
    }

    /// A container ends only once, whatever was to end it.
    fn end(&mut self, exit: Exit) -> Option<Observation> {
        let Exit { task, container, run: number, code, out_of_memory } = exit;
        let run = self.tasks.get_mut(&task)?.container_mut(&container).run_mut()?;
        if run.number != number || std::mem::replace(&mut run.ended, true) {
            return None;
        }
        Some(Observation::ContainerExited { task, container, exit_code: Some(code), out_of_memory })
    }

    /// What settles how the next container called `name` of `image` behaves.
    fn draw(&mut self, image: &str, name: &str) -> Draw {
        let entry = self.script.find(image, name);
        let turn = entry.map_or(0, |entry| {
            let turns = self.turns.entry(entry).or_default();
            *turns += 1;
            *turns - 1
        });
        let draw = self.script.draw(entry, turn, self.drawn);
        self.drawn += 1;
        draw
    }

    fn due(&mut self, at: Timestamp, observation: Observation) {
        self.queue.push(at, Due::Observation(observation));
    }
}

/// The address that is given as the `number`th, from 1.
fn address(number: usize) -> IpAddr {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    IpAddr::V4(Ipv4Addr::from(BEFORE_FIRST.wrapping_add(number)))
}
