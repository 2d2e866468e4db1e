//! Hooks: every result of a function, pauses, and their timeouts.

use simulator_core::ecs::ContinueServiceDeployment;
use simulator_core::ecs::service::{HookAction, HookState, LifecycleHook, LifecycleStage, RolloutState, Shifting};
use simulator_core::observation::HookAnswer;
use simulator_core::{Refusal, Timing, invariant};

use super::scene::*;
use crate::virtual_time::{Account, Behaviour, secs};

use LifecycleStage::{
    PostTestTrafficShift, PreProductionTrafficShift, PreScaleUp, ProductionTrafficShift, TestTrafficShift,
};

fn with(hooks: Vec<LifecycleHook>) -> Shifting {
    Shifting { hooks, ..blue_green() }
}

fn answering(answers: &[HookAnswer], hooks: Vec<LifecycleHook>) -> Account {
    let mut account = serving(Timing::aws(), &with(hooks), Behaviour::healthy());
    let answers = answers.iter().map(|answer| (secs(3), answer.clone())).collect();
    account.driver.script_function(FUNCTION, answers);
    account
}

fn in_progress(call_back: Option<u64>, details: Option<&str>) -> HookAnswer {
    HookAnswer::InProgress { call_back: call_back.map(secs), details: details.map(str::to_owned) }
}

/// The reason that AWS would give for the end of the last deployment that failed.
fn reason(account: &Account) -> String {
    failures(account).pop().expect("a deployment failed").1
}

/// One table of what a function can answer and what becomes of the deployment.
#[test]
fn every_answer_of_a_function_has_its_consequence() {
    let unparsed = format!("ECS was unable to parse the response from {FUNCTION} due to HookStatus must not be null");
    for (answers, failure) in [
        (vec![HookAnswer::Succeeded], None),
        (vec![in_progress(None, None), in_progress(Some(5), None), HookAnswer::Succeeded], None),
        (vec![HookAnswer::Failed], Some(format!("Lifecycle hook target {FUNCTION} returned FAILED status."))),
        (
            vec![in_progress(None, None), HookAnswer::Failed],
            Some(format!("Lifecycle hook target {FUNCTION} returned FAILED status.")),
        ),
        (vec![HookAnswer::Broken("no stand-in is given".to_owned())], Some(unparsed)),
    ] {
        let mut account = answering(&answers, vec![function(&[PostTestTrafficShift])]);
        let old = account.service().primary().id.clone();
        let new = account.deploy();
        until_over(&mut account);
        assert_eq!(account.driver.calls.len(), answers.len(), "{answers:?}");
        assert_eq!(invariant::trace(account.world.events()), Ok(()), "each answer follows from its call: {answers:?}");
        match failure {
            None => assert_eq!(account.service().primary().id, new),
            Some(why) => {
                assert_eq!(account.service().primary().id, old);
                let start = "Service deployment rolled back because POST_TEST_TRAFFIC_SHIFT lifecycle hook(s) failed. ";
                assert_eq!(reason(&account), format!("{start}{why}"));
            }
        }
    }
}

