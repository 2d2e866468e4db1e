//! Every text of the catalogue of service events is said by some service, and nothing else is (facts 1.7).

use std::collections::BTreeSet;

use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::ecs::service::Alarms;
use simulator_core::ecs::{AlarmState, UpdateService, UpdateTaskProtection};
use simulator_core::elb::HealthCheck;
use simulator_core::{EventKind, Observation, Timing, invariant};

use crate::virtual_time::{Account, Behaviour, CLUSTER, Deploy, Image, container, health_check, secs};

/// A service of `app:1` that is steady, and a second revision with this behaviour on its way.
fn rolling(mut account: Account, deploy: &Deploy, second: Behaviour) -> Account {
    account.driver.script("app:2", second);
    account.register(checked("app:1"));
    account.create_service(deploy);
    account.until_steady();
    account.register(checked("app:2"));
    account.deploy();
    account
}

fn checked(image: &str) -> Vec<ContainerDefinition> {
    vec![ContainerDefinition { health_check: Some(health_check()), ..container("app", image) }]
}

fn alone() -> Account {
    Account::new(Timing::aws())
}

fn balanced() -> Account {
    alone().with_load_balancer(HealthCheck { interval: secs(10), timeout: secs(5), ..HealthCheck::default() })
}

fn rollout() -> Account {
    rolling(balanced(), &Deploy::default(), Behaviour::healthy())
}

fn failing() -> Account {
    rolling(alone(), &Deploy { desired: 1, ..Deploy::default() }, Behaviour::exiting(secs(1), 1))
}

fn unpullable() -> Account {
    rolling(alone(), &Deploy { desired: 1, ..Deploy::default() }, Behaviour::refused("manifest unknown"))
}

/// One task of two falls ill.
fn falling_ill(mut account: Account) -> Account {
    let sick = Behaviour { sick: Some(secs(120)), ..Behaviour::healthy() };
    account.driver.script_in_turn("app:1", vec![sick, Behaviour::healthy(), Behaviour::healthy()]);
    let app = if account.target_group.is_some() { vec![container("app", "app:1")] } else { checked("app:1") };
    account.register(app);
    account.create_service(&Deploy::default());
    account
}

fn scaled_down() -> Account {
    let mut account = balanced();
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy::default());
    account.until_steady();
    account.update(UpdateService { desired: Some(1), ..UpdateService::default() });
    account
}

fn scaled_down_at_once() -> Account {
    let mut account = alone();
    account.driver.script("app:1", Behaviour { image: Image::Pulls(secs(60)), ..Behaviour::healthy() });
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy::default());
    account.until("tasks are on their way", secs(60), |account| account.world.ecs().tasks().len() == 2);
    account.update(UpdateService { desired: Some(0), ..UpdateService::default() });
    account
}

fn alarmed() -> Account {
    let alarms = Alarms { names: vec!["errors".to_owned()], enable: true, rollback: true };
    let mut account = rolling(alone(), &Deploy { alarms, ..Deploy::default() }, Behaviour::healthy());
    account.until("new tasks are started", secs(60), |account| account.world.ecs().tasks().len() == 4);
    let now = account.world.now();
    account.world.observe(now, Observation::AlarmChanged { alarm: "errors".to_owned(), state: AlarmState::Alarm });
    account
}

fn protected() -> Account {
    let mut account = alone();
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy::default());
    account.until_steady();
    let tasks = account.world.ecs().tasks().iter().map(|task| task.id.to_string()).collect();
    account.must(UpdateTaskProtection { cluster: CLUSTER.to_owned(), tasks, enabled: true, minutes: None });
    account.update(UpdateService { desired: Some(0), ..UpdateService::default() });
    account
}

fn without_a_role() -> Account {
    let mut account = alone();
    account.register_with_role("nobody", checked("app:1"));
    account.create_service(&Deploy::default());
    account
}

fn stuck() -> Account {
    rolling(alone(), &Deploy { desired: 1, maximum: 100, ..Deploy::default() }, Behaviour::healthy())
}

