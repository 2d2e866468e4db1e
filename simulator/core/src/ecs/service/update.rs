//! UpdateService.

use std::sync::Arc;
use std::time::Duration;

use super::advanced;
use super::config::{Alarms, CircuitBreaker, LoadBalancer};
use super::create::{check_task_role, passed_roles, service_arn, with_network};
use super::deployment::{self, Deployment};
use super::early_success::EarlySuccess;
use super::strategy::AskedShifting;
use super::{Backoff, Propagate, ServiceKey, ServiceStatus, history};
use crate::ecs::capacity::{self, StrategyItem};
use crate::ecs::network::{self, Network};
use crate::ecs::{access, cluster, scheduler};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Changes a service. A new task definition, network or load balancer, or the wish for it, begins a new deployment; a new
/// desired count or configuration does not.
#[derive(Clone, Debug, Default)]
pub struct UpdateService {
    /// `cluster`: name or ARN.
    pub cluster: Option<String>,
    /// `service`: name or ARN.
    pub service: String,
    /// `desiredCount`.
    pub desired: Option<u32>,
    /// `taskDefinition`: family, `family:revision`, or ARN.
    pub task_definition: Option<String>,
    /// `forceNewDeployment`.
    pub force: bool,
    /// `networkConfiguration`.
    pub network: Option<Network>,
    /// `loadBalancers`.
    pub load_balancers: Option<Vec<LoadBalancer>>,
    /// `deploymentConfiguration.minimumHealthyPercent`.
    pub minimum_healthy_percent: Option<u32>,
    /// `deploymentConfiguration.maximumPercent`.
    pub maximum_percent: Option<u32>,
    /// `deploymentConfiguration.deploymentCircuitBreaker`.
    pub circuit_breaker: Option<CircuitBreaker>,
    /// `deploymentConfiguration.strategy` and what belongs to it.
    pub shifting: AskedShifting,
    /// `deploymentConfiguration.alarms`.
    pub alarms: Option<Alarms>,
    /// `deploymentConfiguration.earlySuccessCriteria`.
    pub early_success: Option<EarlySuccess>,
    /// `healthCheckGracePeriodSeconds`.
    pub grace: Option<Duration>,
    /// `propagateTags`.
    pub propagate: Option<Propagate>,
    /// `enableECSManagedTags`.
    pub managed_tags: Option<bool>,
    /// `enableExecuteCommand`.
    pub execute_command: Option<bool>,
    /// `capacityProviderStrategy`.
    pub strategy: Option<Vec<StrategyItem>>,
    /// Whether `availabilityZoneRebalancing` is ENABLED.
    pub zone_rebalancing: Option<bool>,
}

/// The cluster and name in a service's name or ARN; an ARN's own cluster goes before `cluster`.
pub(in crate::ecs) fn service_key(cluster: Option<&str>, reference: &str) -> ServiceKey {
    let path = reference.rsplit_once(":service/").map_or(reference, |(_, path)| path);
    let (cluster, service) = match path.split_once('/') {
        Some((cluster, service)) => (cluster, service),
        None => (cluster::cluster_name(cluster), path),
    };
    ServiceKey { cluster: cluster.into(), service: service.into() }
}

/// `action` on a service, with the condition keys that every such call carries.
pub(in crate::ecs) fn on_service(world: &World, action: &'static str, key: &ServiceKey) -> Access {
    let access = Access::new(action, service_arn(world, key).as_str())
        .with("ecs:cluster", cluster::cluster_arn(world, &key.cluster).as_str());
    match world.ecs.services.get(key) {
        Some(service) => access::on_tagged(access, &service.tags),
        None => access,
    }
}

