//! The next move of a shift, as tables: where it stands, and what comes of it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::decide::{Move, Scene, decide, next_change};
use crate::ecs::service::lifecycle::Direction;
use crate::ecs::service::{
    Cause, HookAction, HookRun, HookState, HookTarget, LifecycleHook, LifecycleStage as Stage, Percent, Shifting,
    StopKind, Strategy, TrafficShift,
};
use crate::time::Timestamp;
use crate::timing::Timing;

const START: Timestamp = Timestamp::from_millis(1_000_000);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A shift that has been in `stage` since [`START`], of a strategy with two steps.
fn shift(stage: Stage, direction: Direction) -> TrafficShift {
    let strategy = Strategy::Canary { percent: Percent::of_tenths(50), bake_minutes: 10 };
    let plan = Shifting { strategy, bake_minutes: Some(5), hooks: Vec::new() };
    let mut shift = TrafficShift::new(plan, Some("ecs-svc/1".to_owned()), stage, START);
    shift.direction = direction;
    shift
}

fn scene<'a>(shift: &'a TrafficShift, timing: &'a Timing, after: Duration) -> Scene<'a> {
    let now = START + after;
    Scene { now, timing, shift, scaled_up: false, reconciled: false, cleaned_up: false, fault: None }
}

fn run(target: HookTarget, state: HookState, timeout_action: HookAction) -> HookRun {
    let hook = LifecycleHook { target, stages: BTreeSet::new(), timeout_minutes: 60, timeout_action };
    HookRun { id: "ecs-x-1".to_owned(), hook, expires_at: START + 60 * MINUTE, state, details: None, told: None }
}

fn function(state: HookState, timeout_action: HookAction) -> HookRun {
    run(HookTarget::Lambda { function: "f".to_owned(), role: None, details: None }, state, timeout_action)
}

/// The move in words: the stage entered, `bake`, `call`, `give up`, `finish`, `back`, or nothing.
fn word(next: Option<&Move>) -> String {
    match next {
        None => String::new(),
        Some(Move::Enter(stage, _)) => stage.as_str().to_owned(),
        Some(Move::Bake) => "bake".to_owned(),
        Some(Move::Call(_)) => "call".to_owned(),
        Some(Move::GiveUp(_)) => "give up".to_owned(),
        Some(Move::Finish) => "finish".to_owned(),
        Some(Move::Fail(_, StopKind::Rollback)) => "back".to_owned(),
        Some(Move::Fail(_, StopKind::Abort)) => "stay".to_owned(),
    }
}

#[test]
fn stages_follow_one_another_when_what_they_wait_for_is_there() {
    let timing = Timing::aws();
    for (stage, waits_for, next) in [
        (Stage::ReconcileService, "reconciled", "PRE_SCALE_UP"),
        (Stage::PreScaleUp, "", "SCALE_UP"),
        (Stage::ScaleUp, "scaled up", "POST_SCALE_UP"),
        (Stage::PostScaleUp, "", "TEST_TRAFFIC_SHIFT"),
        (Stage::TestTrafficShift, "", "POST_TEST_TRAFFIC_SHIFT"),
        (Stage::PostTestTrafficShift, "", "PRE_PRODUCTION_TRAFFIC_SHIFT"),
        (Stage::PreProductionTrafficShift, "", "PRODUCTION_TRAFFIC_SHIFT"),
        (Stage::PostProductionTrafficShift, "", "BAKE_TIME"),
        (Stage::CleanUp, "cleaned up", "finish"),
    ] {
        let shift = shift(stage, Direction::Forward);
        let before = scene(&shift, &timing, Duration::ZERO);
        let after = Scene {
            reconciled: waits_for == "reconciled",
            scaled_up: waits_for == "scaled up",
            cleaned_up: waits_for == "cleaned up",
            ..before.clone()
        };
        assert_eq!(word(decide(&before).as_ref()), if waits_for.is_empty() { next } else { "" }, "{}", stage.as_str());
        assert_eq!(word(decide(&after).as_ref()), next, "{}", stage.as_str());
    }
}

/// Minutes since the stage was entered, and since the bake began, against the move.
#[test]
fn bakes_are_waited_for() {
    let (aws, rehearsal) = (Timing::aws(), Timing::rehearsal());
    for (timing, stage, step, baking, next) in [
        (&aws, Stage::ProductionTrafficShift, 1, None, "bake"),
        (&aws, Stage::ProductionTrafficShift, 1, Some(599), ""),
        (&aws, Stage::ProductionTrafficShift, 1, Some(600), "PRE_PRODUCTION_TRAFFIC_SHIFT"),
        (&rehearsal, Stage::ProductionTrafficShift, 1, Some(1), ""),
        (&rehearsal, Stage::ProductionTrafficShift, 1, Some(2), "PRE_PRODUCTION_TRAFFIC_SHIFT"),
        (&aws, Stage::ProductionTrafficShift, 2, None, "POST_PRODUCTION_TRAFFIC_SHIFT"),
        (&aws, Stage::BakeTime, 2, None, "bake"),
        (&aws, Stage::BakeTime, 2, Some(299), ""),
        (&aws, Stage::BakeTime, 2, Some(300), "CLEAN_UP"),
        (&rehearsal, Stage::BakeTime, 2, Some(2), "CLEAN_UP"),
    ] {
        let mut shift = shift(stage, Direction::Forward);
        shift.step = step;
        shift.baking_since = baking.map(|_| START);
        let scene = scene(&shift, timing, Duration::from_secs(baking.unwrap_or(0)));
        assert_eq!(word(decide(&scene).as_ref()), next, "{} after {baking:?}", stage.as_str());
        if next.is_empty() {
            let change = next_change(&scene).expect("a bake ends");
            assert!(change > scene.now && change <= scene.now + MINUTE);
        }
    }
    let mut without = shift(Stage::BakeTime, Direction::Forward);
    without.plan.bake_minutes = None;
    assert_eq!(word(decide(&scene(&without, &aws, Duration::ZERO)).as_ref()), "CLEAN_UP", "no bake time, no wait");
}