fn uneven() -> Account {
    let mut account = alone();
    crate::zones::crowd_one_zone(&mut account, &Deploy { desired: 4, ..Deploy::default() });
    account
}

/// A text of the catalogue and a service that says it, sooner or later.
type Row = (&'static str, fn() -> Account);

const ROWS: [Row; 24] = [
    ("(service *) has reached a steady state.", rollout),
    ("(service *) has started * tasks: *.", rollout),
    ("(service *) has started * tasks: *. Amazon ECS replaced * tasks due to an unhealthy status.", || {
        falling_ill(alone())
    }),
    ("(service *) has stopped * running tasks: *.", rollout),
    ("(service *) stopped * pending tasks.", scaled_down_at_once),
    ("(service *) registered * targets in (target-group *)", rollout),
    ("(service *) deregistered * targets in (target-group *)", rollout),
    ("(service *) has begun draining connections on * tasks.", scaled_down),
    ("(service *, taskSet ecs-svc/*) has begun draining connections on * tasks.", rollout),
    ("(service *) (task *) (port *) is unhealthy in (target-group *) due to (reason *).", || falling_ill(balanced())),
    ("(service *) (task *) failed container health checks.", || falling_ill(alone())),
    ("(service *) (deployment ecs-svc/*) deployment completed.", rollout),
    ("(service *) (deployment ecs-svc/*) deployment failed: tasks failed to start.", failing),
    ("(service *) (deployment ecs-svc/*) deployment failed: alarm detected.", alarmed),
    ("(service *) rolling back to deployment ecs-svc/*.", failing),
    ("(service *) was unable to place a task. Reason: *.", unpullable),
    (
        "(service *) was unable to reach steady state because (taskSet ecs-svc/*) was unable to scale in due to (reason * tasks under \
         protection)",
        protected,
    ),
    ("(service *) has started * tasks in * to AZ Rebalance: *.", uneven),
    ("(service *) has stopped * running tasks in * due to AZ rebalancing: *.", uneven),
    ("(service *) is AZ balanced with *.", uneven),
    ("(service *) is not AZ balanced with *. AZ Rebalancing in progress.", uneven),
    ("(service *) is unable to consistently start tasks successfully.", unpullable),
    ("(service *) failed to launch a task with (error *).", without_a_role),
    (
        "(service *) was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the \
         minimumHealthyPercent or maximumPercent value and try again.",
        stuck,
    ),
];

/// Whether one of the events is `text`, and no text of the catalogue that says more.
fn says(account: &Account, text: &str) -> bool {
    let fuller =
        |message: &str| invariant::SAID.iter().any(|other| other.len() > text.len() && invariant::fits(other, message));
    let is_it = |message: &str| invariant::fits(text, message) && !fuller(message);
    let mut events = account.world.events().iter();
    events.any(|event| matches!(&event.kind, EventKind::Service { message, .. } if is_it(message)))
}

#[test]
fn every_text_of_the_catalogue_is_said_and_has_its_row() {
    let rows: BTreeSet<&str> = ROWS.iter().map(|(text, _)| *text).collect();
    assert_eq!(
        rows,
        invariant::SAID.into_iter().collect::<BTreeSet<_>>(),
        "a row for each text, and a text for each row"
    );
    for (text, service) in ROWS {
        let mut account = service();
        account.until(text, secs(3600), |account| says(account, text));
        if let Err(violation) = invariant::trace(account.world.events()) {
            panic!("{text}: {violation}");
        }
    }
}

/// What belongs to parts of AWS that are not simulated is known to be AWS's, and said by nobody.
#[test]
fn no_text_is_both_said_and_never_said() {
    for (text, why) in invariant::NEVER_SAID {
        assert!(
            !why.is_empty() && !invariant::SAID.contains(&text) && !invariant::knows(&text.replace('*', "x")),
            "{text}"
        );
    }
}
