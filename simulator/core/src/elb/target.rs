//! Targets: registering and deregistering them, and DescribeTargetHealth.

use std::sync::Arc;

use super::health::{Health, Reason, TargetState};
use super::load_balancer::fault;
use super::probing::{reroute, tell};
use super::registration::TargetName;
use super::{State, TargetGroup, Timer};
use crate::agenda::Deadline;
use crate::arn::Arn;
use crate::effect::{Effect, Target};
use crate::event::Sequence;
use crate::operation::{Access, Authorized, Operation};
use crate::probe::{Schedule, Spacing};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::timing::Timing;
use crate::world::World;

/// A target in a target group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Registered {
    pub(super) health: Health,
    /// The security groups of what is behind its address.
    pub(super) groups: Arc<[String]>,
    /// Whether the security groups let the load balancer reach it, as far as is known: looked up when it is probed.
    pub(super) reachable: bool,
    /// The last entry of the trace about it.
    pub(super) event: Option<Sequence>,
    /// When something is due of it: it waits for one thing at a time.
    pub(super) due: Deadline,
    /// Its probes; none while the group is not in use, or once it drains.
    pub(super) schedule: Option<Schedule>,
}

impl Registered {
    fn new(group: &TargetGroup, groups: Arc<[String]>, timing: &Timing, now: Timestamp) -> Self {
        if group.load_balancer.is_none() {
            let health = Health::new(TargetState::Unused, Some(Reason::not_in_use()));
            return Self { health, groups, reachable: false, event: None, due: Deadline::default(), schedule: None };
        }
        let check = &group.health_check;
        let schedule =
            Schedule::new(check.interval, check.timeout, Spacing::FromBeginning, now + timing.target_patience);
        Self {
            health: Health::new(TargetState::Initial, Some(Reason::initial())),
            groups,
            reachable: false,
            event: None,
            due: Deadline::default(),
            schedule: Some(schedule.seeking(timing.early_probe, now)),
        }
    }

    pub(super) fn describe(&self, target: &Target) -> TargetDescription {
        TargetDescription { target: target.clone(), state: self.health.state, reason: self.health.reason.clone() }
    }
}

/// A target and its health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetDescription {
    /// The target.
    pub target: Target,
    /// Its state.
    pub state: TargetState,
    /// Why, but for a healthy one.
    pub reason: Option<Reason>,
}

/// Registers `target`, which has the security groups `groups`, with the target group `group`. One that is draining, or in use by a
/// former task, begins anew.
pub(crate) fn register(world: &mut World, group: &Arn, target: &Target, groups: Arc<[String]>) {
    let Some(found) = world.elb.groups.get_mut(group) else { return };
    let registered = Registered::new(found, groups, &world.timing, world.now);
    let probes = registered.schedule.is_some();
    if let Some(mut former) = found.targets.insert(target.clone(), registered) {
        world.elb.agenda.cancel(&mut former.due);
    }
    if probes {
        world.elb.set(Timer::Probe(target.clone(), group.clone()), world.now);
    }
    tell(world, group, target);
    world.elb.stale.insert(group.clone());
}

/// Takes `targets` out of the target group `group`: they get no new requests from now on, and are gone when the deregistration
/// delay is over. Deregistering an unknown target succeeds, as on AWS.
pub(crate) fn deregister(world: &mut World, group: &Arn, targets: &[Target]) {
    let cap = world.timing.deregistration_cap;
    let Some(found) = world.elb.groups.get_mut(group) else { return };
    let delay = cap.map_or(found.deregistration_delay, |cap| cap.min(found.deregistration_delay));
    let mut draining = Vec::new();
    let cause = world.cause();
    for target in targets {
        world.follow(cause);
        let Some(found) = world.elb.groups.get_mut(group) else { return };
        let Some(registered) = found.targets.get_mut(target) else { continue };
        match registered.health.state {
            TargetState::Draining => {}
            TargetState::Unused => remove(world, group, target),
            TargetState::Initial | TargetState::Healthy | TargetState::Unhealthy => {
                registered.health = Health::new(TargetState::Draining, Some(Reason::draining()));
                registered.schedule = None;
                world.elb.agenda.cancel(&mut registered.due);
                tell(world, group, target);
                draining.push(target);
            }
        }
    }
    // The route must change before anybody waits for the last request.
    reroute(world, group);
    for target in draining {
        world.want(Effect::DrainTarget { target_group: group.clone(), target: target.clone() });
        world.elb.set(Timer::Drained(target.clone(), group.clone()), world.now + delay);
    }
}

/// The health check of `group` has other times: its targets are probed by them from now on.
pub(super) fn retime(world: &mut World, group: &Arn) {
    let now = world.now;
    let State { groups, agenda, .. } = &mut world.elb;
    let Some(TargetGroup { health_check, targets, .. }) = groups.get_mut(group) else { return };
    for (target, registered) in targets {
        let Some(schedule) = registered.schedule.as_mut() else { continue };
        schedule.retime(health_check.interval, health_check.timeout, now);
        if let Some(next) = schedule.next() {
            agenda.set(&mut registered.due, Timer::Probe(target.clone(), group.clone()), next);
        }
    }
}

/// Forgets `target`.
pub(super) fn remove(world: &mut World, group: &Arn, target: &Target) {
    let Some(found) = world.elb.groups.get_mut(group) else { return };
    if let Some(mut removed) = found.targets.remove(target) {
        world.elb.agenda.cancel(&mut removed.due);
        tell(world, group, target);
        world.elb.stale.insert(group.clone());
    }
}

/// The first rule uses `group`, or none does any more: what is registered is probed from now on, or is not. What drains goes on draining.
pub(super) fn begin_anew(world: &mut World, group: &Arn) {
    let registered = world.elb.groups[group].targets.iter();
    let staying = registered.filter(|(_, registered)| registered.health.state != TargetState::Draining);
    let staying: Vec<_> = staying.map(|(target, registered)| (target.clone(), registered.groups.clone())).collect();
    for (target, groups) in staying {
        register(world, group, &target, groups);
    }
}

/// Describes the health of targets: all of a group, or some.
#[derive(Clone, Debug)]
pub struct DescribeTargetHealth {
    /// `TargetGroupArn`.
    pub target_group: String,
    /// `Targets`; empty means all.
    pub targets: Vec<TargetName>,
}

impl Operation for DescribeTargetHealth {
    type Output = Vec<TargetDescription>;
    const NAME: &'static str = "elasticloadbalancing:DescribeTargetHealth";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Vec<TargetDescription>, Refusal> {
        let Self { target_group, targets } = authorized.operation;
        let group = target_group.parse().ok().and_then(|arn: Arn| world.elb.groups.get(&arn));
        let group = group.ok_or_else(|| fault("TargetGroupNotFound", "One or more target groups not found"))?;
        if targets.is_empty() {
            return Ok(group.targets().collect());
        }
        let describe = |name: &TargetName| {
            let target = name.within(group)?;
            Ok(group.target(&target).unwrap_or(TargetDescription {
                target,
                state: TargetState::Unused,
                reason: Some(Reason::not_registered()),
            }))
        };
        targets.iter().map(describe).collect()
    }
}