/// In every stage before CLEAN_UP a wish goes back, and so does a day without progress; a bake is not held to the day.
#[test]
fn every_stage_but_the_last_can_go_back() {
    let timing = Timing::aws();
    for stage in Stage::ALL {
        let expected = if stage == Stage::CleanUp { "" } else { "back" };
        let mut wished = shift(stage, Direction::Forward);
        wished.failing = Some((Cause::Request, StopKind::Rollback));
        assert_eq!(word(decide(&scene(&wished, &timing, Duration::ZERO)).as_ref()), expected, "{}", stage.as_str());
        wished.failing = Some((Cause::Alarm, StopKind::Abort));
        let stays = if stage == Stage::CleanUp { "" } else { "stay" };
        assert_eq!(word(decide(&scene(&wished, &timing, Duration::ZERO)).as_ref()), stays, "{}", stage.as_str());
        let late = shift(stage, Direction::Forward);
        let late = scene(&late, &timing, DAY);
        assert_eq!(word(decide(&late).as_ref()), expected, "{}", stage.as_str());
        let fault = Scene { fault: Some("no".to_owned()), ..scene(late.shift, &timing, Duration::ZERO) };
        assert_eq!(word(decide(&fault).as_ref()) == "back", stage <= Stage::PreScaleUp, "{}", stage.as_str());
    }
    let mut baking = shift(Stage::BakeTime, Direction::Forward);
    baking.baking_since = Some(START);
    baking.plan.bake_minutes = Some(1440);
    assert_eq!(word(decide(&scene(&baking, &timing, DAY)).as_ref()), "CLEAN_UP");
}

#[test]
fn hooks_hold_a_stage_until_each_has_ended() {
    use HookAction::{Continue, RollBack};
    let timing = Timing::aws();
    let due = HookState::Due(START + MINUTE);
    let called = HookState::Called("e".to_owned());
    let failed = HookState::Failed("why".to_owned());
    for (state, action, minutes, forward, back) in [
        (due.clone(), RollBack, 0, "", ""),
        (due.clone(), RollBack, 1, "call", "call"),
        (due, RollBack, 60, "give up", "give up"),
        (called.clone(), RollBack, 1, "", ""),
        (called, Continue, 60, "give up", "give up"),
        (HookState::AwaitingAction, RollBack, 1, "", ""),
        (HookState::AwaitingAction, RollBack, 60, "give up", "give up"),
        (HookState::Succeeded, RollBack, 1, "POST_TEST_TRAFFIC_SHIFT", "CLEAN_UP"),
        (failed, Continue, 1, "back", "CLEAN_UP"),
        (HookState::TimedOut, RollBack, 1, "back", "CLEAN_UP"),
        (HookState::TimedOut, Continue, 1, "POST_TEST_TRAFFIC_SHIFT", "CLEAN_UP"),
    ] {
        for (direction, expected) in [(Direction::Forward, forward), (Direction::Back, back)] {
            let mut shift = shift(Stage::TestTrafficShift, direction);
            shift.hooks = vec![function(HookState::Succeeded, RollBack), function(state.clone(), action)];
            let scene = scene(&shift, &timing, minutes * MINUTE);
            assert_eq!(word(decide(&scene).as_ref()), expected, "{state:?} after {minutes} min, {direction:?}");
        }
    }
}

/// The way back: production first, then test, then the tasks, and only as far as anything has shifted.
#[test]
fn what_has_shifted_goes_back_in_order() {
    let timing = Timing::aws();
    for (stage, production, test, next) in [
        (Stage::ProductionTrafficShift, 0, 1000, "TEST_TRAFFIC_SHIFT"),
        (Stage::ProductionTrafficShift, 0, 0, "CLEAN_UP"),
        (Stage::TestTrafficShift, 0, 0, "CLEAN_UP"),
        (Stage::CleanUp, 0, 0, ""),
    ] {
        let mut shift = shift(stage, Direction::Back);
        shift.production = Percent::of_tenths(production);
        shift.test = Percent::of_tenths(test);
        assert_eq!(
            word(decide(&scene(&shift, &timing, 2 * DAY)).as_ref()),
            next,
            "{} {production}/{test}",
            stage.as_str()
        );
    }
}

/// A pause has a timeout of its own, and the day begins to count again only without one.
#[test]
fn a_pause_is_not_held_to_the_limit_of_its_stage() {
    let timing = Timing::aws();
    let mut paused = shift(Stage::PostTestTrafficShift, Direction::Forward);
    let mut run = run(HookTarget::Pause, HookState::AwaitingAction, HookAction::RollBack);
    run.expires_at = START + 14 * DAY;
    paused.hooks = vec![run];
    assert_eq!(word(decide(&scene(&paused, &timing, 13 * DAY)).as_ref()), "");
    assert_eq!(word(decide(&scene(&paused, &timing, 14 * DAY)).as_ref()), "give up");
}
