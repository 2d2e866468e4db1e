//! ECS: clusters, task definitions, services, deployments and tasks.

use crate::observation::Observation;
use crate::time::Timestamp;
use crate::world::World;

/// Everything ECS knows of the account.
#[derive(Debug, Default)]
pub struct State {}

/// Takes in a fact about a task, a container or a target.
pub(crate) fn observe(world: &mut World, observation: Observation) {
    let _ = (world, observation);
}

/// Takes every step that is due at the present time.
pub(crate) fn settle(world: &mut World) {
    let _ = world;
}

/// When the next step is due without any observation.
pub(crate) fn next_deadline(world: &World) -> Option<Timestamp> {
    let _ = world;
    None
}
