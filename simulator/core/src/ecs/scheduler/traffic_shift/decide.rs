//! What a shift of traffic does next: values in, one move out.
//!
//! Source: `facts/aws.md` 2.4; developer guide, lambda-lifecycle-hooks, pause-lifecycle-hooks. Reasons that begin with "Service
//! deployment rolled back because" are AWS's (troubleshooting-blue-green), but for that of the stage limit, which is ours.

use std::time::Duration;

use crate::ecs::service::lifecycle::Direction;
use crate::ecs::service::{Cause, HookAction, HookState, LifecycleStage, Percent, StopKind, TrafficShift};
use crate::time::Timestamp;
use crate::timing::Timing;

/// A shift at one moment.
#[derive(Clone, Debug)]
pub(super) struct Scene<'a> {
    pub(super) now: Timestamp,
    pub(super) timing: &'a Timing,
    pub(super) shift: &'a TrafficShift,
    /// Whether green has all its tasks, and all of them are healthy.
    pub(super) scaled_up: bool,
    /// Whether no task is left but those of green and of blue; after a rollback, of blue alone.
    pub(super) reconciled: bool,
    /// Whether no task is left but those of whoever serves in the end.
    pub(super) cleaned_up: bool,
    /// Why the listener rules cannot be used, if they cannot.
    pub(super) fault: Option<String>,
}

/// One move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// Into a stage, for this reason.
    Enter(LifecycleStage, &'static str),
    /// The waiting of the present stage begins.
    Bake,
    /// The function of the hook at this place is called.
    Call(usize),
    /// The hook at this place has had its time.
    GiveUp(usize),
    /// The new revision is not to be, for this cause: the traffic goes back, or everything stays as it is.
    Fail(Cause, StopKind),
    /// Nothing is left to be done.
    Finish,
}

/// The next move, if one is due.
pub(super) fn decide(scene: &Scene<'_>) -> Option<Move> {
    let Scene { now, shift, .. } = scene;
    if let Some((cause, kind)) = failure(scene) {
        return Some(Move::Fail(cause, kind));
    }
    for (place, run) in shift.hooks.iter().enumerate() {
        match run.state {
            HookState::Due(_) | HookState::Called(_) | HookState::AwaitingAction if *now >= run.expires_at => {
                return Some(Move::GiveUp(place));
            }
            HookState::Due(at) if *now >= at => return Some(Move::Call(place)),
            HookState::Due(_) | HookState::Called(_) | HookState::AwaitingAction => {}
            HookState::Succeeded | HookState::Failed(_) | HookState::TimedOut => {}
        }
    }
    if shift.hooks.iter().any(|run| is_open(&run.state)) {
        return None;
    }
    match shift.direction {
        Direction::Forward => forward(scene),
        Direction::Back => back(scene),
    }
}

/// Why a shift that goes forward has to end, and how.
fn failure(scene: &Scene<'_>) -> Option<(Cause, StopKind)> {
    let shift = scene.shift;
    if !can_fail(shift) {
        return None;
    }
    let own = || obstacle(scene).map(|why| (Cause::Stage(why), StopKind::Rollback));
    shift.failing.clone().or_else(own)
}

/// Whether something may still fail it. From CLEAN_UP on there is nothing to go back to, and a way back is never turned round.
pub(super) fn can_fail(shift: &TrafficShift) -> bool {
    shift.direction == Direction::Forward && shift.stage != LifecycleStage::CleanUp
}

/// What of the present stage itself keeps it from going on.
fn obstacle(scene: &Scene<'_>) -> Option<String> {
    let Scene { now, timing, shift, fault, .. } = scene;
    let stage = shift.stage.as_str();
    if let Some(fault) = fault.as_ref().filter(|_| shift.stage <= LifecycleStage::PreScaleUp) {
        return Some(fault.clone());
    }
    for run in &shift.hooks {
        match (&run.state, run.timeout_action()) {
            (HookState::Failed(why), _) => {
                return Some(format!("Service deployment rolled back because {stage} lifecycle hook(s) failed. {why}"));
            }
            (HookState::TimedOut, HookAction::RollBack) => {
                let kind = if run.hook.kind() == "PAUSE" { "pause hook" } else { "lifecycle hook(s)" };
                return Some(format!("Service deployment rolled back because {stage} {kind} timed out."));
            }
            (HookState::TimedOut, HookAction::Continue) => {}
            (HookState::Due(_) | HookState::Called(_) | HookState::AwaitingAction | HookState::Succeeded, _) => {}
        }
    }
    let limit = limit(scene)?;
    let hours = timing.stage_limit.as_secs() / 3600;
    (*now >= limit).then(|| {
        format!("Service deployment rolled back because {stage} did not complete within the limit of {hours} hours.")
    })
}

/// When the present stage has lasted too long. What has a time of its own, a pause or a bake, is not held to it as well.
fn limit(scene: &Scene<'_>) -> Option<Timestamp> {
    let Scene { timing, shift, .. } = scene;
    let paused = shift.hooks.iter().any(|run| run.state == HookState::AwaitingAction);
    (can_fail(shift) && !paused && shift.baking_since.is_none()).then(|| shift.entered_at + timing.stage_limit)
}

