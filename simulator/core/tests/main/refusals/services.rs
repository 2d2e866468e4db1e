//! CreateService and UpdateService, and the tasks and services that nobody finds.

use simulator_core::ecs::service::{Alarms, CircuitBreaker, EarlySuccess, LoadBalancer, ThresholdKind};
use simulator_core::ecs::{
    CreateService, DeleteCluster, DeleteService, DeregisterTaskDefinition, LaunchType, StopTask, UpdateService,
};
use simulator_core::elb::target_group::TargetType;
use simulator_core::elb::{CreateTargetGroup, HealthCheck};
use simulator_core::{Arn, Refusal, Timing};

use crate::virtual_time::{Account, CLUSTER, Deploy, SERVICE, container};

/// An account with a load balancer and a task definition, and no service.
fn account() -> Account {
    let mut account = Account::new(Timing::aws()).with_load_balancer(HealthCheck::default());
    account.register(vec![container("app", "app:1")]);
    account
}

/// A target group that no listener forwards to.
fn group(account: &mut Account, target_type: TargetType) -> Arn {
    let (name, vpc, health_check) = ("other".to_owned(), account.vpc(), HealthCheck::default());
    let create = CreateTargetGroup { name, port: 8000, vpc, target_type, health_check, tags: Default::default() };
    account.must(create).arn
}

/// A change to an account and to a service that would be right.
type Change = fn(&mut Account, &mut CreateService);

fn create(change: Change) -> Result<(), Refusal> {
    let mut account = account();
    let mut asked = account.creation(&Deploy::default());
    change(&mut account, &mut asked);
    account.call(asked).map(drop)
}

