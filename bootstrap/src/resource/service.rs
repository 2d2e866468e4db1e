//! The ECS service. It is made at desired count 0, since its image comes with the first deploy; from then on image,
//! revision and desired count are the deploy's, and are not compared.

use std::num::NonZeroU16;

use aws_sdk_ecs::types::{
    AwsVpcConfiguration, DeploymentConfiguration, LoadBalancer as LoadBalancerRegistration, NetworkConfiguration,
    ServiceField,
};

use super::listener::Listener;
use super::listener_rule::ListenerRule;
use super::managed::{Managed, Sight};
pub use super::service_change::Change;
use super::service_linked_role::ServiceLinkedRole;
use super::traffic::{Traffic, TrafficState};
use super::{Kind, Owner, ResourceId};
use crate::config::name::{
    ClusterName, ContainerName, Family, GracePeriodSeconds, MaximumPercent, MinimumHealthyPercent, ProjectName,
    ServiceName,
};
use crate::fault::{CallError, Called, sent, unless_absent};
use crate::identifiers::Identifiers;
use crate::location::Location;
use crate::plan::Draft;
use crate::policy::{Action, Condition, Statement};

/// The service that should be: tasks on Fargate, behind the load balancer or alone, rolled out with a circuit breaker that rolls back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The cluster that it runs in.
    pub cluster: ClusterName,
    /// Its name.
    pub name: ServiceName,
    /// The family of its task definition.
    pub family: Family,
    /// Where its requests come from; none of a service that gets none.
    pub target: Option<Target>,
    /// The name of the security group of its tasks.
    pub security_group: String,
    /// How a rollout proceeds.
    pub rollout: Rollout,
    /// Whether its tasks run where the cluster says, and not on Fargate's ordinary capacity alone.
    pub takes_cluster_capacity: bool,
    /// How requests move to a new revision, where tasks are not just replaced in place.
    pub traffic: Option<Box<Traffic>>,
}

/// Where a service's requests come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The listener, with the target group that the service's tasks are registered in.
    pub listener: Listener,
    /// The container behind the load balancer.
    pub container: ContainerName,
    /// The port of that container.
    pub port: NonZeroU16,
    /// How long after its start a task may be unhealthy.
    pub grace_period: GracePeriodSeconds,
}

/// How a service is rolled out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollout {
    /// The share of the desired count that stays healthy.
    pub minimum_healthy_percent: MinimumHealthyPercent,
    /// The share of the desired count that may run at once.
    pub maximum_percent: MaximumPercent,
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
    /// The family of the revision that it was deployed with last.
    pub family: String,
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
    /// Whether it was made with a launch type, and not with a strategy for its capacity.
    pub has_launch_type: bool,
    /// The ids of its tasks' security groups.
    pub security_groups: Vec<String>,
    /// How many tasks are wanted or there. They are deploys'.
    pub tasks: i32,
}

const SERVICE: &[&str] = &["service/"];
// To look at any service of the cluster is allowed by itself, for those that nobody asks for any more.
static ACTIONS: [Action; 4] = [
    Action::on("ecs:CreateService", SERVICE),
    Action::on("ecs:DeleteService", SERVICE),
    Action::on("ecs:TagResource", SERVICE),
    Action::on("ecs:UpdateService", SERVICE),
];

impl Service {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::Service, format!("{}/{}", self.cluster, self.name))
    }

    /// The listener that its requests come from, if it gets any.
    #[must_use]
    pub fn listener(&self) -> Option<&Listener> {
        self.target.as_ref().map(|target| &target.listener)
    }

    fn group(&self) -> ResourceId {
        ResourceId::new(Kind::SecurityGroup, &self.security_group)
    }

    /// Adds what stops its tasks.
    pub(crate) fn stop(&self, draft: &mut Draft) {
        draft.unwanted(Change::ScaleToZero(self.clone()), "its tasks are stopped first");
    }
}

