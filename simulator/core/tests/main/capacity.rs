//! Capacity provider strategies and execute command: what tasks run on, and what can be asked of them.

use simulator_core::ecs::capacity::StrategyItem;
use simulator_core::ecs::{CreateService, ExecuteCommand, PutClusterCapacityProviders, RunTask, UpdateService};
use simulator_core::{Refusal, Timing};

use crate::virtual_time::{Account, CLUSTER, Deploy, SERVICE, container, until_running};

fn item(provider: &str, weight: u32) -> StrategyItem {
    StrategyItem { provider: provider.to_owned(), weight, base: 0 }
}

/// An account whose cluster has both of Fargate's providers, the spot one by default.
fn account() -> Account {
    let mut account = Account::new(Timing::aws());
    account.must(PutClusterCapacityProviders {
        cluster: CLUSTER.to_owned(),
        providers: vec!["FARGATE".to_owned(), "FARGATE_SPOT".to_owned()],
        strategy: vec![item("FARGATE_SPOT", 1)],
    });
    account.register(vec![container("app", "app:1")]);
    account
}

fn providers(account: &Account) -> Vec<String> {
    let tasks = account.world.ecs().tasks_of(account.service());
    let mut providers: Vec<String> =
        tasks.filter_map(|task| task.origin.provider.as_deref()).map(str::to_owned).collect();
    providers.sort_unstable();
    providers
}

#[test]
fn tasks_are_spread_over_providers() {
    let mut account = account();
    let create = account.creation(&Deploy { desired: 4, ..Deploy::default() });
    let strategy = vec![item("FARGATE", 1), item("FARGATE_SPOT", 3)];
    account.must(CreateService { launch_type: None, strategy, ..create });
    account.until_steady();
    assert_eq!(providers(&account), ["FARGATE", "FARGATE_SPOT", "FARGATE_SPOT", "FARGATE_SPOT"]);

    // Another strategy is a new deployment.
    let before = account.service().primary().id.clone();
    let update = UpdateService { strategy: Some(vec![item("FARGATE", 1)]), ..UpdateService::default() };
    account.update(update);
    assert_ne!(account.service().primary().id, before);
    account.until_steady();
    assert_eq!(providers(&account), ["FARGATE"; 4]);
}

#[test]
fn without_a_word_the_clusters_strategy_holds() {
    let mut account = account();
    let create = account.creation(&Deploy::default());
    account.must(CreateService { launch_type: None, ..create });
    account.until_steady();
    assert_eq!(providers(&account), ["FARGATE_SPOT"; 2]);

    let put = |providers: &[&str]| PutClusterCapacityProviders {
        cluster: CLUSTER.to_owned(),
        providers: providers.iter().map(|&name| name.to_owned()).collect(),
        strategy: Vec::new(),
    };
    let refusal = account.call(put(&["FARGATE"])).expect_err("it is in use");
    assert!(matches!(refusal, Refusal::Fault { code: "ResourceInUseException", .. }), "{refusal}");
    account.must(put(&["FARGATE_SPOT"]));
    let run = RunTask {
        cluster: Some(CLUSTER.to_owned()),
        task_definition: SERVICE.to_owned(),
        network: Some(account.network.clone()),
        ..RunTask::default()
    };
    let message = "No Container Instances were found in your cluster.";
    assert_eq!(account.call(run.clone()), Err(Refusal::fault("InvalidParameterException", message)));
    let both = RunTask {
        launch_type: Some(simulator_core::ecs::LaunchType::Fargate),
        strategy: vec![item("FARGATE_SPOT", 1)],
        ..run
    };
    let refusal = account.call(both).expect_err("one or the other");
    assert!(refusal.to_string().contains("both a launch type and capacity provider strategy"), "{refusal}");
}

#[test]
fn a_command_runs_nowhere_and_the_refusal_says_why() {
    let mut account = account();
    let task = account.run_task(vec![container("app", "app:1")]);
    until_running(&mut account, &task);
    let exec = ExecuteCommand {
        cluster: Some(CLUSTER.to_owned()),
        task: task.to_string(),
        container: None,
        command: "sh".to_owned(),
        interactive: true,
    };
    for (asked, expected) in [
        (ExecuteCommand { interactive: false, ..exec.clone() }, "Interactive is the only mode"),
        (ExecuteCommand { task: "gone".to_owned(), ..exec.clone() }, "The referenced task was not found."),
        (exec.clone(), "execute command was not enabled when the task was run"),
    ] {
        let refusal = account.call(asked).expect_err("refused").to_string();
        assert!(refusal.starts_with("InvalidParameterException: ") && refusal.contains(expected), "{refusal}");
    }

    // A task role is needed, as for the agent that would run beside the app.
    let run = RunTask {
        cluster: Some(CLUSTER.to_owned()),
        task_definition: SERVICE.to_owned(),
        network: Some(account.network.clone()),
        strategy: vec![item("FARGATE", 1)],
        execute_command: true,
        ..RunTask::default()
    };
    let refusal = account.call(run.clone()).expect_err("there is no task role").to_string();
    assert!(refusal.contains("because a valid taskRoleArn is not being used"), "{refusal}");
    let create = account.creation(&Deploy::default());
    let refusal = account.call(CreateService { execute_command: true, ..create }).expect_err("nor here").to_string();
    assert!(refusal.contains("The service couldn't be created because a valid taskRoleArn"), "{refusal}");

    let mut run = run;
    run.overrides.task_role = Some("arn:aws:iam::123456789012:role/execution".to_owned());
    let task = account.must(run).remove(0);
    until_running(&mut account, &task);
    let asked = ExecuteCommand { task: task.to_string(), ..exec };
    let refusal = account.call(asked.clone()).expect_err("sessions are not simulated");
    let Refusal::NotSimulated { what } = refusal else { panic!("{refusal}") };
    assert!(what.contains("`docker exec -it ") && what.ends_with(" sh`"), "{what}");
    let refusal = account.call(ExecuteCommand { container: Some("db".to_owned()), ..asked }).expect_err("no such");
    assert!(refusal.to_string().contains("container was not found"), "{refusal}");
}
