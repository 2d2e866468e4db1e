//! Capacity provider strategies: what tasks run on.

use simulator_core::ecs::capacity::StrategyItem;
use simulator_core::ecs::{CreateService, PutClusterCapacityProviders, RunTask, UpdateService};
use simulator_core::{Refusal, Timing};

use crate::virtual_time::{Account, CLUSTER, Deploy, SERVICE, container};

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
