//! Containers that wait for one another.

use std::time::Duration;

use simulator_core::ecs::TaskStatus;
use simulator_core::ecs::definition::{Condition, ContainerDefinition, Dependency};
use simulator_core::virtual_time::Behaviour;

use crate::account::{
    LONG, containers, ending, exit_codes, health_check, quiet, run, secs, stop, task, until_status, with,
};
use crate::stage::Stage;

/// A change to a definition.
type Change = fn(ContainerDefinition) -> ContainerDefinition;

/// Runs `app`, which waits for `condition` of `first`, which behaves so and is changed by `change`; answers what happened to both until
/// `app` runs.
async fn order(stage: &mut impl Stage, condition: Condition, first: &Behaviour, change: Change) -> Vec<String> {
    let first = with(stage, "first", first, change);
    let app = with(stage, "app", &quiet(), |definition| depending("first", condition, definition));
    let id = run(stage, vec![app, first]);
    until_status(stage, &id, TaskStatus::Running).await;
    containers(stage, &id)
}

fn depending(on: &str, condition: Condition, definition: ContainerDefinition) -> ContainerDefinition {
    ContainerDefinition { depends_on: vec![Dependency { container: on.to_owned(), condition }], ..definition }
}

fn inessential(definition: ContainerDefinition) -> ContainerDefinition {
    ContainerDefinition { essential: false, ..definition }
}

fn checked(definition: ContainerDefinition) -> ContainerDefinition {
    ContainerDefinition { health_check: Some(health_check()), ..definition }
}

pub(crate) async fn start_waits_for_the_container_to_run(stage: &mut impl Stage) {
    let order = order(stage, Condition::Start, &quiet(), |definition| definition).await;
    assert_eq!(order, ["first PULLED", "first RUNNING", "app PULLED", "app RUNNING"]);
}

pub(crate) async fn complete_waits_for_the_container_to_end(stage: &mut impl Stage) {
    let fails = Behaviour { exits: Some((Duration::from_millis(500), 1)), ..quiet() };
    let order = order(stage, Condition::Complete, &fails, inessential).await;
    assert_eq!(order, ["first PULLED", "first RUNNING", "first STOPPED", "app PULLED", "app RUNNING"]);
}

pub(crate) async fn success_waits_for_the_container_to_end_well(stage: &mut impl Stage) {
    let ends = Behaviour { exits: Some((Duration::from_millis(500), 0)), ..quiet() };
    let order = order(stage, Condition::Success, &ends, inessential).await;
    assert_eq!(order, ["first PULLED", "first RUNNING", "first STOPPED", "app PULLED", "app RUNNING"]);
}

pub(crate) async fn success_that_cannot_come_fails_the_task(stage: &mut impl Stage) {
    let fails = Behaviour { exits: Some((Duration::from_millis(500), 3)), ..quiet() };
    let first = with(stage, "first", &fails, inessential);
    let app = with(stage, "app", &quiet(), |definition| depending("first", Condition::Success, definition));
    let id = run(stage, vec![app, first]);
    until_status(stage, &id, TaskStatus::Stopped).await;
    assert_eq!(ending(stage, &id), ("TaskFailedToStart", "Task failed to start".to_owned()));
    assert_eq!(exit_codes(stage, &id), [Some(143), Some(3)]);
    assert_eq!(containers(stage, &id), ["first PULLED", "first RUNNING", "first STOPPED", "app STOPPED"]);
}

pub(crate) async fn healthy_waits_for_the_container_to_be_healthy(stage: &mut impl Stage) {
    let slow = Behaviour { healthy: Some(secs(1)), ..quiet() };
    let order = order(stage, Condition::Healthy, &slow, checked).await;
    assert_eq!(order, ["first PULLED", "first RUNNING", "first HEALTHY", "app PULLED", "app RUNNING"]);
}

pub(crate) async fn a_start_timeout_ends_the_waiting(stage: &mut impl Stage) {
    let never = Behaviour { healthy: None, ..quiet() };
    let first = with(stage, "first", &never, |definition| ContainerDefinition {
        start_timeout: Some(secs(2)),
        ..checked(definition)
    });
    let app = with(stage, "app", &quiet(), |definition| depending("first", Condition::Healthy, definition));
    let id = run(stage, vec![app, first]);
    let gave_up = |world: &simulator_core::World| {
        let task = task(world, &id);
        let (app, first) = (&task.containers[0], &task.containers[1]);
        Some((app.exit_code?, app.stopped_at?.since(first.started_at?)))
    };
    let (code, waited) = stage.until("the app is given up", LONG, gave_up).await;
    assert_eq!(code, 143);
    assert!(waited >= secs(2), "it waited {waited:?}");
    until_status(stage, &id, TaskStatus::Stopped).await;
    assert_eq!(ending(stage, &id), ("TaskFailedToStart", "Task failed to start".to_owned()));
}

/// The proxy needs the app, the app needs the database: the proxy stops first and the database last.
pub(crate) async fn containers_stop_in_the_reverse_order(stage: &mut impl Stage) {
    let slow = Behaviour { stops_in: Some(Duration::from_millis(300)), ..quiet() };
    let database = with(stage, "database", &slow, checked);
    let app = with(stage, "app", &slow, |definition| depending("database", Condition::Healthy, checked(definition)));
    let proxy = with(stage, "proxy", &slow, |definition| depending("app", Condition::Healthy, checked(definition)));
    let id = run(stage, vec![app, proxy, database]);
    let up = |world: &simulator_core::World| task(world, &id).containers[1].healthy_at;
    stage.until("the proxy is healthy", LONG, up).await;
    stop(stage, &id);
    until_status(stage, &id, TaskStatus::Stopped).await;
    let stopped: Vec<String> = containers(stage, &id).into_iter().filter(|told| told.ends_with(" STOPPED")).collect();
    assert_eq!(stopped, ["proxy STOPPED", "app STOPPED", "database STOPPED"]);
    assert_eq!(exit_codes(stage, &id), [Some(0); 3]);
    let gaps = stage.look(|world| {
        let task = task(world, &id);
        let at = |place: usize| task.containers[place].stopped_at.expect("it is over");
        [at(0).since(at(1)), at(2).since(at(0))]
    });
    assert!(
        gaps.iter().all(|gap| *gap >= Duration::from_millis(300)),
        "each is told when the one before has ended: {gaps:?}"
    );
}
