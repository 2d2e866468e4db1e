//! CreateService.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::advanced;
use super::config::{DeploymentConfiguration, LoadBalancer};
use super::controller::Controller;
use super::deployment::Deployment;
use super::hook::{HookTarget, LifecycleHook};
use super::{Backoff, Propagate, Service, ServiceKey, ServiceStatus, history};
use crate::agenda::Deadline;
use crate::arn::Arn;
use crate::ecs::capacity::{self, StrategyItem};
use crate::ecs::definition::TaskDefinition;
use crate::ecs::network::{self, Network};
use crate::ecs::{LaunchType, access, cluster, scheduler, tag};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Makes a service.
#[derive(Clone, Debug, Default)]
pub struct CreateService {
    /// `cluster`: name or ARN.
    pub cluster: Option<String>,
    /// `serviceName`.
    pub name: String,
    /// `taskDefinition`: family, `family:revision`, or ARN.
    pub task_definition: String,
    /// `desiredCount`.
    pub desired: u32,
    /// `launchType`.
    pub launch_type: Option<LaunchType>,
    /// `capacityProviderStrategy`, in place of a launch type.
    pub strategy: Vec<StrategyItem>,
    /// `enableExecuteCommand`.
    pub execute_command: bool,
    /// `loadBalancers`.
    pub load_balancers: Vec<LoadBalancer>,
    /// `networkConfiguration`.
    pub network: Option<Network>,
    /// `deploymentController`.
    pub controller: Controller,
    /// `deploymentConfiguration`.
    pub configuration: DeploymentConfiguration,
    /// `healthCheckGracePeriodSeconds`.
    pub grace: Option<Duration>,
    /// `tags`.
    pub tags: BTreeMap<String, String>,
    /// `propagateTags`.
    pub propagate: Propagate,
    /// `enableECSManagedTags`.
    pub managed_tags: bool,
    /// Whether `availabilityZoneRebalancing` is ENABLED, as it is by default.
    pub zone_rebalancing: Option<bool>,
}

/// The ARN of a service, whether it exists or not.
pub(super) fn service_arn(world: &World, key: &ServiceKey) -> Arn {
    Arn::new("ecs", &world.region, &world.account, &format!("service/{}/{}", key.cluster, key.service))
}

/// `access` with the condition keys that a network configuration brings.
pub(super) fn with_network(mut access: Access, network: Option<&Network>) -> Access {
    if let Some(network) = network {
        access = access.with("ecs:auto-assign-public-ip", network.public_ip.to_string());
        for subnet in &network.subnets {
            access = access.with("ecs:subnet", subnet);
        }
    }
    access
}

/// Handing ECS the roles with which it changes listener rules and calls functions (`facts/aws.md` 2.4).
pub(super) fn passed_roles(balancers: &[LoadBalancer], hooks: &[LifecycleHook]) -> Vec<Access> {
    let of_balancers = balancers.iter().filter_map(|balancer| balancer.advanced.as_ref().map(|it| it.role.as_str()));
    let of_hooks = hooks.iter().filter_map(|hook| match &hook.target {
        HookTarget::Lambda { role, .. } => role.as_deref(),
        HookTarget::Pause => None,
    });
    let roles: BTreeSet<&str> = of_balancers.chain(of_hooks).collect();
    let pass = |role| Access::new("iam:PassRole", role).with("iam:PassedToService", "ecs.amazonaws.com");
    roles.into_iter().map(pass).collect()
}

/// Execute command needs a task role; the service cannot be `done` without (`facts/aws.md` 4.2, of UpdateService).
pub(super) fn check_task_role(definition: &TaskDefinition, done: &str) -> Result<(), Refusal> {
    if definition.task_role.is_some() {
        return Ok(());
    }
    let message = format!(
        "The service couldn't be {done} because a valid taskRoleArn is not being used. Specify a valid task role in your task \
         definition and try again."
    );
    Err(Refusal::fault("InvalidParameterException", message))
}

impl CreateService {
    fn key(&self) -> ServiceKey {
        ServiceKey {
            cluster: cluster::cluster_name(self.cluster.as_deref()).into(),
            service: self.name.as_str().into(),
        }
    }

