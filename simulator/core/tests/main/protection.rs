//! Task scale-in protection: what it holds back, what it does not, and how it ends.

use simulator_core::ecs::{DeleteService, GetTaskProtection, TaskStatus, UpdateService, UpdateTaskProtection};
use simulator_core::effect::TaskId;
use simulator_core::{Refusal, Timing};

use crate::virtual_time::{Account, CLUSTER, Deploy, SERVICE, container, secs};

fn serving() -> (Account, Vec<TaskId>) {
    let mut account = Account::new(Timing::aws());
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy::default());
    account.until_steady();
    let tasks = account.world.ecs().tasks_of(account.service()).map(|task| task.id).collect();
    (account, tasks)
}

fn protect(account: &mut Account, task: &TaskId, minutes: Option<u32>) {
    let update =
        UpdateTaskProtection { cluster: CLUSTER.to_owned(), tasks: vec![task.to_string()], enabled: true, minutes };
    let (protected, failures) = account.must(update);
    assert!(protected[0].until.is_some() && failures.is_empty(), "{protected:?} {failures:?}");
}

#[test]
fn a_protected_task_outlives_a_rollout_until_its_protection_ends() {
    let (mut account, tasks) = serving();
    protect(&mut account, &tasks[0], Some(30));
    let until = account.world.now() + secs(30 * 60);
    account.register(vec![container("app", "app:2")]);
    let old = account.service().primary().id.to_string();
    account.deploy();
    let words = format!(
        "(service news-api) was unable to reach steady state because (taskSet {old}) was unable to scale in due to (reason 1 tasks \
         under protection)"
    );
    account
        .until("it is said", secs(1200), |account| account.service().events.iter().any(|event| event.message == words));
    account.until("the other goes", secs(600), |account| account.task(&tasks[1]).last_status == TaskStatus::Stopped);
    assert!(!account.task(&tasks[0]).stopping, "the protected one stays");
    account.until_steady();
    assert!(account.world.now() >= until, "the rollout has waited for it");
    assert!(account.task(&tasks[0]).stopping_at.is_some_and(|at| at >= until));
}

#[test]
fn a_protected_task_is_the_last_to_go_and_goes_when_it_is_set_free() {
    let (mut account, tasks) = serving();
    protect(&mut account, &tasks[1], None);
    account.update(UpdateService { desired: Some(1), ..UpdateService::default() });
    account.until_steady();
    assert!(account.task(&tasks[0]).stopping && !account.task(&tasks[1]).stopping);
    account.update(UpdateService { desired: Some(0), ..UpdateService::default() });
    account.until("it is said", secs(600), |account| {
        account.service().events.iter().any(|event| event.message.contains("1 tasks under protection"))
    });
    let get = || GetTaskProtection { cluster: CLUSTER.to_owned(), tasks: vec![tasks[1].to_string()] };
    assert!(account.must(get()).0[0].until.is_some());
    account.must(UpdateTaskProtection {
        cluster: CLUSTER.to_owned(),
        tasks: vec![tasks[1].to_string()],
        enabled: false,
        minutes: None,
    });
    assert_eq!(account.must(get()).0[0].until, None);
    account.until("it goes", secs(600), |account| account.task(&tasks[1]).last_status == TaskStatus::Stopped);
}

#[test]
fn deletion_does_not_wait() {
    let (mut account, tasks) = serving();
    protect(&mut account, &tasks[0], None);
    account.must(DeleteService { cluster: Some(CLUSTER.to_owned()), service: SERVICE.to_owned(), force: true });
    account.until("it goes", secs(1200), |account| account.task(&tasks[0]).last_status == TaskStatus::Stopped);
}

#[test]
fn what_cannot_be_protected() {
    let (mut account, tasks) = serving();
    let alone = account.run_task(vec![container("app", "app:1")]);
    let asked = vec![alone.to_string(), "0".repeat(32), tasks[0].to_string()];
    let update = UpdateTaskProtection { cluster: CLUSTER.to_owned(), tasks: asked, enabled: true, minutes: None };
    let (protected, failures) = account.must(update.clone());
    assert_eq!(protected.len(), 1);
    assert_eq!(failures.iter().map(|failure| failure.reason).collect::<Vec<_>>(), ["TASK_NOT_VALID", "MISSING"]);
    for refused in [
        UpdateTaskProtection { minutes: Some(0), ..update.clone() },
        UpdateTaskProtection { minutes: Some(2881), ..update.clone() },
        UpdateTaskProtection { tasks: Vec::new(), ..update.clone() },
        UpdateTaskProtection { tasks: vec![tasks[0].to_string(); 11], ..update },
    ] {
        let refusal = account.call(refused).expect_err("out of bounds");
        assert!(matches!(refusal, Refusal::Fault { code: "InvalidParameterException", .. }), "{refusal}");
    }
}
