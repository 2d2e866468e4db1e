//! CloudWatch alarms, as far as a deployment heeds them (`facts/aws.md` 2.2). There is no other CloudWatch: what state an alarm is in
//! comes from outside, as [`Observation::AlarmChanged`](crate::Observation::AlarmChanged).

use super::service::{Service, ServiceKey};
use super::{State, scheduler};
use crate::event::EventKind;
use crate::world::World;

/// `StateValue` of an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum AlarmState {
    /// The metric is within the threshold.
    Ok,
    /// The metric is beyond the threshold.
    Alarm,
    /// Nothing is known of the metric, as at an alarm's beginning.
    InsufficientData,
}

impl AlarmState {
    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

impl State {
    /// Those of the alarms that `service` names that are in ALARM now. An alarm that nobody has told of is not.
    pub(super) fn ringing(&self, service: &Service) -> Vec<String> {
        let alarms = &service.configuration.alarms;
        let rings = |name: &&String| alarms.enable && self.alarms.get(*name) == Some(&AlarmState::Alarm);
        alarms.names.iter().filter(rings).cloned().collect()
    }

    /// Whether alarms can fail a deployment of `service` that starts now. One that is in ALARM at the start silences all of them for as
    /// long as the deployment lasts.
    pub(super) fn heeds_alarms(&self, service: &Service) -> bool {
        service.configuration.alarms.enable && self.ringing(service).is_empty()
    }
}

/// The alarm called `name` has changed its state. ECS asks for the states when it looks at a service: one that has changed back by then has
/// been missed.
pub(super) fn changed(world: &mut World, name: &str, state: AlarmState) {
    if world.ecs.alarms.insert(name.to_owned(), state) == Some(state) {
        return;
    }
    let told = world.record(EventKind::Alarm { alarm: name.to_owned(), state: state.as_str() });
    let concerned = |service: &&Service| service.configuration.alarms.names.iter().any(|named| named == name);
    let keys: Vec<ServiceKey> = world.ecs.services.values().filter(concerned).map(|of| of.key.clone()).collect();
    for key in keys {
        world.follow(Some(told));
        scheduler::poke(world, &key);
    }
}
