//! `lastStatus` of tasks: which states a task goes through, and when (facts 3.1 and 3.3).

use std::collections::BTreeMap;

use simulator_core::ecs::definition::{Condition, ContainerDefinition, Dependency};
use simulator_core::ecs::service::LoadBalancer;
use simulator_core::ecs::{StopTask, TaskStatus};
use simulator_core::effect::TaskId;
use simulator_core::elb::target_group::TargetType;
use simulator_core::elb::{CreateListener, CreateTargetGroup, HealthCheck};
use simulator_core::{Effect, EventKind, Timing};

use crate::virtual_time::{Account, Behaviour, CLUSTER, Deploy, container, secs, until_over, until_running};

fn check() -> HealthCheck {
    HealthCheck { interval: secs(10), timeout: secs(5), ..HealthCheck::default() }
}

/// The states that the task called `id` has been in, the first letters of each: `PRO PEN RUN`.
fn states(account: &Account, id: &TaskId) -> String {
    let state = |event: &simulator_core::Event| {
        if let EventKind::Task { task, status, .. } = &event.kind { (task == id).then(|| &status[..3]) } else { None }
    };
    account.world.events().iter().filter_map(state).collect::<Vec<_>>().join(" ")
}

fn first_task(account: &Account) -> TaskId {
    account.world.ecs().tasks().first().expect("a task was launched").id
}

fn sidecar(image: &str) -> ContainerDefinition {
    ContainerDefinition { essential: false, port_mappings: Vec::new(), ..container("sidecar", image) }
}

/// A service of one task that runs.
fn serving(mut account: Account) -> (Account, TaskId) {
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy { desired: 1, ..Deploy::default() });
    account.until_steady();
    let id = first_task(&account);
    (account, id)
}

#[test]
fn a_task_on_its_own_goes_through_these_states() {
    let app = || container("app", "app:1");
    for (what, behaviour, containers, stopped, expected) in [
        ("it ends", Behaviour::exiting(secs(5), 0), vec![app()], false, "PRO PEN RUN DEP STO"),
        (
            "it ends beside another",
            Behaviour::exiting(secs(5), 0),
            vec![app(), sidecar("s")],
            false,
            "PRO PEN RUN DEP STO",
        ),
        ("it is stopped", Behaviour::healthy(), vec![app()], true, "PRO PEN RUN STO DEP STO"),
        ("it cannot be pulled", Behaviour::refused("manifest unknown"), vec![app()], false, "PRO PEN DEP STO"),
        ("it does not start", Behaviour::cannot_start("no such file"), vec![app()], false, "PRO PEN DEP STO"),
    ] {
        let mut account = Account::new(Timing::aws());
        account.driver.script("app:1", behaviour);
        let id = account.run_task(containers);
        if stopped {
            until_running(&mut account, &id);
            account.stop(&id);
        }
        until_over(&mut account, &id);
        assert_eq!(states(&account, &id), expected, "{what}");
    }
}

/// A task behind a load balancer leaves its target group first: whoever stops it is told so in the answer.
#[test]
fn a_task_that_serves_is_deactivated_first() {
    let (mut account, id) = serving(Account::new(Timing::aws()).with_load_balancer(check()));
    account.must(StopTask { cluster: Some(CLUSTER.to_owned()), task: id.to_string(), reason: None });
    assert_eq!(account.task(&id).last_status, TaskStatus::Deactivating);
    assert_eq!(account.task(&id).desired_status(), "STOPPED");
    until_over(&mut account, &id);
    assert_eq!(states(&account, &id), "PRO PEN RUN DEA STO DEP STO");
}

/// With several target groups a task is registered in each of them before it is RUNNING; until then it counts as pending.
#[test]
fn a_task_of_several_target_groups_is_activated_first() {
    let mut account = Account::new(Timing::aws()).with_load_balancer(check());
    let group = CreateTargetGroup {
        name: "second".to_owned(),
        port: 8000,
        vpc: account.vpc(),
        target_type: TargetType::Ip,
        health_check: check(),
        tags: BTreeMap::new(),
    };
    let second = account.must(group).arn;
    let first = account.target_group.clone().expect("there is a load balancer");
    let balancer = account.world.elb().target_group(&first).and_then(|group| group.load_balancer.clone());
    let load_balancer = balancer.expect("the group is in use").to_string();
    let forward = vec![(second.to_string(), 1)];
    account.must(CreateListener { load_balancer, port: 81, forward, tags: BTreeMap::new() });
    account.register(vec![container("app", "app:1")]);
    let mut create = account.creation(&Deploy { desired: 1, ..Deploy::default() });
    create.load_balancers.push(LoadBalancer { target_group: second, ..create.load_balancers[0].clone() });
    account.must(create);
    account.until("it is being activated", secs(60), |account| {
        account.world.ecs().tasks().iter().any(|task| task.last_status == TaskStatus::Activating)
    });
    let id = first_task(&account);
    assert_eq!(account.world.ecs().counts(account.service(), None), (0, 1), "it is pending");
    assert_eq!((account.task(&id).started_at, said(&account, "registered")), (None, 0));
    until_running(&mut account, &id);
    assert_eq!(said(&account, "registered 1 targets"), 2, "in each group");
    account.until_steady();
    account.stop(&id);

    // The one in its place is stopped while it is activated, and has nothing to drain.
    account.until("another is being activated", secs(120), |account| {
        account.world.ecs().tasks().iter().any(|task| task.last_status == TaskStatus::Activating)
    });
    let other = account.world.ecs().tasks().last().expect("another was launched").id;
    account.stop(&other);
    until_over(&mut account, &other);
    assert_eq!(states(&account, &other), "PRO PEN ACT STO DEP STO");
    until_over(&mut account, &id);
    assert_eq!(states(&account, &id), "PRO PEN ACT RUN DEA STO DEP STO");
    account.until_steady();
}

