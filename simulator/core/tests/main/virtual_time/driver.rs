//! The library's driver, as tests use it: every effect is kept, and what must not happen fails the test.

use std::collections::BTreeMap;

use simulator_core::effect::Target;
use simulator_core::virtual_time::{Behaviour, Script, Step, VirtualTime};
use simulator_core::{Arn, Effect, Observation, Timestamp, World};

/// Carries out effects by a script, in virtual time.
#[derive(Debug)]
pub(crate) struct Driver {
    virtual_time: VirtualTime,
    /// Every effect so far, and when it was wanted.
    pub(crate) wanted: Vec<(Timestamp, Effect)>,
    /// Everything that the World was told, and when; none stands for a deadline.
    pub(crate) told: Vec<(Timestamp, Option<Observation>)>,
    /// Where each target group's requests go now.
    pub(crate) routes: BTreeMap<Arn, Vec<Target>>,
}

impl Default for Driver {
    fn default() -> Self {
        let virtual_time = VirtualTime::recording(Script::default());
        Self { virtual_time, wanted: Vec::new(), told: Vec::new(), routes: BTreeMap::new() }
    }
}

impl Driver {
    /// Has containers of `image` behave so.
    pub(crate) fn script(&mut self, image: &str, behaviour: Behaviour) {
        self.script_in_turn(image, vec![behaviour]);
    }

    /// Has containers of `image` behave so, one after the other and then from the beginning again.
    pub(crate) fn script_in_turn(&mut self, image: &str, behaviours: Vec<Behaviour>) {
        self.virtual_time.script_mut().image(image, behaviours);
    }

    /// When the next thing happens, if anything does.
    pub(crate) fn next(&mut self, world: &mut World) -> Option<Timestamp> {
        self.virtual_time.next_at(world)
    }

    /// Makes the next thing happen. Answers false when there is nothing.
    pub(crate) fn step(&mut self, world: &mut World) -> bool {
        let step = self.virtual_time.step(world);
        self.wanted.extend(self.virtual_time.take_wanted());
        self.told.extend(self.virtual_time.take_told());
        if self.routes != *self.virtual_time.routes() {
            self.routes.clone_from(self.virtual_time.routes());
        }
        match step {
            Step::Happened => true,
            Step::Quiet => false,
            Step::Stuck(at) => panic!("a deadline that was kept must not come again, but {at} does"),
        }
    }
}
