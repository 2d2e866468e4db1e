//! A service behind a load balancer, from where every run sets out.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use simulator::exploration::Stand;
use simulator::prediction::Deploy;
use simulator_core::ec2::{DescribeSubnets, DescribeVpcs};
use simulator_core::ecs::definition::{ContainerDefinition, PortMapping};
use simulator_core::ecs::service::{CircuitBreaker, DeploymentConfiguration, LoadBalancer};
use simulator_core::ecs::{CreateCluster, CreateService, LaunchType, Network, RegisterTaskDefinition};
use simulator_core::elb::target_group::TargetType;
use simulator_core::elb::{CreateListener, CreateLoadBalancer, CreateTargetGroup, HealthCheck};
use simulator_core::virtual_time::{Behaviour, Script};
use simulator_core::{Arn, Operation, Region, Setup, Timestamp, Timing, World};

const NAME: &str = "api";
const CONTAINER: &str = "app";
const PORT: u16 = 8000;

/// A service of `tasks` tasks, with a circuit breaker that rolls back.
pub(crate) fn stand(tasks: u32) -> Stand {
    let account = "123456789012".parse().expect("twelve digits");
    let now = Timestamp::from_millis(1_800_000_000_000);
    let region = Region::new("eu-central-1");
    let mut world = World::new(Setup { account, region, seed: 7, timing: Timing::aws(), now });
    must(&mut world, CreateCluster { name: Some(NAME.to_owned()), ..CreateCluster::default() });
    let subnets = must(&mut world, DescribeSubnets::default()).items.into_iter().map(|subnet| subnet.id);
    let subnets: Vec<String> = subnets.collect();
    let target_group = load_balancer(&mut world, &subnets);
    must(&mut world, first_revision());
    let defaults = DeploymentConfiguration::default();
    let circuit_breaker = CircuitBreaker { enable: true, rollback: true, ..defaults.circuit_breaker };
    let balancer = LoadBalancer { target_group, container: CONTAINER.to_owned(), port: PORT, advanced: None };
    let service = CreateService {
        cluster: Some(NAME.to_owned()),
        name: NAME.to_owned(),
        task_definition: NAME.to_owned(),
        desired: tasks,
        launch_type: Some(LaunchType::Fargate),
        load_balancers: vec![balancer],
        network: Some(Network { subnets, public_ip: true, ..Network::default() }),
        configuration: DeploymentConfiguration { circuit_breaker, ..defaults },
        ..CreateService::default()
    };
    must(&mut world, service);
    let usual = Behaviour::healthy_after(Duration::from_secs(12));
    let mut script = Script::default();
    script.container(CONTAINER, vec![usual.clone()]);
    let deploy = Deploy {
        cluster: NAME.to_owned(),
        service: NAME.to_owned(),
        container: CONTAINER.to_owned(),
        desired: tasks,
        now: revision("app:1"),
        next: revision("app:2"),
    };
    Stand::new(world, script, deploy, vec![usual]).expect("a healthy service comes up")
}

/// What the service is made with, before anything is played.
fn first_revision() -> RegisterTaskDefinition {
    let port = PortMapping {
        container_port: PORT,
        host_port: None,
        protocol: "tcp".to_owned(),
        name: None,
        app_protocol: None,
    };
    RegisterTaskDefinition {
        family: NAME.to_owned(),
        network_mode: Some("awsvpc".to_owned()),
        requires: vec![LaunchType::Fargate],
        cpu: Some("256".to_owned()),
        memory: Some("512".to_owned()),
        containers: vec![ContainerDefinition {
            port_mappings: vec![port],
            ..ContainerDefinition::new(CONTAINER, "app:1")
        }],
        ..RegisterTaskDefinition::default()
    }
}

/// The input of RegisterTaskDefinition.
fn revision(image: &str) -> Value {
    json!({
        "family": NAME,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{
            "name": CONTAINER,
            "image": image,
            "portMappings": [{ "containerPort": PORT }],
            "healthCheck": {
                "command": ["CMD-SHELL", "check"],
                "interval": 10,
                "timeout": 5,
                "retries": 3,
                "startPeriod": 15,
            },
        }],
    })
}

fn load_balancer(world: &mut World, subnets: &[String]) -> Arn {
    let vpc = must(world, DescribeVpcs::default()).items.into_iter().next().expect("there is a default VPC").id;
    let (name, tags) = (NAME.to_owned(), BTreeMap::new());
    let health_check = HealthCheck { interval: Duration::from_secs(10), ..HealthCheck::default() };
    let group = CreateTargetGroup { name, port: PORT, vpc, target_type: TargetType::Ip, health_check, tags };
    let group = must(world, group).arn;
    let (name, tags) = (NAME.to_owned(), BTreeMap::new());
    let balancer =
        CreateLoadBalancer { name, subnets: subnets.to_vec(), security_groups: Vec::new(), scheme: None, tags };
    let load_balancer = must(world, balancer).arn.to_string();
    let (forward, tags) = (vec![(group.to_string(), 1)], BTreeMap::new());
    must(world, CreateListener { load_balancer, port: 80, forward, tags });
    group
}

fn must<O: Operation>(world: &mut World, operation: O) -> O::Output {
    let (now, root) = (world.now(), world.root());
    world.call(now, &root, operation).unwrap_or_else(|refusal| panic!("{} was refused: {refusal}", O::NAME))
}
