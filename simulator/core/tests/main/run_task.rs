//! Tasks on their own: RunTask from the first effect to STOPPED.

use std::time::Duration;

use simulator_core::ecs::definition::{Condition, ContainerDefinition, Dependency, Secret};
use simulator_core::ecs::{ContainerOverride, LaunchType, Overrides, RunTask, StopTask, Task, TaskStatus};
use simulator_core::effect::TaskId;
use simulator_core::iam;
use simulator_core::secrets::CreateSecret;
use simulator_core::{Effect, EventKind, Observation, Refusal, Timestamp, Timing};

use crate::virtual_time::{Account, Behaviour, CLUSTER, Image, container, health_check, secs};

fn until_over(account: &mut Account, task: &TaskId) {
    account.until("the task is over", secs(600), |account| account.task(task).last_status == TaskStatus::Stopped);
}

/// `stopCode` and `stoppedReason`.
fn ending(task: &Task) -> (&str, &str) {
    let stop = task.stop.as_ref().expect("a stopped task has a reason");
    (stop.code.as_str(), &stop.reason)
}

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

#[test]
fn a_task_that_ends_says_how() {
    let mut account = Account::new(Timing::aws());
    account.driver.script("migrate:1", Behaviour::exiting(secs(3), 1));
    let id = account.run_task(vec![container("app", "migrate:1")]);
    until_over(&mut account, &id);
    let task = account.task(&id);
    assert_eq!(ending(task), ("EssentialContainerExited", "Essential container in task exited"));
    assert_eq!(task.containers[0].exit_code, Some(1));
    assert_eq!(task.group, "family:news-api");
    let order =
        [Some(task.created_at), task.pull_started_at, task.pull_stopped_at, task.started_at, task.execution_stopped_at];
    assert!(order.is_sorted() && task.stopped_at >= task.execution_stopped_at, "{order:?}");
    let statuses: Vec<&str> = account
        .world
        .events()
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Task { status, .. } => Some(*status),
            _ => None,
        })
        .collect();
    assert_eq!(statuses, ["PROVISIONING", "PENDING", "RUNNING", "DEPROVISIONING", "STOPPED"]);
    let cleared = account.driver.wanted.iter().filter(|(_, effect)| matches!(effect, Effect::ClearTask { .. })).count();
    assert_eq!(cleared, 1, "what is left is removed once");
}

#[test]
fn running_out_of_memory_is_told_apart() {
    let mut account = Account::new(Timing::aws());
    account.driver.script("hungry:1", Behaviour::exiting(secs(3), 137));
    let id = account.run_task(vec![container("app", "hungry:1")]);
    until_over(&mut account, &id);
    let container = &account.task(&id).containers[0];
    assert_eq!(container.exit_code, Some(137));
    assert_eq!(container.reason.as_deref(), Some("OutOfMemoryError: Container killed due to memory usage"));
}

/// What goes wrong before the first container runs, and the words for it (facts 3.2).
#[test]
fn a_task_that_cannot_start_says_why() {
    let absent = "manifest for app:1 not found: manifest unknown: Requested image not found";
    let denied = "denied: User: x is not authorized to perform: ecr:BatchGetImage";
    for (behaviour, reason, container_reason) in [
        (
            Behaviour { image: Image::Refused(absent), ..Behaviour::healthy() },
            "CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve ref app:1: app:1: not found",
            "CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve ref app:1: app:1: not found",
        ),
        (
            Behaviour { image: Image::Refused(denied), ..Behaviour::healthy() },
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref app:1: \
             denied: User: x is not authorized to perform: ecr:BatchGetImage",
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref app:1: \
             denied: User: x is not authorized to perform: ecr:BatchGetImage",
        ),
        (
            Behaviour { cannot_start: Some("exec: \"serve\": not found"), ..Behaviour::healthy() },
            "Task failed to start",
            "CannotStartContainerError: exec: \"serve\": not found",
        ),
    ] {
        let mut account = Account::new(Timing::aws());
        account.driver.script("app:1", behaviour);
        let id = account.run_task(vec![container("app", "app:1")]);
        until_over(&mut account, &id);
        let task = account.task(&id);
        assert_eq!(ending(task), ("TaskFailedToStart", reason));
        assert_eq!(task.containers[0].reason.as_deref(), Some(container_reason));
        assert_eq!((task.started_at, task.containers[0].exit_code), (None, None), "it never ran");
    }
}

