//! The library's driver, as tests use it: every effect is kept, and what must not happen fails the test.

use std::collections::BTreeMap;
use std::time::Duration;

use simulator_core::effect::{HookCall, Target};
use simulator_core::elb::Forwarding;
use simulator_core::observation::HookAnswer;
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
    /// The calls of the functions of lifecycle hooks, in order.
    pub(crate) calls: Vec<HookCall>,
    /// How each listener's requests are spread now.
    pub(crate) rules: BTreeMap<Arn, Vec<Forwarding>>,
}

impl Default for Driver {
    fn default() -> Self {
        let virtual_time = VirtualTime::recording(Script::default());
        Self {
            virtual_time,
            wanted: Vec::new(),
            told: Vec::new(),
            routes: BTreeMap::new(),
            calls: Vec::new(),
            rules: BTreeMap::new(),
        }
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

    /// Has the calls of `function` answered so, each so long after it; with no answer they never are.
    pub(crate) fn script_function(&mut self, function: &str, answers: Vec<(Duration, HookAnswer)>) {
        self.virtual_time.script_mut().function(function, answers);
    }

    /// When the next thing happens, if anything does.
    pub(crate) fn next(&mut self, world: &mut World) -> Option<Timestamp> {
        self.virtual_time.next_at(world)
    }

    /// Makes the next thing happen. Answers false when there is nothing.
    pub(crate) fn step(&mut self, world: &mut World) -> bool {
        let step = self.virtual_time.step(world);
        for (at, effect) in self.virtual_time.take_wanted() {
            if let Effect::InvokeHook(call) = &effect {
                self.calls.push(call.as_ref().clone());
            }
            self.wanted.push((at, effect));
        }
        self.told.extend(self.virtual_time.take_told());
        if self.routes != *self.virtual_time.routes() {
            self.routes.clone_from(self.virtual_time.routes());
        }
        if self.rules != *self.virtual_time.rules() {
            self.rules.clone_from(self.virtual_time.rules());
        }
        match step {
            Step::Happened => true,
            Step::Quiet => false,
            Step::Stuck(at) => panic!("a deadline that was kept must not come again, but {at} does"),
        }
    }
}
