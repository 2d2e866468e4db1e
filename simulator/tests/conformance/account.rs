//! An account with a cluster, and what cases ask of it.

use std::collections::BTreeMap;
use std::time::Duration;

use simulator_core::ec2::{DescribeSubnets, DescribeVpcs};
use simulator_core::ecs::definition::{ContainerDefinition, HealthCheck};
use simulator_core::ecs::service::{CircuitBreaker, DeploymentConfiguration, LoadBalancer, RolloutState};
use simulator_core::ecs::{
    CreateCluster, CreateService, LaunchType, Network, RegisterTaskDefinition, RunTask, Service, StopTask, Task,
    TaskStatus, UpdateService,
};
use simulator_core::effect::TaskId;
use simulator_core::elb::target_group::TargetType;
use simulator_core::elb::{self, CreateListener, CreateLoadBalancer, CreateTargetGroup};
use simulator_core::virtual_time::Behaviour;
use simulator_core::{Arn, EventKind, Region, Setup, Timestamp, Timing, World};

use crate::stage::Stage;

/// Nothing that containers here do takes as long.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// What everything is called.
const NAME: &str = "news";

/// `count` seconds.
pub(crate) const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A fresh account with AWS's delays compressed.
pub(crate) fn world(now: Timestamp) -> World {
    let account = "123456789012".parse().expect("twelve digits");
    World::new(Setup { account, region: Region::new("eu-central-1"), seed: 7, timing: Timing::rehearsal(), now })
}

/// A program that is up at once, serves nobody and lives until it is told to stop, which it does at once.
pub(crate) fn quiet() -> Behaviour {
    let up = Some(Duration::ZERO);
    Behaviour { healthy: up, serves: None, stops_in: Some(Duration::ZERO), ..Behaviour::healthy() }
}

/// The same that answers requests on port 8000.
pub(crate) fn server() -> Behaviour {
    Behaviour { serves: Some(Duration::ZERO), ..quiet() }
}

/// A health check that gives up after its first failure that counts, five seconds after the start.
pub(crate) fn health_check() -> HealthCheck {
    let command = vec!["CMD-SHELL".to_owned(), "check".to_owned()];
    HealthCheck { command, interval: secs(5), timeout: secs(4), retries: 1, start_period: None }
}

/// An essential container called `name` that behaves so.
pub(crate) fn container(stage: &mut impl Stage, name: &str, behaviour: &Behaviour) -> ContainerDefinition {
    with(stage, name, behaviour, |definition| definition)
}

/// The same, after `change`.
pub(crate) fn with(
    stage: &mut impl Stage,
    name: &str,
    behaviour: &Behaviour,
    change: impl FnOnce(ContainerDefinition) -> ContainerDefinition,
) -> ContainerDefinition {
    let plain = ContainerDefinition { version_consistency: false, ..ContainerDefinition::new(name, name) };
    stage.perform(change(plain), behaviour)
}

/// Registers a revision made of `containers`.
pub(crate) fn register(stage: &mut impl Stage, containers: Vec<ContainerDefinition>) {
    stage.must(RegisterTaskDefinition {
        family: NAME.to_owned(),
        network_mode: Some("awsvpc".to_owned()),
        requires: vec![LaunchType::Fargate],
        cpu: Some("1024".to_owned()),
        memory: Some("2048".to_owned()),
        containers,
        ..RegisterTaskDefinition::default()
    });
}

/// Runs one task made of `containers`, and answers its id.
pub(crate) fn run(stage: &mut impl Stage, containers: Vec<ContainerDefinition>) -> TaskId {
    register(stage, containers);
    let network = set_up(stage);
    let tasks = stage.must(RunTask {
        cluster: Some(NAME.to_owned()),
        task_definition: NAME.to_owned(),
        launch_type: Some(LaunchType::Fargate),
        network: Some(network),
        ..RunTask::default()
    });
    tasks.into_iter().next().expect("one task was asked for")
}

/// Stops the task called `id`.
pub(crate) fn stop(stage: &mut impl Stage, id: &TaskId) {
    stage.must(StopTask { cluster: Some(NAME.to_owned()), task: id.to_string(), reason: None });
}

/// Makes a service of one task, of the newest revision.
pub(crate) fn create_service(stage: &mut impl Stage, target_group: Option<&Arn>, grace: Option<Duration>) {
    let network = set_up(stage);
    let balancer = target_group.map(|target_group| LoadBalancer {
        target_group: target_group.clone(),
        container: "app".to_owned(),
        port: 8000,
        advanced: None,
    });
    stage.must(CreateService {
        cluster: Some(NAME.to_owned()),
        name: NAME.to_owned(),
        task_definition: NAME.to_owned(),
        desired: 1,
        launch_type: Some(LaunchType::Fargate),
        load_balancers: balancer.into_iter().collect(),
        network: Some(network),
        configuration: DeploymentConfiguration {
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            circuit_breaker: CircuitBreaker { enable: true, rollback: true, ..CircuitBreaker::default() },
            ..DeploymentConfiguration::default()
        },
        grace,
        ..CreateService::default()
    });
}

/// Deploys the newest revision, and answers the deployment's id.
pub(crate) fn deploy(stage: &mut impl Stage) -> String {
    stage.must(UpdateService {
        cluster: Some(NAME.to_owned()),
        service: NAME.to_owned(),
        task_definition: Some(NAME.to_owned()),
        ..UpdateService::default()
    });
    stage.look(|world| service(world).primary().id.clone())
}

