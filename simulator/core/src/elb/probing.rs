//! The loop around the health of targets: it probes when a probe is due, judges the answers, and routes.

use super::health::{Reason, TargetState, judge};
use super::target::remove;
use super::{State, Timer};
use crate::arn::Arn;
use crate::ec2::Endpoint;
use crate::effect::{Effect, Target};
use crate::event::EventKind;
use crate::observation::ProbeAnswer;
use crate::world::World;

/// Takes every step of the load balancers that is due at the present time.
pub(crate) fn settle(world: &mut World) {
    while let Some(timer) = world.elb.agenda.pop_due(world.now) {
        match timer {
            Timer::Probe(target, group) => probe(world, &group, &target),
            Timer::Unanswered(target, group) => observe_probed(world, &group, &target, &ProbeAnswer::TimedOut),
            Timer::Drained(target, group) => {
                let registered = world.elb.groups.get(&group).and_then(|group| group.targets.get(&target));
                world.follow(registered.and_then(|registered| registered.event));
                remove(world, &group, &target);
            }
        }
    }
}

/// Whether requests may have to go elsewhere.
pub(crate) fn is_stale(world: &World) -> bool {
    !world.elb.stale.is_empty()
}

/// Sends requests where they should go by now. That is settled once for everything that has happened since effects were last taken: a
/// route names every target, and many targets change at one instant.
pub(crate) fn reroute_stale(world: &mut World) {
    while let Some(group) = world.elb.stale.pop_first() {
        reroute(world, &group);
    }
}

/// A probe has been answered.
pub(crate) fn observe_probed(world: &mut World, group: &Arn, target: &Target, answer: &ProbeAnswer) {
    let now = world.now;
    let State { groups, agenda, .. } = &mut world.elb;
    let Some(found) = groups.get_mut(group) else { return };
    let check = &found.health_check;
    let Some(registered) = found.targets.get_mut(target) else { return };
    let Some(schedule) = &mut registered.schedule else { return };
    let Some(probe) = schedule.end(now) else { return };
    let before = registered.health.state;
    match judge(&check.matcher, answer) {
        Ok(()) => registered.health.passed(check.thresholds()),
        Err(why) if probe.declared => registered.health.failed(why, check.thresholds()),
        Err(_) => {}
    }
    let changed = registered.health.state != before;
    if changed {
        schedule.found();
    }
    if let Some(next) = schedule.next() {
        agenda.set(&mut registered.due, Timer::Probe(target.clone(), group.clone()), next);
    }
    let cause = registered.event;
    if changed {
        world.follow(cause);
        tell(world, group, target);
        world.elb.stale.insert(group.clone());
    }
}

/// A draining target has answered its last request. Where AWS's own delay is kept, that ends nothing: the target stays
/// `draining` until the delay is over (`Timing::deregistration_cap`).
pub(crate) fn observe_drained(world: &mut World, group: &Arn, target: &Target) {
    let found = world.elb.groups.get(group).and_then(|group| group.target(target));
    let draining = found.is_some_and(|target| target.state == TargetState::Draining);
    let registered = world.elb.groups.get(group).and_then(|group| group.targets.get(target));
    world.follow(registered.and_then(|registered| registered.event));
    if draining && world.timing.deregistration_cap.is_some() {
        remove(world, group, target);
    }
}

/// Records the state of `target` and lets ECS know of it.
pub(super) fn tell(world: &mut World, group: &Arn, target: &Target) {
    let described = world.elb.groups.get(group).and_then(|group| group.target(target));
    let (state, reason) = match described {
        Some(described) => (described.state, described.reason),
        None => (TargetState::Unused, Some(Reason::not_registered())),
    };
    let event = world.record(EventKind::TargetHealth {
        target_group: group.clone(),
        target: target.clone(),
        state: state.as_str(),
        reason: reason.map(|reason| (reason.code, reason.description.into())),
    });
    let registered = world.elb.groups.get_mut(group).and_then(|group| group.targets.get_mut(target));
    if let Some(registered) = registered {
        registered.event = Some(event);
    }
    world.elb.changed.insert((group.clone(), target.clone()), event);
}

/// Sends requests where they should go now, if that has changed.
pub(super) fn reroute(world: &mut World, group: &Arn) {
    let Some(found) = world.elb.groups.get(group) else { return };
    let in_state = |wanted: &[TargetState]| -> Vec<Target> {
        let targets = found.targets.iter().filter(|(_, registered)| wanted.contains(&registered.health.state));
        // Requests to a target that no security group lets through would time out.
        targets.filter(|(_, registered)| registered.reachable).map(|(target, _)| target.clone()).collect()
    };
    let mut routed = in_state(&[TargetState::Healthy]);
    if routed.is_empty() {
        // Fail-open: with no healthy target the load balancer tries all of them.
        routed = in_state(&[TargetState::Initial, TargetState::Unhealthy]);
    }
    let in_use = found.load_balancer.is_some();
    let Some(found) = world.elb.groups.get_mut(group) else { return };
    if in_use && found.routed != routed {
        found.routed = routed;
        announce_route(world, group);
    }
}

/// Tells the driver where requests go now.
pub(super) fn announce_route(world: &mut World, group: &Arn) {
    if let Some(found) = world.elb.groups.get(group) {
        let targets = found.routed.clone();
        world.want(Effect::Route { target_group: group.clone(), targets });
    }
}

/// A probe of `target` is due. If the security groups do not let the load balancer reach it, its packets are dropped.
fn probe(world: &mut World, group: &Arn, target: &Target) {
    let now = world.now;
    let State { groups, balancers, agenda, .. } = &mut world.elb;
    let Some(found) = groups.get_mut(group) else { return };
    let balancer = found.load_balancer.as_ref().and_then(|arn| balancers.get(arn));
    let path = found.health_check.path.as_str().into();
    let Some(registered) = found.targets.get_mut(target) else { return };
    let reachable = balancer.is_some_and(|balancer| {
        let from = Endpoint { groups: &balancer.security_groups, address: None };
        let to = Endpoint { groups: &registered.groups, address: Some(target.address) };
        world.ec2.lets_reach(&from, &to, target.port)
    });
    let rerouted = std::mem::replace(&mut registered.reachable, reachable) != reachable;
    let Some(schedule) = registered.schedule.as_mut() else { return };
    match schedule.begin(now) {
        Some(timeout) if !reachable => {
            agenda.set(&mut registered.due, Timer::Unanswered(target.clone(), group.clone()), now + timeout);
        }
        Some(timeout) => {
            world.want(Effect::ProbeTarget { target_group: group.clone(), target: target.clone(), path, timeout });
        }
        None => {
            if let Some(next) = schedule.next() {
                agenda.set(&mut registered.due, Timer::Probe(target.clone(), group.clone()), next);
            }
        }
    }
    if rerouted {
        world.elb.stale.insert(group.clone());
    }
}
