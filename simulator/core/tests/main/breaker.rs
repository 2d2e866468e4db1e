//! Deployments that fail: what the circuit breaker counts, when it trips, and what comes back (facts 2.1).

use simulator_core::ecs::UpdateService;
use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::ecs::service::{CircuitBreaker, RolloutState, ThresholdKind};
use simulator_core::{EventKind, Timing};

use crate::virtual_time::{Account, Behaviour, Deploy, Image, container, health_check, secs};

const HOUR: std::time::Duration = secs(3600);

fn checked(image: &str) -> Vec<ContainerDefinition> {
    vec![ContainerDefinition { health_check: Some(health_check()), ..container("app", image) }]
}

/// A service that runs `app:1` in a steady state; containers of `app:2` behave as given.
fn serving(timing: Timing, deploy: &Deploy, second: Behaviour) -> Account {
    let mut account = Account::new(timing);
    account.driver.script("app:2", second);
    account.register(checked("app:1"));
    account.create_service(deploy);
    account.until_steady();
    account
}

fn failed_tasks(account: &Account, deployment: &str) -> Option<u32> {
    account.world.events().iter().rev().find_map(|event| {
        if let EventKind::BreakerCounted { deployment: of, failures, .. } = &event.kind {
            (of == deployment).then_some(*failures)
        } else {
            None
        }
    })
}

fn launched(account: &Account, deployment: &str) -> usize {
    account.world.ecs().tasks().into_iter().filter(|task| task.origin.started_by.as_deref() == Some(deployment)).count()
}

/// However the new containers fail, the old deployment comes back under its own id, and little more is started than what is counted.
#[test]
fn every_way_of_failing_ends_in_a_rollback_to_the_old_deployment() {
    let absent = Image::Refused("manifest unknown".to_owned());
    for (what, behaviour) in [
        ("exits at once", Behaviour::exiting(secs(1), 1)),
        ("exits before it is healthy", Behaviour { healthy: None, ..Behaviour::exiting(secs(8), 1) }),
        ("is killed for its memory", Behaviour { healthy: None, ..Behaviour::out_of_memory(secs(3)) }),
        ("is never healthy", Behaviour::unhealthy()),
        ("has no image", Behaviour { image: absent, ..Behaviour::healthy() }),
        ("does not start", Behaviour { cannot_start: Some("exec format error".to_owned()), ..Behaviour::healthy() }),
    ] {
        for timing in [Timing::aws(), Timing::rehearsal()] {
            for desired in [1, 2, 5] {
                let mut account = serving(timing.clone(), &Deploy { desired, ..Deploy::default() }, behaviour.clone());
                let old = account.service().primary().id.clone();
                account.register(checked("app:2"));
                let new = account.deploy();
                account.until("the old deployment is back", HOUR, |account| {
                    account.service().primary().id == old
                        && account.service().primary().rollout_state == RolloutState::Completed
                });
                let service = account.service();
                assert_eq!(service.deployments.len(), 1, "the failed deployment leaves the list");
                assert_eq!(service.primary().definition.revision, 1);
                let counted = failed_tasks(&account, &new).expect("failures were counted");
                assert!(counted >= 3, "{what}: {counted} of {desired}");
                let extra = launched(&account, &new) as u64 - u64::from(counted);
                assert!(extra <= 2 * u64::from(desired), "{what}: {extra} more than were counted, of {desired}");
            }
        }
    }
}

/// The words of the fall and the way back, and what `describe-services` shows between the two.
#[test]
fn a_rollback_is_told_as_the_real_service_tells_it() {
    // The grace period lets the task that is started beyond the threshold live until the breaker trips.
    let deploy = Deploy { desired: 1, grace: Some(secs(60)), ..Deploy::default() };
    let mut account = serving(Timing::aws(), &deploy, Behaviour::unhealthy());
    let old = account.service().primary().id.clone();
    account.register(checked("app:2"));
    let new = account.deploy();
    account.until("it has failed", HOUR, |account| account.service().primary().id == old);
    let service = account.service();
    let (back, fallen) = (&service.deployments[0], &service.deployments[1]);
    assert_eq!(back.rollout_state, RolloutState::InProgress);
    assert_eq!(back.reason, format!("ECS deployment circuit breaker: rolling back to deploymentId {old}."));
    assert_eq!((&fallen.id, fallen.rollout_state), (&new, RolloutState::Failed));
    assert_eq!(fallen.reason, "ECS deployment circuit breaker: tasks failed to start.");
    account.until_steady();
    let messages: Vec<&str> = account.service().events.iter().rev().map(|event| event.message.as_str()).collect();
    let place = |message: String| {
        messages.iter().position(|said| **said == message).unwrap_or_else(|| panic!("{message}: {messages:#?}"))
    };
    let failed = place(format!("(service news-api) (deployment {new}) deployment failed: tasks failed to start."));
    let rolling_back = place(format!("(service news-api) rolling back to deployment {old}."));
    assert_eq!(rolling_back, failed + 1);
    let completed = format!("(service news-api) (deployment {old}) deployment completed.");
    let completed = messages.iter().rposition(|said| **said == completed).expect("the old deployment completes again");
    assert!(completed > rolling_back);
    assert_eq!(messages[completed + 1], "(service news-api) has reached a steady state.");
    let last = account.world.ecs().tasks().into_iter().rfind(|task| task.origin.started_by.as_deref() == Some(&new));
    let stop = last.and_then(|task| task.stop.clone()).expect("it was stopped");
    assert_eq!(
        stop.reason,
        format!("Scaling activity initiated by (deployment {old})"),
        "one task more than was counted is started"
    );
}

