//! The stage in virtual time.

use std::time::Duration;

use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::virtual_time::{Behaviour, Ended, Script, VirtualTime};
use simulator_core::{Operation, Timestamp, World};

use crate::account;
use crate::stage::Stage;

/// Containers by script.
pub(crate) struct VirtualStage {
    world: World,
    virtual_time: VirtualTime,
}

impl VirtualStage {
    pub(crate) fn open() -> Self {
        let world = account::world(Timestamp::from_millis(1_800_000_000_000));
        Self { world, virtual_time: VirtualTime::new(Script::default()) }
    }
}

impl Stage for VirtualStage {
    fn perform(&mut self, definition: ContainerDefinition, behaviour: &Behaviour) -> ContainerDefinition {
        self.virtual_time.script_mut().container(&definition.name, vec![behaviour.clone()]);
        definition
    }

    fn must<O: Operation>(&mut self, operation: O) -> O::Output {
        let (now, root) = (self.world.now(), self.world.root());
        self.world.call(now, &root, operation).unwrap_or_else(|refusal| panic!("{} was refused: {refusal}", O::NAME))
    }

    fn look<R>(&self, at: impl FnOnce(&World) -> R) -> R {
        at(&self.world)
    }

    async fn until<R>(&mut self, what: &str, limit: Duration, mut condition: impl FnMut(&World) -> Option<R>) -> R {
        let until = self.world.now() + limit;
        let mut found = None;
        let reached = |world: &World| {
            found = condition(world);
            found.is_some()
        };
        let ended = self.virtual_time.run_until(&mut self.world, reached, until);
        match found {
            Some(found) if ended == Ended::Reached => found,
            Some(_) | None => panic!("{what}: {ended:?}; {}", account::story(&self.world)),
        }
    }

    async fn close(self) {}
}
