//! How a deployment of a service begins: who serves until then, and in which target groups its tasks will stand.

use super::{advance, decide};
use crate::ecs::service::lifecycle::Direction;
use crate::ecs::service::{LifecycleStage, Percent, RolloutState, Service, ServiceKey, TrafficShift};
use crate::world::World;

/// The newest deployment of the service called `key` begins. If another's traffic is shifting, it shifts no more.
pub(in crate::ecs) fn begin(world: &mut World, key: &ServiceKey) {
    let service = &world.ecs.services[key];
    let plan = service.configuration.shifting.clone();
    let source = serving(service);
    let alternate = source.map(|place| service.deployments[place].in_alternate);
    let id = source.map(|place| service.deployments[place].id.clone());
    let in_alternate = match alternate {
        Some(alternate) => alternate != plan.shifts(),
        // Observed: the first deployment of a service goes where the production rule does not point (facts leave it open).
        None => plan.shifts() && !production_in_alternate(world, key),
    };
    let service = &world.ecs.services[key];
    let tasks = world.ecs.live(service);
    let strays = tasks.filter(|task| task.origin.started_by.as_deref() != id.as_deref()).count();
    let stage = if strays > 0 { LifecycleStage::ReconcileService } else { LifecycleStage::PreScaleUp };
    let now = world.now;
    let Some(service) = world.ecs.services.get_mut(key) else { return };
    for deployment in &mut service.deployments {
        if let Some(shift) = &mut deployment.shift {
            shift.over = true;
        }
    }
    let newest = service.primary_mut();
    newest.in_alternate = in_alternate;
    if plan.shifts() {
        newest.shift = Some(TrafficShift::new(plan, id, stage, now));
        advance::enter(world, key, stage, "a new revision is to be brought in");
    }
}

/// The place of the deployment that serves production, among those before the newest.
fn serving(service: &Service) -> Option<usize> {
    let shift = service.shifting().and_then(|place| Some((place, service.deployments[place].shift.as_ref()?)));
    if let Some((place, shift)) = shift {
        // From CLEAN_UP on there is nothing to go back to: the old tasks stop already.
        if !decide::can_fail(shift) && shift.direction == Direction::Forward {
            return Some(place);
        }
        let source = shift.source.as_ref();
        let source = source.and_then(|id| service.deployments.iter().position(|deployment| deployment.id == *id));
        return source.or((shift.production == Percent::ALL).then_some(place));
    }
    let mut others = service.deployments.iter().enumerate().skip(1);
    let completed = others.clone().find(|(_, deployment)| deployment.rollout_state == RolloutState::Completed);
    let serves = |(_, deployment): &(usize, &crate::ecs::service::Deployment)| {
        deployment.shift.as_ref().is_none_or(|shift| shift.production == Percent::ALL)
    };
    completed.or_else(|| others.find(serves)).map(|(place, _)| place)
}

/// Whether the production rule points at the alternate target group.
fn production_in_alternate(world: &World, key: &ServiceKey) -> bool {
    let balancers = &world.ecs.services[key].primary().load_balancers;
    balancers.iter().filter_map(|balancer| balancer.advanced.as_ref()).any(|advanced| {
        let rule = world.elb.rule(&advanced.production_rule);
        let share = rule.and_then(|rule| rule.shares.iter().find(|share| share.target_group == advanced.alternate));
        share.is_some_and(|share| share.weight > 0)
    })
}
