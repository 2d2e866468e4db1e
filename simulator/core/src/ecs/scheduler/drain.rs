//! What is left to do for a service that has been deleted.

use super::apply::apply;
use super::look;
use super::step::Step;
use super::view::Stage;
use crate::ecs::service::{ServiceKey, ServiceStatus};
use crate::ecs::task::TaskStatus;
use crate::world::World;

/// Stops every task of the service called `key`, whatever the state of its deployments.
pub(super) fn drain(world: &mut World, key: &ServiceKey) {
    let view = look::view(world, key);
    let left = view.tasks.into_iter().filter(|task| task.stage != Stage::Stopping).map(|task| task.id);
    let left: Vec<_> = left.collect();
    if !left.is_empty() {
        apply(world, key, Step::Scale(left));
    }
    end_if_drained(world, key);
}

/// Ends a DRAINING service once all its tasks are STOPPING or STOPPED (BOTO DeleteService). Its service deployments go with it (the guide's
/// page on service deployments).
pub(in crate::ecs) fn end_if_drained(world: &mut World, key: &ServiceKey) {
    let Some(service) = world.ecs.services.get(key) else { return };
    let drained = world.ecs.live(service).all(|task| task.last_status >= TaskStatus::Stopping);
    let Some(service) = world.ecs.services.get_mut(key) else { return };
    if service.status == ServiceStatus::Draining && drained {
        service.status = ServiceStatus::Inactive;
        service.history.clear();
        service.revisions.clear();
    }
}
