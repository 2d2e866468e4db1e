//! One service's rows on a fresh account, called as the wire calls them, for tests.

use serde_json::Value;
use simulator_core::{Refusal, Region, Setup, Timestamp, Timing, World};

use super::Service;

/// When the account comes into being: 2027-01-15T08:00:00.250Z.
pub(super) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_250);

/// A fresh account.
pub(super) fn world() -> World {
    let account = "123456789012".parse().expect("twelve digits");
    let region = Region::new("eu-central-1");
    World::new(Setup { account, region, seed: 1, timing: Timing::rehearsal(), now: NOW })
}

pub(super) struct Trial {
    pub(super) world: World,
    service: Service,
}

impl Trial {
    pub(super) fn new(service: Service) -> Self {
        Self { world: world(), service }
    }

    /// The root user's call, which must be answered.
    pub(super) fn answered(&mut self, operation: &str, request: Value) -> Value {
        self.call(operation, request).unwrap_or_else(|refusal| panic!("{operation} was refused: {refusal}"))
    }

    /// The root user's call, which must be refused.
    pub(super) fn refused(&mut self, operation: &str, request: Value) -> String {
        match self.call(operation, request) {
            Ok(answer) => panic!("{operation} was answered: {answer}"),
            Err(refusal) => refusal.to_string(),
        }
    }

    fn call(&mut self, operation: &str, request: Value) -> Result<Value, Refusal> {
        let row = self.service.operations.iter().find(|row| row.name == operation);
        let row = row.unwrap_or_else(|| panic!("{operation} has no row"));
        let root = self.world.root();
        row.handle(&mut self.world, NOW, &root, request).map(Value::from)
    }
}