fn forward(scene: &Scene<'_>) -> Option<Move> {
    use LifecycleStage as S;
    let Scene { now, shift, .. } = scene;
    let bake = |minutes: u32| match shift.baking_since {
        _ if minutes == 0 => None,
        None => Some(Some(Move::Bake)),
        Some(since) if *now < since + baking(scene, minutes) => Some(None),
        Some(_) => None,
    };
    match shift.stage {
        S::ReconcileService => {
            scene.reconciled.then_some(Move::Enter(S::PreScaleUp, "only the revision that serves is left"))
        }
        S::PreScaleUp => Some(Move::Enter(S::ScaleUp, "nothing holds the new revision back")),
        S::ScaleUp => scene.scaled_up.then_some(Move::Enter(S::PostScaleUp, "all new tasks are healthy")),
        S::PostScaleUp => Some(Move::Enter(S::TestTrafficShift, "the new tasks may take test requests")),
        S::TestTrafficShift => Some(Move::Enter(S::PostTestTrafficShift, "test requests have shifted")),
        S::PostTestTrafficShift => Some(Move::Enter(S::PreProductionTrafficShift, "the new revision has been tested")),
        S::PreProductionTrafficShift => Some(Move::Enter(S::ProductionTrafficShift, "production requests may shift")),
        S::ProductionTrafficShift => {
            if let Some(waiting) = bake(wait(shift)) {
                return waiting;
            }
            Some(if shift.step < steps(shift).len() {
                Move::Enter(S::PreProductionTrafficShift, "the next step is due")
            } else {
                Move::Enter(S::PostProductionTrafficShift, "all production requests have shifted")
            })
        }
        S::PostProductionTrafficShift => Some(Move::Enter(S::BakeTime, "the new revision serves alone")),
        S::BakeTime => {
            let waiting = bake(shift.plan.bake_minutes.unwrap_or_default());
            waiting.unwrap_or(Some(Move::Enter(S::CleanUp, "the bake time is over")))
        }
        S::CleanUp => scene.cleaned_up.then_some(Move::Finish),
    }
}

fn back(scene: &Scene<'_>) -> Option<Move> {
    use LifecycleStage as S;
    if scene.shift.stage == S::CleanUp {
        return scene.cleaned_up.then_some(Move::Finish);
    }
    Some(Move::Enter(first_back(scene.shift), "requests have gone back"))
}

/// The next stage of the way back: what has shifted goes back, production first; then the new tasks go. There is no stage of its own for
/// a rollback: the hooks of these two stages are called again (lambda-lifecycle-hooks).
pub(super) fn first_back(shift: &TrafficShift) -> LifecycleStage {
    if shift.production > Percent::NONE {
        LifecycleStage::ProductionTrafficShift
    } else if shift.test > Percent::NONE {
        LifecycleStage::TestTrafficShift
    } else {
        LifecycleStage::CleanUp
    }
}

/// The steps of a shift. With nobody who serves there is nothing to take little by little.
pub(super) fn steps(shift: &TrafficShift) -> Vec<(Percent, u32)> {
    let mut steps = shift.plan.strategy.steps();
    if shift.source.is_none() {
        steps.drain(..steps.len() - 1);
    }
    steps
}

/// The minutes of waiting after the step that was taken last.
fn wait(shift: &TrafficShift) -> u32 {
    steps(shift).get(shift.step.saturating_sub(1)).map_or(0, |(_, wait)| *wait)
}

fn baking(scene: &Scene<'_>, minutes: u32) -> Duration {
    let configured = Duration::from_secs(60 * u64::from(minutes));
    scene.timing.bake_cap.map_or(configured, |cap| cap.min(configured))
}

/// Whether a hook still keeps the stage from ending.
const fn is_open(state: &HookState) -> bool {
    match state {
        HookState::Due(_) | HookState::Called(_) | HookState::AwaitingAction => true,
        HookState::Succeeded | HookState::Failed(_) | HookState::TimedOut => false,
    }
}

/// When [`decide`] may answer otherwise although nothing happens.
pub(super) fn next_change(scene: &Scene<'_>) -> Option<Timestamp> {
    let shift = scene.shift;
    let open = shift.hooks.iter().filter(|run| is_open(&run.state));
    let by_hooks = open.flat_map(|run| {
        let due = match run.state {
            HookState::Due(at) => Some(at),
            HookState::Called(_) | HookState::AwaitingAction => None,
            HookState::Succeeded | HookState::Failed(_) | HookState::TimedOut => None,
        };
        due.into_iter().chain([run.expires_at])
    });
    let minutes =
        if shift.stage == LifecycleStage::BakeTime { shift.plan.bake_minutes.unwrap_or_default() } else { wait(shift) };
    let baked = shift.baking_since.map(|since| since + baking(scene, minutes));
    by_hooks.chain(baked).chain(limit(scene)).min()
}
