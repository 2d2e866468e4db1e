//! Carries out what has been decided of a shift of traffic, without deciding anything.

use super::decide::{Move, Scene, first_back, steps};
use super::hooks;
use super::traffic::{self, Obstacle, Requests};
use crate::ecs::scheduler::{look, words};
use crate::ecs::service::lifecycle::Direction;
use crate::ecs::service::{
    Backoff, Cause, HookState, LifecycleStage, Percent, RolloutState, ServiceKey, StopKind, TrafficShift, note_failed,
    note_stage, tell_deployment,
};
use crate::event::EventKind;
use crate::world::World;

/// What decides on the shift of the service called `key`, if one is under way.
pub(super) fn scene<'a>(world: &'a World, key: &ServiceKey) -> Option<Scene<'a>> {
    let service = world.ecs.services.get(key)?;
    let place = service.shifting()?;
    let deployment = &service.deployments[place];
    let shift = deployment.shift.as_ref()?;
    let view = look::view(world, key);
    let at = |id: &String| service.deployments.iter().position(|deployment| deployment.id == *id);
    let source = shift.source.as_ref().and_then(at);
    let healthy = view.tasks.iter().filter(|task| task.deployment == Some(place) && task.is_healthy()).count();
    let only = |kept: &[Option<usize>]| view.tasks.iter().all(|task| kept.contains(&task.deployment));
    let serving = match shift.direction {
        Direction::Forward => Some(place),
        Direction::Back => source,
    };
    // A task of no deployment that is known is in nobody's way.
    Some(Scene {
        now: world.now,
        timing: &world.timing,
        shift,
        scaled_up: u32::try_from(healthy).unwrap_or(u32::MAX) >= service.desired,
        reconciled: only(&[Some(place), source, None]),
        cleaned_up: only(&[serving, None]),
        fault: traffic::fault(world, deployment),
    })
}

/// Makes one move.
pub(super) fn take(world: &mut World, key: &ServiceKey, next: Move) {
    let now = world.now;
    match next {
        Move::Enter(stage, why) => enter(world, key, stage, why),
        Move::Bake => change(world, key, |shift| shift.baking_since = Some(now)),
        Move::Call(place) => hooks::call(world, key, place),
        Move::GiveUp(place) => hooks::settle(world, key, place, HookState::TimedOut, "nobody answered in time"),
        Move::Fail(cause, kind) => fail(world, key, &cause, kind),
        Move::Finish => finish(world, key),
    }
}

/// Has the shift of the service called `key` fail when its next move is decided, for `cause`. The traffic goes back with it, unless `kind`
/// is that everything stays as it is. What was asked for first counts.
pub(super) fn ask_rollback(world: &mut World, key: &ServiceKey, cause: Cause, kind: StopKind) {
    change(world, key, |shift| shift.failing = shift.failing.take().or(Some((cause, kind))));
}

/// Brings the shift of the service called `key` into `stage`.
pub(super) fn enter(world: &mut World, key: &ServiceKey, stage: LifecycleStage, why: &str) {
    let now = world.now;
    change(world, key, |shift| {
        shift.stage = stage;
        shift.entered_at = now;
        shift.baking_since = None;
        shift.hooks.clear();
    });
    let Some((place, mut shift)) = shifting(world, key) else { return };
    let forward = shift.direction == Direction::Forward;
    let moved = match stage {
        LifecycleStage::ReconcileService if shift.source.is_some() => {
            let test = traffic::give(world, key, place, Requests::Test, Percent::NONE, false);
            test.and_then(|()| traffic::give(world, key, place, Requests::Production, Percent::NONE, false))
        }
        LifecycleStage::TestTrafficShift => {
            let test = if forward { Percent::ALL } else { Percent::NONE };
            let moved = traffic::give(world, key, place, Requests::Test, test, forward);
            shift.test = if moved.is_ok() { test } else { shift.test };
            moved
        }
        LifecycleStage::ProductionTrafficShift => {
            shift.step += usize::from(forward);
            let steps = steps(&shift);
            let taken = steps.get(shift.step.saturating_sub(1)).map_or(Percent::ALL, |(share, _)| *share);
            let production = if forward { taken } else { Percent::NONE };
            let moved = traffic::give(world, key, place, Requests::Production, production, forward);
            shift.production = if moved.is_ok() { production } else { shift.production };
            moved
        }
        LifecycleStage::ReconcileService
        | LifecycleStage::PreScaleUp
        | LifecycleStage::ScaleUp
        | LifecycleStage::PostScaleUp
        | LifecycleStage::PostTestTrafficShift
        | LifecycleStage::PreProductionTrafficShift
        | LifecycleStage::PostProductionTrafficShift
        | LifecycleStage::BakeTime
        | LifecycleStage::CleanUp => Ok(()),
    };
    let runs = match moved {
        Ok(()) => hooks::of_stage(world, &shift, stage),
        Err(_) => Vec::new(),
    };
    let refused = moved.err().map(|obstacle| refusal(stage, &obstacle));
    let (step, production, test) = (shift.step, shift.production, shift.test);
    change(world, key, |shift| {
        (shift.step, shift.production, shift.test) = (step, production, test);
        let refused = refused.map(|why| (Cause::Stage(why), StopKind::Rollback));
        shift.failing = refused.or(shift.failing.take());
        shift.hooks = runs;
    });
    if let Some((place, _)) = shifting(world, key) {
        note_stage(world, key, place);
    }
    record(world, key, why);
    let waiting = shifting(world, key).map_or(0, |(_, shift)| shift.hooks.len());
    for hook in 0..waiting {
        if shifting(world, key).is_some_and(|(_, shift)| shift.hooks[hook].state == HookState::AwaitingAction) {
            record_hook(world, key, hook, "waits for ContinueServiceDeployment");
        }
    }
}