/// A function is called again after the delay that it asks for, 30 seconds by default, with the details that it gave back.
#[test]
fn a_function_in_progress_is_called_again() {
    let answers = [in_progress(None, Some(r#"{"n":1}"#)), in_progress(Some(100), None), HookAnswer::Succeeded];
    for (timing, waits) in [(Timing::aws(), [30, 100]), (Timing::rehearsal(), [1, 1])] {
        let mut hook = function(&[PreScaleUp]);
        if let simulator_core::ecs::service::HookTarget::Lambda { details, .. } = &mut hook.target {
            *details = Some(r#"{"n":0}"#.to_owned());
        }
        let period = timing.scheduler_period;
        let mut account = serving(timing, &with(vec![hook]), Behaviour::healthy());
        account.driver.script_function(FUNCTION, answers.iter().map(|it| (secs(3), it.clone())).collect());
        account.deploy();
        until_over(&mut account);
        let details: Vec<_> =
            account.driver.calls.iter().map(|call| call.details.clone().unwrap_or_default()).collect();
        assert_eq!(details, [r#"{"n":0}"#, r#"{"n":1}"#, r#"{"n":1}"#]);
        let called = account.driver.wanted.iter();
        let called = called.filter(|(_, effect)| matches!(effect, simulator_core::Effect::InvokeHook(_)));
        let at: Vec<_> = called.map(|(at, _)| *at).collect();
        for (pair, wait) in at.windows(2).zip(waits) {
            let between = pair[1].since(pair[0]);
            assert!(between >= secs(3 + wait) && between <= secs(3 + wait) + 2 * period, "{between:?} for {wait}");
        }
        let executions: std::collections::BTreeSet<_> =
            account.driver.calls.iter().map(|call| &call.execution).collect();
        assert_eq!(executions.len(), 3, "each call is one execution");
    }
}

/// What the function is told: the weights where requests shift, and nothing of them elsewhere (lambda-lifecycle-hooks).
#[test]
fn a_function_is_told_where_requests_go() {
    let stages =
        [PreScaleUp, TestTrafficShift, PostTestTrafficShift, PreProductionTrafficShift, ProductionTrafficShift];
    let shifting = Shifting { hooks: vec![function(&stages)], ..canary(50, 1) };
    let mut account = serving(Timing::aws(), &shifting, Behaviour::healthy());
    account.driver.script_function(FUNCTION, vec![(secs(1), HookAnswer::Succeeded)]);
    let id = account.deploy();
    until_over(&mut account);
    let told = account.driver.calls.iter().map(|call| {
        let share = |weights: &[(String, simulator_core::ecs::service::Percent)]| {
            weights.iter().map(|(_, share)| share.to_string()).collect::<Vec<_>>().join("+")
        };
        assert!(call.target.ends_with(id.trim_start_matches("ecs-svc/")), "{}", call.target);
        assert!(call.production.iter().chain(&call.test).take(1).all(|(revision, _)| *revision == call.target));
        format!("{} {}/{}", call.stage, share(&call.production), share(&call.test))
    });
    let expected = [
        "PRE_SCALE_UP /",
        "TEST_TRAFFIC_SHIFT /100+0",
        "POST_TEST_TRAFFIC_SHIFT /",
        "PRE_PRODUCTION_TRAFFIC_SHIFT 0+100/",
        "PRODUCTION_TRAFFIC_SHIFT 5+95/",
        "PRE_PRODUCTION_TRAFFIC_SHIFT 5+95/",
        "PRODUCTION_TRAFFIC_SHIFT 100+0/",
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

fn waiting(account: &Account) -> Option<(String, String)> {
    let service = account.service();
    let deployment = &service.deployments[service.shifting()?];
    let run = deployment.traffic_shift()?.hooks().iter().find(|run| run.state == HookState::AwaitingAction)?;
    Some((service.attempt_at(&deployment.id)?.arn.to_string(), run.id.clone()))
}

/// A pause lasts until somebody decides, or for its timeout.
#[test]
fn a_pause_waits_for_a_decision() {
    for (decision, on_timeout, goes_on) in [
        (Some(HookAction::Continue), HookAction::RollBack, true),
        (Some(HookAction::RollBack), HookAction::Continue, false),
        (None, HookAction::Continue, true),
        (None, HookAction::RollBack, false),
    ] {
        let hook = LifecycleHook { timeout_minutes: 90, timeout_action: on_timeout, ..pause(&[PostTestTrafficShift]) };
        let mut account = serving(Timing::aws(), &with(vec![hook]), Behaviour::healthy());
        let old = account.service().primary().id.clone();
        let new = account.deploy();
        account.until("it waits", HOUR, |account| waiting(account).is_some());
        let (service_deployment, hook) = waiting(&account).expect("it waits");
        assert!(hook.starts_with("ecs-pause-"));
        let since = account.world.now();
        if let Some(action) = decision {
            account.must(ContinueServiceDeployment { service_deployment, hook, action });
        }
        account.until("it goes somewhere", 3 * HOUR, |account| stage(account) != Some("POST_TEST_TRAFFIC_SHIFT"));
        let waited = account.world.now().since(since);
        assert!(if decision.is_some() { waited <= secs(10) } else { waited >= secs(90 * 60) }, "{waited:?}");
        until_over(&mut account);
        assert_eq!(account.service().primary().id, if goes_on { new } else { old });
        if !goes_on && decision.is_none() {
            let timed_out = "Service deployment rolled back because POST_TEST_TRAFFIC_SHIFT pause hook timed out.";
            assert_eq!(reason(&account), timed_out);
        }
    }
}

/// Both kinds of hook in one stage have to end; a function that never answers is given up after its timeout.
#[test]
fn all_hooks_of_a_stage_have_to_end() {
    let hooks = vec![function(&[PostTestTrafficShift]), pause(&[PostTestTrafficShift])];
    let mut account = answering(&[HookAnswer::Succeeded], hooks);
    let new = account.deploy();
    account.until("the function has answered", HOUR, |account| account.driver.calls.len() == 1);
    let end = account.world.now() + HOUR;
    while account.world.now() < end {
        account.driver.step(&mut account.world);
    }
    assert_eq!(stage(&account), Some("POST_TEST_TRAFFIC_SHIFT"), "the pause holds it");
    let (service_deployment, hook) = waiting(&account).expect("it waits");
    account.must(ContinueServiceDeployment { service_deployment, hook, action: HookAction::Continue });
    until_over(&mut account);
    assert_eq!(account.service().primary().id, new);

    let hook = LifecycleHook { timeout_minutes: 7, ..function(&[PreScaleUp]) };
    let mut account = answering(&[], vec![hook]);
    let old = account.service().primary().id.clone();
    account.deploy();
    until_over(&mut account);
    assert_eq!(account.service().primary().id, old);
    assert!(reason(&account).ends_with("PRE_SCALE_UP lifecycle hook(s) timed out."), "{}", reason(&account));
}

#[test]
fn only_a_pause_that_waits_can_be_continued() {
    let mut account = serving(Timing::aws(), &with(vec![pause(&[PreScaleUp])]), Behaviour::healthy());
    account.deploy();
    account.until("it waits", HOUR, |account| waiting(account).is_some());
    let (arn, id) = waiting(&account).expect("it waits");
    let right = ContinueServiceDeployment { service_deployment: arn.clone(), hook: id, action: HookAction::Continue };
    for (wrong, code, text) in [
        (
            ContinueServiceDeployment { hook: "pause".to_owned(), ..right.clone() },
            "InvalidParameterException",
            "Invalid hookId: hookId must follow the format: ecs-{hookType}-{id}",
        ),
        (
            ContinueServiceDeployment { hook: "ecs-pause-other".to_owned(), ..right.clone() },
            "InvalidParameterException",
            "Provided hookId is either completed, unavailable, or not associated with the given Resource ARN",
        ),
        (
            ContinueServiceDeployment { service_deployment: format!("{arn}0"), ..right.clone() },
            "ServiceDeploymentNotFoundException",
            "The service deployment does not exist.",
        ),
    ] {
        assert_eq!(account.call(wrong).expect_err("it is wrong"), Refusal::fault(code, text));
    }
    account.must(right.clone());
    until_over(&mut account);
    assert_eq!(account.service().primary().rollout_state, RolloutState::Completed);
    let text = "Continuing a service deployment is not allowed for service deployment in terminal states.";
    let late = account.call(right).expect_err("it is over");
    assert_eq!(late, Refusal::fault("InvalidParameterException", text));
}
