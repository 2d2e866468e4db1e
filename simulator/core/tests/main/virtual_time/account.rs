//! An account with what a deploy needs, and the calls that deploys make.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use simulator_core::ec2::{DescribeSubnets, DescribeVpcs};
use simulator_core::ecs::definition::{ContainerDefinition, HealthCheck, LogConfiguration, PortMapping};
use simulator_core::ecs::service::{
    AdvancedConfiguration, Alarms, CircuitBreaker, Controller, DeploymentConfiguration, EarlySuccess, LoadBalancer,
    RolloutState, Shifting,
};
use simulator_core::ecs::{
    CreateCluster, CreateService, LaunchType, Network, RegisterTaskDefinition, RunTask, Service, StopTask, Task,
    TaskDefinition, UpdateService,
};
use simulator_core::effect::TaskId;
use simulator_core::elb::target_group::TargetType;
use simulator_core::elb::{CreateListener, CreateLoadBalancer, CreateTargetGroup};
use simulator_core::iam::{CreateRole, PutInlinePolicy, Role};
use simulator_core::logs::CreateLogGroup;
use simulator_core::{Arn, Caller, Effect, Operation, Refusal, Region, Setup, Timestamp, Timing, World};

use super::driver::Driver;

/// The cluster's name.
pub(crate) const CLUSTER: &str = "news";

pub(crate) const SERVICE: &str = "news-api";
pub(super) const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// The account, and the driver that makes its wishes real.
pub(crate) struct Account {
    pub(crate) world: World,
    pub(crate) driver: Driver,
    pub(crate) root: Caller,
    pub(crate) target_group: Option<Arn>,
    pub(crate) network: Network,
    pub(crate) advanced: Option<AdvancedConfiguration>,
}

/// A service to be made.
#[derive(Clone, Debug)]
pub(crate) struct Deploy {
    pub(crate) desired: u32,
    pub(crate) minimum: u32,
    pub(crate) maximum: u32,
    pub(crate) breaker: CircuitBreaker,
    pub(crate) grace: Option<Duration>,
    pub(crate) shifting: Shifting,
    pub(crate) alarms: Alarms,
    pub(crate) controller: Controller,
    pub(crate) early_success: EarlySuccess,
}

impl Default for Deploy {
    fn default() -> Self {
        let breaker = CircuitBreaker { enable: true, rollback: true, ..CircuitBreaker::default() };
        Self {
            desired: 2,
            minimum: 100,
            maximum: 200,
            breaker,
            grace: None,
            shifting: Shifting::default(),
            alarms: Alarms::default(),
            controller: Controller::Ecs,
            early_success: EarlySuccess::default(),
        }
    }
}

/// A container called `name` of `image` that writes logs.
pub(crate) fn container(name: &str, image: &str) -> ContainerDefinition {
    let options = [("awslogs-group", "/news"), ("awslogs-region", "eu-central-1"), ("awslogs-stream-prefix", "ecs")];
    let port = PortMapping {
        container_port: 8000,
        host_port: None,
        protocol: "tcp".to_owned(),
        name: None,
        app_protocol: None,
    };
    let options = options.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    ContainerDefinition {
        port_mappings: vec![port],
        log: Some(LogConfiguration { options }),
        ..ContainerDefinition::new(name, image)
    }
}

/// A health check every five seconds, three failures of which are too many.
pub(crate) fn health_check() -> HealthCheck {
    HealthCheck {
        command: vec!["CMD-SHELL".to_owned(), "check".to_owned()],
        interval: Duration::from_secs(5),
        timeout: Duration::from_secs(2),
        retries: 3,
        start_period: None,
    }
}

impl Account {
    /// An account with roles, a log group and a cluster.
    pub(crate) fn new(timing: Timing) -> Self {
        Self::seeded(timing, 7)
    }

