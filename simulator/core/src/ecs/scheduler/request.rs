//! What somebody has asked for through the API: StopServiceDeployment.

use super::breaker::last_completed;
use super::step::Step;
use super::view::View;
use crate::ecs::service::{Cause, RolloutState, StopKind};

/// Ends the deployment under way, if that was asked for. A rollback is carried out whether or not the service is configured for one
/// (BOTO StopServiceDeployment).
pub(super) fn decide(view: &View) -> Vec<Step> {
    let Some(kind) = view.stop.filter(|_| view.primary().state == RolloutState::InProgress) else { return Vec::new() };
    let roll_back_to = match kind {
        StopKind::Rollback => last_completed(view),
        StopKind::Abort => None,
    };
    vec![Step::Fail { cause: Cause::Request, roll_back_to }]
}
