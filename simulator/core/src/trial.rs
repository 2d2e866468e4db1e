//! A World to try calls on, for tests.

use std::time::Duration;

use crate::arn::Region;
use crate::operation::{Caller, Operation};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::timing::Timing;
use crate::world::{Setup, World};

/// When a trial's account comes into being: 2026-11-20T21:17:00Z.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_795_209_420_000);

/// A fresh account, and whoever calls.
pub(crate) struct Trial {
    pub(crate) world: World,
    pub(crate) now: Timestamp,
}

impl Trial {
    pub(crate) fn new() -> Self {
        let setup = Setup {
            account: "123456789012".parse().expect("twelve digits"),
            region: Region::new("eu-central-1"),
            seed: 7,
            timing: Timing::rehearsal(),
            now: START,
        };
        Self { world: World::new(setup), now: START }
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, time: Duration) {
        self.now = self.now + time;
        self.world.tick(self.now);
    }

    /// The root user's call, which must be answered.
    pub(crate) fn done<O: Operation>(&mut self, operation: O) -> O::Output {
        let root = self.world.root();
        match self.world.call(self.now, &root, operation) {
            Ok(output) => output,
            Err(refusal) => panic!("{} was refused: {refusal}", O::NAME),
        }
    }

    /// The root user's call, which must be refused. Answers `status code: message`.
    pub(crate) fn refused<O: Operation>(&mut self, operation: O) -> String {
        let root = self.world.root();
        self.refused_to(&root, operation)
    }

    /// A call that must be answered.
    pub(crate) fn done_by<O: Operation>(&mut self, caller: &Caller, operation: O) -> O::Output {
        match self.world.call(self.now, caller, operation) {
            Ok(output) => output,
            Err(refusal) => panic!("{} was refused to {}: {refusal}", O::NAME, caller.arn),
        }
    }

    /// A call that must be refused. Answers `status code: message`, or IAM's sentence.
    pub(crate) fn refused_to<O: Operation>(&mut self, caller: &Caller, operation: O) -> String {
        match self.world.call(self.now, caller, operation) {
            Ok(_) => panic!("{} was answered to {}", O::NAME, caller.arn),
            Err(refusal) => written(&refusal),
        }
    }
}

fn written(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Denied(denial) => denial.to_string(),
        Refusal::Fault { code, status, message } => format!("{status} {code}: {message}"),
        Refusal::NotSimulated { .. } => refusal.to_string(),
    }
}
