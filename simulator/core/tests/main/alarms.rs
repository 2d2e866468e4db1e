//! CloudWatch alarms that fail a deployment (facts 2.2).

use simulator_core::ecs::service::{Alarms, CircuitBreaker, MonitorStatus, RolloutState, ServiceDeployment};
use simulator_core::ecs::{AlarmState, ServiceDeploymentStatus as Status, UpdateService};
use simulator_core::{Observation, Refusal, Timing};

use crate::virtual_time::{Account, Behaviour, Deploy, container, secs};
use simulator_core::invariant;

const HOUR: std::time::Duration = secs(3600);

/// Rolled back when `errors` or `latency` is in ALARM.
fn alarms() -> Alarms {
    Alarms { names: vec!["errors".to_owned(), "latency".to_owned()], enable: true, rollback: true }
}

/// A service of two tasks of `app:1` with these alarms and this breaker; containers of `app:2` behave as given.
fn serving(alarms: Alarms, breaker: CircuitBreaker, second: Behaviour) -> Account {
    let mut account = Account::new(Timing::aws());
    account.driver.script("app:2", second);
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy { alarms, breaker, ..Deploy::default() });
    account.until_steady();
    account.register(vec![container("app", "app:2")]);
    account
}

fn tell(account: &mut Account, alarm: &str, state: AlarmState) {
    let now = account.world.now();
    account.world.observe(now, Observation::AlarmChanged { alarm: alarm.to_owned(), state });
}

fn latest(account: &Account) -> &ServiceDeployment {
    account.service().history.last().expect("a service has had a deployment")
}

fn until_started(account: &mut Account) {
    account.until("it is under way", secs(60), |account| latest(account).status == Status::InProgress);
}

/// The old tasks are gone: both tasks are new, and there are no others.
fn replaced(account: &Account) -> bool {
    let mut tasks = account.world.ecs().tasks_of(account.service());
    tasks.all(|task| task.definition.revision == 2)
}

#[test]
fn an_alarm_fails_the_deployment_and_the_old_one_comes_back() {
    let mut account = serving(alarms(), CircuitBreaker::default(), Behaviour::healthy());
    let first = account.service().primary().id.clone();
    let second = account.deploy();
    until_started(&mut account);
    tell(&mut account, "latency", AlarmState::Alarm);
    account.until("it is being rolled back", secs(10), |account| account.service().primary().id == first);
    let failed = &account.service().deployments[1];
    assert_eq!((&failed.id, failed.rollout_state), (&second, RolloutState::Failed));
    account.until_steady();
    assert_eq!(latest(&account).status, Status::RollbackSuccessful);
    assert_eq!(
        (latest(&account).alarms.status, latest(&account).breaker.status),
        (MonitorStatus::Triggered, MonitorStatus::Disabled)
    );
    assert_eq!(
        (&latest(&account).alarms.names, &latest(&account).alarms.triggered[..]),
        (&alarms().names, &["latency".to_owned()][..])
    );
    let said: Vec<&str> = account.service().events.iter().rev().map(|event| event.message.as_str()).collect();
    let place = |message: String| said.iter().position(|said| **said == message).expect("it was said");
    let failed = place(format!("(service news-api) (deployment {second}) deployment failed: alarm detected."));
    assert_eq!(place(format!("(service news-api) rolling back to deployment {first}.")), failed + 1);
    assert!(said.iter().all(|message| invariant::knows(message)), "{said:#?}");
}

/// What can happen to an alarm during a deployment, and whether the deployment gets through.
#[test]
fn only_an_alarm_of_the_service_that_goes_off_on_the_way_fails_it() {
    use AlarmState::{Alarm, InsufficientData, Ok};
    for (what, before, during, expected) in [
        ("another alarm", None, Some(("disk", Alarm)), Status::Successful),
        ("no data", None, Some(("errors", InsufficientData)), Status::Successful),
        ("it is well", Some(("errors", Alarm)), Some(("errors", Ok)), Status::Successful),
        ("in ALARM at the start", Some(("errors", Alarm)), None, Status::Successful),
        (
            "one in ALARM at the start silences the other",
            Some(("errors", Alarm)),
            Some(("latency", Alarm)),
            Status::Successful,
        ),
        ("goes off", Some(("errors", Ok)), Some(("errors", Alarm)), Status::RollbackSuccessful),
    ] {
        let mut account = serving(alarms(), CircuitBreaker::default(), Behaviour::healthy());
        if let Some((alarm, state)) = before {
            tell(&mut account, alarm, state);
        }
        account.deploy();
        until_started(&mut account);
        if let Some((alarm, state)) = during {
            tell(&mut account, alarm, state);
        }
        account.until("it is over", HOUR, |account| latest(account).status.is_final());
        assert_eq!(latest(&account).status, expected, "{what}");
        let silenced = before.is_some_and(|(_, state)| state == Alarm);
        assert_eq!(latest(&account).alarms.status == MonitorStatus::Disabled, silenced, "{what}");
    }
}

