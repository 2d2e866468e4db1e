//! The hooks of a stage: what is called, what comes back, and what somebody decides.
//!
//! Source: developer guide, lambda-lifecycle-hooks and pause-lifecycle-hooks; the texts are those of troubleshooting-blue-green.

use std::time::Duration;

use super::advance::record_hook;
use crate::ecs::scheduler::poke;
use crate::ecs::service::lifecycle::Direction;
use crate::ecs::service::{
    Cause, HookAction, HookRun, HookState, HookTarget, LifecycleStage, Percent, Service, ServiceKey, ServiceRevision,
    StopKind, TrafficShift,
};
use crate::effect::{Effect, HookCall};
use crate::id::{IdKind, Uuid};
use crate::observation::HookAnswer;
use crate::operation::Access;
use crate::world::World;

/// Wait before a function is called again, unless it says otherwise.
const CALL_BACK: Duration = Duration::from_secs(30);

/// The longest call.
const LONGEST_CALL: Duration = Duration::from_secs(15 * 60);

/// The stages whose functions are told where production requests go.
const PRODUCTION: [LifecycleStage; 2] =
    [LifecycleStage::PreProductionTrafficShift, LifecycleStage::ProductionTrafficShift];

/// Session name of ECS when it calls functions.
const SESSION: &str = "ECS-Lambda-Execution";

/// The hooks of `shift` in `stage`, from now on. On the way back nobody is asked, only told: pauses are left out.
pub(super) fn of_stage(world: &mut World, shift: &TrafficShift, stage: LifecycleStage) -> Vec<HookRun> {
    let here = shift.plan.hooks.iter().filter(|hook| hook.stages.contains(&stage)).cloned();
    let mut runs = Vec::new();
    for hook in here {
        let (kind, state, details) = match &hook.target {
            HookTarget::Lambda { details, .. } => ("lambda", HookState::Due(world.now), details.clone()),
            HookTarget::Pause if shift.direction == Direction::Back => continue,
            HookTarget::Pause => ("pause", HookState::AwaitingAction, None),
        };
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let id = format!("ecs-{kind}-{}", world.ids.text(IdKind::Container, alphabet, 43));
        let expires_at = world.now + Duration::from_secs(60 * u64::from(hook.timeout_minutes));
        runs.push(HookRun { id, hook, expires_at, state, details, told: None });
    }
    runs
}

/// Calls the function of the hook at `place` of the shift under way.
pub(super) fn call(world: &mut World, key: &ServiceKey, place: usize) {
    let Some(run) = run_mut(world, key, place).map(|run| run.clone()) else { return };
    let HookTarget::Lambda { function, role, details: _ } = &run.hook.target else { return };
    let execution = Uuid::draw(&mut world.ids, IdKind::Container).to_string();
    if let Err(why) = may_call(world, function, role.as_deref()) {
        return settle(world, key, place, HookState::Failed(why), "it could not be called");
    }
    let service = &world.ecs.services[key];
    let Some(shifting) = service.shifting() else { return };
    let deployment = &service.deployments[shifting];
    let Some(shift) = deployment.shift.as_ref() else { return };
    let attempt = service.attempt_at(&deployment.id);
    let call = HookCall {
        execution: execution.clone(),
        function: function.clone(),
        stage: shift.stage.as_str(),
        resource: attempt.expect("a deployment that shifts traffic is on record").arn.to_string(),
        service: service.arn.clone(),
        target: revision_of(service, &deployment.id).arn.to_string(),
        test: if shift.stage == LifecycleStage::TestTrafficShift {
            weights(service, shifting, shift, shift.test)
        } else {
            Vec::new()
        },
        production: if PRODUCTION.contains(&shift.stage) {
            weights(service, shifting, shift, shift.production)
        } else {
            Vec::new()
        },
        details: run.details.clone(),
        timeout: LONGEST_CALL,
    };
    settle(world, key, place, HookState::Called(execution), &format!("calls {function}"));
    world.want(Effect::InvokeHook(Box::new(call)));
}

fn weights(service: &Service, green: usize, shift: &TrafficShift, share: Percent) -> Vec<(String, Percent)> {
    let arn = |id: &str| revision_of(service, id).arn.to_string();
    let green = (arn(&service.deployments[green].id), share);
    let blue = shift.source.as_ref().map(|id| (arn(id), share.rest()));
    [green].into_iter().chain(blue).collect()
}

