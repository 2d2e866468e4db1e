//! Tasks on their own: RunTask from the first effect to STOPPED.

use std::time::Duration;

use simulator_core::ecs::definition::{ContainerDefinition, RestartPolicy};
use simulator_core::ecs::task::ContainerStatus;
use simulator_core::ecs::{ContainerOverride, LaunchType, Overrides, RunTask, StopTask, TaskStatus};
use simulator_core::{Effect, EventKind, Refusal, Timing};

use crate::virtual_time::{Account, Behaviour, CLUSTER, Image, container, ending, secs, until_over, until_running};

fn is_start(effect: &Effect) -> bool {
    matches!(effect, Effect::StartContainer(_))
}

fn is_stop(effect: &Effect) -> bool {
    matches!(effect, Effect::StopContainer { .. })
}

#[test]
fn a_task_that_ends_says_how() {
    let mut account = Account::new(Timing::aws());
    account.driver.script("migrate:1", Behaviour::exiting(secs(3), 1));
    let id = account.run_task(vec![container("app", "migrate:1")]);
    until_over(&mut account, &id);
    let task = account.task(&id);
    assert_eq!(ending(task), ("EssentialContainerExited", "Essential container in task exited"));
    assert_eq!(task.containers[0].exit_code, Some(1));
    assert_eq!(task.origin.group, "family:news-api");
    let order =
        [Some(task.created_at), task.pull_started_at, task.pull_stopped_at, task.started_at, task.execution_stopped_at];
    assert!(order.is_sorted() && task.stopped_at >= task.execution_stopped_at, "{order:?}");
    let statuses: Vec<&str> = account
        .world
        .events()
        .iter()
        .filter_map(|event| if let EventKind::Task { status, .. } = &event.kind { Some(*status) } else { None })
        .collect();
    assert_eq!(statuses, ["PROVISIONING", "PENDING", "RUNNING", "DEPROVISIONING", "STOPPED"]);
    let cleared = account.driver.wanted.iter().filter(|(_, effect)| matches!(effect, Effect::ClearTask { .. })).count();
    assert_eq!(cleared, 1, "what is left is removed once");
}

#[test]
fn running_out_of_memory_is_told_apart() {
    let mut account = Account::new(Timing::aws());
    account.driver.script("hungry:1", Behaviour::out_of_memory(secs(3)));
    let id = account.run_task(vec![container("app", "hungry:1")]);
    until_over(&mut account, &id);
    let container = &account.task(&id).containers[0];
    assert_eq!(container.exit_code, Some(137));
    assert_eq!(container.reason.as_deref(), Some("OutOfMemoryError: container killed due to memory usage"));
}

/// Facts 3.7: a container that has lasted for the period is restarted, and nobody but the trace is told; the one after it, which does
/// not last so long, ends the task.
#[test]
fn a_restart_policy_restarts_what_has_lasted() {
    let mut account = Account::new(Timing::aws());
    account.driver.script_in_turn("app:1", vec![Behaviour::exiting(secs(70), 1), Behaviour::exiting(secs(30), 4)]);
    let policy = RestartPolicy { ignored_exit_codes: vec![3], attempt_period: secs(60) };
    let app = ContainerDefinition { restart_policy: Some(policy), ..container("app", "app:1") };
    let id = account.run_task(vec![app.clone()]);
    until_running(&mut account, &id);
    let (version, started) = (account.task(&id).version, account.task(&id).containers[0].started_at);
    account.until("it runs again", secs(80), |account| {
        let container = &account.task(&id).containers[0];
        container.restarts == 1 && container.status == ContainerStatus::Running
    });
    let task = account.task(&id);
    assert_eq!((task.version, task.containers[0].started_at), (version, started), "the control plane knows nothing");
    assert_eq!((task.last_status, task.containers[0].exit_code), (TaskStatus::Running, None));
    until_over(&mut account, &id);
    let task = account.task(&id);
    assert_eq!(ending(task), ("EssentialContainerExited", "Essential container in task exited"));
    assert_eq!((task.containers[0].exit_code, task.containers[0].restarts), (Some(4), 1));
    let starts = account.driver.wanted.iter().filter(|(_, effect)| is_start(effect)).count();
    assert_eq!(starts, 2);

    // One that is told to stop is not restarted, however it ends.
    account.driver.script("app:1", Behaviour::healthy());
    let id = account.run_task(vec![app]);
    until_running(&mut account, &id);
    let later = account.world.now() + secs(100);
    account.world.tick(later);
    account.stop(&id);
    until_over(&mut account, &id);
    assert_eq!(account.task(&id).containers[0].restarts, 0);
}