/// ECS asks for the alarms when it looks. What has come and gone in between it has not seen.
#[test]
fn an_alarm_that_is_over_before_ecs_looks_is_missed() {
    let mut account = serving(alarms(), CircuitBreaker::default(), Behaviour::healthy());
    account.deploy();
    until_started(&mut account);
    tell(&mut account, "errors", AlarmState::Alarm);
    tell(&mut account, "errors", AlarmState::Ok);
    account.until_steady();
    assert_eq!(latest(&account).status, Status::Successful);
}

/// The deployment is done five minutes after the last old task has gone, and can fail until then.
#[test]
fn alarms_go_on_watching_when_the_old_tasks_are_gone() {
    for rings in [false, true] {
        let mut account = serving(alarms(), CircuitBreaker::default(), Behaviour::healthy());
        account.deploy();
        account.until("the old tasks are gone", HOUR, replaced);
        let at = account.world.now();
        while account.world.next_deadline().is_some_and(|next| next < at + secs(295)) {
            assert!(account.driver.step(&mut account.world), "there is a deadline to keep");
        }
        account.world.tick(at + secs(295));
        assert_eq!(account.service().primary().rollout_state, RolloutState::InProgress);
        if rings {
            tell(&mut account, "errors", AlarmState::Alarm);
        }
        account.until("it is over", HOUR, |account| latest(account).status.is_final());
        let expected = if rings { Status::RollbackSuccessful } else { Status::Successful };
        assert_eq!(latest(&account).status, expected);
        if !rings {
            assert!(account.world.now() <= at + secs(310), "{:?}", account.world.now().since(at));
        }
        account.until_steady();
    }
}

/// A rollback is a deployment like another: an alarm that is still in ALARM at its start does not fail it.
#[test]
fn the_alarm_that_causes_a_rollback_does_not_fail_it() {
    let mut account = serving(alarms(), CircuitBreaker::default(), Behaviour::healthy());
    account.deploy();
    account.until("the old tasks are gone", HOUR, replaced);
    tell(&mut account, "errors", AlarmState::Alarm);
    account.until_steady();
    assert_eq!(latest(&account).status, Status::RollbackSuccessful);
    let mut tasks = account.world.ecs().tasks_of(account.service());
    assert!(tasks.all(|task| task.definition.revision == 1));
}

/// Breaker and alarms are both on, each with a flag of its own: that of the one which trips first counts.
#[test]
fn whichever_trips_first_decides_about_the_rollback() {
    let on = |rollback| CircuitBreaker { enable: true, rollback, ..CircuitBreaker::default() };
    for (alarm_first, alarms_roll_back, breaker_rolls_back, expected) in [
        (true, true, false, Status::RollbackSuccessful),
        (true, false, true, Status::Stopped),
        (false, true, false, Status::Stopped),
        (false, false, true, Status::RollbackSuccessful),
    ] {
        let alarms = Alarms { rollback: alarms_roll_back, ..alarms() };
        let mut account = serving(alarms, on(breaker_rolls_back), Behaviour::exiting(secs(1), 1));
        account.deploy();
        until_started(&mut account);
        if alarm_first {
            tell(&mut account, "errors", AlarmState::Alarm);
        }
        account.until("it is over", HOUR, |account| latest(account).status.is_final());
        assert_eq!(latest(&account).status, expected, "the alarm first: {alarm_first}");
        let triggered = |status| status == MonitorStatus::Triggered;
        let (alarms, breaker) = (latest(&account).alarms.status, latest(&account).breaker.status);
        assert_eq!((triggered(alarms), triggered(breaker)), (alarm_first, !alarm_first));
    }
}

#[test]
fn alarms_can_be_had_later_and_must_be_named() {
    let mut account = serving(Alarms::default(), CircuitBreaker::default(), Behaviour::healthy());
    let nameless = UpdateService {
        cluster: Some(crate::virtual_time::CLUSTER.to_owned()),
        service: "news-api".to_owned(),
        alarms: Some(Alarms { names: Vec::new(), ..alarms() }),
        ..UpdateService::default()
    };
    let refusal = account.call(nameless).expect_err("there is no alarm to heed");
    assert!(matches!(refusal, Refusal::Fault { code: "InvalidParameterException", .. }), "{refusal}");
    account.update(UpdateService { alarms: Some(alarms()), ..UpdateService::default() });
    account.deploy();
    until_started(&mut account);
    tell(&mut account, "errors", AlarmState::Alarm);
    account.until("it is over", HOUR, |account| latest(account).status.is_final());
    assert_eq!(latest(&account).status, Status::RollbackSuccessful);
}
