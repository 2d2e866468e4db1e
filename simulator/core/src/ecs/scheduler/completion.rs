//! When a deployment is done, when a service is steady, and which deployments leave the list.

use super::alarms;
use super::step::Step;
use super::view::{Stage, View, count};
use crate::ecs::service::RolloutState;

/// Says what has been reached.
pub(super) fn decide(view: &View) -> Vec<Step> {
    let primary = view.primary();
    let healthy = count(view.new_tasks().filter(|task| task.is_healthy()));
    let whole = healthy == view.desired && count(view.new_tasks()) == view.desired;
    let alone = view.tasks.iter().all(super::view::TaskView::is_new);
    let mut steps = Vec::new();
    let enough = (whole && alone) || view.early_success.is_met(healthy, view.desired, alone);
    let ready = primary.state == RolloutState::InProgress && enough;
    let done_at = alarms::done_at(view);
    let completes = ready && view.now >= done_at;
    if completes {
        steps.push(Step::Complete);
    } else if ready && primary.bake_until.is_none() {
        steps.push(Step::Bake(done_at));
    }
    let completed = completes || primary.state == RolloutState::Completed;
    let quiet = view.tasks.iter().all(|task| task.stage != Stage::Stopping);
    let due = view.steady_since.is_none_or(|since| view.now >= since + super::words::REPEAT);
    if completed && whole && alone && quiet && due {
        steps.push(Step::Steady);
    }
    let retired = retired(view, completed);
    if !retired.is_empty() {
        steps.push(Step::Retire(retired));
    }
    steps
}

/// Deployments without tasks that nothing can come back to. A COMPLETED one is kept as long as the primary deployment may yet be
/// rolled back to it.
fn retired(view: &View, primary_completed: bool) -> Vec<usize> {
    let empty = |place: usize| view.tasks.iter().all(|task| task.deployment != Some(place));
    let kept = |state: RolloutState| state == RolloutState::Completed && !primary_completed;
    let others = view.deployments.iter().enumerate().skip(1);
    others.filter(|(place, deployment)| empty(*place) && !kept(deployment.state)).map(|(place, _)| place).collect()
}
