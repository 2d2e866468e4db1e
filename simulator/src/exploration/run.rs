//! One rollout in virtual time, with given faults.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use simulator_core::ecs::UpdateService;
use simulator_core::ecs::service::RolloutState;
use simulator_core::effect::Target;
use simulator_core::invariant::{self, Violation};
use simulator_core::virtual_time::{Behaviour, Script, Step, VirtualTime};
use simulator_core::{Arn, Caller, EventKind, Refusal, Timestamp, World};

use crate::fault::{self, Fault, RETRIES, Window};
use crate::prediction::{self, Deploy, PlayError};

/// What is not over after this long never will be: the longest back-off between two starts is 15 minutes.
const PATIENCE: Duration = Duration::from_secs(6 * 3600);

/// How many containers of the new revision are told apart; after as many the first ones' behaviours come again.
const TOLD_APART: usize = 200;

/// The service in a steady state on what runs now, from where every run sets out.
#[derive(Clone, Debug)]
pub struct Stand {
    world: World,
    time: VirtualTime,
    caller: Caller,
    deploy: Deploy,
    revision: String,
    image: String,
    usual: Vec<Behaviour>,
    /// The stages of an undisturbed deployment, where it shifts traffic.
    stages: Vec<Window>,
}

/// What became of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// What was deployed last runs.
    Completed,
    /// The service is back on what ran before.
    RolledBack,
    /// For a time there was no healthy target, though tasks were wanted.
    Outage,
    /// Neither completed nor rolled back, after hours.
    Stuck,
    /// Something happened that AWS would not do: a bug of greenroom's.
    RuleBroken,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What became of it.
    pub outcome: Outcome,
    /// When it was over, after UpdateService.
    pub after: Duration,
    /// For how long in all no target was healthy.
    pub outage: Duration,
    /// The rule that was broken, if one was.
    pub violation: Option<Violation>,
}

impl Outcome {
    /// Whether nobody would want it.
    #[must_use]
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Outage | Self::Stuck | Self::RuleBroken)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Completed => "completed",
            Self::RolledBack => "rolled back",
            Self::Outage => "no healthy target for a time",
            Self::Stuck => "stuck",
            Self::RuleBroken => "a rule of AWS's broken, which is a bug of greenroom's",
        })
    }
}

impl Stand {
    /// Brings what runs now into a steady state in `world`, where containers do what `script` says. Those of the container behind the
    /// load balancer that the new revision starts behave like `usual`, one after the other, until a fault disturbs them.
    ///
    /// # Errors
    /// It does not come up.
    pub fn new(world: World, script: Script, deploy: Deploy, usual: Vec<Behaviour>) -> Result<Self, PlayError> {
        let image = image(&deploy).unwrap_or_default();
        let (world, time, revision) = prediction::stand(world, script, &deploy)?;
        let caller = world.root();
        let mut stand = Self { world, time, caller, deploy, revision, image, usual, stages: Vec::new() };
        stand.stages = stand.undisturbed();
        Ok(stand)
    }

    /// The stages that a deployment goes through if nothing disturbs it; none where it shifts no traffic.
    #[must_use]
    pub fn stages(&self) -> &[Window] {
        &self.stages
    }