#[test]
fn the_first_deployment_has_nothing_to_go_back_to_and_stalls() {
    let mut account = Account::new(Timing::aws());
    account.driver.script("app:1", Behaviour::exiting(secs(1), 1));
    account.register(checked("app:1"));
    account.create_service(&Deploy { desired: 1, ..Deploy::default() });
    account.until("it has failed", HOUR, |account| account.service().primary().rollout_state == RolloutState::Failed);
    let started = account.world.ecs().tasks().len();
    let at = account.world.now();
    while account.world.now() < at + HOUR && account.driver.step(&mut account.world) {}
    assert_eq!(account.world.ecs().tasks().len(), started, "nothing is started after FAILED");

    account.register(checked("app:3"));
    account.deploy();
    account.until_steady();
}

/// Facts 2.1: D1 is done, D2 fails, D1 is on its way back; D3 fails meanwhile and finds nobody to go back to.
#[test]
fn a_deployment_that_is_being_rolled_back_to_is_no_target() {
    let behaviour = Behaviour::exiting(secs(1), 1);
    // The old task takes so long to go that the way back is still under way when the third deployment fails.
    let mut account =
        serving(Timing::aws(), &Deploy { desired: 1, minimum: 0, maximum: 100, ..Deploy::default() }, behaviour);
    let first = account.service().primary().id.clone();
    account.register(checked("app:2"));
    account.deploy();
    account.until("the first is on its way back", HOUR, |account| account.service().primary().id == first);
    assert_eq!(account.service().primary().rollout_state, RolloutState::InProgress);
    account.register(checked("app:2"));
    let third = account.deploy();
    account.until("the third has failed", HOUR, |account| {
        account.service().primary().rollout_state == RolloutState::Failed
    });
    assert_eq!(account.service().primary().id, third);
}

#[test]
fn without_rollback_the_old_tasks_go_on_serving() {
    let breaker = CircuitBreaker { enable: true, rollback: false, ..CircuitBreaker::default() };
    let mut account = serving(Timing::aws(), &Deploy { breaker, ..Deploy::default() }, Behaviour::exiting(secs(1), 1));
    account.register(checked("app:2"));
    let new = account.deploy();
    account.until("it has failed", HOUR, |account| account.service().primary().rollout_state == RolloutState::Failed);
    assert_eq!(account.service().primary().id, new);
    let at = account.world.now();
    while account.world.now() < at + HOUR && account.driver.step(&mut account.world) {}
    let service = account.service();
    let running = account
        .world
        .ecs()
        .tasks_of(service)
        .filter(|task| task.definition.revision == 1 && task.last_status.is_running());
    assert_eq!(running.count(), 2);
}

#[test]
fn without_a_breaker_a_failing_deployment_goes_on_for_ever() {
    let mut account = serving(
        Timing::aws(),
        &Deploy { breaker: CircuitBreaker::default(), ..Deploy::default() },
        Behaviour::exiting(secs(1), 1),
    );
    account.register(checked("app:2"));
    let new = account.deploy();
    let at = account.world.now();
    while account.world.now() < at + HOUR {
        assert!(account.driver.step(&mut account.world));
    }
    assert_eq!(account.service().primary().rollout_state, RolloutState::InProgress);
    assert!(account.service().primary().failed_tasks > 10, "they are counted all the same");
    assert!(launched(&account, &new) > 10);
}

/// Half of the tasks crash before they are healthy. Counted in a row, each healthy one starts the count anew; counted over the whole
/// deployment, three are too many.
#[test]
fn the_threshold_and_the_count_are_as_configured() {
    for (threshold, expected) in [
        ((ThresholdKind::BoundedPercent, 50), 3),
        ((ThresholdKind::Count, 5), 5),
        ((ThresholdKind::UnboundedPercent, 50), 1),
    ] {
        let breaker = CircuitBreaker { enable: true, rollback: true, threshold, ..CircuitBreaker::default() };
        let deploy = Deploy { desired: 1, breaker, ..Deploy::default() };
        let mut account =
            serving(Timing::rehearsal(), &deploy, Behaviour { healthy: None, ..Behaviour::exiting(secs(1), 1) });
        let old = account.service().primary().id.clone();
        account.register(checked("app:2"));
        let new = account.deploy();
        account.until("it has failed", HOUR, |account| account.service().primary().id == old);
        assert_eq!(failed_tasks(&account, &new), Some(expected), "{threshold:?}");
    }
}

/// The present desired count decides how many failures are too many.
#[test]
fn scaling_moves_the_threshold() {
    let breaker = CircuitBreaker { enable: true, rollback: true, ..CircuitBreaker::default() };
    let deploy = Deploy { desired: 1, breaker, ..Deploy::default() };
    let mut account = serving(Timing::aws(), &deploy, Behaviour::exiting(secs(1), 1));
    account.register(checked("app:2"));
    let new = account.deploy();
    account.until("one has failed", HOUR, |account| failed_tasks(account, &new) == Some(1));
    account.update(UpdateService { desired: Some(20), ..UpdateService::default() });
    account.until("it has failed", HOUR, |account| account.service().primary().id != new);
    let counted = failed_tasks(&account, &new).expect("failures were counted");
    assert!(counted >= 10, "half of twenty, not three: {counted}");
}

/// A role that cannot be assumed keeps tasks from being launched at all; that counts as well.
#[test]
fn tasks_that_cannot_be_launched_are_failures() {
    let mut account = serving(Timing::rehearsal(), &Deploy::default(), Behaviour::healthy());
    let old = account.service().primary().id.clone();
    account.register_with_role("nobody", checked("app:2"));
    account.deploy();
    account.until("the old deployment is back", HOUR, |account| account.service().primary().id == old);
    let said = account.service().events.iter().any(|event| {
        event
            .message
            .starts_with("(service news-api) failed to launch a task with (error ECS was unable to assume the role")
    });
    assert!(said, "{}", account.story());
}
