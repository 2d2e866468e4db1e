//! The service scheduler: it looks at a service now and then, decides, and does.
//!
//! In reading order: the arithmetic ([`bounds`]), what a service looks like to those who decide ([`view`]), what they can want
//! ([`step`]), the deciding functions ([`request`], [`breaker`], [`alarms`], [`rollout`], [`completion`], [`balance`]), the words of its events ([`words`]); then what
//! collects a view ([`look`]), what carries the steps out ([`apply`], [`start`], [`crowd`]), what keeps target groups in step ([`targets`]), and the
//! end of a service ([`drain`]). Deployments that shift traffic between two target groups go their own way ([`traffic_shift`]).

mod alarms;
mod apply;
mod balance;
mod bounds;
mod breaker;
mod completion;
mod crowd;
mod drain;
mod look;
mod request;
mod rollout;
mod start;
mod step;
mod targets;
mod traffic_shift;
mod view;
mod words;

pub(super) use drain::end_if_drained;
pub(super) use look::end_of;
pub(super) use targets::{changed as target_changed, registers_first};
pub(super) use traffic_shift::{answered as hook_answered, begin as begin_deployment, resume as continue_hook};
pub(super) use view::Ended;

use super::service::{self, Service, ServiceKey, ServiceStatus};
use super::{State, Timer};
use crate::time::{Timestamp, next_beat};
use crate::timing::Timing;
use crate::world::World;
use step::Step;
use view::View;

/// The deciding functions, in the order in which they are asked. Each sees what the ones before it have done.
const DECIDING: [fn(&View) -> Vec<Step>; 6] =
    [request::decide, breaker::decide, alarms::decide, rollout::decide, completion::decide, balance::decide];

/// Looks at the service called `key` and takes the steps that are due.
pub(super) fn evaluate(world: &mut World, key: &ServiceKey) {
    let now = world.now;
    let Some(service) = world.ecs.services.get_mut(key) else { return };
    service.evaluated_at = Some(now);
    let (cause, status) = (service.cause, service.status);
    service.ended.append(&mut service.unlaunched);
    world.follow(cause);
    targets::keep_in_step(world, key);
    match status {
        ServiceStatus::Active => keep_up(world, key),
        ServiceStatus::Draining => drain::drain(world, key),
        ServiceStatus::Inactive => {}
    }
    if let Some(service) = world.ecs.services.get_mut(key) {
        service.ended.clear();
    }
    // The tasks of a deleted service say themselves when they have come further.
    if let Some(at) = look::next_change(world, key).filter(|_| status == ServiceStatus::Active) {
        world.ecs.look_again(key, at, &world.timing);
    }
}

/// Decides about a service that is to run, and does what has been decided.
fn keep_up(world: &mut World, key: &ServiceKey) {
    service::note_look(world, key);
    look::note_ends(world, key);
    let deciding: &[fn(&View) -> Vec<Step>] = if traffic_shift::evaluate(world, key) { &DECIDING } else { &[] };
    let mut seen = None;
    for decide in deciding {
        let view = seen.take().unwrap_or_else(|| look::view(world, key));
        let steps = decide(&view);
        // Where nothing is done, the next one sees the same.
        seen = steps.is_empty().then_some(view);
        for step in steps {
            apply::apply(world, key, step);
        }
    }
    service::note_counted(world, key);
}

/// Failures at which the circuit breaker fails the primary deployment of `service`. The present desired count decides.
pub(super) fn threshold(service: &Service) -> u32 {
    breaker::threshold(&service.configuration.circuit_breaker, service.desired)
}

/// Something has changed that the scheduler of the service called `key` should look at, at its next beat.
pub(super) fn poke(world: &mut World, key: &ServiceKey) {
    let cause = world.cause();
    if let Some(service) = world.ecs.services.get_mut(key) {
        service.cause = cause.or(service.cause);
    }
    world.ecs.look_again(key, world.now, &world.timing);
}

impl State {
    /// Has the scheduler look at a service at its next beat, not before `at`. It looks at most once at each.
    fn look_again(&mut self, key: &ServiceKey, at: Timestamp, timing: &Timing) {
        let Some(service) = self.services.get_mut(key) else { return };
        let after =
            service.evaluated_at.map_or(at, |evaluated| at.max(evaluated + std::time::Duration::from_millis(1)));
        let beat = next_beat(service.created_at, timing.scheduler_period, after);
        self.agenda.bring_forward(&mut service.look_due, Timer::Evaluate(Box::new(key.clone())), beat);
    }
}
