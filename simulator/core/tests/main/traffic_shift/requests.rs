//! Deployments that somebody stops or that an alarm ends, and what DescribeServiceDeployments tells of a shift (facts 2.2 to 2.4).

use simulator_core::ecs::service::{
    Alarms, Cause, LifecycleStage, MonitorStatus, RolloutState, ServiceDeployment, Shifting, StopKind,
};
use simulator_core::ecs::{
    AlarmState, DescribeServiceDeployments, ServiceDeploymentStatus as Status, StopServiceDeployment, UpdateService,
};
use simulator_core::observation::HookAnswer;
use simulator_core::{Observation, Refusal, Timing};

use super::rollback::assert_back;
use super::scene::*;
use crate::virtual_time::{Account, Behaviour, Deploy, container, secs};

use LifecycleStage as Stage;

/// Every stage before CLEAN_UP of a deployment that nothing was left behind for.
const STAGES: [Stage; 9] = [
    Stage::PreScaleUp,
    Stage::ScaleUp,
    Stage::PostScaleUp,
    Stage::TestTrafficShift,
    Stage::PostTestTrafficShift,
    Stage::PreProductionTrafficShift,
    Stage::ProductionTrafficShift,
    Stage::PostProductionTrafficShift,
    Stage::BakeTime,
];

fn latest(account: &Account) -> &ServiceDeployment {
    account.service().history.last().expect("a service has had a deployment")
}

fn stop(account: &mut Account, kind: StopKind) -> Result<simulator_core::Arn, Refusal> {
    let arn = latest(account).arn.to_string();
    account.call(StopServiceDeployment { arn, kind })
}

fn ring(account: &mut Account, state: AlarmState) {
    let now = account.world.now();
    account.world.observe(now, Observation::AlarmChanged { alarm: "errors".to_owned(), state });
}

/// A service with an alarm, whose new deployment has just come into `stage` and stays a minute in every stage that takes functions; and
/// the ids of its old and its new deployment.
fn held_in(stage: Stage, shifting: &Shifting, rollback: bool) -> (Account, String, String) {
    let takers: Vec<Stage> = Stage::ALL.into_iter().filter(|stage| stage.takes_functions()).collect();
    let shifting = Shifting { hooks: vec![function(&takers)], ..shifting.clone() };
    let mut account = serving(Timing::aws(), &shifting, Behaviour::healthy());
    account.driver.script_function(FUNCTION, vec![(secs(60), HookAnswer::Succeeded)]);
    let alarms = Alarms { names: vec!["errors".to_owned()], enable: true, rollback };
    account.update(UpdateService { alarms: Some(alarms), ..UpdateService::default() });
    account.until_steady();
    let old = account.service().primary().id.clone();
    let new = account.deploy();
    // An alarm that rings before the scheduler takes the deployment up is ignored.
    account.until("it is in the stage", 4 * HOUR, |account| {
        super::scene::stage(account) == Some(stage.as_str()) && latest(account).status == Status::InProgress
    });
    (account, old, new)
}

/// What has ended a deployment early, and whether the requests go back.
fn end(account: &mut Account, cause: &Cause) {
    match cause {
        Cause::Request => {
            stop(account, StopKind::Rollback).expect("it is under way");
            assert_eq!(latest(account).status, Status::RollbackRequested);
        }
        Cause::Alarm => ring(account, AlarmState::Alarm),
        Cause::Breaker | Cause::Stage(_) => panic!("nobody can ask for {cause:?}"),
    }
}

/// A request and an alarm take everything back from every stage before CLEAN_UP, whatever the strategy, and the attempt says so.
#[test]
fn a_request_and_an_alarm_take_everything_back_from_every_stage() {
    for stage in STAGES {
        for shifting in [blue_green(), linear(500, 1), canary(50, 1)] {
            for cause in [Cause::Request, Cause::Alarm] {
                let what = format!("{cause:?} in {} of {:?}", stage.as_str(), shifting.strategy);
                let (mut account, old, new) = held_in(stage, &shifting, true);
                end(&mut account, &cause);
                account.until("it goes back", secs(10), |account| latest(account).rollback.is_some());
                assert_eq!(latest(&account).reason.as_deref(), Some(cause.rolled_back()), "{what}");
                if stage == Stage::PreScaleUp {
                    // There is nothing yet to take back.
                    assert_eq!(latest(&account).status, Status::RollbackSuccessful, "{what}");
                } else {
                    assert_eq!(latest(&account).status, Status::RollbackInProgress, "{what}");
                    assert_eq!(
                        account.service().primary().reason,
                        cause.rolling_back(&old, &simulator_core::ecs::Rules::default()),
                        "{what}"
                    );
                }
                until_over(&mut account);
                account.until_steady();
                assert_back(&account, &old, &what);
                let attempt = latest(&account);
                assert_eq!((attempt.status, &attempt.deployment), (Status::RollbackSuccessful, &new), "{what}");
                let back = attempt.rollback.as_ref().map(|rollback| rollback.revision.clone());
                assert_eq!(back, account.service().revision_of(&old).map(|revision| revision.arn.clone()), "{what}");
                let rang = cause == Cause::Alarm;
                assert_eq!(attempt.alarms.status == MonitorStatus::Triggered, rang, "{what}");
                assert_eq!(!attempt.alarms.triggered.is_empty(), rang, "{what}");
                assert_eq!(stages(&account, &new).last().map(String::as_str), Some("back CLEAN_UP 0/0"), "{what}");
            }
        }
    }
}