fn with_secret(value_from: &str) -> ContainerDefinition {
    let secret = Secret { name: "URL".to_owned(), value_from: value_from.to_owned() };
    ContainerDefinition { secrets: vec![secret], ..container("app", "app:1") }
}

fn secret(account: &mut Account, name: &str, value: &str) -> String {
    let made = account.must(CreateSecret {
        name: name.to_owned(),
        value: Some(iam::Secret::new(value)),
        description: None,
        kms_key: None,
        tags: std::collections::BTreeMap::new(),
        token: None,
        suffix: None,
    });
    made.arn.to_string()
}

#[test]
fn secrets_are_fetched_by_the_execution_role_when_the_task_starts() {
    let mut account = Account::new(Timing::aws());
    let arn = secret(&mut account, "database", r#"{"url":"postgres://x","port":5432}"#);
    for (value_from, value) in [
        (arn.clone(), r#"{"url":"postgres://x","port":5432}"#),
        (format!("{arn}:url::"), "postgres://x"),
        (format!("{arn}:port::"), "5432"),
        (format!("{arn}::AWSCURRENT:"), r#"{"url":"postgres://x","port":5432}"#),
    ] {
        account.driver.wanted.clear();
        let id = account.run_task(vec![with_secret(&value_from)]);
        account.until("it runs", secs(60), |account| account.task(&id).last_status == TaskStatus::Running);
        let environments = account.driver.wanted.iter().filter_map(|(_, effect)| match effect {
            Effect::StartContainer(spec) => Some(&spec.environment),
            _ => None,
        });
        let environments: Vec<_> = environments.collect();
        assert_eq!(environments.len(), 1);
        assert_eq!(environments[0].get("URL").map(String::as_str), Some(value), "{value_from}");
        let told = format!("{:?}{:?}", account.world.events(), account.world.ecs().tasks());
        assert!(!told.contains("postgres://x"), "the value is in no event and no debug output");
    }
}

#[test]
fn a_secret_that_cannot_be_had_keeps_the_task_from_starting() {
    let prefix = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: \
                  unable to retrieve secret from asm: service call has been retried 1 time(s): ";
    let absent = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:none-AbCdEf";
    let mut account = Account::new(Timing::aws());
    let arn = secret(&mut account, "database", r#"{"url":"postgres://x"}"#);
    for (value_from, allowed, why) in [
        (
            absent.to_owned(),
            true,
            format!("failed to fetch secret {absent} from secrets manager: ResourceNotFoundException: "),
        ),
        (
            format!("{arn}:user::"),
            true,
            "retrieved secret from Secrets Manager did not contain json key user".to_owned(),
        ),
        (
            arn.clone(),
            false,
            format!(
                "failed to fetch secret {arn} from secrets manager: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/execution/"
            ),
        ),
    ] {
        account.allow_execution(if allowed { &["logs:*", "secretsmanager:*"] } else { &["logs:*"] });
        let id = account.run_task(vec![with_secret(&value_from)]);
        until_over(&mut account, &id);
        let (code, reason) = ending(account.task(&id));
        assert_eq!(code, "TaskFailedToStart");
        assert!(reason.starts_with(&format!("{prefix}{why}")), "{reason}");
        if !allowed {
            let ending = "because no identity-based policy allows the secretsmanager:GetSecretValue action";
            assert!(reason.contains(&id.0) && reason.ends_with(ending), "{reason}");
        }
    }
}

#[test]
fn a_missing_log_group_keeps_the_task_from_starting() {
    let mut account = Account::new(Timing::aws());
    let mut app = container("app", "app:1");
    let log = app.log.as_mut().expect("it writes logs");
    log.options.insert("awslogs-group".to_owned(), "/none".to_owned());
    let id = account.run_task(vec![app.clone()]);
    until_over(&mut account, &id);
    let reason = "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: \
                  failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.";
    assert_eq!(ending(account.task(&id)), ("TaskFailedToStart", reason));

    let log = app.log.as_mut().expect("it writes logs");
    log.options.insert("awslogs-create-group".to_owned(), "true".to_owned());
    let id = account.run_task(vec![app]);
    account.until("it runs", secs(60), |account| account.task(&id).last_status == TaskStatus::Running);
    let now = account.world.now();
    let (task, container) = (id.clone(), "app".to_owned());
    account.world.observe(now, Observation::Logged { task, container, line: "hello".to_owned() });
    let logged = account.world.events().iter().find_map(|event| match &event.kind {
        EventKind::Logged { group, stream, line } => Some((group.as_str(), stream.clone(), line.as_str())),
        _ => None,
    });
    assert_eq!(logged, Some(("/none", format!("ecs/app/{}", id.0), "hello")));
}

#[test]
fn a_registry_token_is_the_execution_roles_own() {
    let image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/news-api:1";
    let mut account = Account::new(Timing::aws());
    let id = account.run_task(vec![container("app", image)]);
    account.until("it runs", secs(60), |account| account.task(&id).last_status == TaskStatus::Running);
    let token = account.driver.wanted.iter().find_map(|(_, effect)| match effect {
        Effect::PullImage(pull) => pull.token.clone(),
        _ => None,
    });
    let caller = account.world.registry_caller(&token.expect("an ECR image is pulled with a token"));
    let session = format!("arn:aws:sts::123456789012:assumed-role/execution/{}", id.0);
    assert_eq!(caller.map(|caller| caller.arn.to_string()), Ok(session));

    account.allow_execution(&["logs:*"]);
    let id = account.run_task(vec![container("app", image)]);
    until_over(&mut account, &id);
    let (_, reason) = ending(account.task(&id));
    let prefix = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: \
                  unable to retrieve ecr registry auth: service call has been retried 1 time(s): AccessDeniedException: ";
    assert!(reason.starts_with(prefix), "{reason}");
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
    account.until("it runs", secs(60), |account| account.task(&id).last_status == TaskStatus::Running);
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
    account.until("it runs", secs(60), |account| account.task(&id).last_status == TaskStatus::Running);
    let stop = StopTask { cluster: Some(CLUSTER.to_owned()), task: id.0.clone(), reason: None };
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

#[test]
fn a_task_stopped_on_its_way_up_never_starts_what_it_has_not_started() {
    for stopped_after in [Duration::ZERO, Duration::from_millis(500), Duration::from_millis(1_300)] {
        let mut account = Account::new(Timing::aws());
        let id = account.run_task(vec![container("app", "app:1")]);
        let at = account.world.now() + stopped_after;
        while account.world.now() < at {
            assert!(account.driver.step(&mut account.world), "something is on its way");
        }
        let started_before = account.first_wanted(start_of("app")).is_some();
        account.must(StopTask {
            cluster: Some(CLUSTER.to_owned()),
            task: id.0.clone(),
            reason: Some("enough".to_owned()),
        });
        until_over(&mut account, &id);
        assert_eq!(account.first_wanted(start_of("app")).is_some(), started_before, "stopped after {stopped_after:?}");
        assert_eq!(account.first_wanted(stop_of("app")).is_some(), started_before, "what was started is stopped");
        assert_eq!(ending(account.task(&id)), ("UserInitiated", "enough"));
    }
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
        task_definition: definition.name(),
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
    account.until("it runs", secs(60), |account| account.task(&id).last_status == TaskStatus::Running);
    let spec = account.driver.wanted.iter().find_map(|(_, effect)| match effect {
        Effect::StartContainer(spec) => Some(spec),
        _ => None,
    });
    let spec = spec.expect("the container was started");
    assert_eq!(spec.command, ["alembic", "upgrade"]);
    let variable = |name: &str| spec.environment.get(name).map(String::as_str);
    assert_eq!((variable("MODE"), variable("KEEP")), (Some("migrate"), Some("1")));
    assert_eq!(variable("ECS_CONTAINER_METADATA_URI_V4"), None, "what is not served is not promised");
}