fn refusal(stage: LifecycleStage, obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::Role(_) => {
            format!("Service deployment rolled back because of invalid networking configuration. {obstacle}")
        }
        Obstacle::Denied(_) => {
            let stage = stage.as_str();
            format!("Service deployment rolled back because {stage} lifecycle hook(s) failed. {obstacle}")
        }
    }
}

/// The new revision is not to be: who served before serves again, if the traffic goes back. Where it does not, or where nobody served
/// before, everything stays where it is and the deployment is failed.
fn fail(world: &mut World, key: &ServiceKey, cause: &Cause, kind: StopKind) {
    let (now, rules) = (world.now, world.ecs.rules);
    let Some((place, shift)) = shifting(world, key) else { return };
    let Some(service) = world.ecs.services.get_mut(key) else { return };
    let green = &mut service.deployments[place];
    green.rollout_state = RolloutState::Failed;
    cause.failed(&rules).clone_into(&mut green.reason);
    green.updated_at = now;
    let green = green.id.clone();
    service.steady_since = None;
    tell_deployment(world, key, place);
    if let Some(said) = words::failed(&green, cause) {
        words::say(world, key, &said);
    }
    let source = match kind {
        StopKind::Rollback => shift.source.as_ref(),
        StopKind::Abort => None,
    };
    let deployments = world.ecs.services[key].deployments.iter();
    let source = source.and_then(|id| deployments.clone().position(|deployment| deployment.id == *id));
    let back_to = source.map(|source| world.ecs.services[key].deployments[source].id.clone());
    note_failed(world, key, cause, back_to.as_deref());
    let Some(source) = source else {
        record(world, key, cause.rolled_back());
        return change(world, key, |shift| shift.over = true);
    };
    let Some(service) = world.ecs.services.get_mut(key) else { return };
    let mut blue = service.deployments.remove(source);
    blue.rollout_state = RolloutState::InProgress;
    blue.reason = cause.rolling_back(&blue.id, &rules);
    blue.updated_at = now;
    blue.failed_tasks = 0;
    blue.has_run = false;
    // A way back is never turned round.
    blue.alarmed = false;
    let id = blue.id.clone();
    service.deployments.insert(0, blue);
    service.backoff = Backoff::default();
    service.said.clear();
    tell_deployment(world, key, 0);
    words::say(world, key, &words::rolling_back(&id));
    change(world, key, |shift| {
        shift.direction = Direction::Back;
        shift.failing = None;
    });
    enter(world, key, first_back(&shift), cause.rolled_back());
}

/// Nothing is left to be done. Alarms have watched long enough: the bake time was theirs.
fn finish(world: &mut World, key: &ServiceKey) {
    change(world, key, |shift| shift.over = true);
    if let Some(service) = world.ecs.services.get_mut(key) {
        service.primary_mut().alarmed = false;
    }
}

/// The shift that is under way, and the place of its deployment.
fn shifting(world: &World, key: &ServiceKey) -> Option<(usize, TrafficShift)> {
    let service = world.ecs.services.get(key)?;
    let place = service.shifting()?;
    Some((place, service.deployments[place].shift.clone()?))
}

fn change(world: &mut World, key: &ServiceKey, change: impl FnOnce(&mut TrafficShift)) {
    let Some(service) = world.ecs.services.get_mut(key) else { return };
    let Some(place) = service.shifting() else { return };
    if let Some(shift) = &mut service.deployments[place].shift {
        change(shift);
    }
}

fn record(world: &mut World, key: &ServiceKey, why: &str) {
    let Some((place, shift)) = shifting(world, key) else { return };
    let event = EventKind::Lifecycle {
        service: key.service.as_str().into(),
        deployment: world.ecs.services[key].deployments[place].id.as_str().into(),
        stage: shift.stage.as_str(),
        rolling_back: shift.direction == Direction::Back,
        production: shift.production.to_string().into(),
        test: shift.test.to_string().into(),
        reason: why.into(),
    };
    let entered = world.record(event);
    world.follow(Some(entered));
}

/// Records where the hook at `hook` of the shift under way stands.
pub(super) fn record_hook(world: &mut World, key: &ServiceKey, hook: usize, message: &str) {
    let Some((place, shift)) = shifting(world, key) else { return };
    let Some(run) = shift.hooks.get(hook) else { return };
    let event = EventKind::Hook {
        service: key.service.as_str().into(),
        deployment: world.ecs.services[key].deployments[place].id.as_str().into(),
        stage: shift.stage.as_str(),
        hook: run.id.as_str().into(),
        status: run.state.as_str(),
        message: message.into(),
    };
    let told = world.record(event);
    if let Some(run) = hooks::run_mut(world, key, hook) {
        run.told = Some(told);
    }
    world.follow(Some(told));
}