/// A load balancer with a target group that is asked every five seconds, and two failures of which are too many.
pub(crate) fn load_balancer(stage: &mut impl Stage) -> Arn {
    let vpc = stage.must(DescribeVpcs::default()).items.into_iter().next().expect("there is a default VPC").id;
    let subnets = subnets(stage);
    let (name, tags) = (NAME.to_owned(), BTreeMap::new());
    let health_check = elb::HealthCheck { interval: secs(5), timeout: secs(4), ..elb::HealthCheck::default() };
    let (port, target_type) = (8000, TargetType::Ip);
    let group = stage.must(CreateTargetGroup { name, port, vpc, target_type, health_check, tags }).arn;
    let (name, tags) = (NAME.to_owned(), BTreeMap::new());
    let balancer =
        stage.must(CreateLoadBalancer { name, subnets, security_groups: Vec::new(), scheme: None, tags }).arn;
    let (load_balancer, target_group, tags) = (balancer.to_string(), group.to_string(), BTreeMap::new());
    stage.must(CreateListener { load_balancer, port: 80, forward: vec![(target_group, 1)], tags });
    group
}

/// Waits until the task called `id` is in the state `status`.
pub(crate) async fn until_status(stage: &mut impl Stage, id: &TaskId, status: TaskStatus) {
    let reached = |world: &World| (task(world, id).last_status == status).then_some(());
    stage.until(&format!("the task is {}", status.as_str()), LONG, reached).await;
}

/// Waits until the primary deployment is done and the service says that it is steady.
pub(crate) async fn until_steady(stage: &mut impl Stage) {
    let steady = |world: &World| {
        let service = service(world);
        let said = service.events.front().is_some_and(|event| event.message.ends_with("has reached a steady state."));
        (said && service.primary().rollout_state == RolloutState::Completed).then_some(())
    };
    stage.until("the service is steady", LONG, steady).await;
}

/// The service.
pub(crate) fn service(world: &World) -> &Service {
    world.ecs().service(NAME, NAME).expect("it was made")
}

/// The task called `id`.
pub(crate) fn task<'a>(world: &'a World, id: &TaskId) -> &'a Task {
    world.ecs().task(id).expect("it was launched")
}

/// `stopCode` and `stoppedReason`.
pub(crate) fn ending(stage: &impl Stage, id: &TaskId) -> (&'static str, String) {
    stage.look(|world| {
        let stop = task(world, id).stop.clone().expect("a stopped task has a reason");
        (stop.code.as_str(), stop.reason.to_string())
    })
}

/// The exit codes of the containers of the task called `id`, in the order of its definition.
pub(crate) fn exit_codes(stage: &impl Stage, id: &TaskId) -> Vec<Option<i32>> {
    stage.look(|world| task(world, id).containers.iter().map(|container| container.exit_code).collect())
}

/// The states that the task called `id` went through.
pub(crate) fn statuses(stage: &impl Stage, id: &TaskId) -> Vec<&'static str> {
    let status = |kind: &EventKind| match kind {
        EventKind::Task { task, status, .. } if task == id => Some(*status),
        _ => None,
    };
    stage.look(|world| world.events().iter().filter_map(|event| status(&event.kind)).collect())
}

/// What happened to the containers of the task called `id`, as `name STATUS`, in order.
pub(crate) fn containers(stage: &impl Stage, id: &TaskId) -> Vec<String> {
    let told = |kind: &EventKind| match kind {
        EventKind::Container { task, container, status, .. }
        | EventKind::ContainerHealth { task, container, status, .. }
            if task == id =>
        {
            Some(format!("{container} {status}"))
        }
        _ => None,
    };
    stage.look(|world| world.events().iter().filter_map(|event| told(&event.kind)).collect())
}

/// What the service said, oldest first, without its name and with letters for ids in the order of their appearance.
pub(crate) fn said(stage: &impl Stage) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut letters = |message: &str| {
        let mut text = message.trim_start_matches("(service news").to_owned();
        for start in ["(task ", "ecs-svc/", "(target-group "] {
            let mut from = 0;
            while let Some(at) = text[from..].find(start).map(|at| from + at + start.len()) {
                let length = text[at..].find([')', ' ', ',', '.']).unwrap_or(text.len() - at);
                let id = text[at..at + length].to_owned();
                let place = names.iter().position(|known| *known == id).unwrap_or_else(|| {
                    names.push(id);
                    names.len() - 1
                });
                let letter = char::from(b'A' + u8::try_from(place).expect("few ids"));
                text.replace_range(at..at + length, &letter.to_string());
                from = at;
            }
        }
        text
    };
    stage.look(|world| service(world).events.iter().rev().map(|event| letters(&event.message)).collect())
}

/// The trace, for who has to find out why a case failed.
pub(crate) fn story(world: &World) -> String {
    let lines = world.events().iter().map(|event| format!("{} {:?}", event.at, event.kind));
    lines.collect::<Vec<_>>().join("\n")
}

/// Makes the cluster, and answers where tasks run.
fn set_up(stage: &mut impl Stage) -> Network {
    stage.must(CreateCluster { name: Some(NAME.to_owned()), ..CreateCluster::default() });
    Network { subnets: subnets(stage), public_ip: true, ..Network::default() }
}

fn subnets(stage: &mut impl Stage) -> Vec<String> {
    stage.must(DescribeSubnets::default()).items.into_iter().map(|subnet| subnet.id).collect()
}