/// An aborted deployment stays as it is: requests go where they went, and nothing more is started. So does one that an alarm fails which
/// is not to roll back. The next deployment goes through all the same.
#[test]
fn without_a_rollback_everything_stays_where_it_is() {
    for stage in [Stage::ScaleUp, Stage::TestTrafficShift, Stage::ProductionTrafficShift, Stage::BakeTime] {
        for cause in [Cause::Request, Cause::Alarm] {
            let what = format!("{cause:?} in {}", stage.as_str());
            let (mut account, _, new) = held_in(stage, &linear(500, 1), false);
            let before = weights(&account);
            match cause {
                Cause::Request => drop(stop(&mut account, StopKind::Abort).expect("it is under way")),
                Cause::Alarm | Cause::Breaker | Cause::Stage(_) => ring(&mut account, AlarmState::Alarm),
            }
            account.until("it has stopped", secs(30), |account| latest(account).status == Status::Stopped);
            let (launched, at) = (account.world.ecs().tasks().len(), account.world.now());
            while account.world.now() < at + HOUR && account.driver.step(&mut account.world) {}
            assert_eq!((weights(&account), account.service().shifting()), (before, None), "{what}");
            let primary = account.service().primary();
            assert_eq!((&primary.id, primary.rollout_state), (&new, RolloutState::Failed), "{what}");
            assert_eq!(account.world.ecs().tasks().len(), launched, "nothing is started after FAILED: {what}");
            assert_eq!(latest(&account).reason.as_deref(), Some(cause.stopped().as_str()), "{what}");
            assert_eq!((latest(&account).rollback.clone(), latest(&account).stopped_at.is_some()), (None, true));
            assert_eq!(revisions(&account).iter().filter(|revision| **revision == 1).count(), 2, "{what}");

            ring(&mut account, AlarmState::Ok);
            account.register(vec![container("app", "app:3")]);
            account.deploy();
            until_over(&mut account);
            account.until_steady();
            assert_eq!((revisions(&account), latest(&account).status), (vec![3, 3], Status::Successful), "{what}");
        }
    }
}

/// What is cleaned up has nothing to go back to: a request is a conflict, an alarm is too late, and neither holds the end up.
#[test]
fn from_clean_up_on_a_deployment_can_only_succeed() {
    let (mut account, _, new) = held_in(Stage::CleanUp, &blue_green(), true);
    let refused = stop(&mut account, StopKind::Rollback).expect_err("it is too late");
    let Refusal::Fault { code, message, .. } = refused else { panic!("not refused by the service: {refused}") };
    assert_eq!(code, "ConflictException", "{message}");
    ring(&mut account, AlarmState::Alarm);
    until_over(&mut account);
    let gone = account.world.now();
    assert_eq!((latest(&account).status, &account.service().primary().id), (Status::Successful, &new));
    assert_eq!(latest(&account).alarms.status, MonitorStatus::MonitoringComplete);
    let finished = latest(&account).finished_at.expect("it is over");
    assert_eq!(finished, gone, "alarms have had the bake time and get no other");
    account.until_steady();
    assert_eq!(revisions(&account), [2, 2]);
}

/// The old tasks are going already, and so a deployment made meanwhile finds the newer revision serving.
#[test]
fn a_deployment_made_in_clean_up_takes_over_from_the_one_that_serves() {
    let (mut account, _, _) = held_in(Stage::CleanUp, &blue_green(), true);
    let (production, _) = weights(&account);
    account.deploy();
    assert_eq!(weights(&account).0, production, "production's requests stay with those that can answer them");
    until_over(&mut account);
    assert_eq!(account.service().primary().rollout_state, RolloutState::Completed);
}

