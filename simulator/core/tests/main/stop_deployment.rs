//! StopServiceDeployment: ending a deployment that neither the circuit breaker nor anything else ends (facts 2.3).

use simulator_core::ecs::service::{CircuitBreaker, MonitorStatus, RolloutState, ServiceDeployment, StopKind};
use simulator_core::ecs::{ServiceDeploymentStatus as Status, StopServiceDeployment, Task};
use simulator_core::{Refusal, Timing};

use crate::virtual_time::{Account, Behaviour, Deploy, container, secs};

const HOUR: std::time::Duration = secs(3600);

/// A service of two tasks of `app:1` without a circuit breaker, in the middle of a deployment of `app:2` that never ends by itself,
/// and the id of its first deployment.
fn under_way() -> (Account, String) {
    let mut account = Account::new(Timing::aws());
    account.driver.script("app:2", Behaviour::exiting(secs(60), 1));
    account.register(vec![container("app", "app:1")]);
    let breaker = CircuitBreaker::default();
    account.create_service(&Deploy { breaker, minimum: 50, maximum: 150, ..Deploy::default() });
    account.until_steady();
    let first = account.service().primary().id.clone();
    account.register(vec![container("app", "app:2")]);
    account.deploy();
    account.until("new tasks run", HOUR, |account| tasks(account, 2).any(|task| task.started_at.is_some()));
    (account, first)
}

fn tasks(account: &Account, revision: u32) -> impl Iterator<Item = &Task> {
    account.world.ecs().tasks_of(account.service()).filter(move |task| task.definition.revision == revision)
}

fn latest(account: &Account) -> &ServiceDeployment {
    account.service().history.last().expect("a service has had a deployment")
}

fn stop(account: &mut Account, kind: StopKind) -> Result<simulator_core::Arn, Refusal> {
    let arn = latest(account).arn.to_string();
    account.call(StopServiceDeployment { arn, kind })
}

/// Nothing is configured to roll back, and the old deployment comes back all the same, under its own id.
#[test]
fn a_rollback_can_be_had_without_being_configured() {
    let (mut account, first) = under_way();
    let arn = stop(&mut account, StopKind::Rollback).expect("it is under way");
    assert_eq!((arn, latest(&account).status), (latest(&account).arn.clone(), Status::RollbackRequested));
    account.until("it is being rolled back", secs(10), |account| latest(account).status == Status::RollbackInProgress);
    let back = account.service().primary();
    assert_eq!((&back.id, back.rollout_state), (&first, RolloutState::InProgress));
    account.until_steady();
    assert_eq!(latest(&account).status, Status::RollbackSuccessful);
    assert_eq!(latest(&account).breaker.status, MonitorStatus::Disabled);
    assert_eq!((tasks(&account, 1).count(), tasks(&account, 2).count()), (2, 0));
    assert!(latest(&account).rollback.as_ref().is_some_and(|back| !back.reason.contains("breaker")));
    let said: Vec<&str> = account.service().events.iter().map(|event| event.message.as_str()).collect();
    assert!(said.contains(&format!("(service news-api) rolling back to deployment {first}.").as_str()), "{said:#?}");
    assert!(!said.iter().any(|message| message.contains("deployment failed")), "{said:#?}");
}

/// Nothing comes back, and nothing more of the new one is started.
#[test]
fn an_aborted_deployment_stays_as_it_is() {
    let (mut account, first) = under_way();
    let second = account.service().primary().id.clone();
    stop(&mut account, StopKind::Abort).expect("it is under way");
    assert_eq!(latest(&account).status, Status::StopRequested);
    account.until("it has stopped", secs(30), |account| latest(account).status == Status::Stopped);
    let launched = account.world.ecs().tasks().len();
    let at = account.world.now();
    while account.world.now() < at + HOUR && account.driver.step(&mut account.world) {}
    let service = account.service();
    assert_eq!((&service.primary().id, service.primary().rollout_state), (&second, RolloutState::Failed));
    assert_eq!(account.world.ecs().tasks().len(), launched, "nothing is started after FAILED");
    assert!(
        tasks(&account, 1).any(|task| task.origin.started_by.as_deref() == Some(first.as_str())),
        "what served goes on serving"
    );
    assert_eq!((latest(&account).rollback.clone(), latest(&account).stopped_at.is_some()), (None, true));
}

/// One that ends already goes on doing so; one that has ended is a conflict; one that nobody made is not found.
#[test]
fn what_has_ended_cannot_be_stopped() {
    let (mut account, _) = under_way();
    let superseded = latest(&account).arn.to_string();
    for _ in 0..2 {
        stop(&mut account, StopKind::Rollback).expect("it goes on rolling back");
        assert_eq!(latest(&account).status, Status::RollbackRequested);
    }
    account.until("it is being rolled back", secs(10), |account| latest(account).status == Status::RollbackInProgress);
    stop(&mut account, StopKind::Abort).expect("it goes on rolling back");
    assert_eq!(latest(&account).status, Status::RollbackInProgress);
    account.until_steady();
    let code = |answer: Result<simulator_core::Arn, Refusal>| match answer {
        Err(Refusal::Fault { code, .. }) => code,
        other => panic!("not refused by the service: {other:?}"),
    };
    assert_eq!(code(stop(&mut account, StopKind::Rollback)), "ConflictException");
    for (arn, expected) in [
        (format!("{superseded}x"), "ServiceDeploymentNotFoundException"),
        (superseded.replace("news-api", "none"), "ServiceDeploymentNotFoundException"),
        ("news-api".to_owned(), "InvalidParameterException"),
    ] {
        assert_eq!(code(account.call(StopServiceDeployment { arn, kind: StopKind::Rollback })), expected);
    }
}

/// With nothing to go back to, the request ends in STOPPED.
#[test]
fn a_first_deployment_can_only_be_stopped() {
    let mut account = Account::new(Timing::aws());
    account.driver.script("app:1", Behaviour::exiting(secs(60), 1));
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy { breaker: CircuitBreaker::default(), ..Deploy::default() });
    stop(&mut account, StopKind::Rollback).expect("it is under way");
    account.until("it has stopped", secs(30), |account| latest(account).status == Status::Stopped);
    assert_eq!(account.service().primary().rollout_state, RolloutState::Failed);
}

/// A deployment that is made before the scheduler has heard of the request takes the place of the one to be stopped.
#[test]
fn a_newer_deployment_is_not_stopped_by_an_earlier_request() {
    for kind in [StopKind::Rollback, StopKind::Abort] {
        let (mut account, _) = under_way();
        let place = account.service().history.len() - 1;
        stop(&mut account, kind).expect("it is under way");
        account.register(vec![container("app", "app:3")]);
        account.deploy();
        account.until_steady();
        let outcomes: Vec<Status> = account.service().history[place..].iter().map(|attempt| attempt.status).collect();
        assert_eq!(outcomes, [Status::Stopped, Status::Successful], "{kind:?}");
        assert_eq!(tasks(&account, 3).count(), 2);
    }
}
