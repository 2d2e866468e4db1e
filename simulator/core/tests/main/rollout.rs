//! Rolling deployments, from CreateService to a steady state.

use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::ecs::{StopTask, TaskStatus, UpdateService};
use simulator_core::elb::HealthCheck;
use simulator_core::{EventKind, Timing};

use crate::virtual_time::{Account, Behaviour, CLUSTER, Deploy, container, events, health_check, secs};

fn target_health_check() -> HealthCheck {
    HealthCheck { interval: secs(10), timeout: secs(5), ..HealthCheck::default() }
}

fn serving(timing: Timing, deploy: &Deploy) -> Account {
    let mut account = Account::new(timing);
    account.register(vec![container("app", "app:1")]);
    account.create_service(deploy);
    account.until_steady();
    account
}

fn alive(account: &Account) -> usize {
    account.world.ecs().tasks().into_iter().filter(|task| task.last_status != TaskStatus::Stopped).count()
}

/// Facts 1.3: what a service with one task behind a load balancer says while it is deployed, with either timing.
#[test]
fn the_order_of_events_is_that_of_the_real_service() {
    for timing in [Timing::aws(), Timing::rehearsal()] {
        let mut account = Account::new(timing).with_load_balancer(target_health_check());
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
}

/// Facts 1.2: without any check a task is healthy forty seconds after it runs.
#[test]
fn a_task_without_checks_counts_after_forty_seconds() {
    let mut account = serving(Timing::aws(), &Deploy { desired: 1, ..Deploy::default() });
    account.register(vec![container("app", "app:2")]);
    account.deploy();
    account.until("the new task runs", secs(60), |account| {
        account.world.ecs().tasks().iter().any(|task| task.definition.revision == 2 && task.started_at.is_some())
    });
    let runs_since = account.world.now();
    account.until("the old task is stopped", secs(120), |account| account.world.ecs().tasks()[0].stopping);
    let waited = account.world.now().since(runs_since);
    assert!(
        (secs(40)..secs(51)).contains(&waited),
        "forty seconds, and at most one look of the scheduler more: {waited:?}"
    );
}

/// A sidecar without a health check does not hold a rollout up, though the task's own health stays UNKNOWN (facts 3.8).
#[test]
fn an_essential_sidecar_without_a_check_does_not_count() {
    let mut account = Account::new(Timing::rehearsal());
    let app = ContainerDefinition { health_check: Some(health_check()), ..container("app", "app:1") };
    let sidecar = ContainerDefinition { port_mappings: Vec::new(), ..container("sidecar", "sidecar:1") };
    account.register(vec![app, sidecar]);
    account.create_service(&Deploy::default());
    account.until_steady();
    let healths: Vec<&str> = account.world.ecs().tasks().iter().map(|task| task.health().as_str()).collect();
    assert_eq!(healths, ["UNKNOWN", "UNKNOWN"]);
}

#[test]
fn a_desired_count_of_none_is_reached_at_once() {
    let mut account = serving(Timing::aws(), &Deploy { desired: 0, ..Deploy::default() });
    assert_eq!(events(&account), [") (deployment ecs-svc/A) deployment completed.", ") has reached a steady state."]);
    account.update(UpdateService { desired: Some(3), ..UpdateService::default() });
    account.until("three run", secs(600), |account| alive(account) == 3 && account.service().events.len() > 3);
    let deployments: Vec<&str> =
        account.service().deployments.iter().map(|deployment| deployment.id.as_str()).collect();
    assert_eq!(deployments.len(), 1, "a new desired count is no new deployment");
    account.update(UpdateService { desired: Some(0), ..UpdateService::default() });
    account.until("none is left", secs(600), |account| alive(account) == 0);
}

#[test]
fn the_same_task_definition_again_is_a_new_deployment_only_by_force() {
    let mut account = serving(Timing::rehearsal(), &Deploy::default());
    let first = account.service().primary().id.clone();
    account.deploy();
    assert_eq!(account.service().primary().id, first);
    account.update(UpdateService { force: true, ..UpdateService::default() });
    assert_ne!(account.service().primary().id, first);
    account.until_steady();
    assert_eq!(account.world.ecs().tasks().len(), 4, "every task was replaced");
}

#[test]
fn a_second_deployment_overtakes_the_first() {
    let mut account = serving(Timing::aws(), &Deploy::default());
    account.register(vec![container("app", "app:2")]);
    account.deploy();
    account.until("new tasks are started", secs(60), |account| alive(account) == 4);
    account.register(vec![container("app", "app:3")]);
    account.deploy();
    assert_eq!(account.service().deployments.len(), 3);
    account.until_steady();
    let revisions: Vec<u32> =
        account.world.ecs().tasks_of(account.service()).map(|task| task.definition.revision).collect();
    assert_eq!(revisions, [3, 3]);
    assert_eq!(account.service().deployments.len(), 1);
}

#[test]
fn scaling_in_the_middle_of_a_rollout_is_followed() {
    for desired in [1, 3, 6] {
        let mut account = serving(Timing::aws(), &Deploy::default());
        account.register(vec![container("app", "app:2")]);
        account.deploy();
        account.until("new tasks are started", secs(60), |account| alive(account) == 4);
        account.update(UpdateService { desired: Some(desired), ..UpdateService::default() });
        account.until_steady();
        let tasks = account.world.ecs().tasks_of(account.service());
        assert_eq!(tasks.filter(|task| task.definition.revision == 2).count() as u64, u64::from(desired));
    }
}

#[test]
fn bounds_that_allow_nothing_are_said_to() {
    let mut account = serving(Timing::aws(), &Deploy { desired: 1, maximum: 100, ..Deploy::default() });
    account.register(vec![container("app", "app:2")]);
    account.deploy();
    let text = "(service news-api) was unable to stop or start tasks during a deployment because of the service deployment \
                configuration. Update the minimumHealthyPercent or maximumPercent value and try again.";
    account.until("it says so", secs(60), |account| {
        account.service().events.front().is_some_and(|event| event.message == text)
    });
    account.update(UpdateService { maximum_percent: Some(200), ..UpdateService::default() });
    account.until_steady();
}

/// Facts 1.4: the replacement starts first, and the sick task stops when the replacement is healthy.
#[test]
fn a_sick_task_is_replaced() {
    let mut account = Account::new(Timing::aws());
    let sick = Behaviour { sick: Some(secs(120)), ..Behaviour::healthy() };
    account.driver.script_in_turn("app:1", vec![sick, Behaviour::healthy(), Behaviour::healthy()]);
    account.register(vec![ContainerDefinition { health_check: Some(health_check()), ..container("app", "app:1") }]);
    account.create_service(&Deploy::default());
    account.until_steady();
    account.until("one is replaced", secs(600), |account| {
        account.service().events.iter().any(|event| event.message.contains("has stopped"))
    });
    account.until_steady();
    let said = events(&account);
    assert_eq!(
        said[3..],
        [
            ") (task A) failed container health checks.",
            ") has started 1 tasks: (task D). Amazon ECS replaced 1 tasks due to an unhealthy status.",
            ") has stopped 1 running tasks: (task A).",
            ") has reached a steady state.",
        ],
        "{said:#?}"
    );
    let reasons = account.world.ecs().tasks().into_iter().filter_map(|task| task.stop.as_ref());
    let reasons: Vec<_> = reasons.map(|stop| (stop.code.as_str(), stop.reason.as_str())).collect();
    assert_eq!(reasons, [("ServiceSchedulerInitiated", "Task failed container health checks")]);
}

#[test]
fn a_task_that_somebody_stops_is_replaced() {
    let mut account = serving(Timing::aws(), &Deploy { desired: 1, ..Deploy::default() });
    let id = account.world.ecs().tasks()[0].id.to_string();
    account.must(StopTask { cluster: Some(CLUSTER.to_owned()), task: id, reason: None });
    account.until("another runs", secs(120), |account| alive(account) == 1 && account.world.ecs().tasks().len() == 2);
    account.until_steady();
}

/// The steady state is said again every six hours, and nothing else happens.
#[test]
fn a_steady_service_says_so_every_six_hours() {
    let mut account = serving(Timing::aws(), &Deploy::default());
    let before = account.world.events().len();
    let end = account.world.now() + secs(25 * 3600);
    while account.world.now() < end {
        assert!(account.driver.step(&mut account.world));
    }
    let said: Vec<_> = account.world.events()[before..].iter().map(|event| &event.kind).collect();
    let steady =
        |kind: &&EventKind| matches!(kind, EventKind::Service { message, .. } if message.ends_with("steady state."));
    assert!(said.iter().all(steady), "{said:#?}");
    assert!((4..=5).contains(&said.len()));
}

/// Asked why the old task was stopped, the trace leads back to the call that wanted something new.
#[test]
fn every_stop_leads_back_to_the_call_behind_it() {
    let mut account = Account::new(Timing::aws()).with_load_balancer(target_health_check());
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy { desired: 1, ..Deploy::default() });
    account.until_steady();
    account.register(vec![container("app", "app:2")]);
    account.deploy();
    account.until_steady();
    let trace = account.world.events();
    let stopped = trace.iter().find(|event| matches!(&event.kind, EventKind::Task { status: "STOPPED", .. }));
    let mut event = stopped.expect("the old task was stopped");
    let mut because = Vec::new();
    while let Some(cause) = event.cause {
        event = &trace[usize::try_from(cause.get() - 1).expect("a place in the trace")];
        because.push(match &event.kind {
            EventKind::Task { status, .. } | EventKind::Container { status, .. } => (*status).to_owned(),
            EventKind::TargetHealth { state, .. } => (*state).to_owned(),
            EventKind::Called { operation, .. } => (*operation).to_owned(),
            EventKind::Service { message, .. } => message.split(": ").next().unwrap_or_default().to_owned(),
            EventKind::Deployment { rollout_state, .. } => (*rollout_state).to_owned(),
            EventKind::Image(_)
            | EventKind::Alarm { .. }
            | EventKind::BreakerCounted { .. }
            | EventKind::Lifecycle { .. }
            | EventKind::Hook { .. }
            | EventKind::ContainerHealth { .. }
            | EventKind::Logged { .. }
            | EventKind::NotSimulated { .. } => {
                panic!("not in this story: {event:?}")
            }
        });
    }
    let expected = [
        "DEPROVISIONING",
        "STOPPED",
        "STOPPING",
        "unused",
        "draining",
        "(service news-api, taskSet",
        "DEACTIVATING",
        "(service news-api) has stopped 1 running tasks",
        "healthy",
        "initial",
        "RUNNING",
        "RUNNING",
        "PULLED",
        "PENDING",
        "PROVISIONING",
        "IN_PROGRESS",
        "ecs:UpdateService",
    ];
    assert!(because.iter().zip(expected).all(|(is, starts)| is.starts_with(starts)), "{because:#?}");
    assert_eq!(because.len(), expected.len());
}