impl Managed for Service {
    type State = ServiceState;
    type Change = Change;
    const OWNED_BY_CI: &'static [&'static str] = &["image", "revision", "desired count"];

    fn id(&self) -> ResourceId {
        Self::id(self)
    }

    /// ECS refuses a target group that no load balancer uses, so that the listener comes first.
    fn needs(&self) -> Vec<ResourceId> {
        let mut needs = vec![
            ServiceLinkedRole::Ecs.id(),
            ResourceId::new(Kind::Cluster, self.cluster.as_str()),
            self.group(),
            ResourceId::new(Kind::TaskDefinition, self.family.as_str()),
        ];
        needs.extend(self.listener().map(Listener::id));
        if let Some(traffic) = &self.traffic {
            needs.extend(traffic.rules().map(ListenerRule::id));
            needs.extend(traffic.roles().map(|role| ResourceId::new(Kind::Role, role)));
        }
        needs
    }

    async fn observe(&self, sight: &Sight<'_>) -> Result<Option<ServiceState>, CallError> {
        const OPERATION: &str = "ecs:DescribeServices";
        let id = Self::id(self);
        let request = sight.account.ecs.describe_services().cluster(self.cluster.as_str()).services(self.name.as_str());
        let answer = request.include(ServiceField::Tags).send().await.called(OPERATION, &id);
        let services = unless_absent(answer, &["ClusterNotFoundException"])?.and_then(|found| found.services);
        let found = services.unwrap_or_default().into_iter().find(|found| found.status() != Some("INACTIVE"));
        let Some(found) = found else { return Ok(None) };
        let rollout = found.deployment_configuration();
        let breaker = rollout.and_then(DeploymentConfiguration::deployment_circuit_breaker);
        let network = found.network_configuration().and_then(NetworkConfiguration::awsvpc_configuration);
        Ok(Some(ServiceState {
            owner: Owner::of(found.tags().iter().map(|tag| (tag.key(), tag.value())), sight.project),
            status: found.status().unwrap_or_default().to_owned(),
            family: family(found.task_definition().unwrap_or_default()).to_owned(),
            minimum_healthy_percent: rollout.and_then(DeploymentConfiguration::minimum_healthy_percent),
            maximum_percent: rollout.and_then(DeploymentConfiguration::maximum_percent),
            rolls_back: breaker.is_some_and(|breaker| breaker.enable() && breaker.rollback()),
            grace_period_seconds: found.health_check_grace_period_seconds().unwrap_or_default(),
            targets: found.load_balancers().iter().filter_map(target).collect(),
            traffic: TrafficState::of(rollout, found.load_balancers()),
            has_launch_type: found.launch_type().is_some(),
            security_groups: network.map(AwsVpcConfiguration::security_groups).unwrap_or_default().to_vec(),
            tasks: found.desired_count().max(found.running_count()).max(found.pending_count()),
            arn: sent(found.service_arn, "serviceArn", OPERATION, &id)?,
        }))
    }

    fn owner(state: &mut ServiceState) -> Option<&mut Owner> {
        Some(&mut state.owner)
    }

    fn identify(&self, state: &ServiceState, known: &mut Identifiers) {
        known.names.insert(Self::id(self), state.arn.clone());
    }

    fn compare(&self, found: Option<&ServiceState>, identifiers: &Identifiers, draft: &mut Draft) {
        if identifiers.vpc().is_none() {
            return;
        }
        let Some(found) = found else {
            let change = Change::Create { service: self.clone(), subnet_ids: identifiers.subnet_ids.clone() };
            draft.missing(change, "deploys update it");
            return;
        };
        if found.status != "ACTIVE" {
            draft.unusable(format!("its status is `{}`; wait until it is gone", found.status));
            return;
        }
        let percent = |value: Option<i32>| value.map_or_else(|| "none".to_owned(), |value| value.to_string());
        let Rollout { minimum_healthy_percent, maximum_percent } = &self.rollout;
        let wanted = match &self.traffic {
            Some(traffic) => traffic.wanted(identifiers),
            None => TrafficState::rolling(),
        };
        let group = identifiers.get(&ResourceId::new(Kind::SecurityGroup, &self.security_group));
        let in_group = matches!((found.security_groups.as_slice(), group), ([only], Some(group)) if only == group);
        let mut compared = vec![
            (
                true,
                "minimum healthy percent",
                minimum_healthy_percent.get().to_string(),
                percent(found.minimum_healthy_percent),
            ),
            (true, "maximum percent", maximum_percent.get().to_string(), percent(found.maximum_percent)),
        ];
        if let Some(target) = &self.target {
            let wanted = target.grace_period.get();
            compared.push((true, "grace period", format!("{wanted} s"), format!("{} s", found.grace_period_seconds)));
        }
        // The circuit breaker is for services that replace their tasks in place (botocore ecs, `deploymentCircuitBreaker`).
        if self.traffic.is_none() {
            compared.push((true, "circuit breaker with rollback", on_off(true), on_off(found.rolls_back)));
        }
        let registered =
            self.target.as_ref().map_or(!found.targets.is_empty(), |it| it.is_among(&found.targets, identifiers));
        compared.extend([
            (false, "registration in the target group", on_off(self.target.is_some()), on_off(registered)),
            (false, "strategy", wanted.steps, found.traffic.steps.clone()),
            (false, "lifecycle hooks", wanted.hooks, found.traffic.hooks.clone()),
            (
                false,
                "security groups",
                self.security_group.clone(),
                if in_group { self.security_group.clone() } else { found.security_groups.join(", ") },
            ),
        ]);
        if self.takes_cluster_capacity {
            let capacity = |launch_type: bool| if launch_type { "a launch type" } else { "a strategy" }.to_owned();
            compared.push((false, "capacity", capacity(false), capacity(found.has_launch_type)));
        }
        if self.traffic.is_some() {
            let between = wanted.between.is_some() && wanted.between == found.traffic.between;
            compared.push((
                false,
                "registration in the second target group and its rules",
                on_off(true),
                on_off(between),
            ));
        }
        // One call mends all that it can; the first field that differs is its cause. What else differs takes a deployment,
        // which is not bootstrap's to start.
        for (can_be_mended, field, wanted, found) in compared {
            if wanted == found {
                continue;
            }
            if can_be_mended {
                draft.differs(Change::Configure(self.clone()), field, &wanted, &found);
            } else {
                draft.left(field, &wanted, &found);
            }
        }
    }

    fn adopt(&self) -> Option<Change> {
        Some(Change::Tag(self.clone()))
    }

    fn take_away(&self, found: &ServiceState, draft: &mut Draft) {
        if found.status == "ACTIVE" {
            if found.tasks > 0 {
                self.stop(draft);
            }
            draft.unwanted(Change::Delete(self.clone()), "the project is taken away");
        }
        draft.unwanted(Change::AwaitGone(self.clone()), "what it used is free only then");
    }

    fn grants(&self, _: &ProjectName, location: &Location) -> Vec<Statement> {
        let cluster = location.arn("ecs", &format!("cluster/{}", self.cluster));
        let in_cluster = Condition { operator: "ArnEquals", key: "ecs:cluster", values: vec![cluster] };
        // Tags are of a service whatever its cluster, so that the condition is not on all of the actions.
        let (tagging, others): (Vec<&'static Action>, Vec<&'static Action>) =
            ACTIONS.iter().partition(|action| action.name == "ecs:TagResource");
        let resources = vec![location.arn("ecs", &format!("service/{}/{}", self.cluster, self.name))];
        vec![
            Statement {
                sid: "Service",
                purposes: vec!["Make, mend and delete the service."],
                actions: others,
                resources: resources.clone(),
                conditions: vec![in_cluster],
            },
            Statement {
                sid: "TagService",
                purposes: vec!["Tag the service."],
                actions: tagging,
                resources,
                conditions: vec![],
            },
        ]
    }
}

impl Target {
    /// The name of the target group that the service's tasks are registered in.
    #[must_use]
    pub fn group(&self) -> ResourceId {
        ResourceId::new(Kind::TargetGroup, &self.listener.target_group)
    }

    fn is_among(&self, found: &[(String, String, i32)], identifiers: &Identifiers) -> bool {
        let Some(group) = identifiers.get(&self.group()) else { return false };
        let wanted = (group, self.container.as_str(), i32::from(self.port.get()));
        found.iter().any(|(arn, container, port)| (arn.as_str(), container.as_str(), *port) == wanted)
    }
}

fn target(registration: &LoadBalancerRegistration) -> Option<(String, String, i32)> {
    let arn = registration.target_group_arn()?.to_owned();
    Some((arn, registration.container_name()?.to_owned(), registration.container_port()?))
}

/// The family in a revision's ARN.
pub(crate) fn family(arn: &str) -> &str {
    let revision = arn.rsplit('/').next().unwrap_or_default();
    revision.split_once(':').map_or(revision, |(family, _)| family)
}

fn on_off(flag: bool) -> String {
    if flag { "on" } else { "off" }.to_owned()
}
