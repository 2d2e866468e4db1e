//! How tasks end.

use std::time::Duration;

use simulator_core::ecs::TaskStatus;
use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::ecs::task::Health;
use simulator_core::effect::TaskId;
use simulator_core::virtual_time::Behaviour;

use crate::account::{
    LONG, container, ending, exit_codes, health_check, quiet, run, secs, statuses, stop, task, until_status, with,
};
use crate::stage::Stage;

/// Waits until every container of the task called `id` is healthy: then it listens to signals.
async fn until_healthy(stage: &mut impl Stage, id: &TaskId) {
    let healthy = |container: &simulator_core::ecs::task::Container| container.health == Health::Healthy;
    stage.until("all are healthy", LONG, |world| task(world, id).containers.iter().all(healthy).then_some(())).await;
}

fn checked(definition: ContainerDefinition) -> ContainerDefinition {
    ContainerDefinition { health_check: Some(health_check()), ..definition }
}

pub(crate) async fn an_essential_container_that_ends_takes_the_task_with_it(stage: &mut impl Stage) {
    let app = container(stage, "app", &Behaviour { exits: Some((secs(1), 3)), ..quiet() });
    let sidecar = with(stage, "sidecar", &Behaviour { stop_code: 7, ..quiet() }, checked);
    let id = run(stage, vec![app, sidecar]);
    until_status(stage, &id, TaskStatus::Stopped).await;
    let reason = "Essential container in task exited".to_owned();
    assert_eq!(ending(stage, &id), ("EssentialContainerExited", reason));
    assert_eq!(exit_codes(stage, &id), [Some(3), Some(7)]);
    assert_eq!(statuses(stage, &id), ["PROVISIONING", "PENDING", "RUNNING", "DEPROVISIONING", "STOPPED"]);
}

pub(crate) async fn a_container_that_is_not_essential_may_end(stage: &mut impl Stage) {
    let app = with(stage, "app", &quiet(), checked);
    let migrate = Behaviour { exits: Some((Duration::from_millis(500), 1)), ..quiet() };
    let migrate = with(stage, "migrate", &migrate, |definition| ContainerDefinition { essential: false, ..definition });
    let id = run(stage, vec![app, migrate]);
    let ended = |world: &simulator_core::World| task(world, &id).containers[1].exit_code;
    assert_eq!(stage.until("it ends", LONG, ended).await, 1);
    let app_healthy = |world: &simulator_core::World| {
        let task = task(world, &id);
        (task.containers[0].health == Health::Healthy).then_some(task.last_status)
    };
    assert_eq!(stage.until("the app is healthy", LONG, app_healthy).await, TaskStatus::Running);
    stop(stage, &id);
    until_status(stage, &id, TaskStatus::Stopped).await;
    assert_eq!(ending(stage, &id), ("UserInitiated", "Task stopped by user".to_owned()));
    assert_eq!(exit_codes(stage, &id), [Some(0), Some(1)]);
    let states = ["PROVISIONING", "PENDING", "RUNNING", "STOPPING", "DEPROVISIONING", "STOPPED"];
    assert_eq!(statuses(stage, &id), states);
}

pub(crate) async fn a_container_that_ignores_the_signal_is_killed_after_its_timeout(stage: &mut impl Stage) {
    let app = with(stage, "app", &Behaviour { stops_in: None, ..quiet() }, |definition| ContainerDefinition {
        stop_timeout: Some(secs(2)),
        ..checked(definition)
    });
    let id = run(stage, vec![app]);
    until_healthy(stage, &id).await;
    stop(stage, &id);
    until_status(stage, &id, TaskStatus::Stopped).await;
    assert_eq!(exit_codes(stage, &id), [Some(137)]);
    let (took, reason) = stage.look(|world| {
        let task = task(world, &id);
        let app = &task.containers[0];
        let asked = task.stopping_at.expect("somebody asked");
        (app.stopped_at.expect("it is over").since(asked), app.reason.clone())
    });
    assert!(took >= secs(2), "killed after {took:?}");
    assert_eq!(reason, None, "being killed for one's deafness is not running out of memory");
}

pub(crate) async fn a_container_that_stops_by_itself_says_how(stage: &mut impl Stage) {
    let stops = Behaviour { stops_in: Some(Duration::from_millis(500)), stop_code: 143, ..quiet() };
    let app = with(stage, "app", &stops, checked);
    let id = run(stage, vec![app]);
    until_healthy(stage, &id).await;
    stop(stage, &id);
    until_status(stage, &id, TaskStatus::Stopped).await;
    assert_eq!(exit_codes(stage, &id), [Some(143)]);
}

pub(crate) async fn a_container_that_needs_too_much_memory_is_killed(stage: &mut impl Stage) {
    let hungry = Behaviour { peak_memory: Some(512), healthy: Some(secs(1)), ..quiet() };
    let app = with(stage, "app", &hungry, |definition| ContainerDefinition { memory: Some(64), ..definition });
    let id = run(stage, vec![app]);
    until_status(stage, &id, TaskStatus::Stopped).await;
    assert_eq!(ending(stage, &id).0, "EssentialContainerExited");
    assert_eq!(exit_codes(stage, &id), [Some(137)]);
    let reason = stage.look(|world| task(world, &id).containers[0].reason.clone());
    assert_eq!(reason.as_deref(), Some("OutOfMemoryError: container killed due to memory usage"));
}

pub(crate) async fn an_image_that_is_refused_keeps_the_task_from_starting(stage: &mut impl Stage) {
    let app = container(stage, "app", &Behaviour { healthy: None, ..Behaviour::refused("connection refused") });
    let id = run(stage, vec![app]);
    until_status(stage, &id, TaskStatus::Stopped).await;
    let (code, reason) = ending(stage, &id);
    assert_eq!(code, "TaskFailedToStart");
    // What the registry says differs, what ECS makes of it does not.
    assert!(reason.starts_with("CannotPullContainerError: "), "{reason}");
    assert_eq!(exit_codes(stage, &id), [None]);
    assert_eq!(statuses(stage, &id), ["PROVISIONING", "PENDING", "DEPROVISIONING", "STOPPED"]);
}

pub(crate) async fn a_command_that_is_not_there_keeps_the_container_from_starting(stage: &mut impl Stage) {
    let app = container(stage, "app", &Behaviour::cannot_start("no such file or directory"));
    let id = run(stage, vec![app]);
    until_status(stage, &id, TaskStatus::Stopped).await;
    assert_eq!(ending(stage, &id), ("TaskFailedToStart", "Task failed to start".to_owned()));
    let reason = stage.look(|world| task(world, &id).containers[0].reason.clone()).expect("it says why");
    assert!(reason.starts_with("CannotStartContainerError: "), "{reason}");
    assert!(reason.contains("no such file or directory"), "{reason}");
}