/// What goes wrong before the first container runs, and the words for it (facts 3.2).

#[test]
fn a_task_stopped_on_its_way_up_never_starts_what_it_has_not_started() {
    for stopped_after in [Duration::ZERO, Duration::from_millis(500), Duration::from_millis(1_300)] {
        let mut account = Account::new(Timing::aws());
        let id = account.run_task(vec![container("app", "app:1")]);
        let at = account.world.now() + stopped_after;
        while account.world.now() < at {
            assert!(account.driver.step(&mut account.world), "something is on its way");
        }
        let started_before = account.first_wanted(is_start).is_some();
        account.must(StopTask {
            cluster: Some(CLUSTER.to_owned()),
            task: id.to_string(),
            reason: Some("enough".to_owned()),
        });
        until_over(&mut account, &id);
        assert_eq!(account.first_wanted(is_start).is_some(), started_before, "stopped after {stopped_after:?}");
        assert_eq!(account.first_wanted(is_stop).is_some(), started_before, "what was started is stopped");
        assert_eq!(ending(account.task(&id)), ("UserInitiated", "enough"));
    }
}

/// A pull that never ends keeps nobody from stopping the task.
#[test]
fn a_task_whose_image_never_comes_can_be_stopped() {
    let mut account = Account::new(Timing::aws());
    account.driver.script("app:1", Behaviour { image: Image::Hangs, ..Behaviour::healthy() });
    let id = account.run_task(vec![container("app", "app:1")]);
    while account.driver.step(&mut account.world) {}
    assert_eq!(account.task(&id).last_status, TaskStatus::Pending);
    account.stop(&id);
    until_over(&mut account, &id);
    assert_eq!(account.first_wanted(is_start), None);
}

#[test]
fn overrides_change_the_command_and_the_environment_of_one_task() {
    let mut account = Account::new(Timing::aws());
    let mut app = container("app", "app:1");
    app.command = vec!["serve".to_owned()];
    app.environment = vec![("MODE".to_owned(), "serve".to_owned()), ("KEEP".to_owned(), "1".to_owned())];
    let definition = account.register(vec![app]);
    let run = RunTask {
        cluster: Some(CLUSTER.to_owned()),
        task_definition: definition.name().to_string(),
        launch_type: Some(LaunchType::Fargate),
        network: Some(account.network.clone()),
        ..RunTask::default()
    };
    let overridden = |name: &str| Overrides {
        containers: vec![ContainerOverride {
            name: name.to_owned(),
            command: Some(vec!["alembic".to_owned(), "upgrade".to_owned()]),
            environment: vec![("MODE".to_owned(), "migrate".to_owned())],
            ..ContainerOverride::default()
        }],
        ..Overrides::default()
    };
    let refused = account.call(RunTask { overrides: overridden("db"), ..run.clone() });
    let message = "Override for container named db is not a container in the TaskDefinition.";
    assert_eq!(refused, Err(Refusal::fault("InvalidParameterException", message)));
    let id = account.must(RunTask { overrides: overridden("app"), ..run }).remove(0);
    until_running(&mut account, &id);
    let spec = account
        .driver
        .wanted
        .iter()
        .find_map(|(_, effect)| if let Effect::StartContainer(spec) = effect { Some(spec) } else { None });
    let spec = spec.expect("the container was started");
    assert_eq!(spec.command, ["alembic", "upgrade"]);
    let variable = |name: &str| spec.environment.get(name).map(String::as_str);
    assert_eq!((variable("MODE"), variable("KEEP")), (Some("migrate"), Some("1")));
    assert_eq!(variable("ECS_CONTAINER_METADATA_URI_V4"), None, "what is not served is not promised");
}
