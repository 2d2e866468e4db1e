//! What can be done about a service.

use std::fmt;

use aws_sdk_ecs::types::{
    AssignPublicIp, AwsVpcConfiguration, DeploymentCircuitBreaker, DeploymentConfiguration, LaunchType,
    LoadBalancer as LoadBalancerRegistration, NetworkConfiguration, Service as Found,
};

use super::cluster::tag;
use super::listener::Listener;
use super::managed::{Alteration, Hands, Managed};
use super::service::Service;
use super::{Kind, ResourceId};
use crate::fault::{CallError, Called, Failure, sent, unless_absent};
use crate::identifiers::Made;
use crate::plan::Needs;

/// One call that changes a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `ecs:CreateService`.
    Create {
        /// The service.
        service: Service,
        /// The subnets that its tasks go into.
        subnet_ids: Vec<String>,
    },
    /// `ecs:UpdateService`, of how it is rolled out. It starts no deployment.
    Configure(Service),
    /// `ecs:TagResource`.
    Tag(Service),
    /// `ecs:UpdateService`, of the desired count.
    ScaleToZero(Service),
    /// `ecs:DescribeServices`, until none of its tasks runs.
    AwaitIdle(Service),
    /// `ecs:DeleteService`.
    Delete(Service),
    /// `ecs:DescribeServices`, until there is no such service.
    AwaitGone(Service),
}

impl Change {
    /// The service.
    pub(crate) fn service(&self) -> &Service {
        match self {
            Self::Create { service, subnet_ids: _ }
            | Self::Configure(service)
            | Self::Tag(service)
            | Self::ScaleToZero(service)
            | Self::AwaitIdle(service)
            | Self::Delete(service)
            | Self::AwaitGone(service) => service,
        }
    }
}

impl Alteration for Change {
    fn resource(&self) -> ResourceId {
        match self {
            Self::Configure(service) => ResourceId::new(Kind::Configuration, service.id().name),
            Self::Create { .. }
            | Self::Tag(_)
            | Self::ScaleToZero(_)
            | Self::AwaitIdle(_)
            | Self::Delete(_)
            | Self::AwaitGone(_) => self.service().id(),
        }
    }

    fn needs(&self) -> Needs {
        Needs::These(match self {
            Self::Create { service, subnet_ids: _ } => Managed::needs(service),
            Self::Tag(_) | Self::ScaleToZero(_) => Vec::new(),
            // ECS takes no change of a service whose target group no listener forwards to.
            Self::Configure(service) => {
                std::iter::once(service.id()).chain(service.listener().map(Listener::id)).collect()
            }
            Self::AwaitIdle(service) | Self::Delete(service) | Self::AwaitGone(service) => vec![service.id()],
        })
    }

    fn loses(&self) -> Option<&'static str> {
        None
    }

    async fn make(&self, hands: &Hands<'_>) -> Result<Made, CallError> {
        let (ecs, id, service) = (&hands.account.ecs, self.resource(), self.service());
        let (cluster, name) = (service.cluster.as_str(), service.name.as_str());
        match self {
            Self::Create { service, subnet_ids } => return create(service, subnet_ids, hands).await,
            Self::Configure(_) => {
                let request = ecs.update_service().cluster(cluster).service(name);
                let request = request.set_health_check_grace_period_seconds(grace_period(service));
                let mut rollout = DeploymentConfiguration::builder()
                    .minimum_healthy_percent(service.rollout.minimum_healthy_percent.get())
                    .maximum_percent(service.rollout.maximum_percent.get());
                if service.traffic.is_none() {
                    rollout = rollout.deployment_circuit_breaker(breaker());
                }
                let answer = request.deployment_configuration(rollout.build()).send().await;
                answer.called("ecs:UpdateService", &id)?;
            }
            Self::Tag(_) => {
                let arn = hands.known.name(&id, "ecs:TagResource", &id)?;
                let answer = ecs.tag_resource().resource_arn(arn).tags(tag(hands.project)).send().await;
                answer.called("ecs:TagResource", &id)?;
            }
            Self::ScaleToZero(_) => {
                let answer = ecs.update_service().cluster(cluster).service(name).desired_count(0).send().await;
                unless_gone(answer.called("ecs:UpdateService", &id))?;
            }
            Self::Delete(_) => {
                let answer = ecs.delete_service().cluster(cluster).service(name).send().await;
                unless_gone(answer.called("ecs:DeleteService", &id))?;
            }
            Self::AwaitIdle(_) => {
                let has_tasks = |found: &Found| found.running_count() + found.pending_count() > 0;
                wait_while(has_tasks, "the service's tasks to stop", service, hands).await?;
            }
            Self::AwaitGone(_) => {
                let is_there = |found: &Found| found.status() != Some("INACTIVE");
                wait_while(is_there, "the service's tasks to drain", service, hands).await?;
            }
        }
        Ok(Made::Nothing)
    }
}

