//! The order in which a task's containers start and stop (facts 3.5 and 3.6).

use simulator_core::ecs::StopTask;
use simulator_core::ecs::TaskStatus;
use simulator_core::ecs::definition::{Condition, ContainerDefinition, Dependency, VolumeFrom};
use simulator_core::{Effect, Timing};

use crate::virtual_time::{
    Account, Behaviour, CLUSTER, container, ending, health_check, secs, until_over, until_running,
};

fn depending(name: &str, image: &str, on: &[(&str, Condition)]) -> ContainerDefinition {
    let depends_on = on
        .iter()
        .map(|(container, condition)| Dependency { container: (*container).to_owned(), condition: *condition });
    ContainerDefinition { depends_on: depends_on.collect(), ..container(name, image) }
}

fn sidecar(container: ContainerDefinition) -> ContainerDefinition {
    ContainerDefinition { essential: false, ..container }
}

fn pull_of(name: &str) -> impl Fn(&Effect) -> bool {
    move |effect| matches!(effect, Effect::PullImage(pull) if pull.container == name)
}

fn start_of(name: &str) -> impl Fn(&Effect) -> bool {
    move |effect| matches!(effect, Effect::StartContainer(spec) if spec.name == name)
}

fn stop_of(name: &str) -> impl Fn(&Effect) -> bool {
    move |effect| matches!(effect, Effect::StopContainer { container, .. } if container == name)
}

/// A migration, then a database that has to be healthy, then the app: each is not even pulled before its turn.
#[test]
fn containers_start_in_the_order_of_their_dependencies() {
    let mut account = Account::new(Timing::aws());
    account.driver.script("migrate:1", Behaviour::exiting(secs(4), 0));
    account.driver.script("cache:1", Behaviour::healthy_after(secs(7)));
    let cache = ContainerDefinition { health_check: Some(health_check()), ..container("cache", "cache:1") };
    let id = account.run_task(vec![
        depending("app", "app:1", &[("migrate", Condition::Success), ("cache", Condition::Healthy)]),
        sidecar(depending("migrate", "migrate:1", &[("cache", Condition::Start)])),
        cache,
    ]);
    until_running(&mut account, &id);
    let task = account.task(&id);
    let at = |name: &str| task.container(name).expect("it is in the task");
    assert!(account.first_wanted(pull_of("migrate")) >= at("cache").started_at, "migrate waits for the cache to run");
    assert!(account.first_wanted(pull_of("app")) >= at("migrate").stopped_at, "app waits for the migration");
    assert!(account.first_wanted(pull_of("app")) >= at("cache").healthy_at, "app waits for the cache to be healthy");
    assert_eq!(task.started_at, at("app").started_at, "the task runs when its last container has started");
}

#[test]
fn a_failed_dependency_fails_the_task() {
    let mut account = Account::new(Timing::aws());
    account.driver.script("migrate:1", Behaviour::exiting(secs(4), 3));
    let id = account.run_task(vec![
        depending("app", "app:1", &[("migrate", Condition::Success)]),
        sidecar(container("migrate", "migrate:1")),
    ]);
    until_over(&mut account, &id);
    let task = account.task(&id);
    assert_eq!(ending(task), ("TaskFailedToStart", "Task failed to start"));
    let app = &task.containers[0];
    assert_eq!((app.exit_code, app.started_at), (Some(143), None));
    let reason = "CannotStartContainerError: dependency graph: failed to resolve container ordering dependency [migrate] for target \
                  [app] as dependency did not exit successfully.";
    assert_eq!(app.reason.as_deref(), Some(reason));
    assert_eq!(account.first_wanted(start_of("app")), None);
}

#[test]
fn a_start_timeout_ends_the_waiting() {
    let mut account = Account::new(Timing::aws());
    account.driver.script("cache:1", Behaviour::unhealthy());
    let cache = ContainerDefinition {
        health_check: Some(health_check()),
        start_timeout: Some(secs(20)),
        ..container("cache", "cache:1")
    };
    let id = account.run_task(vec![depending("app", "app:1", &[("cache", Condition::Healthy)]), cache]);
    account.until("app is given up", secs(60), |account| account.task(&id).containers[0].exit_code == Some(143));
    let cache_started = account.task(&id).containers[1].started_at.expect("the cache ran");
    assert_eq!(account.world.now(), cache_started + secs(20));
    until_over(&mut account, &id);
}

#[test]
fn containers_stop_in_the_reverse_order_and_stubborn_ones_are_killed() {
    let mut account = Account::new(Timing::aws());
    account.driver.script("app:1", Behaviour { stops_in: None, ..Behaviour::healthy() });
    let app = depending("app", "app:1", &[("proxy", Condition::Start)]);
    let app = ContainerDefinition { stop_timeout: Some(secs(12)), ..app };
    let id = account.run_task(vec![app, container("proxy", "proxy:1"), container("alone", "alone:1")]);
    until_running(&mut account, &id);
    let stop = StopTask { cluster: Some(CLUSTER.to_owned()), task: id.to_string(), reason: None };
    let asked = account.world.now();
    account.must(stop);
    assert_eq!(account.task(&id).last_status, TaskStatus::Stopping);
    until_over(&mut account, &id);
    let task = account.task(&id);
    assert_eq!(ending(task), ("UserInitiated", "Task stopped by user"));
    assert_eq!(account.first_wanted(stop_of("alone")), Some(asked), "nobody depends on it");
    assert_eq!(task.containers[0].stopped_at, Some(asked + secs(12)), "it ignores the signal");
    assert_eq!(task.containers[0].exit_code, Some(137));
    assert_eq!(account.first_wanted(stop_of("proxy")), Some(asked + secs(12)), "it goes last");
}

/// Whoever mounts the volumes of another container waits until that has been made, also if it has ended meanwhile, and stops before it.
#[test]
fn volumes_of_another_container_are_waited_for() {
    for ends in [false, true] {
        let mut account = Account::new(Timing::aws());
        if ends {
            account.driver.script("data:1", Behaviour::exiting(secs(1), 3));
        }
        let from = VolumeFrom { container: "data".to_owned(), read_only: true };
        let app = ContainerDefinition { volumes_from: vec![from], ..container("app", "app:1") };
        let id = account.run_task(vec![app, sidecar(container("data", "data:1"))]);
        until_running(&mut account, &id);
        assert!(account.first_wanted(pull_of("app")) >= account.task(&id).containers[1].started_at);
        let mounted = account.driver.wanted.iter().find_map(|(_, effect)| {
            if let Effect::StartContainer(spec) = effect {
                Some(&spec.volumes_from).filter(|from| !from.is_empty())
            } else {
                None
            }
        });
        assert_eq!(mounted, Some(&vec![("data".to_owned(), true)]));
        account.stop(&id);
        until_over(&mut account, &id);
        let app_stopped = account.task(&id).containers[0].stopped_at;
        assert_eq!(account.first_wanted(stop_of("data")), app_stopped.filter(|_| !ends), "it goes last");
    }
}

/// One that never comes to be fails those that would mount its volumes.
#[test]
fn volumes_of_a_container_that_cannot_start_are_given_up() {
    let mut account = Account::new(Timing::aws());
    account.driver.script("data:1", Behaviour::cannot_start("no such file"));
    let from = VolumeFrom { container: "data".to_owned(), read_only: false };
    let app = ContainerDefinition { volumes_from: vec![from], ..container("app", "app:1") };
    let id = account.run_task(vec![app, sidecar(container("data", "data:1"))]);
    until_over(&mut account, &id);
    let app = &account.task(&id).containers[0];
    assert_eq!((app.exit_code, app.started_at), (Some(143), None));
}