/// With nobody who served before, a request for a rollback ends in STOPPED.
#[test]
fn a_first_deployment_can_only_be_stopped() {
    let mut account = account(Timing::aws(), 7);
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy { shifting: blue_green(), ..Deploy::default() });
    account.until("it scales up", HOUR, |account| stage(account) == Some("SCALE_UP"));
    stop(&mut account, StopKind::Rollback).expect("it is under way");
    account.until("it has stopped", secs(30), |account| latest(account).status == Status::Stopped);
    assert_eq!(latest(&account).reason.as_deref(), Some(Cause::Request.stopped().as_str()));
    assert_eq!(account.service().primary().rollout_state, RolloutState::Failed);
}

/// The attempt tells the stage at every moment, and which it ended in; a rolling one tells none.
#[test]
fn an_attempt_tells_its_stage() {
    let mut account = serving(Timing::aws(), &linear(500, 1), Behaviour::healthy());
    let new = account.deploy();
    let mut told: Vec<&'static str> = Vec::new();
    while account.service().primary().rollout_state == RolloutState::InProgress {
        let arn = latest(&account).arn.to_string();
        let (found, missing) = account.must(DescribeServiceDeployments { arns: vec![arn] });
        assert_eq!((found.len(), missing.len()), (1, 0));
        let shown = latest(&account).lifecycle_stage;
        assert_eq!(shown, account.service().primary().lifecycle_stage());
        told.extend(shown.filter(|stage| told.last() != Some(stage)));
        assert!(account.driver.step(&mut account.world), "it ends");
    }
    let moments: Vec<&str> = entered(&account, &new).iter().map(|(stage, _)| *stage).collect();
    let mut rest = moments.iter();
    assert!(told.iter().all(|stage| rest.any(|entered| entered == stage)), "{told:?} of {moments:?}");
    assert_eq!(told.last(), Some(&"CLEAN_UP"));
    assert_eq!((latest(&account).status, latest(&account).lifecycle_stage), (Status::Successful, Some("CLEAN_UP")));
    assert_eq!(latest(&account).breaker.status, MonitorStatus::Disabled, "the circuit breaker is for rolling ones");

    let mut account = Account::new(Timing::aws());
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy::default());
    account.until_steady();
    assert_eq!(latest(&account).lifecycle_stage, None);
}

/// Each revision's shares of test and production requests, as far as they are asked for; a rolling deployment has none.
#[test]
fn an_attempt_tells_how_requests_are_shared() {
    let shares = |account: &Account| {
        let (target, sources) = account.world.ecs().summaries(account.service(), latest(account));
        let revisions = target.into_iter().chain(sources).map(|revision| revision.weights);
        let words = revisions
            .map(|weights| weights.map_or("-".to_owned(), |(test, production)| format!("{test}/{production}")));
        words.collect::<Vec<_>>().join(" ")
    };
    let mut account = serving(Timing::aws(), &linear(500, 1), Behaviour::healthy());
    account.deploy();
    let mut told = vec![shares(&account)];
    while account.service().primary().rollout_state == RolloutState::InProgress {
        assert!(account.driver.step(&mut account.world), "it ends");
        told.push(shares(&account));
    }
    told.dedup();
    assert_eq!(told, ["0/0 100/100", "100/50 0/50", "100/100 0/0"]);

    let mut account = Account::new(Timing::aws());
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy::default());
    assert_eq!(shares(&account), "-");
}

/// What a function refuses is told as the attempt's reason, in the words that its failed deployment has.
#[test]
fn an_attempt_that_a_function_fails_tells_why() {
    let shifting = Shifting { hooks: vec![function(&[Stage::PostTestTrafficShift])], ..blue_green() };
    let mut account = serving(Timing::aws(), &shifting, Behaviour::healthy());
    account.driver.script_function(FUNCTION, vec![(secs(1), HookAnswer::Failed)]);
    account.deploy();
    until_over(&mut account);
    account.until_steady();
    let reason = failures(&account).pop().map(|(_, reason)| reason);
    assert!(
        reason.as_ref().is_some_and(|reason| reason.starts_with("Service deployment rolled back because POST_TEST"))
    );
    assert_eq!(
        (latest(&account).status, latest(&account).reason.clone()),
        (Status::RollbackSuccessful, reason.clone())
    );
    assert_eq!(latest(&account).rollback.as_ref().map(|rollback| rollback.reason.clone()), reason);
}