impl Operation for UpdateService {
    type Output = ServiceKey;
    const NAME: &'static str = "ecs:UpdateService";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let key = service_key(self.cluster.as_deref(), &self.service);
        let mut update = with_network(on_service(world, Self::NAME, &key), self.network.as_ref());
        if let Some(reference) = &self.task_definition {
            let definition = world.ecs.usable_definition(reference)?;
            update = update.with("ecs:task-definition", definition.arn.as_str());
            update = access::with_size(update, definition.cpu, definition.memory);
        }
        if let Some(managed) = self.managed_tags {
            update = update.with("ecs:enable-ecs-managed-tags", managed.to_string());
        }
        if let Some(enabled) = self.execute_command {
            update = update.with("ecs:enable-execute-command", enabled.to_string());
        }
        let providers = self.strategy.iter().flatten().map(|item| &item.provider);
        update = capacity::with_providers(update, world, providers);
        if let Some(propagate) = self.propagate {
            update = update.with("ecs:propagate-tags", propagate.as_str());
        }
        let hooks = self.shifting.hooks.as_deref().unwrap_or_default();
        let roles = passed_roles(self.load_balancers.as_deref().unwrap_or_default(), hooks);
        Ok([update].into_iter().chain(roles).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<ServiceKey, Refusal> {
        let asked = authorized.operation;
        let key = service_key(asked.cluster.as_deref(), &asked.service);
        world.ecs.cluster(Some(&key.cluster))?;
        let not_found = || Refusal::fault("ServiceNotFoundException", "Service not found.");
        let service = world.ecs.services.get(&key).ok_or_else(not_found)?;
        if service.status != ServiceStatus::Active {
            return Err(Refusal::fault("ServiceNotActiveException", "Service was not ACTIVE."));
        }
        service.controller.check_update(&asked, service)?;
        let primary = service.primary();

        let mut configuration = service.configuration.clone();
        configuration.minimum_healthy_percent =
            asked.minimum_healthy_percent.unwrap_or(configuration.minimum_healthy_percent);
        configuration.maximum_percent = asked.maximum_percent.unwrap_or(configuration.maximum_percent);
        configuration.circuit_breaker = asked.circuit_breaker.unwrap_or(configuration.circuit_breaker);
        configuration.shifting = asked.shifting.over(&configuration.shifting)?;
        configuration.alarms = asked.alarms.unwrap_or(configuration.alarms);
        configuration.early_success = asked.early_success.unwrap_or(configuration.early_success);
        configuration.check()?;

        let definition = match &asked.task_definition {
            Some(reference) => Arc::clone(world.ecs.usable_definition(reference)?),
            None => Arc::clone(&primary.definition),
        };
        if asked.execute_command.unwrap_or(service.execute_command) {
            check_task_role(&definition, "updated")?;
        }
        let strategy = match &asked.strategy {
            Some(strategy) => {
                capacity::check_strategy(strategy, &world.ecs.cluster(Some(&key.cluster))?.providers)?;
                strategy.clone()
            }
            None => primary.strategy.clone(),
        };
        let network = asked.network.unwrap_or_else(|| primary.network.clone());
        let load_balancers = asked.load_balancers.unwrap_or_else(|| primary.load_balancers.clone());
        network::check(world, &definition, Some(&network))?;
        for balancer in &load_balancers {
            balancer.check(world, &definition)?;
        }
        advanced::check(world, &configuration.shifting.strategy, &load_balancers)?;
        let changed = definition.arn != primary.definition.arn
            || network != primary.network
            || load_balancers != primary.load_balancers
            || strategy != primary.strategy;

        let new =
            (asked.force || changed).then(|| Deployment::new(world, definition, network, load_balancers, strategy));
        let service = world.ecs.services.get_mut(&key).ok_or_else(not_found)?;
        service.configuration = configuration;
        service.desired = asked.desired.unwrap_or(service.desired);
        service.grace = asked.grace.or(service.grace);
        service.propagate = asked.propagate.unwrap_or(service.propagate);
        service.execute_command = asked.execute_command.unwrap_or(service.execute_command);
        service.managed_tags = asked.managed_tags.unwrap_or(service.managed_tags);
        service.zone_rebalancing = asked.zone_rebalancing.unwrap_or(service.zone_rebalancing);
        service.steady_since = None;
        // What is to be now decides how many there may be beyond the desired count.
        service.rebalancing = 0;
        if let Some(new) = new {
            service.deployments.insert(0, new);
            // The throttle resets at once when the service gets something new to start.
            service.backoff = Backoff::default();
            service.said.clear();
            history::begin(world, &key);
            scheduler::begin_deployment(world, &key);
            deployment::tell(world, &key, 0);
        }
        scheduler::poke(world, &key);
        Ok(key)
    }
}
