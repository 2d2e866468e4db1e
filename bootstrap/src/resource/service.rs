//! The ECS service. It is made at desired count 0, since its image comes with the first deploy; from then on image,
//! revision and desired count are the deploy's, and are not compared.

use std::num::NonZeroU16;

use aws_sdk_ecs::types::{
    AssignPublicIp, AwsVpcConfiguration, DeploymentCircuitBreaker, DeploymentConfiguration, LaunchType,
    LoadBalancer as LoadBalancerRegistration, NetworkConfiguration, ServiceField,
};

use super::cluster::tag;
use super::listener::Listener;
use super::network::Network;
use super::traffic::{Traffic, TrafficState};
use super::{Kind, Owner, ResourceId};
use crate::config::name::{
    ClusterName, ContainerName, Family, GracePeriodSeconds, MaximumPercent, MinimumHealthyPercent, ProjectName,
    ServiceName,
};
use crate::connect::Account;
use crate::fault::{CallError, Called, sent, unless_absent};
use crate::identifiers::{Identifiers, Made};
use crate::plan::{Blocker, Change, Draft};

/// The service that should be: tasks on Fargate behind the load balancer, rolled out with a circuit breaker that rolls back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The cluster that it runs in.
    pub cluster: ClusterName,
    /// Its name.
    pub name: ServiceName,
    /// The family of its task definition.
    pub family: Family,
    /// The listener that sends requests to its target group.
    pub listener: Listener,
    /// The container behind the load balancer.
    pub container: ContainerName,
    /// The port of that container.
    pub port: NonZeroU16,
    /// The name of the security group of its tasks.
    pub security_group: String,
    /// The name of the target group that its tasks are registered in.
    pub target_group: String,
    /// How a rollout proceeds.
    pub rollout: Rollout,
    /// How requests move to a new revision, where tasks are not just replaced in place.
    pub traffic: Option<Box<Traffic>>,
}

/// How a service is rolled out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollout {
    /// The share of the desired count that stays healthy.
    pub minimum_healthy_percent: MinimumHealthyPercent,
    /// The share of the desired count that may run at once.
    pub maximum_percent: MaximumPercent,
    /// How long after its start a task may be unhealthy.
    pub grace_period: GracePeriodSeconds,
}

/// The service that is. A deleted one stays visible for a while as `INACTIVE` and counts as none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceState {
    /// Its ARN.
    pub arn: String,
    /// Whom it belongs to.
    pub owner: Owner,
    /// ECS's word for its state, for example `ACTIVE`.
    pub status: String,
    /// The lower bound of a rollout in percent.
    pub minimum_healthy_percent: Option<i32>,
    /// The upper bound of a rollout in percent.
    pub maximum_percent: Option<i32>,
    /// Whether a failing rollout is stopped and rolled back.
    pub rolls_back: bool,
    /// The health check grace period in seconds.
    pub grace_period_seconds: i32,
    /// The target groups that its tasks are registered in: ARN, container, port.
    pub targets: Vec<(String, String, i32)>,
    /// How requests move to a new revision.
    pub traffic: TrafficState,
}

