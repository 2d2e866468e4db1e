//! What services say, in order: a rollback, and the replacement of one task that fails (facts 1.3, 1.4 and 2.1). What a clean rollout
//! says is in [`super::rollout`].

use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::elb::HealthCheck;
use simulator_core::{Timestamp, Timing};

use crate::virtual_time::{Account, Behaviour, Deploy, container, events, health_check, secs};

fn behind_a_load_balancer() -> Account {
    let check = HealthCheck { interval: secs(10), timeout: secs(5), ..HealthCheck::default() };
    Account::new(Timing::aws()).with_load_balancer(check)
}

/// Facts 1.4: the task is said to be unhealthy, its replacement starts and is registered, and only when that is healthy the task stops and
/// leaves its target group. No deployment is involved, so none completes; the service is steady again.
#[test]
fn one_unhealthy_task_behind_a_load_balancer() {
    let mut account = behind_a_load_balancer();
    let sick = Behaviour { sick: Some(secs(120)), ..Behaviour::healthy() };
    account.driver.script_in_turn("app:1", vec![sick, Behaviour::healthy(), Behaviour::healthy()]);
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy::default());
    account.until_steady();
    account.until("one is replaced", secs(900), |account| {
        account.service().events.iter().any(|event| event.message.contains("has begun draining"))
    });
    account.until_steady();
    let said = events(&account);
    assert_eq!(
        said[4..],
        [
            ") (task A) (port 8000) is unhealthy in (target-group C) due to (reason Health checks failed).",
            ") has started 1 tasks: (task E). Amazon ECS replaced 1 tasks due to an unhealthy status.",
            ") registered 1 targets in (target-group C)",
            ") has stopped 1 running tasks: (task A).",
            ") deregistered 1 targets in (target-group C)",
            ") has begun draining connections on 1 tasks.",
            ") has reached a steady state.",
        ],
        "{said:#?}"
    );
}

/// Facts 1.4: with no room above the desired count the unhealthy task goes first, and its replacement comes when it has gone. What the
/// real service says of a replacement was seen only where that starts first; this one is told like any other start.
#[test]
fn one_unhealthy_task_without_room_for_its_replacement() {
    let mut account = Account::new(Timing::aws());
    let sick = Behaviour { sick: Some(secs(120)), ..Behaviour::healthy() };
    account.driver.script_in_turn("app:1", vec![sick, Behaviour::healthy(), Behaviour::healthy()]);
    account.register(vec![ContainerDefinition { health_check: Some(health_check()), ..container("app", "app:1") }]);
    account.create_service(&Deploy { minimum: 50, maximum: 100, ..Deploy::default() });
    account.until_steady();
    account.until("one is replaced", secs(900), |account| account.world.ecs().tasks().len() == 3);
    account.until_steady();
    let said = events(&account);
    assert_eq!(
        said[3..],
        [
            ") (task A) failed container health checks.",
            ") has stopped 1 running tasks: (task A).",
            ") has started 1 tasks: (task D).",
            ") has reached a steady state.",
        ],
        "{said:#?}"
    );
}

/// Facts 2.1 and the observed order: three tasks fail, a fourth is under way; the failure and the way back are said together, the fourth
/// goes by a scaling activity, and the old deployment completes again under its own id.
#[test]
fn a_rollback_behind_a_load_balancer() {
    let mut account = behind_a_load_balancer();
    account.driver.script("app:2", Behaviour { serves: None, healthy: None, ..Behaviour::exiting(secs(50), 1) });
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy { desired: 1, grace: Some(secs(120)), ..Deploy::default() });
    account.until_steady();
    account.register(vec![container("app", "app:2")]);
    account.deploy();
    account.until("it is rolled back", secs(3600), |account| account.service().primary().definition.revision == 1);
    account.until_steady();
    let said = events(&account);
    let attempt = |task: char| {
        [
            format!(") has started 1 tasks: (task {task})."),
            ") registered 1 targets in (target-group B)".to_owned(),
            ") deregistered 1 targets in (target-group B)".to_owned(),
            ", taskSet ecs-svc/E) has begun draining connections on 1 tasks.".to_owned(),
        ]
    };
    let end = [
        ") has started 1 tasks: (task H).",
        ") registered 1 targets in (target-group B)",
        ") (deployment ecs-svc/E) deployment failed: tasks failed to start.",
        ") rolling back to deployment ecs-svc/C.",
        ") has stopped 1 running tasks: (task H).",
        ") deregistered 1 targets in (target-group B)",
        ", taskSet ecs-svc/E) has begun draining connections on 1 tasks.",
        ") (deployment ecs-svc/C) deployment completed.",
        ") has reached a steady state.",
    ];
    let expected: Vec<String> = ['D', 'F', 'G'].into_iter().flat_map(attempt).chain(end.map(str::to_owned)).collect();
    assert_eq!(said[4..], expected, "{said:#?}");
}

/// The failure and the way back are said at one moment, 35 to 60 seconds after the last failing task.
#[test]
fn the_fall_and_the_way_back_are_told_together() {
    let mut account = Account::new(Timing::aws());
    account.driver.script("app:2", Behaviour::exiting(secs(5), 1));
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy { desired: 1, ..Deploy::default() });
    account.until_steady();
    account.register(vec![container("app", "app:2")]);
    let new = account.deploy();
    account.until("it is rolled back", secs(3600), |account| account.service().primary().id != new);
    let at = |account: &Account, text: &str| -> Timestamp {
        let found = account.service().events.iter().find(|event| event.message.contains(text));
        found.expect("it was said").at
    };
    let failed = at(&account, "deployment failed: tasks failed to start.");
    assert_eq!(failed, at(&account, "rolling back to deployment"));
    let counted = account
        .world
        .events()
        .iter()
        .rev()
        .find(|event| matches!(&event.kind, simulator_core::EventKind::BreakerCounted { failures: 3, .. }));
    let waited = failed.since(counted.expect("three were counted").at);
    assert!((secs(35)..=secs(60)).contains(&waited), "{waited:?}");
}
