//! When a task counts as healthy, and for how long nothing condemns it (facts 1.2).

use std::time::Duration;

use simulator_core::Timing;
use simulator_core::ecs::UpdateService;
use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::elb::HealthCheck;

use crate::virtual_time::{Account, Behaviour, Deploy, container, health_check, secs};

const NEVER: Option<Duration> = None;

/// A service of one task, with a load balancer and a health check or without, whose container behaves so. It has a circuit breaker that
/// nothing trips.
fn service(balanced: bool, checked: bool, behaviour: Behaviour, grace: Option<Duration>, desired: u32) -> Account {
    let mut account = Account::new(Timing::aws());
    if balanced {
        let check = HealthCheck { interval: secs(10), timeout: secs(5), ..HealthCheck::default() };
        account = account.with_load_balancer(check);
    }
    account.driver.script("app:1", behaviour);
    let check = checked.then(health_check);
    account.register(vec![ContainerDefinition { health_check: check, ..container("app", "app:1") }]);
    account.create_service(&Deploy { desired, grace, ..Deploy::default() });
    account
}

fn pass(account: &mut Account, time: Duration) {
    let end = account.world.now() + time;
    while account.driver.next(&mut account.world).is_some_and(|next| next < end) {
        account.driver.step(&mut account.world);
    }
    account.world.tick(end);
}

/// The four rows of the facts' table, with containers that pass one check, both, or none: seconds from RUNNING to counting as healthy, at the
/// earliest. The checks, the agent's report every 20 s and the scheduler's look every 10 s add up to 40 s at most.
#[test]
fn what_counts_as_healthy_depends_on_what_is_checked() {
    for (balanced, checked, healthy, serves, least) in [
        // Forty seconds, whatever the container does.
        (false, false, NEVER, NEVER, Some(40)),
        (false, false, Some(secs(90)), Some(secs(90)), Some(40)),
        // The health check alone.
        (false, true, Some(secs(60)), NEVER, Some(60)),
        (false, true, NEVER, Some(secs(60)), None),
        // The target group alone.
        (true, false, NEVER, Some(secs(60)), Some(60)),
        (true, false, Some(secs(60)), NEVER, None),
        // Both.
        (true, true, Some(secs(60)), Some(secs(120)), Some(120)),
        (true, true, Some(secs(120)), Some(secs(60)), Some(120)),
        (true, true, NEVER, Some(secs(60)), None),
        (true, true, Some(secs(60)), NEVER, None),
    ] {
        let behaviour = Behaviour { healthy, serves, ..Behaviour::healthy() };
        let mut account = service(balanced, checked, behaviour, Some(secs(7200)), 1);
        pass(&mut account, secs(3600));
        let tasks = account.world.ecs().tasks();
        let waited = tasks[0].proved_at.map(|proved| proved.since(tasks[0].started_at.expect("it ran")).as_secs());
        // A target that was unhealthy has to pass five checks in a row.
        let most = if balanced { 70 } else { 40 };
        let what =
            format!("balanced {balanced}, checked {checked}, healthy {healthy:?}, serves {serves:?}: {waited:?}");
        match least {
            Some(least) => assert!(waited.is_some_and(|waited| (least..=least + most).contains(&waited)), "{what}"),
            None => assert_eq!(waited, None, "{what}"),
        }
        assert_eq!(tasks.len(), 1, "nothing is replaced within the grace period");
    }
}

/// Within the grace period nobody is stopped for failing any check, and after it at the next look.
#[test]
fn the_grace_period_excuses_every_check() {
    for (balanced, checked) in [(true, false), (false, true), (true, true)] {
        for (grace, least, most) in [(None, 0, 70), (Some(secs(0)), 0, 70), (Some(secs(200)), 200, 210)] {
            let mut account = service(balanced, checked, Behaviour::unhealthy(), grace, 1);
            account.until("it is given up", secs(900), |account| {
                account
                    .service()
                    .events
                    .iter()
                    .any(|event| event.message.contains("health") && event.message.contains("(task "))
            });
            let task = account.world.ecs().tasks()[0];
            let ran = account.world.now().since(task.started_at.expect("it ran")).as_secs();
            assert!((least..=most).contains(&ran), "balanced {balanced}, checked {checked}, {grace:?}: {ran}");
        }
    }
}

/// Unhealthy tasks within the grace period go first all the same when there are too many.
#[test]
fn the_grace_period_keeps_no_task_beyond_the_desired_count() {
    let mut account = service(false, true, Behaviour::healthy(), Some(secs(7200)), 2);
    account.driver.script_in_turn("app:1", vec![Behaviour::unhealthy(), Behaviour::healthy()]);
    pass(&mut account, secs(300));
    let tasks: Vec<_> = account.world.ecs().tasks().iter().map(|task| (task.id, task.health().as_str())).collect();
    account.update(UpdateService { desired: Some(1), ..UpdateService::default() });
    pass(&mut account, secs(60));
    assert_eq!(tasks.len(), 2);
    for (id, health) in tasks {
        assert_eq!(account.task(&id).stopping, health == "UNHEALTHY");
    }
}