impl Service {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::Service, format!("{}/{}", self.cluster, self.name))
    }

    pub(crate) async fn observe(
        &self,
        account: &Account,
        project: &ProjectName,
    ) -> Result<Option<ServiceState>, CallError> {
        const OPERATION: &str = "ecs:DescribeServices";
        let request = account.ecs.describe_services().cluster(self.cluster.as_str()).services(self.name.as_str());
        let answer = request.include(ServiceField::Tags).send().await.called(OPERATION, &self.id());
        let services = unless_absent(answer, &["ClusterNotFoundException"])?.and_then(|found| found.services);
        let found = services.unwrap_or_default().into_iter().find(|found| found.status() != Some("INACTIVE"));
        let Some(found) = found else { return Ok(None) };
        let rollout = found.deployment_configuration();
        let breaker = rollout.and_then(DeploymentConfiguration::deployment_circuit_breaker);
        Ok(Some(ServiceState {
            owner: Owner::of(found.tags().iter().map(|tag| (tag.key(), tag.value())), project),
            status: found.status().unwrap_or_default().to_owned(),
            minimum_healthy_percent: rollout.and_then(DeploymentConfiguration::minimum_healthy_percent),
            maximum_percent: rollout.and_then(DeploymentConfiguration::maximum_percent),
            rolls_back: breaker.is_some_and(|breaker| breaker.enable() && breaker.rollback()),
            grace_period_seconds: found.health_check_grace_period_seconds().unwrap_or_default(),
            targets: found.load_balancers().iter().filter_map(target).collect(),
            traffic: TrafficState::of(rollout, found.load_balancers()),
            arn: sent(found.service_arn, "serviceArn", OPERATION, &self.id())?,
        }))
    }

    /// Compares with the one that is there; `identifiers` has what it refers to, as far as there is any yet.
    pub(crate) fn plan(
        &self,
        network: &Network,
        identifiers: &Identifiers,
        found: Option<&ServiceState>,
        draft: &mut Draft,
    ) {
        let Some(found) = found else {
            let change = Change::CreateService { service: self.clone(), subnet_ids: network.subnet_ids.clone() };
            draft.create(change, "deploys update it");
            return;
        };
        if found.status != "ACTIVE" {
            let why = format!("its status is `{}`; wait until it is gone", found.status);
            draft.block(Blocker::Unusable { resource: self.id(), why });
        }
        let percent = |value: Option<i32>| value.map_or_else(|| "none".to_owned(), |value| value.to_string());
        let Rollout { minimum_healthy_percent, maximum_percent, grace_period } = &self.rollout;
        let target_group = identifiers.target_groups.get(&self.target_group);
        let target = target_group.map(|arn| (arn.as_str(), self.container.as_str(), i32::from(self.port.get())));
        let registered = |wanted: (&str, &str, i32)| {
            found.targets.iter().any(|(arn, container, port)| (arn.as_str(), container.as_str(), *port) == wanted)
        };
        let wanted = match &self.traffic {
            Some(traffic) => traffic.wanted(identifiers),
            None => TrafficState::rolling(),
        };
        let mut compared = vec![
            (
                "minimum healthy percent",
                minimum_healthy_percent.get().to_string(),
                percent(found.minimum_healthy_percent),
            ),
            ("maximum percent", maximum_percent.get().to_string(), percent(found.maximum_percent)),
            ("grace period", format!("{} s", grace_period.get()), format!("{} s", found.grace_period_seconds)),
            ("registration in the target group", on_off(true), on_off(target.is_some_and(registered))),
            ("strategy", wanted.steps, found.traffic.steps.clone()),
            ("lifecycle hooks", wanted.hooks, found.traffic.hooks.clone()),
        ];
        // The circuit breaker is for services that replace their tasks in place (botocore ecs, `deploymentCircuitBreaker`).
        if self.traffic.is_none() {
            compared.insert(3, ("circuit breaker with rollback", on_off(true), on_off(found.rolls_back)));
        } else {
            let between = wanted.between.is_some() && wanted.between == found.traffic.between;
            compared.push(("registration in the second target group and its rules", on_off(true), on_off(between)));
        }
        for (field, wanted, found) in compared {
            if wanted != found {
                draft.drift(self.id(), field, &wanted, &found);
            }
        }
    }

    pub(crate) async fn create(
        &self,
        account: &Account,
        subnet_ids: &[String],
        identifiers: &Identifiers,
        project: &ProjectName,
    ) -> Result<Made, CallError> {
        const OPERATION: &str = "ecs:CreateService";
        let id = self.id();
        // The subnets of a default VPC reach the internet, and with it ECR and the logs, only from public addresses.
        let network = AwsVpcConfiguration::builder()
            .set_subnets(Some(subnet_ids.to_vec()))
            .security_groups(identifiers.security_group(&self.security_group, OPERATION, &id)?)
            .assign_public_ip(AssignPublicIp::Enabled)
            .build()
            .expect("a network configuration with subnets is complete");
        let rollout = DeploymentConfiguration::builder()
            .minimum_healthy_percent(self.rollout.minimum_healthy_percent.get())
            .maximum_percent(self.rollout.maximum_percent.get());
        let (rollout, advanced) = match &self.traffic {
            None => {
                let breaker = DeploymentCircuitBreaker::builder().enable(true).rollback(true).build();
                (rollout.deployment_circuit_breaker(breaker), None)
            }
            Some(traffic) => (
                traffic.configure(rollout, identifiers, OPERATION, &id)?,
                Some(traffic.advanced(identifiers, OPERATION, &id)?),
            ),
        };
        let target = LoadBalancerRegistration::builder()
            .target_group_arn(identifiers.target_group(&self.target_group, OPERATION, &id)?)
            .set_advanced_configuration(advanced)
            .container_name(self.container.as_str())
            .container_port(i32::from(self.port.get()))
            .build();
        let answer = account
            .ecs
            .create_service()
            .cluster(self.cluster.as_str())
            .service_name(self.name.as_str())
            .task_definition(identifiers.task_definition(OPERATION, &id)?)
            .desired_count(0)
            .launch_type(LaunchType::Fargate)
            .network_configuration(NetworkConfiguration::builder().awsvpc_configuration(network).build())
            .load_balancers(target)
            .health_check_grace_period_seconds(self.rollout.grace_period.get())
            .deployment_configuration(rollout.build())
            .tags(tag(project))
            .send()
            .await
            .called(OPERATION, &id)?;
        let arn = answer.service.and_then(|service| service.service_arn);
        Ok(Made::Service { arn: sent(arn, "serviceArn", OPERATION, &id)? })
    }
}

fn target(registration: &LoadBalancerRegistration) -> Option<(String, String, i32)> {
    let arn = registration.target_group_arn()?.to_owned();
    Some((arn, registration.container_name()?.to_owned(), registration.container_port()?))
}

fn on_off(flag: bool) -> String {
    if flag { "on" } else { "off" }.to_owned()
}