    fn undisturbed(&self) -> Vec<Window> {
        let service = self.world.ecs().service(&self.deploy.cluster, &self.deploy.service);
        let Some(shifting) = service.map(|service| &service.configuration.shifting).filter(|it| it.shifts()) else {
            return Vec::new();
        };
        let asks = |stage: &str| {
            let mut stages = shifting.hooks.iter().flat_map(|hook| &hook.stages);
            stages.any(|asked| asked.as_str() == stage)
        };
        let mut going = Going::new(self.clone(), &[]);
        let first = going.seen;
        going.on();
        let Going { stand, began, .. } = going;
        let entered: Vec<(&'static str, Duration)> = stand
            .world
            .events()
            .get(first..)
            .unwrap_or_default()
            .iter()
            .filter_map(|event| {
                let EventKind::Lifecycle { stage, .. } = &event.kind else { return None };
                Some((*stage, event.at.since(began)))
            })
            .collect();
        let over = stand.world.now().since(began);
        let ends = entered.iter().skip(1).map(|(_, at)| *at).chain([over]);
        let window = |((name, from), end): (&(&'static str, Duration), Duration)| Window {
            name,
            from: *from,
            lasts: end.saturating_sub(*from),
            asks: asks(name),
        };
        entered.iter().zip(ends).map(window).collect()
    }

    /// Rolls out, while `faults` happen.
    #[must_use]
    pub fn run(&self, faults: &[Fault]) -> Run {
        let mut going = Going::new(self.clone(), faults);
        let ended = going.on();
        let Going { began, outage, stand, violation, .. } = going;
        let violation = violation.or_else(|| invariant::trace(stand.world.events()).err());
        let service = stand.world.ecs().service(&stand.deploy.cluster, &stand.deploy.service);
        let arrived = service.is_some_and(|service| service.primary().definition.arn.as_str() == stand.revision);
        let outcome = match ended {
            _ if violation.is_some() => Outcome::RuleBroken,
            _ if !outage.is_zero() => Outcome::Outage,
            None => Outcome::Stuck,
            Some(RolloutState::Completed) if arrived => Outcome::Completed,
            Some(_) if arrived => Outcome::Stuck,
            Some(_) => Outcome::RolledBack,
        };
        Run { outcome, after: stand.world.now().since(began), outage, violation }
    }
}

/// A run under way.
struct Going {
    stand: Stand,
    began: Timestamp,
    /// What happens by itself or by somebody, and how often that has been tried; the earliest last, where it is taken from.
    acts: Vec<(Timestamp, Fault, usize)>,
    seen: usize,
    targets: BTreeMap<(Arn, Target), &'static str>,
    dark_since: Option<Timestamp>,
    outage: Duration,
    violation: Option<Violation>,
}

impl Going {
    fn new(mut stand: Stand, faults: &[Fault]) -> Self {
        let behaviours = (0..TOLD_APART).map(|container| {
            let usual = stand.usual.get(container % stand.usual.len().max(1)).cloned().unwrap_or_default();
            let disturbing = faults.iter().filter(|fault| fault.container() == Some(container));
            disturbing.fold(usual, |behaviour, fault| fault.disturb(behaviour))
        });
        let (image, container) = (stand.image.clone(), stand.deploy.container.clone());
        let script = stand.time.script_mut();
        script.container_of(&image, &container, behaviours.collect());
        for fault in faults {
            if let Fault::Hook { stage, how } = fault {
                script.stage(stage, how.answer());
            }
        }
        let began = stand.world.now();
        let mut acts: Vec<(Timestamp, Fault, usize)> =
            faults.iter().filter_map(|fault| Some((began + fault.at()?, fault.clone(), 0))).collect();
        acts.sort_by_key(|(at, ..)| Reverse(*at));
        let mut going = Self {
            stand,
            began,
            acts,
            seen: 0,
            targets: BTreeMap::new(),
            dark_since: None,
            outage: Duration::ZERO,
            violation: None,
        };
        going.look();
        going.seen = going.stand.world.events().len();
        let revision = going.stand.revision.clone();
        // What is refused here shows as a rollout that never was.
        let Stand { world, caller, deploy, .. } = &mut going.stand;
        let (cluster, service) = (Some(deploy.cluster.clone()), deploy.service.clone());
        let update = UpdateService { cluster, service, task_definition: Some(revision), ..UpdateService::default() };
        let _ = world.call(began, caller, update);
        going
    }

    /// Lets time pass until the service is steady and nobody does anything any more. Answers the last deployment's state then.
    fn on(&mut self) -> Option<RolloutState> {
        // Stages, bakes and hooks have all the time in the world: a day and more.
        let Stand { world, deploy, stages, .. } = &self.stand;
        let patience = if stages.is_empty() { PATIENCE } else { prediction::patience(world, deploy) };
        let end = self.began + patience;
        let first = self.seen;
        loop {
            let next = self.stand.time.next_at(&mut self.stand.world);
            let act = self.acts.last().map(|(at, ..)| *at);
            let mut acted = false;
            match (next, act) {
                (_, Some(at)) if next.is_none_or(|next| at <= next) => {
                    self.act();
                    acted = true;
                }
                (None, _) => return None,
                (Some(next), _) if next > end => return None,
                (Some(_), _) => match self.stand.time.step(&mut self.stand.world) {
                    Step::Happened => {}
                    Step::Quiet | Step::Stuck(_) => return None,
                },
            }
            if (self.look() || acted) && self.acts.is_empty() {
                let Stand { world, deploy, .. } = &self.stand;
                let state = world.ecs().service(&deploy.cluster, &deploy.service)?.primary().rollout_state;
                let events = world.events().get(first..).unwrap_or_default();
                if state != RolloutState::InProgress && prediction::is_steady(events, &deploy.service) {
                    return Some(state);
                }
            }
        }
    }

    /// Lets happen what happens next. A call that is throttled is made again, as SDKs do.
    fn act(&mut self) {
        let Some((at, fault, tried)) = self.acts.pop() else { return };
        let at = at.max(self.stand.world.now());
        self.stand.world.tick(at);
        let Stand { world, deploy, .. } = &mut self.stand;
        let answer = fault::act(&fault, world, at, &deploy.cluster, &deploy.service);
        // Any other refusal changes nothing; that is an outcome like any other.
        let wait = answer.err().filter(Refusal::is_throttling).and_then(|_| RETRIES.get(tried));
        if let Some(wait) = wait {
            let again = at + *wait;
            let place = self.acts.partition_point(|(at, ..)| *at > again);
            self.acts.insert(place, (again, fault, tried + 1));
        }
    }

    /// Takes in what has happened since the last look, and answers whether anything has.
    fn look(&mut self) -> bool {
        let events = self.stand.world.events();
        let new = events.get(self.seen..).unwrap_or_default();
        if new.is_empty() {
            return false;
        }
        let mut moved = None;
        for event in new {
            if let EventKind::TargetHealth { target_group, target, state, .. } = &event.kind {
                self.targets.insert((target_group.clone(), target.clone()), *state);
                moved = Some(event.at);
            } else if matches!(event.kind, EventKind::Lifecycle { .. }) {
                moved = Some(event.at);
            }
        }
        if let Some(at) = moved {
            let groups = serving(&self.stand.world, &self.stand.deploy);
            let answers = |group: &Arn| self.targets.iter().any(|((of, _), state)| of == group && *state == "healthy");
            let dark = groups.iter().any(|group| !answers(group));
            match self.dark_since {
                None if dark => self.dark_since = Some(at),
                Some(since) if !dark => {
                    self.dark_since = None;
                    self.outage += at.since(since.max(self.began));
                }
                None | Some(_) => {}
            }
        }
        let started = new.iter().any(|event| matches!(event.kind, EventKind::Task { status: "PROVISIONING", .. }));
        self.seen = events.len();
        if started && self.violation.is_none() {
            let Stand { world, deploy, .. } = &self.stand;
            let service = world.ecs().service(&deploy.cluster, &deploy.service);
            self.violation = service.and_then(|service| invariant::within_maximum(world, service).err());
        }
        true
    }
}

/// The target groups that production's requests of the service go to at the moment: where traffic shifts, one or two.
fn serving(world: &World, deploy: &Deploy) -> Vec<Arn> {
    let Some(service) = world.ecs().service(&deploy.cluster, &deploy.service) else { return Vec::new() };
    let balancers = service.primary().load_balancers.iter();
    let groups = balancers.flat_map(|balancer| match &balancer.advanced {
        None => vec![balancer.target_group.clone()],
        Some(advanced) => {
            let shares = world.elb().rule(&advanced.production_rule).map(|rule| rule.shares.as_slice());
            let served = shares.unwrap_or_default().iter().filter(|share| share.weight > 0);
            served.map(|share| share.target_group.clone()).collect()
        }
    });
    groups.collect()
}

/// The image of the container behind the load balancer in what would be deployed.
fn image(deploy: &Deploy) -> Option<String> {
    let containers = deploy.next.get("containerDefinitions")?.as_array()?;
    let container = containers.iter().find(|it| it.get("name").is_some_and(|name| *name == deploy.container))?;
    Some(container.get("image")?.as_str()?.to_owned())
}
