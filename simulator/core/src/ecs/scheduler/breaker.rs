//! The circuit breaker: which tasks count as failures, how many are too many, and what then (`facts/aws.md` 2.1).
//!
//! It has two stages (developer guide, deployment-circuit-breaker). In the first, tasks that do not come to run are failures. Once a task of
//! the deployment has run, that criterion is skipped: in the second stage those are failures that ran and did not become or stay healthy.

use super::step::Step;
use super::view::{End, Ended, Stage, View};
use crate::ecs::Rules;
use crate::ecs::service::{Cause, CircuitBreaker, RolloutState, ThresholdKind};

/// The least and the most that a bounded percentage comes to.
const BOUNDED: (u64, u64) = (3, 200);

/// Failures at which a deployment of `desired` tasks fails.
pub(crate) fn threshold(breaker: &CircuitBreaker, desired: u32) -> u32 {
    breaker.threshold_of(desired)
}

impl CircuitBreaker {
    /// Failures at which a deployment of `desired` tasks fails.
    #[must_use]
    pub fn threshold_of(&self, desired: u32) -> u32 {
        let (kind, value) = self.threshold;
        let share = (u64::from(value) * u64::from(desired)).div_ceil(100);
        let threshold = match kind {
            ThresholdKind::BoundedPercent => share.clamp(BOUNDED.0, BOUNDED.1),
            // A deployment of no tasks cannot fail, but nothing may fail at zero failures either.
            ThresholdKind::UnboundedPercent => share.max(1),
            ThresholdKind::Count => u64::from(value),
        };
        u32::try_from(threshold).unwrap_or(u32::MAX)
    }
}

/// Counts what has happened since the service was last looked at, and fails the deployment if that is too much.
pub(super) fn decide(view: &View) -> Vec<Step> {
    let primary = view.primary();
    let in_progress = primary.state == RolloutState::InProgress;
    let mut failures = primary.failed_tasks;
    let mut steps = Vec::new();
    let stage_two = primary.has_run || runs(view);
    if stage_two && !primary.has_run {
        steps.push(Step::Run);
    }
    if in_progress {
        let counted = |ended: &&Ended| ended.deployment == primary.id && counts(ended, stage_two, &view.rules);
        for ended in view.ended.iter().filter(counted) {
            failures += 1;
            steps.push(Step::Count { task: ended.task, failures });
        }
    }
    let proved = view.tasks.iter().filter(|task| task.is_healthy() && !task.proved);
    steps.extend(proved.clone().map(|task| Step::Prove(task.id)));
    if in_progress
        && view.breaker.reset_on_healthy_task
        && failures > 0
        && proved.clone().any(super::view::TaskView::is_new)
    {
        failures = 0;
        steps.push(Step::ResetFailures);
    }
    if !in_progress || !view.breaker.enable {
        return steps;
    }
    if failures < view.threshold() {
        if primary.trip_at.is_some() {
            steps.push(Step::DisarmBreaker);
        }
        return steps;
    }
    let trip_at = primary.trip_at.unwrap_or(view.now + view.timing.breaker_evaluation);
    if view.now >= trip_at {
        let roll_back_to = if view.breaker.rollback { last_completed(view) } else { None };
        steps.push(Step::Fail { cause: Cause::Breaker, roll_back_to });
    } else if primary.trip_at.is_none() {
        steps.push(Step::ArmBreaker(trip_at));
    }
    steps
}

/// What a failed deployment is rolled back to: the most recent deployment that is COMPLETED. One that is being rolled back to is
/// IN_PROGRESS, and so no target until it has completed again.
pub(super) fn last_completed(view: &View) -> Option<usize> {
    let mut others = view.deployments.iter().enumerate().skip(1);
    others.find(|(_, deployment)| deployment.state == RolloutState::Completed).map(|(place, _)| place)
}

/// Whether a task of the primary deployment runs, or has run and ended since the service was last looked at.
fn runs(view: &View) -> bool {
    let ran = |ended: &Ended| match ended.how {
        End::Failed | End::AfterHealthy => ended.deployment == view.primary().id,
        End::NeverRan(_) | End::Unwanted => false,
    };
    view.new_tasks().any(|task| task.stage == Stage::Running) || view.ended.iter().any(ran)
}

/// Whether the end of a task is a failure of its deployment.
const fn counts(ended: &Ended, stage_two: bool, rules: &Rules) -> bool {
    match ended.how {
        End::NeverRan(_) => !stage_two || rules.count_start_failures_in_stage_two,
        End::Failed => true,
        End::AfterHealthy => rules.count_exit_after_healthy,
        End::Unwanted => false,
    }
}