fn said(account: &Account, words: &str) -> usize {
    account.service().events.iter().filter(|event| event.message.contains(words)).count()
}

/// A task is RUNNING when all its containers run or have run: not before those that wait for others.
#[test]
fn a_task_runs_when_its_last_container_has_started() {
    let mut account = Account::new(Timing::aws());
    account.driver.script("init", Behaviour::exiting(secs(7), 0));
    let wait = Dependency { container: "sidecar".to_owned(), condition: Condition::Success };
    let app = ContainerDefinition { depends_on: vec![wait], ..container("app", "app:1") };
    let id = account.run_task(vec![app, sidecar("init")]);
    account.until("the first has ended", secs(60), |account| account.task(&id).containers[1].stopped_at.is_some());
    assert_eq!(account.task(&id).last_status, TaskStatus::Pending);
    until_running(&mut account, &id);
    let task = account.task(&id);
    assert_eq!(task.started_at, task.containers[0].started_at);
}

/// The end of a container that is not essential leaves the task as it is; that of an essential one stops the others, and the task's state
/// does not change until they have stopped.
#[test]
fn an_essential_container_takes_the_others_with_it() {
    for (essential, goes_on) in [(false, true), (true, false)] {
        let mut account = Account::new(Timing::aws());
        account.driver.script("s", Behaviour::exiting(secs(5), 0));
        account.driver.script("app:1", Behaviour { stops_in: Some(secs(9)), ..Behaviour::healthy() });
        let sidecar = ContainerDefinition { essential, ..sidecar("s") };
        let id = account.run_task(vec![container("app", "app:1"), sidecar]);
        account.until("it has ended", secs(60), |account| account.task(&id).containers[1].stopped_at.is_some());
        let end = account.world.now() + secs(8);
        while account.driver.next(&mut account.world).is_some_and(|next| next < end) {
            account.driver.step(&mut account.world);
        }
        let task = account.task(&id);
        assert_eq!((task.last_status, task.stopping), (TaskStatus::Running, !goes_on));
        assert_eq!(task.execution_stopped_at.is_some(), essential, "that of the first essential container");
        let told = account.first_wanted(|effect| matches!(effect, Effect::StopContainer { .. }));
        assert_eq!(told.is_none(), goes_on);
    }
}

/// Whichever container needs it: an image that cannot be had is the end of a task, as Fargate has it.
#[test]
fn a_sidecar_that_cannot_be_pulled_ends_the_task() {
    let mut account = Account::new(Timing::aws());
    account.driver.script("s", Behaviour::refused("manifest unknown"));
    let id = account.run_task(vec![container("app", "app:1"), sidecar("s")]);
    until_over(&mut account, &id);
    let stop = account.task(&id).stop.clone().expect("it has a reason");
    assert_eq!(stop.code.as_str(), "TaskFailedToStart");
    assert!(stop.reason.starts_with("CannotPullContainerError: "), "{}", stop.reason);
}

/// Facts 3.8: on its own a task is never stopped for being UNHEALTHY.
#[test]
fn nobody_replaces_an_unhealthy_task_that_no_service_wants() {
    let mut account = Account::new(Timing::aws());
    account.driver.script("app:1", Behaviour::unhealthy());
    let check = Some(crate::virtual_time::health_check());
    let id = account.run_task(vec![ContainerDefinition { health_check: check, ..container("app", "app:1") }]);
    account.until("it is unhealthy", secs(120), |account| account.task(&id).health().as_str() == "UNHEALTHY");
    let end = account.world.now() + secs(3600);
    while account.driver.next(&mut account.world).is_some_and(|next| next < end) {
        account.driver.step(&mut account.world);
    }
    assert_eq!(account.task(&id).last_status, TaskStatus::Running);
}