fn check(rows: &[(Change, &'static str, &str)]) {
    for (place, (change, code, message)) in rows.iter().enumerate() {
        let refusal = create(*change).expect_err(message);
        let Refusal::Fault { code: said, message: words, .. } = &refusal else { panic!("row {place}: {refusal}") };
        // Ids and ARNs differ; what is said of them does not.
        let words = words.split(' ').map(|word| if word.contains("arn:aws:") { "ARN" } else { word });
        assert_eq!((*said, words.collect::<Vec<_>>().join(" ").as_str()), (*code, *message), "row {place}");
    }
}

const INVALID: &str = "InvalidParameterException";

fn balancer(asked: &mut CreateService) -> &mut LoadBalancer {
    &mut asked.load_balancers[0]
}

#[test]
fn services_that_are_refused() {
    check(&[
        (|_, asked| asked.name.clear(), INVALID, "Service name is not valid."),
        (|_, asked| asked.name = "news api".to_owned(), INVALID, "Service name is not valid."),
        (|account, asked| drop(account.must(asked.clone())), INVALID, "Creation of service was not idempotent."),
        (
            |account, asked| {
                account.must(asked.clone());
                account.until("tasks run", std::time::Duration::from_secs(60), |account| {
                    account.world.ecs().tasks().iter().any(|task| task.last_status.is_running())
                });
                account.must(DeleteService {
                    cluster: Some(CLUSTER.to_owned()),
                    service: SERVICE.to_owned(),
                    force: true,
                });
            },
            INVALID,
            "Unable to Start a service that is still Draining.",
        ),
        (|_, asked| asked.cluster = Some("none".to_owned()), "ClusterNotFoundException", "Cluster not found."),
        (
            |account, _| drop(account.must(DeleteCluster { cluster: CLUSTER.to_owned() })),
            "ClusterNotFoundException",
            "The referenced cluster was inactive.",
        ),
        (|_, asked| asked.task_definition = "none".to_owned(), "ClientException", "TaskDefinition not found."),
        (
            |account, asked| {
                asked.task_definition = "news-api:1".to_owned();
                account.must(DeregisterTaskDefinition { task_definition: "news-api:1".to_owned() });
            },
            "ClientException",
            "TaskDefinition is inactive",
        ),
        (
            |_, asked| asked.execute_command = true,
            INVALID,
            "The service couldn't be created because a valid taskRoleArn is not being used. Specify a valid task role in your task \
             definition and try again.",
        ),
    ]);
}

#[test]
fn networks_and_load_balancers_that_are_refused() {
    check(&[
        (
            |_, asked| asked.network = None,
            INVALID,
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ),
        (|_, asked| network(asked).subnets.clear(), INVALID, "subnets can not be empty."),
        (
            |_, asked| network(asked).subnets = vec!["subnet-1".to_owned(); 17],
            INVALID,
            "subnets can have at most 16 items.",
        ),
        (
            |_, asked| network(asked).security_groups = vec!["sg-1".to_owned(); 6],
            INVALID,
            "securityGroups can have at most 5 items.",
        ),
        (
            |_, asked| network(asked).subnets = vec!["subnet-1".to_owned()],
            INVALID,
            "Error retrieving subnet information for [subnet-1]: The subnet ID 'subnet-1' does not exist (ErrorCode: \
             InvalidSubnetID.NotFound)",
        ),
        (
            |_, asked| network(asked).security_groups = vec!["sg-1".to_owned()],
            INVALID,
            "Error retrieving security group information for [sg-1]: The security group 'sg-1' does not exist (ErrorCode: \
             InvalidGroup.NotFound)",
        ),
        (
            |account, asked| balancer(asked).target_group = group(account, TargetType::Instance),
            INVALID,
            "The provided target group ARN has target type instance, which is incompatible with the awsvpc network mode specified in \
             the task definition.",
        ),
        (
            |account, asked| balancer(asked).target_group = group(account, TargetType::Ip),
            INVALID,
            "The target group with targetGroupArn ARN does not have an associated load balancer.",
        ),
        (
            |_, asked| balancer(asked).container = "proxy".to_owned(),
            INVALID,
            "The container proxy does not exist in the task definition.",
        ),
        (|_, asked| balancer(asked).port = 80, INVALID, "The container app did not have a container port 80 defined."),
    ]);
}

fn network(asked: &mut CreateService) -> &mut simulator_core::ecs::Network {
    asked.network.as_mut().expect("it has a network")
}

fn breaker(asked: &mut CreateService, threshold: (ThresholdKind, u32)) {
    asked.configuration.circuit_breaker = CircuitBreaker { enable: true, threshold, ..CircuitBreaker::default() };
}

/// Of percentages and thresholds AWS gives the ranges; the texts are ours.
#[test]
fn deployment_configurations_that_are_refused() {
    let percent = "The circuit breaker threshold percentage must be between 1 and 100.";
    check(&[
        (
            |_, asked| asked.configuration.minimum_healthy_percent = 101,
            INVALID,
            "minimumHealthyPercent must be between 0 and 100.",
        ),
        (|_, asked| asked.configuration.maximum_percent = 99, INVALID, "maximumPercent must be at least 100."),
        (
            |_, asked| breaker(asked, (ThresholdKind::Count, 0)),
            INVALID,
            "The circuit breaker threshold must be at least 1.",
        ),
        (|_, asked| breaker(asked, (ThresholdKind::BoundedPercent, 101)), INVALID, percent),
        (|_, asked| breaker(asked, (ThresholdKind::UnboundedPercent, 101)), INVALID, percent),
        (
            |_, asked| asked.configuration.alarms = Alarms { enable: true, ..Alarms::default() },
            INVALID,
            "At least one alarm name must be given when deployment alarms are enabled.",
        ),
        (|_, asked| early(asked, 101), INVALID, "healthyPercent must be between 0 and 100."),
        (
            |_, asked| early(asked, 99),
            INVALID,
            "healthyPercent must be greater than or equal to minimumHealthyPercent.",
        ),
    ]);
    for right in
        [(ThresholdKind::Count, 101), (ThresholdKind::BoundedPercent, 1), (ThresholdKind::UnboundedPercent, 100)]
    {
        let mut account = account();
        let mut asked = account.creation(&Deploy::default());
        breaker(&mut asked, right);
        assert!(account.call(asked).is_ok(), "{right:?}");
    }
}

fn early(asked: &mut CreateService, healthy_percent: u32) {
    asked.configuration.early_success = EarlySuccess { enable: true, healthy_percent, ..EarlySuccess::default() };
}

/// What has no container instances is not simulated, which is no refusal of AWS's.
#[test]
fn services_on_ec2_are_not_simulated() {
    let refused = create(|_, asked| asked.launch_type = Some(LaunchType::Ec2)).expect_err("there are no instances");
    assert!(matches!(refused, Refusal::NotSimulated { .. }), "{refused}");
}

#[test]
fn updates_that_are_refused() {
    let update =
        || UpdateService { cluster: Some(CLUSTER.to_owned()), service: SERVICE.to_owned(), ..UpdateService::default() };
    let role = "The service couldn't be updated because a valid taskRoleArn is not being used. Specify a valid task role in your task \
                definition and try again.";
    for (asked, code, message) in [
        (UpdateService { service: "none".to_owned(), ..update() }, "ServiceNotFoundException", "Service not found."),
        (
            UpdateService { cluster: Some("none".to_owned()), ..update() },
            "ClusterNotFoundException",
            "Cluster not found.",
        ),
        (
            UpdateService { task_definition: Some("none".to_owned()), ..update() },
            "ClientException",
            "TaskDefinition not found.",
        ),
        (UpdateService { execute_command: Some(true), ..update() }, INVALID, role),
        (UpdateService { maximum_percent: Some(99), ..update() }, INVALID, "maximumPercent must be at least 100."),
    ] {
        let mut account = account();
        account.create_service(&Deploy::default());
        assert_eq!(account.call(asked), Err(Refusal::fault(code, message)), "{message}");
    }
    let mut account = account();
    account.create_service(&Deploy { desired: 0, ..Deploy::default() });
    account.must(DeleteService { cluster: Some(CLUSTER.to_owned()), service: SERVICE.to_owned(), force: false });
    let refused = Err(Refusal::fault("ServiceNotActiveException", "Service was not ACTIVE."));
    assert_eq!(account.call(update()), refused);
    let stop = StopTask { cluster: Some(CLUSTER.to_owned()), task: "0".repeat(32), reason: None };
    assert_eq!(account.call(stop), Err(Refusal::fault(INVALID, "The referenced task was not found.")));
}