/// Looks once whether the service is still so; that it is, is an error that is tried again.
async fn wait_while(
    is_so: impl Fn(&Found) -> bool,
    what: &'static str,
    service: &Service,
    hands: &Hands<'_>,
) -> Result<(), CallError> {
    const OPERATION: &str = "ecs:DescribeServices";
    let request = hands.account.ecs.describe_services().cluster(service.cluster.as_str());
    let answer = request.services(service.name.as_str()).send().await.called(OPERATION, &service.id());
    let answer = unless_absent(answer, &["ClusterNotFoundException"])?;
    let services = answer.and_then(|answer| answer.services).unwrap_or_default();
    if services.iter().any(is_so) {
        let failure = Failure::Pending { what };
        return Err(CallError { operation: OPERATION, resource: service.id(), failure });
    }
    Ok(())
}

/// That a service is gone already is what its deletion wants.
fn unless_gone<T>(answer: Result<T, CallError>) -> Result<Option<T>, CallError> {
    unless_absent(answer, &["ServiceNotFoundException", "ServiceNotActiveException", "ClusterNotFoundException"])
}

fn breaker() -> DeploymentCircuitBreaker {
    DeploymentCircuitBreaker::builder().enable(true).rollback(true).build()
}

/// What only a service behind a load balancer is told (ECS API reference, `healthCheckGracePeriodSeconds`: where no health check is asked
/// for, it is unused).
fn grace_period(service: &Service) -> Option<i32> {
    service.target.as_ref().map(|target| target.grace_period.get())
}

async fn create(service: &Service, subnet_ids: &[String], hands: &Hands<'_>) -> Result<Made, CallError> {
    const OPERATION: &str = "ecs:CreateService";
    let (id, known) = (service.id(), hands.known);
    let named = |kind, name: &str| known.name(&ResourceId::new(kind, name), OPERATION, &id);
    // The subnets of a default VPC reach the internet, and with it ECR and the logs, only from public addresses.
    let network = AwsVpcConfiguration::builder()
        .set_subnets(Some(subnet_ids.to_vec()))
        .security_groups(named(Kind::SecurityGroup, &service.security_group)?)
        .assign_public_ip(AssignPublicIp::Enabled)
        .build()
        .expect("a network configuration with subnets is complete");
    let rollout = DeploymentConfiguration::builder()
        .minimum_healthy_percent(service.rollout.minimum_healthy_percent.get())
        .maximum_percent(service.rollout.maximum_percent.get());
    let (rollout, advanced) = match &service.traffic {
        None => (rollout.deployment_circuit_breaker(breaker()), None),
        Some(traffic) => {
            (traffic.configure(rollout, known, OPERATION, &id)?, Some(traffic.advanced(known, OPERATION, &id)?))
        }
    };
    let target = match &service.target {
        None => None,
        Some(target) => Some(vec![
            LoadBalancerRegistration::builder()
                .target_group_arn(known.name(&target.group(), OPERATION, &id)?)
                .set_advanced_configuration(advanced)
                .container_name(target.container.as_str())
                .container_port(i32::from(target.port.get()))
                .build(),
        ]),
    };
    let answer = hands
        .account
        .ecs
        .create_service()
        .cluster(service.cluster.as_str())
        .service_name(service.name.as_str())
        .task_definition(named(Kind::TaskDefinition, service.family.as_str())?)
        .desired_count(0)
        // Without either, a service takes the default strategy of its cluster (ECS CreateService, capacityProviderStrategy).
        .set_launch_type((!service.takes_cluster_capacity).then_some(LaunchType::Fargate))
        .network_configuration(NetworkConfiguration::builder().awsvpc_configuration(network).build())
        .set_load_balancers(target)
        .set_health_check_grace_period_seconds(grace_period(service))
        .deployment_configuration(rollout.build())
        .tags(tag(hands.project))
        .send()
        .await
        .called(OPERATION, &id)?;
    let arn = answer.service.and_then(|service| service.service_arn);
    let arn = sent(arn, "serviceArn", OPERATION, &id)?;
    Ok(Made::Named(id, arn))
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resource = self.resource();
        match self {
            Self::Create { .. } => write!(f, "create {resource} at desired count 0"),
            Self::Configure(_) => write!(f, "set {resource}"),
            Self::Tag(_) => write!(f, "tag {resource} as the project's"),
            Self::ScaleToZero(_) => write!(f, "scale {resource} to 0 tasks"),
            Self::AwaitIdle(_) => write!(f, "wait until no task of {resource} runs"),
            Self::Delete(_) => write!(f, "delete {resource}"),
            Self::AwaitGone(_) => write!(f, "wait until {resource} is gone"),
        }
    }
}