    fn check(&self, world: &World) -> Result<(), Refusal> {
        let invalid = |message: &str| Err(Refusal::fault("InvalidParameterException", message));
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if self.name.is_empty() || self.name.len() > 255 || !self.name.bytes().all(valid) {
            return invalid("Service name is not valid.");
        }
        match world.ecs.services.get(&self.key()).map(|service| service.status) {
            Some(ServiceStatus::Active) => return invalid("Creation of service was not idempotent."),
            Some(ServiceStatus::Draining) => return invalid("Unable to Start a service that is still Draining."),
            Some(ServiceStatus::Inactive) | None => {}
        }
        tag::check(&self.tags)?;
        let (launch_type, _) =
            capacity::chosen(world.ecs.cluster(self.cluster.as_deref())?, self.launch_type, &self.strategy)?;
        if launch_type != LaunchType::Fargate {
            // AWS would accept the service and never place a task; saying so at once is plainer than a rehearsal that hangs.
            return Err(Refusal::NotSimulated {
                what: "services of launch type EC2: there are no container instances".to_owned(),
            });
        }
        self.controller.check_new(self)?;
        self.configuration.check()
    }
}

impl Operation for CreateService {
    type Output = ServiceKey;
    const NAME: &'static str = "ecs:CreateService";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let definition = world.ecs.usable_definition(&self.task_definition)?;
        let key = self.key();
        let arn = service_arn(world, &key);
        let create = access::tagged(Access::new(Self::NAME, arn.as_str()), &self.tags)
            .with("ecs:cluster", cluster::cluster_arn(world, &key.cluster).as_str())
            .with("ecs:task-definition", definition.arn.as_str())
            .with("ecs:enable-ecs-managed-tags", self.managed_tags.to_string())
            .with("ecs:propagate-tags", self.propagate.as_str())
            .with("ecs:enable-execute-command", self.execute_command.to_string());
        let create = with_network(create, self.network.as_ref());
        let create = capacity::with_providers(create, world, self.strategy.iter().map(|item| &item.provider));
        let create = access::with_size(create, definition.cpu, definition.memory);
        let tag = access::tag_on_create(&arn, "CreateService", &self.tags);
        let roles = passed_roles(&self.load_balancers, &self.configuration.shifting.hooks);
        Ok([create].into_iter().chain(tag).chain(roles).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<ServiceKey, Refusal> {
        let Authorized { operation: asked, caller, .. } = authorized;
        world.ecs.cluster(asked.cluster.as_deref())?;
        asked.check(world)?;
        let definition = Arc::clone(world.ecs.usable_definition(&asked.task_definition)?);
        network::check(world, &definition, asked.network.as_ref())?;
        for balancer in &asked.load_balancers {
            balancer.check(world, &definition)?;
        }
        advanced::check(world, &asked.configuration.shifting.strategy, &asked.load_balancers)?;
        let key = asked.key();
        if asked.execute_command {
            check_task_role(&definition, "created")?;
        }
        let (_, strategy) =
            capacity::chosen(world.ecs.cluster(asked.cluster.as_deref())?, asked.launch_type, &asked.strategy)?;
        let network = asked.network.unwrap_or_default();
        let deployment = Deployment::new(world, definition, network, asked.load_balancers, strategy);
        let service = Service {
            arn: service_arn(world, &key),
            key: key.clone(),
            status: ServiceStatus::Active,
            desired: asked.desired,
            controller: asked.controller,
            configuration: asked.configuration,
            grace: asked.grace,
            tags: asked.tags,
            propagate: asked.propagate,
            managed_tags: asked.managed_tags,
            execute_command: asked.execute_command,
            zone_rebalancing: asked.zone_rebalancing.unwrap_or(true),
            created_at: world.now,
            created_by: caller.arn,
            events: VecDeque::new(),
            deployments: vec![deployment],
            revisions: Vec::new(),
            history: Vec::new(),
            live: BTreeSet::new(),
            ended: Vec::new(),
            unlaunched: Vec::new(),
            backoff: Backoff::default(),
            rebalancing: 0,
            unbalanced: false,
            steady_since: None,
            look_due: Deadline::default(),
            evaluated_at: None,
            cause: None,
            said: BTreeMap::new(),
        };
        world.ecs.services.insert(key.clone(), service);
        history::begin(world, &key);
        scheduler::begin_deployment(world, &key);
        super::deployment::tell(world, &key, 0);
        scheduler::poke(world, &key);
        Ok(key)
    }
}