/// What the deployment called `id` is made of.
fn revision_of<'a>(service: &'a Service, id: &str) -> &'a ServiceRevision {
    service.revision_of(id).expect("every deployment that ECS makes has its revision recorded")
}

fn may_call(world: &mut World, function: &str, role: Option<&str>) -> Result<(), String> {
    let Some(role) = role else { return Ok(()) };
    let caller = world.assume_for_service(role, "ecs.amazonaws.com", SESSION);
    let caller = caller.map_err(|_| format!("ECS was unable to assume role {role}"))?;
    let allowed = world.decide(&caller, &Access::new("lambda:InvokeFunction", function));
    let denied = |denial| format!("ECS was unable to invoke hook target {function} due to {denial}");
    allowed.map(drop).map_err(denied)
}

/// The function called in `execution` has answered, or could not be called. An answer that nobody waits for any more is let go.
pub(in crate::ecs) fn answered(world: &mut World, execution: &str, answer: HookAnswer) {
    let waiting = |run: &HookRun| matches!(&run.state, HookState::Called(call) if call == execution);
    let Some((key, place)) = find(world, waiting) else { return };
    let told = run_mut(world, &key, place).and_then(|run| run.told);
    world.follow(told);
    let Some(function) = run_mut(world, &key, place).map(|run| match &run.hook.target {
        HookTarget::Lambda { function, .. } => function.clone(),
        HookTarget::Pause => String::new(),
    }) else {
        return;
    };
    let (state, message) = match answer {
        HookAnswer::Succeeded => (HookState::Succeeded, "it answered SUCCEEDED".to_owned()),
        HookAnswer::Failed => {
            let why = format!("Lifecycle hook target {function} returned FAILED status.");
            (HookState::Failed(why), "it answered FAILED".to_owned())
        }
        HookAnswer::InProgress { call_back, details } => {
            let cap = world.timing.call_back_cap;
            let asked = call_back.unwrap_or(CALL_BACK);
            let wait = cap.map_or(asked, |cap| cap.min(asked));
            if let Some(run) = run_mut(world, &key, place).filter(|_| details.is_some()) {
                run.details = details;
            }
            let message = format!("it answered IN_PROGRESS and is called again in {} s", wait.as_secs_f64());
            (HookState::Due(world.now + wait), message)
        }
        HookAnswer::Broken(why) => {
            let text =
                format!("ECS was unable to parse the response from {function} due to HookStatus must not be null");
            (HookState::Failed(text), why)
        }
    };
    settle(world, &key, place, state, &message);
    poke(world, &key);
}

/// Somebody decides on the hook called `id` of the service called `key`, which waits for that. Answers whether it does.
pub(in crate::ecs) fn resume(world: &mut World, key: &ServiceKey, id: &str, action: HookAction) -> bool {
    let waiting = |run: &HookRun| run.id == id && run.state == HookState::AwaitingAction;
    let Some((_, place)) = find(world, waiting).filter(|(of, _)| of == key) else { return false };
    let message = format!("ContinueServiceDeployment: {}", action.as_str());
    settle(world, key, place, HookState::Succeeded, &message);
    if action == HookAction::RollBack {
        super::advance::ask_rollback(world, key, Cause::Stage(message), StopKind::Rollback);
    }
    poke(world, key);
    true
}

/// The hook at `place` comes into `state`.
pub(super) fn settle(world: &mut World, key: &ServiceKey, place: usize, state: HookState, message: &str) {
    if let Some(run) = run_mut(world, key, place) {
        run.state = state;
        record_hook(world, key, place, message);
    }
}

fn find(world: &World, is_it: impl Fn(&HookRun) -> bool) -> Option<(ServiceKey, usize)> {
    world.ecs.services.iter().find_map(|(key, service)| {
        let shift = service.deployments[service.shifting()?].shift.as_ref()?;
        shift.hooks.iter().position(&is_it).map(|place| (key.clone(), place))
    })
}

pub(super) fn run_mut<'a>(world: &'a mut World, key: &ServiceKey, place: usize) -> Option<&'a mut HookRun> {
    let service = world.ecs.services.get_mut(key)?;
    let shifting = service.shifting()?;
    service.deployments[shifting].shift.as_mut()?.hooks.get_mut(place)
}
