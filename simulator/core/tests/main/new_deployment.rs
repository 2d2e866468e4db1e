//! Which changes of a service begin a new deployment, and which do not (facts 1.1).

use simulator_core::Timing;
use simulator_core::ecs::UpdateService;
use simulator_core::ecs::service::{Alarms, CircuitBreaker, EarlySuccess, Propagate};

use crate::virtual_time::{Account, Deploy, SERVICE, container, secs};

type Change = fn(&Account, &mut UpdateService);

#[test]
fn what_tasks_are_made_of_makes_a_deployment_and_nothing_else_does() {
    let rows: [(&str, Change, bool); 17] = [
        ("taskDefinition", |_, asked| asked.task_definition = Some("news-api:2".to_owned()), true),
        ("an older taskDefinition", |_, asked| asked.task_definition = Some("news-api:1".to_owned()), false),
        ("forceNewDeployment", |_, asked| asked.force = true, true),
        (
            "networkConfiguration",
            |account, asked| {
                let mut network = account.network.clone();
                network.subnets.truncate(1);
                asked.network = Some(network);
            },
            true,
        ),
        ("the same networkConfiguration", |account, asked| asked.network = Some(account.network.clone()), false),
        ("loadBalancers", |_, asked| asked.load_balancers = Some(Vec::new()), true),
        (
            "the same loadBalancers",
            |account, asked| asked.load_balancers = Some(account.service().primary().load_balancers.clone()),
            false,
        ),
        ("desiredCount", |_, asked| asked.desired = Some(3), false),
        ("minimumHealthyPercent", |_, asked| asked.minimum_healthy_percent = Some(50), false),
        ("maximumPercent", |_, asked| asked.maximum_percent = Some(150), false),
        ("deploymentCircuitBreaker", |_, asked| asked.circuit_breaker = Some(CircuitBreaker::default()), false),
        ("alarms", |_, asked| asked.alarms = Some(Alarms::default()), false),
        ("earlySuccessCriteria", |_, asked| asked.early_success = Some(EarlySuccess::default()), false),
        ("healthCheckGracePeriodSeconds", |_, asked| asked.grace = Some(secs(7)), false),
        ("propagateTags", |_, asked| asked.propagate = Some(Propagate::Service), false),
        ("enableECSManagedTags", |_, asked| asked.managed_tags = Some(true), false),
        ("availabilityZoneRebalancing", |_, asked| asked.zone_rebalancing = Some(false), false),
    ];
    for (what, change, new) in rows {
        let mut account =
            Account::new(Timing::rehearsal()).with_load_balancer(simulator_core::elb::HealthCheck::default());
        account.register(vec![container("app", "app:1")]);
        account.create_service(&Deploy::default());
        account.until_steady();
        account.register(vec![container("app", "app:2")]);
        let before = account.service().primary().id.clone();
        let mut asked = UpdateService { service: SERVICE.to_owned(), ..UpdateService::default() };
        change(&account, &mut asked);
        account.update(asked);
        assert_eq!(account.service().primary().id != before, new, "{what}");
        assert_eq!(account.service().history.len(), if new { 2 } else { 1 }, "{what}");
        account.until_steady();
        assert_eq!(account.service().deployments.len(), 1, "{what}");
    }
}
