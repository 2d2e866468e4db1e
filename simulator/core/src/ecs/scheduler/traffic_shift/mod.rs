//! Deployments that shift traffic: blue/green, linear and canary (`facts/aws.md` 2.4).
//!
//! In reading order: what comes next, as a pure function ([`decide`]); which tasks there are to be meanwhile ([`tasks`]); how a shift
//! begins ([`begin`]), what carries it on ([`advance`]), where requests go ([`traffic`]), and its hooks ([`hooks`]).

mod advance;
mod begin;
mod decide;
mod hooks;
mod tasks;
mod traffic;

#[cfg(test)]
mod tests;

pub(in crate::ecs) use begin::begin;
pub(in crate::ecs) use hooks::{answered, resume};

use super::step::Step;
use super::view::View;
use super::{alarms, apply, breaker, look, request};
use crate::ecs::service::{Cause, CircuitBreaker, ServiceKey, StopKind};
use crate::time::Timestamp;
use crate::world::World;

/// Takes the steps that are due of the shift that is under way, and answers whether none is (any more): then the service is a service
/// like others.
pub(super) fn evaluate(world: &mut World, key: &ServiceKey) -> bool {
    if world.ecs.services[key].shifting().is_none() {
        return true;
    }
    // The circuit breaker is for rolling deployments only (botocore `deploymentCircuitBreaker`); failures are counted all the same.
    let mut view = look::view(world, key);
    view.breaker = CircuitBreaker::default();
    for step in breaker::decide(&view) {
        apply::apply(world, key, step);
    }
    if let Some((cause, kind)) = wish(&look::view(world, key)) {
        advance::ask_rollback(world, key, cause, kind);
    }
    // Every move but a few goes on to another stage, and those few happen once in each.
    while let Some(next) = advance::scene(world, key).as_ref().and_then(decide::decide) {
        advance::take(world, key, next);
    }
    let Some(shift) = world.ecs.services[key].shifting() else { return true };
    let view = look::view(world, key);
    let wanted = tasks::wanted(&world.ecs.services[key], shift);
    for step in tasks::decide(&view, &wanted) {
        apply::apply(world, key, step);
    }
    false
}

/// What somebody has asked for, or what alarms say, of the deployment under way; how it ends is for the shift to carry out. What is going
/// back already, or cleaning up, goes on doing so.
fn wish(view: &View) -> Option<(Cause, StopKind)> {
    request::decide(view).into_iter().chain(alarms::decide(view)).find_map(|step| {
        let Step::Fail { cause, .. } = step else { return None };
        let back = match cause {
            Cause::Request => view.stop == Some(StopKind::Rollback),
            Cause::Alarm => view.alarms.rollback,
            Cause::Breaker | Cause::Stage(_) => true,
        };
        Some((cause, if back { StopKind::Rollback } else { StopKind::Abort }))
    })
}

/// When the shift of the service called `key` goes on although nothing happens.
pub(super) fn next_change(world: &World, key: &ServiceKey) -> Option<Timestamp> {
    advance::scene(world, key).as_ref().and_then(decide::next_change)
}
