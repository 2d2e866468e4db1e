//! A service to roll out, and the rolling out.

use std::collections::BTreeMap;
use std::time::Duration;

use simulator_core::ec2::{DescribeSubnets, DescribeVpcs};
use simulator_core::ecs::definition::{ContainerDefinition, HealthCheck, PortMapping};
use simulator_core::ecs::service::{DeploymentConfiguration, LoadBalancer, RolloutState};
use simulator_core::ecs::{
    CreateCluster, CreateService, LaunchType, Network, RegisterTaskDefinition, Service, UpdateService,
};
use simulator_core::elb::target_group::TargetType;
use simulator_core::elb::{self, CreateListener, CreateLoadBalancer, CreateTargetGroup};
use simulator_core::virtual_time::{Behaviour, Ended, Script, Step, Variation, VirtualTime};
use simulator_core::{Arn, Operation, Region, Setup, Timestamp, Timing, World};

const NAME: &str = "api";

/// No rollout here takes as long.
const LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// An account with a service, and the driver of its containers.
pub(crate) struct Scene {
    world: World,
    virtual_time: VirtualTime,
}

impl Scene {
    /// A service of `tasks` tasks with a container health check that has just been made; behind a load balancer if it is `balanced`.
    pub(crate) fn with_service(tasks: u32, balanced: bool) -> Self {
        let account = "123456789012".parse().expect("twelve digits");
        let now = Timestamp::from_millis(1_800_000_000_000);
        let region = Region::new("eu-central-1");
        let world = World::new(Setup { account, region, seed: 7, timing: Timing::aws(), now });
        let mut script = Script::default();
        script.container("app", vec![Behaviour::healthy_after(Duration::from_secs(12))]);
        script.vary(Variation { percent: 20, seed: 7 });
        let mut scene = Self { world, virtual_time: VirtualTime::new(script) };
        scene.must(CreateCluster { name: Some(NAME.to_owned()), ..CreateCluster::default() });
        let subnets: Vec<String> =
            scene.must(DescribeSubnets::default()).items.into_iter().map(|subnet| subnet.id).collect();
        let target_group = balanced.then(|| scene.load_balancer(&subnets));
        scene.register();
        scene.must(CreateService {
            cluster: Some(NAME.to_owned()),
            name: NAME.to_owned(),
            task_definition: NAME.to_owned(),
            desired: tasks,
            launch_type: Some(LaunchType::Fargate),
            load_balancers: target_group
                .map(|target_group| LoadBalancer {
                    target_group,
                    container: "app".to_owned(),
                    port: 8000,
                    advanced: None,
                })
                .into_iter()
                .collect(),
            network: Some(Network { subnets, public_ip: true, ..Network::default() }),
            configuration: DeploymentConfiguration {
                minimum_healthy_percent: 100,
                maximum_percent: 200,
                ..DeploymentConfiguration::default()
            },
            ..CreateService::default()
        });
        scene
    }

    /// Deploys the next revision.
    pub(crate) fn deploy(&mut self) {
        self.register();
        self.must(UpdateService {
            cluster: Some(NAME.to_owned()),
            service: NAME.to_owned(),
            task_definition: Some(NAME.to_owned()),
            ..UpdateService::default()
        });
    }

    /// Lets time pass until the primary deployment is done and the service says that it is steady.
    pub(crate) fn run(&mut self) {
        let until = self.world.now() + LIMIT;
        let ended = self.virtual_time.run_until(&mut self.world, is_steady, until);
        assert_eq!(ended, Ended::Reached, "every rollout here comes to its end");
    }

    /// Lets `time` pass, and counts what happens: what containers do, and the World's own deadlines.
    pub(crate) fn pass(&mut self, time: Duration) -> u64 {
        let until = self.world.now() + time;
        let mut happened = 0;
        while self.virtual_time.next_at(&mut self.world).is_some_and(|at| at <= until) {
            assert_eq!(self.virtual_time.step(&mut self.world), Step::Happened);
            happened += 1;
        }
        happened
    }

    fn register(&mut self) {
        self.must(RegisterTaskDefinition {
            family: NAME.to_owned(),
            network_mode: Some("awsvpc".to_owned()),
            requires: vec![LaunchType::Fargate],
            cpu: Some("256".to_owned()),
            memory: Some("512".to_owned()),
            containers: vec![app()],
            ..RegisterTaskDefinition::default()
        });
    }

    fn load_balancer(&mut self, subnets: &[String]) -> Arn {
        let vpc = self.must(DescribeVpcs::default()).items.into_iter().next().expect("there is a default VPC").id;
        let (name, tags) = (NAME.to_owned(), BTreeMap::new());
        let health_check = elb::HealthCheck { interval: Duration::from_secs(10), ..elb::HealthCheck::default() };
        let target_type = TargetType::Ip;
        let group =
            self.must(CreateTargetGroup { name: name.clone(), port: 8000, vpc, target_type, health_check, tags }).arn;
        let (subnets, tags) = (subnets.to_vec(), BTreeMap::new());
        let balancer = CreateLoadBalancer { name, subnets, security_groups: Vec::new(), scheme: None, tags };
        let load_balancer = self.must(balancer).arn.to_string();
        let (forward, tags) = (vec![(group.to_string(), 1)], BTreeMap::new());
        self.must(CreateListener { load_balancer, port: 80, forward, tags });
        group
    }

    fn must<O: Operation>(&mut self, operation: O) -> O::Output {
        let (now, root) = (self.world.now(), self.world.root());
        self.world.call(now, &root, operation).unwrap_or_else(|refusal| panic!("{} was refused: {refusal}", O::NAME))
    }
}

fn is_steady(world: &World) -> bool {
    let service: &Service = world.ecs().service(NAME, NAME).expect("it was made");
    service.primary().rollout_state == RolloutState::Completed
        && service.events.front().is_some_and(|event| event.message.ends_with("has reached a steady state."))
}

fn app() -> ContainerDefinition {
    let port = PortMapping {
        container_port: 8000,
        host_port: None,
        protocol: "tcp".to_owned(),
        name: None,
        app_protocol: None,
    };
    let health_check = HealthCheck {
        command: vec!["CMD-SHELL".to_owned(), "check".to_owned()],
        interval: Duration::from_secs(10),
        timeout: Duration::from_secs(5),
        retries: 3,
        start_period: Some(Duration::from_secs(15)),
    };
    ContainerDefinition {
        port_mappings: vec![port],
        health_check: Some(health_check),
        ..ContainerDefinition::new("app", "app:1")
    }
}
