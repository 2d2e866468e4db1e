//! Alarms: the other way for a rolling deployment to be found bad (`facts/aws.md` 2.2).

use super::breaker::last_completed;
use super::step::Step;
use super::view::View;
use crate::ecs::service::{Cause, RolloutState};
use crate::time::Timestamp;

/// Fails the deployment under way if an alarm is in ALARM. Whether something comes back is for the alarms' own `rollback` to say, whatever
/// the circuit breaker's is.
pub(super) fn decide(view: &View) -> Vec<Step> {
    let primary = view.primary();
    let watched = primary.state == RolloutState::InProgress && primary.alarmed;
    if !watched || !view.alarms.ringing {
        return Vec::new();
    }
    let roll_back_to = if view.alarms.rollback { last_completed(view) } else { None };
    vec![Step::Fail { cause: Cause::Alarm, roll_back_to }]
}

/// When a deployment that has nothing left to do is done: at once, or at the end of its bake time where alarms watch it.
pub(super) fn done_at(view: &View) -> Timestamp {
    let primary = view.primary();
    let bake_until = primary.bake_until.unwrap_or(view.now + view.timing.alarm_bake);
    if primary.alarmed { bake_until } else { view.now }
}