    /// The same from another seed.
    pub(crate) fn seeded(timing: Timing, seed: u64) -> Self {
        let account = "123456789012".parse().expect("twelve digits");
        let world = World::new(Setup { account, region: Region::new("eu-central-1"), seed, timing, now: START });
        let root = world.root();
        let network = Network { public_ip: true, ..Network::default() };
        let mut account = Self { world, driver: Driver::default(), root, target_group: None, network, advanced: None };
        let subnets = account.must(DescribeSubnets::default()).items.into_iter();
        account.network.subnets = subnets.map(|subnet| subnet.id).collect();
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        account.must(CreateRole {
            name: "execution".to_owned(),
            path: None,
            trust_policy: trust.to_owned(),
            description: None,
            max_session_seconds: None,
            boundary: None,
            tags: Vec::new(),
        });
        account.allow_execution(&["logs:*", "ecr:*", "secretsmanager:*"]);
        account.must(CreateLogGroup { group: "/news".to_owned(), tags: BTreeMap::new() });
        account.must(CreateCluster { name: Some(CLUSTER.to_owned()), ..CreateCluster::default() });
        account
    }

    /// Lets the execution role do `actions` and nothing else.
    pub(crate) fn allow_execution(&mut self, actions: &[&str]) {
        let actions = actions.iter().map(|action| format!("{action:?}")).collect::<Vec<_>>().join(",");
        let statement = format!(r#"{{"Effect":"Allow","Action":[{actions}],"Resource":"*"}}"#);
        let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        self.must(PutInlinePolicy::<Role>::new("execution".to_owned(), "execution".to_owned(), document));
    }

    /// A load balancer with a target group and a listener.
    pub(crate) fn with_load_balancer(mut self, health_check: simulator_core::elb::HealthCheck) -> Self {
        let tags = BTreeMap::new();
        let (name, port) = (SERVICE.to_owned(), 8000);
        let vpc = self.vpc();
        let group = CreateTargetGroup {
            name: name.clone(),
            port,
            vpc,
            target_type: TargetType::Ip,
            health_check,
            tags: tags.clone(),
        };
        let group = self.must(group).arn;
        let subnets = self.network.subnets.clone();
        let balancer =
            CreateLoadBalancer { name, subnets, security_groups: Vec::new(), scheme: None, tags: tags.clone() };
        let load_balancer = self.must(balancer).arn.to_string();
        self.must(CreateListener { load_balancer, port: 80, forward: vec![(group.to_string(), 1)], tags });
        self.target_group = Some(group);
        self
    }

    /// The default VPC.
    pub(crate) fn vpc(&mut self) -> String {
        self.must(DescribeVpcs::default()).items.into_iter().next().expect("there is a default VPC").id
    }

    /// A call by the account's owner.
    pub(crate) fn call<O: Operation>(&mut self, operation: O) -> Result<O::Output, Refusal> {
        let now = self.world.now();
        self.world.call(now, &self.root, operation)
    }

    /// The same, where a refusal is a mistake of the test.
    pub(crate) fn must<O: Operation>(&mut self, operation: O) -> O::Output {
        self.call(operation).unwrap_or_else(|refusal| panic!("{} was refused: {refusal}", O::NAME))
    }

    /// Registers a revision of `news-api` made of `containers`.
    pub(crate) fn register(&mut self, containers: Vec<ContainerDefinition>) -> Arc<TaskDefinition> {
        self.register_with_role("execution", containers)
    }

    /// The same with the execution role called `role`.
    pub(crate) fn register_with_role(
        &mut self,
        role: &str,
        containers: Vec<ContainerDefinition>,
    ) -> Arc<TaskDefinition> {
        self.must(RegisterTaskDefinition {
            family: SERVICE.to_owned(),
            execution_role: Some(role.to_owned()),
            network_mode: Some("awsvpc".to_owned()),
            requires: vec![LaunchType::Fargate],
            cpu: Some("256".to_owned()),
            memory: Some("512".to_owned()),
            containers,
            ..RegisterTaskDefinition::default()
        })
    }

    /// Runs one task made of `containers`, and answers its id.
    pub(crate) fn run_task(&mut self, containers: Vec<ContainerDefinition>) -> TaskId {
        let definition = self.register(containers);
        let tasks = self.must(RunTask {
            cluster: Some(CLUSTER.to_owned()),
            task_definition: definition.name().to_string(),
            launch_type: Some(LaunchType::Fargate),
            network: Some(self.network.clone()),
            ..RunTask::default()
        });
        tasks.into_iter().next().expect("one task was asked for")
    }

    /// Stops the task called `id`.
    pub(crate) fn stop(&mut self, id: &TaskId) {
        self.must(StopTask { cluster: Some(CLUSTER.to_owned()), task: id.to_string(), reason: None });
    }

    /// When something was first wanted.
    pub(crate) fn first_wanted(&self, is_it: impl Fn(&Effect) -> bool) -> Option<Timestamp> {
        self.driver.wanted.iter().find(|(_, effect)| is_it(effect)).map(|(at, _)| *at)
    }

    /// Makes the service, of the newest revision.
    pub(crate) fn create_service(&mut self, deploy: &Deploy) {
        let create = self.creation(deploy);
        self.must(create);
    }

    /// The call that makes the service, of the newest revision.
    pub(crate) fn creation(&self, deploy: &Deploy) -> CreateService {
        let balancer = self.target_group.clone().map(|target_group| LoadBalancer {
            target_group,
            container: "app".to_owned(),
            port: 8000,
            advanced: self.advanced.clone(),
        });
        CreateService {
            cluster: Some(CLUSTER.to_owned()),
            name: SERVICE.to_owned(),
            task_definition: SERVICE.to_owned(),
            desired: deploy.desired,
            launch_type: Some(LaunchType::Fargate),
            load_balancers: balancer.into_iter().collect(),
            network: Some(self.network.clone()),
            configuration: DeploymentConfiguration {
                minimum_healthy_percent: deploy.minimum,
                maximum_percent: deploy.maximum,
                circuit_breaker: deploy.breaker,
                shifting: deploy.shifting.clone(),
                alarms: deploy.alarms.clone(),
                early_success: deploy.early_success,
            },
            controller: deploy.controller,
            grace: deploy.grace,
            ..CreateService::default()
        }
    }

    /// Deploys the newest revision, and answers the deployment's id.
    pub(crate) fn deploy(&mut self) -> String {
        self.update(UpdateService { task_definition: Some(SERVICE.to_owned()), ..UpdateService::default() });
        self.service().primary().id.to_string()
    }

    /// Changes the service.
    pub(crate) fn update(&mut self, update: UpdateService) {
        self.must(UpdateService { cluster: Some(CLUSTER.to_owned()), service: SERVICE.to_owned(), ..update });
    }

    /// The service.
    pub(crate) fn service(&self) -> &Service {
        self.world.ecs().service(CLUSTER, SERVICE).expect("the service was made")
    }

    /// The task called `id`.
    pub(crate) fn task(&self, id: &TaskId) -> &Task {
        self.world.ecs().task(id).expect("the task was launched")
    }

    /// Time passes until `condition` holds, which it must within `limit`.
    pub(crate) fn until(&mut self, what: &str, limit: Duration, mut condition: impl FnMut(&Self) -> bool) {
        let end = self.world.now() + limit;
        while !condition(self) {
            let went_on = self.driver.step(&mut self.world);
            let late = self.world.now() > end;
            assert!(went_on && !late, "{what}: not within {limit:?}; events:\n{}", self.story());
        }
    }

    /// Time passes until the primary deployment is done, as many tasks run as are wanted, and the service says that it is steady,
    /// which it must within an hour.
    pub(crate) fn until_steady(&mut self) {
        self.until("the service is steady", Duration::from_secs(3600), |account| {
            let service = account.service();
            if service.primary().rollout_state != RolloutState::Completed {
                return false;
            }
            let said =
                service.events.front().is_some_and(|event| event.message.ends_with("has reached a steady state."));
            if !said {
                return false;
            }
            let tasks: Vec<&Task> = account.world.ecs().tasks_of(service).collect();
            tasks.len() == usize::try_from(service.desired).expect("a small number")
                && tasks.iter().all(|task| task.last_status.is_running() && !task.stopping)
        });
    }
}
