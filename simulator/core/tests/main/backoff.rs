//! Tasks that never run are started again after longer and longer waits (facts 1.5).

use std::time::Duration;

use simulator_core::ecs::UpdateService;
use simulator_core::ecs::service::CircuitBreaker;
use simulator_core::{EventKind, Timestamp, Timing};

use crate::virtual_time::{Account, Behaviour, Deploy, container, secs};

const HOUR: Duration = secs(3600);

/// A service of one task of `app:1`, without a circuit breaker, whose containers behave so.
fn service(behaviours: Vec<Behaviour>) -> Account {
    let mut account = Account::new(Timing::aws());
    account.driver.script_in_turn("app:1", behaviours);
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy { desired: 1, breaker: CircuitBreaker::default(), ..Deploy::default() });
    account
}

fn unpullable() -> Behaviour {
    Behaviour::refused("manifest unknown")
}

fn pass(account: &mut Account, time: Duration) {
    let end = account.world.now() + time;
    while account.driver.next(&mut account.world).is_some_and(|next| next < end) {
        account.driver.step(&mut account.world);
    }
    account.world.tick(end);
}

fn launched(account: &Account) -> Vec<Timestamp> {
    account.world.ecs().tasks().into_iter().map(|task| task.created_at).collect()
}

/// The seconds between a launch and the one before.
fn gaps(account: &Account) -> Vec<u64> {
    launched(account).windows(2).map(|pair| pair[1].since(pair[0]).as_secs()).collect()
}

fn said(account: &Account, words: &str) -> usize {
    let is_it = |event: &&simulator_core::Event| matches!(&event.kind, EventKind::Service { message, .. } if message.ends_with(words));
    account.world.events().iter().filter(is_it).count()
}

/// Each wait is twice the one before, up to a quarter of an hour; the scheduler takes note of an end at its next look, ten seconds after the
/// launch.
#[test]
fn the_waits_double_up_to_a_quarter_of_an_hour() {
    let mut account = service(vec![unpullable()]);
    pass(&mut account, HOUR);
    assert_eq!(gaps(&account), [70, 130, 250, 490, 910, 910]);
    assert_eq!(said(&account, "is unable to consistently start tasks successfully."), 1);
}

/// What is said of it is not repeated before six hours have passed.
#[test]
fn a_message_is_repeated_after_six_hours() {
    let words = "is unable to consistently start tasks successfully.";
    let mut account = service(vec![unpullable()]);
    account.until("it is said", HOUR, |account| said(account, words) == 1);
    pass(&mut account, 5 * HOUR + secs(3500));
    assert_eq!(said(&account, words), 1);
    pass(&mut account, HOUR);
    assert_eq!(said(&account, words), 2);
}

/// A task that runs is no reason to wait, whatever its exit code.
#[test]
fn tasks_that_run_are_not_throttled() {
    for code in [0, 1, 137] {
        let mut account = service(vec![Behaviour::exiting(Duration::ZERO, code)]);
        pass(&mut account, HOUR);
        let gaps = gaps(&account);
        assert!(gaps.len() > 300 && gaps.iter().all(|gap| *gap == 10), "{gaps:?}");
        assert_eq!(said(&account, "is unable to consistently start tasks successfully."), 0);
    }
}

/// A service shows its hundred newest events.
#[test]
fn a_hundred_events_are_shown() {
    let mut account = service(vec![Behaviour::exiting(Duration::ZERO, 1)]);
    pass(&mut account, HOUR);
    let service = account.service();
    assert_eq!(service.events.len(), 100);
    assert!(service.events.iter().is_sorted_by_key(|event| std::cmp::Reverse(event.at)), "the newest first");
    assert!(service.events[0].at + secs(10) >= account.world.now());
}

/// One that has run ends the waiting: the next that does not run is waited for as the first was.
#[test]
fn a_task_that_runs_begins_the_waits_anew() {
    let runs = Behaviour::exiting(secs(15), 1);
    let mut account = service(vec![unpullable(), unpullable(), unpullable(), runs, unpullable(), unpullable()]);
    pass(&mut account, secs(1000));
    assert_eq!(gaps(&account)[..6], [70, 130, 250, 20, 70, 130]);
}

/// A new task definition is tried at once.
#[test]
fn a_new_task_definition_is_not_throttled() {
    for force in [false, true] {
        let mut account = service(vec![unpullable()]);
        pass(&mut account, secs(1200));
        let (before, now) = (launched(&account).len(), account.world.now());
        if force {
            account.update(UpdateService { force: true, ..UpdateService::default() });
        } else {
            account.register(vec![container("app", "app:2")]);
            account.deploy();
        }
        account.until("another is launched", secs(10), |account| launched(account).len() > before);
        assert!(account.world.now().since(now) <= secs(10));
    }
}
