//! What AWS leaves in doubt is a setting whose default is what is documented (facts section 9), and each setting changes what it says it does.
//! Settings about what is counted and what is started are in [`super::breaker_count`] and beside the functions that decide.

use simulator_core::Timing;
use simulator_core::ecs::Rules;
use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::ecs::service::RolloutState;

use crate::virtual_time::{Account, Behaviour, Deploy, container, health_check, secs};

/// What a service shows and says while a deployment that failed has a task left: the status and the reason of that deployment, the reason of
/// the one that comes back, and the event of its two first tasks.
fn shown(rules: Rules) -> [String; 4] {
    let mut account = Account::new(Timing::aws());
    account.world.set_rules(rules);
    let app = |image| vec![ContainerDefinition { health_check: Some(health_check()), ..container("app", image) }];
    account.register(app("app:1"));
    account.create_service(&Deploy::default());
    account.until_steady();
    account.register(app("app:2"));
    account.driver.script("app:2", Behaviour { stops_in: None, healthy: None, ..Behaviour::exiting(secs(25), 1) });
    let new = account.deploy();
    account.until("it is rolled back", secs(3600), |account| account.service().primary().id != new);
    let service = account.service();
    let failed = service.deployments.iter().find(|deployment| deployment.id == new).expect("it has a task left");
    assert_eq!(failed.rollout_state, RolloutState::Failed);
    let started = service.events.iter().next_back().expect("it has started tasks");
    let ids = account.world.ecs().tasks().into_iter().map(|task| task.id.to_string()).take(2).collect::<Vec<_>>();
    let started = started.message.replace(&ids[0], "A").replace(&ids[1], "B");
    let back = service.primary().reason.replace(&service.primary().id, "OLD");
    [account.world.ecs().status_of(service, failed).to_owned(), failed.reason.clone(), back, started]
}

#[test]
fn words_in_doubt_are_settings() {
    let documented = Rules::default();
    assert_eq!(
        shown(documented),
        [
            "ACTIVE",
            "ECS deployment circuit breaker: tasks failed to start.",
            "ECS deployment circuit breaker: rolling back to deploymentId OLD.",
            "(service news-api) has started 2 tasks: (task A) (task B).",
        ]
    );
    let otherwise = Rules {
        failed_status: "DRAINING",
        breaker_reason: "ECS deployment circuit breaker: task failed to start.",
        rolling_back_ends_in: "",
        task_separator: ", ",
        ..documented
    };
    assert_eq!(
        shown(otherwise),
        [
            "DRAINING",
            "ECS deployment circuit breaker: task failed to start.",
            "ECS deployment circuit breaker: rolling back to deploymentId OLD",
            "(service news-api) has started 2 tasks: (task A), (task B).",
        ]
    );
}

#[test]
fn who_stops_a_task_without_a_word_is_given_one() {
    for word in [Rules::default().stopped_by_user, "User stopped it"] {
        let mut account = Account::new(Timing::aws());
        account.world.set_rules(Rules { stopped_by_user: word, ..Rules::default() });
        let id = account.run_task(vec![container("app", "app:1")]);
        account.stop(&id);
        assert_eq!(account.task(&id).stop.as_ref().map(|stop| stop.reason.as_str()), Some(word));
    }
}

/// Facts 3.8: an essential sidecar without a check keeps the task's own health UNKNOWN; whether its service waits for it is a setting.
#[test]
fn whether_an_unchecked_container_counts_is_a_setting() {
    for (unchecked_containers_count, expected) in [(false, RolloutState::Completed), (true, RolloutState::InProgress)] {
        let mut account = Account::new(Timing::rehearsal());
        account.world.set_rules(Rules { unchecked_containers_count, ..Rules::default() });
        let app = ContainerDefinition { health_check: Some(health_check()), ..container("app", "app:1") };
        let sidecar = ContainerDefinition { port_mappings: Vec::new(), ..container("sidecar", "sidecar:1") };
        account.register(vec![app, sidecar]);
        account.create_service(&Deploy::default());
        let end = account.world.now() + secs(600);
        while account.driver.next(&mut account.world).is_some_and(|next| next < end) {
            account.driver.step(&mut account.world);
        }
        assert_eq!(account.service().primary().rollout_state, expected);
    }
}
