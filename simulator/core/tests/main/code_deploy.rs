//! Services that CodeDeploy deploys: what ECS itself refuses to change of them (facts 2.5).

use simulator_core::ecs::service::{
    Alarms, AskedShifting, CircuitBreaker, Cleanup, Controller, EarlySuccess, Shifting, Strategy, StrategyName,
};
use simulator_core::ecs::{Network, UpdateService};
use simulator_core::elb::HealthCheck;
use simulator_core::{Refusal, Timing};

use crate::virtual_time::{Account, CLUSTER, Deploy, container};

const DEPLOY: Deploy = Deploy {
    desired: 2,
    minimum: 100,
    maximum: 200,
    breaker: OFF,
    grace: None,
    shifting: Shifting { strategy: Strategy::Rolling, bake_minutes: None, hooks: Vec::new() },
    alarms: Alarms { names: Vec::new(), enable: false, rollback: false },
    controller: Controller::CodeDeploy,
    early_success: EarlySuccess { enable: false, healthy_percent: 100, cleanup: Cleanup::Blocking },
};

const OFF: CircuitBreaker = CircuitBreaker {
    enable: false,
    rollback: false,
    reset_on_healthy_task: true,
    threshold: (simulator_core::ecs::service::ThresholdKind::BoundedPercent, 50),
};

const ON: CircuitBreaker = CircuitBreaker { enable: true, ..OFF };

fn serving() -> Account {
    let mut account = Account::new(Timing::aws()).with_load_balancer(HealthCheck::default());
    account.register(vec![container("app", "app:1")]);
    account.create_service(&DEPLOY);
    account.until_steady();
    account
}

/// The message of a refusal, or nothing for what is let pass.
fn refusal(account: &mut Account, update: UpdateService) -> Option<String> {
    let answer =
        account.call(UpdateService { cluster: Some(CLUSTER.to_owned()), service: "news-api".to_owned(), ..update });
    match answer {
        Err(Refusal::Fault { code: "InvalidParameterException", message, .. }) => Some(message),
        Err(other) => panic!("not refused as AWS does: {other}"),
        Ok(_) => None,
    }
}

#[test]
fn what_a_deployment_would_change_is_refused_in_aws_words() {
    let mut account = serving();
    account.register(vec![container("app", "app:2")]);
    let elsewhere = Network { subnets: account.network.subnets[..1].to_vec(), ..account.network.clone() };
    let ours = account.network.clone();
    let default = UpdateService::default;
    let with = |reference: &str| UpdateService { task_definition: Some(reference.to_owned()), ..default() };
    for (update, what) in [
        (with("news-api"), Some("Unable to update task definition")),
        (with("news-api:2"), Some("Unable to update task definition")),
        (with("news-api:1"), None),
        (UpdateService { force: true, ..default() }, Some("Cannot force a new deployment")),
        (UpdateService { network: Some(elsewhere), ..default() }, Some("Unable to update network parameters")),
        (UpdateService { network: Some(ours), ..default() }, None),
        (UpdateService { load_balancers: Some(Vec::new()), ..default() }, Some("Unable to update load balancers")),
        (UpdateService { desired: Some(3), maximum_percent: Some(150), ..default() }, None),
    ] {
        let expected = what.map(|what| {
            format!(
                "{what} on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment."
            )
        });
        assert_eq!(refusal(&mut account, update.clone()), expected, "{update:?}");
    }
    account.until_steady();
    let service = account.service();
    assert_eq!((service.deployments.len(), service.desired), (1, 3));
    assert_eq!((service.history.len(), service.revisions.len()), (0, 0), "its history is CodeDeploy's");
    let said = service.events.iter().any(|event| event.message.contains("deployment completed"));
    assert!(!said, "there is no deployment of ECS's");
}

#[test]
fn circuit_breaker_alarms_and_shifting_belong_to_ecs() {
    let mut account = serving();
    let alarms = Alarms { names: vec!["errors".to_owned()], enable: true, rollback: true };
    let shifting = Shifting { strategy: Strategy::BlueGreen, bake_minutes: Some(5), hooks: Vec::new() };
    let strategy =
        AskedShifting { strategy: Some(StrategyName::BlueGreen), bake_minutes: Some(5), ..Default::default() };
    for update in [
        UpdateService { shifting: strategy, ..UpdateService::default() },
        UpdateService { circuit_breaker: Some(ON), ..UpdateService::default() },
        UpdateService { alarms: Some(alarms.clone()), ..UpdateService::default() },
    ] {
        assert!(refusal(&mut account, update).is_some_and(|message| message.contains("the ECS deployment controller")));
    }
    for (deploy, balanced) in [
        (DEPLOY, false),
        (Deploy { breaker: ON, ..DEPLOY }, true),
        (Deploy { alarms, ..DEPLOY }, true),
        (Deploy { shifting, ..DEPLOY }, true),
    ] {
        let mut account = Account::new(Timing::aws());
        if balanced {
            account = account.with_load_balancer(HealthCheck::default());
        }
        account.register(vec![container("app", "app:1")]);
        let create = account.creation(&deploy);
        assert!(account.call(create).is_err(), "{deploy:?}");
    }
}
