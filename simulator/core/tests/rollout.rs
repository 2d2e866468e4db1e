//! Rolling deployments, from CreateService to a steady state.

use simulator_core::Timing;
use simulator_core::elb::HealthCheck;

use crate::virtual_time::{Account, Deploy, container, secs};

fn target_health_check() -> HealthCheck {
    HealthCheck { interval: secs(10), timeout: secs(5), ..HealthCheck::default() }
}

/// The service's events in order, with ids of tasks and deployments replaced by letters in the order of their appearance.
fn events(account: &Account) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut messages = Vec::new();
    for event in account.service().events.iter().rev() {
        let mut message = event.message.clone();
        for start in ["(task ", "ecs-svc/", "(target-group "] {
            let mut from = 0;
            while let Some(at) = message[from..].find(start).map(|at| from + at + start.len()) {
                let length = message[at..].find([')', ' ', ',']).unwrap_or(message.len() - at);
                let id = message[at..at + length].to_owned();
                let place = names.iter().position(|known| *known == id).unwrap_or_else(|| {
                    names.push(id);
                    names.len() - 1
                });
                let letter = char::from(b'A' + u8::try_from(place).expect("few ids"));
                message.replace_range(at..at + length, &letter.to_string());
                from = at;
            }
        }
        messages.push(message.trim_start_matches("(service news-api").to_owned());
    }
    messages
}

/// Facts 1.3: what a service with one task behind a load balancer says while it is deployed.
#[test]
fn the_order_of_events_is_that_of_the_real_service() {
    let mut account = Account::new(Timing::aws()).with_load_balancer(target_health_check());
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy { desired: 1, ..Deploy::default() });
    account.until_steady();
    account.register(vec![container("app", "app:2")]);
    account.deploy();
    account.until_steady();
    assert_eq!(
        events(&account),
        [
            ") has started 1 tasks: (task A).",
            ") registered 1 targets in (target-group B)",
            ") (deployment ecs-svc/C) deployment completed.",
            ") has reached a steady state.",
            ") has started 1 tasks: (task D).",
            ") registered 1 targets in (target-group B)",
            ") has stopped 1 running tasks: (task A).",
            ") deregistered 1 targets in (target-group B)",
            ", taskSet ecs-svc/C) has begun draining connections on 1 tasks.",
            ") (deployment ecs-svc/E) deployment completed.",
            ") has reached a steady state.",
        ],
        "{}",
        account.story()
    );
}
