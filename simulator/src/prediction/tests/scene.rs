//! A service that deploys are played on.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use simulator_core::ec2::{DescribeSubnets, DescribeVpcs};
use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::ecs::service::{
    AdvancedConfiguration, CircuitBreaker, DeploymentConfiguration, LoadBalancer, Shifting,
};
use simulator_core::ecs::{CreateCluster, CreateService, LaunchType, Network, RegisterTaskDefinition};
use simulator_core::elb::target_group::TargetType;
use simulator_core::elb::{
    Condition, CreateListener, CreateLoadBalancer, CreateRule, CreateTargetGroup, DescribeRules, HealthCheck,
};
use simulator_core::iam::{CreateRole, PutInlinePolicy, Role};
use simulator_core::{Arn, Operation, Region, Setup, Timestamp, Timing, World};

use crate::prediction::Deploy;

/// What everything is called.
const NAME: &str = "news";

/// A service of two tasks.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// `healthCheckGracePeriodSeconds`.
    pub(crate) grace: Option<Duration>,
    /// How its deployments shift traffic.
    pub(crate) shifting: Shifting,
    /// Whether it has a circuit breaker.
    pub(crate) breaker: bool,
    /// Whether it stands behind a load balancer.
    pub(crate) balanced: bool,
    /// Whether the new revision's container has a health check: every five seconds, and three failures are too many.
    pub(crate) check: bool,
    /// `startPeriod` of that.
    pub(crate) start_period: Option<Duration>,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            grace: None,
            shifting: Shifting::default(),
            breaker: true,
            balanced: true,
            check: false,
            start_period: None,
        }
    }
}

/// The deploy that all tests are about.
pub(crate) fn deploy(service: &Service) -> Deploy {
    let definition = |image: &str, check: bool| {
        let mut container = json!({"name": "app", "image": image, "portMappings": [{"containerPort": 8000}]});
        if check {
            let start_period = service.start_period.map_or(0, |period| period.as_secs());
            container["healthCheck"] =
                json!({"command": ["CMD", "check"], "interval": 5, "retries": 3, "startPeriod": start_period});
        }
        json!({
            "family": NAME,
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "containerDefinitions": [container],
        })
    };
    Deploy {
        cluster: NAME.to_owned(),
        service: NAME.to_owned(),
        container: "app".to_owned(),
        desired: 2,
        now: definition("news:1", false),
        next: definition("news:2", service.check),
    }
}

impl Service {
    /// An account in which it is, without tasks.
    pub(crate) fn stand(&self) -> World {
        let account = "123456789012".parse().expect("twelve digits");
        let now = Timestamp::from_millis(1_800_000_000_000);
        let mut world =
            World::new(Setup { account, region: Region::new("eu-central-1"), seed: 3, timing: Timing::aws(), now });
        must(&mut world, CreateCluster { name: Some(NAME.to_owned()), ..CreateCluster::default() });
        let subnets: Vec<String> =
            must(&mut world, DescribeSubnets::default()).items.into_iter().map(|subnet| subnet.id).collect();
        let balancers = if self.balanced { vec![self.load_balancer(&mut world, subnets.clone())] } else { Vec::new() };
        let app = ContainerDefinition {
            port_mappings: vec![simulator_core::ecs::definition::PortMapping {
                container_port: 8000,
                host_port: None,
                protocol: "tcp".to_owned(),
                name: None,
                app_protocol: None,
            }],
            ..ContainerDefinition::new("app", "news:0")
        };
        must(
            &mut world,
            RegisterTaskDefinition {
                family: NAME.to_owned(),
                network_mode: Some("awsvpc".to_owned()),
                requires: vec![LaunchType::Fargate],
                cpu: Some("256".to_owned()),
                memory: Some("512".to_owned()),
                containers: vec![app],
                ..RegisterTaskDefinition::default()
            },
        );
        must(
            &mut world,
            CreateService {
                cluster: Some(NAME.to_owned()),
                name: NAME.to_owned(),
                task_definition: NAME.to_owned(),
                desired: 0,
                launch_type: Some(LaunchType::Fargate),
                load_balancers: balancers,
                network: Some(Network { subnets, public_ip: true, ..Network::default() }),
                configuration: DeploymentConfiguration {
                    circuit_breaker: CircuitBreaker {
                        enable: self.breaker,
                        rollback: true,
                        ..CircuitBreaker::default()
                    },
                    shifting: self.shifting.clone(),
                    ..DeploymentConfiguration::default()
                },
                grace: self.grace,
                ..CreateService::default()
            },
        );
        world
    }

    /// A load balancer; where traffic shifts, with a second target group, a test listener, and the role that ECS changes both with.
    fn load_balancer(&self, world: &mut World, subnets: Vec<String>) -> LoadBalancer {
        let vpc = must(world, DescribeVpcs::default()).items.into_iter().next().expect("there is a default VPC").id;
        let group = |world: &mut World, name: &str| -> Arn {
            let health_check = HealthCheck {
                interval: Duration::from_secs(10),
                timeout: Duration::from_secs(5),
                ..HealthCheck::default()
            };
            let (name, port, target_type) = (name.to_owned(), 8000, TargetType::Ip);
            let vpc = vpc.clone();
            must(world, CreateTargetGroup { name, port, vpc, target_type, health_check, tags: BTreeMap::new() }).arn
        };
        let target_group = group(world, NAME);
        let (name, tags) = (NAME.to_owned(), BTreeMap::new());
        let balancer =
            must(world, CreateLoadBalancer { name, subnets, security_groups: Vec::new(), scheme: None, tags }).arn;
        let listener = |world: &mut World, port| {
            let forward = vec![(target_group.to_string(), 1)];
            let (load_balancer, tags) = (balancer.to_string(), BTreeMap::new());
            must(world, CreateListener { load_balancer, port, forward, tags }).arn.to_string()
        };
        let production = listener(world, 80);
        let advanced = self.shifting.shifts().then(|| {
            let alternate = group(world, "news-alternate");
            let production_rule = must(
                world,
                CreateRule {
                    listener: production,
                    priority: 10,
                    conditions: vec![Condition::Path(vec!["*".to_owned()])],
                    forward: vec![(target_group.to_string(), 100), (alternate.to_string(), 0)],
                    tags: BTreeMap::new(),
                },
            );
            let test = listener(world, 8080);
            let test_rule =
                must(world, DescribeRules { listener: Some(test), ..DescribeRules::default() }).items.remove(0).arn;
            AdvancedConfiguration {
                alternate,
                production_rule: production_rule.arn,
                test_rule: Some(test_rule),
                role: role(world),
            }
        });
        LoadBalancer { target_group, container: "app".to_owned(), port: 8000, advanced }
    }
}

/// The role with which ECS changes rules.
fn role(world: &mut World) -> String {
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let role = CreateRole {
        name: "infrastructure".to_owned(),
        path: None,
        trust_policy: trust.to_owned(),
        description: None,
        max_session_seconds: None,
        boundary: None,
        tags: Vec::new(),
    };
    let role = must(world, role);
    let document =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"elasticloadbalancing:*","Resource":"*"}]}"#;
    let policy = PutInlinePolicy::<Role>::new("infrastructure".to_owned(), "elb".to_owned(), document.to_owned());
    must(world, policy);
    role.entity.arn.to_string()
}

fn must<O: Operation>(world: &mut World, operation: O) -> O::Output {
    let (now, root) = (world.now(), world.root());
    world.call(now, &root, operation).unwrap_or_else(|refusal| panic!("{} was refused: {refusal}", O::NAME))
}
