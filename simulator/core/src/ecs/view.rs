//! Reading ECS's state from outside, without IAM: for the rehearsal, its reports and the wire's answers.

use std::sync::Arc;

use super::service::{
    Deployment, RevisionSummary, RolloutState, ServiceDeployment, ServiceKey, ServiceRevision, ServiceStatus,
};
use super::{Cluster, Rules, Service, State, Task, TaskDefinition};
use crate::effect::TaskId;
use crate::world::World;

/// ECS's state, for reading.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    state: &'a State,
}

impl World {
    /// ECS's state, for reading.
    #[must_use]
    pub const fn ecs(&self) -> View<'_> {
        View { state: &self.ecs }
    }

    /// Settles the points that AWS leaves in doubt otherwise than by default.
    pub const fn set_rules(&mut self, rules: Rules) {
        self.ecs.rules = rules;
    }
}

impl<'a> View<'a> {
    /// The cluster called `name`.
    #[must_use]
    pub fn cluster(self, name: &str) -> Option<&'a Cluster> {
        self.state.clusters.get(name)
    }

    /// The task definition that `reference` names (family, `family:revision` or ARN).
    #[must_use]
    pub fn definition(self, reference: &str) -> Option<&'a Arc<TaskDefinition>> {
        self.state.definition(reference)
    }

    /// The service called `name` in the cluster called `cluster`.
    #[must_use]
    pub fn service(self, cluster: &str, name: &str) -> Option<&'a Service> {
        self.state.services.get(&ServiceKey { cluster: cluster.into(), service: name.into() })
    }

    /// Every service.
    pub fn services(self) -> impl Iterator<Item = &'a Service> {
        self.state.services.values()
    }

    /// The task called `id`, whether it runs or has stopped.
    #[must_use]
    pub fn task(self, id: &TaskId) -> Option<&'a Task> {
        self.state.tasks.get(id)
    }

    /// Every task there ever was, in the order of creation.
    #[must_use]
    pub fn tasks(self) -> Vec<&'a Task> {
        self.state.tasks.iter().collect()
    }

    /// The tasks of a service that are not STOPPED, in the order of creation.
    pub fn tasks_of(self, service: &'a Service) -> impl Iterator<Item = &'a Task> {
        self.state.live(service)
    }

    /// The deployments that DescribeServices lists: the primary one, and those that still have tasks.
    pub fn deployments_of(self, service: &'a Service) -> impl Iterator<Item = &'a Deployment> {
        let has_tasks =
            move |id: &str| self.tasks_of(service).any(|task| task.origin.started_by.as_deref() == Some(id));
        let there = service.status != ServiceStatus::Inactive;
        let listed = move |place: usize, deployment: &Deployment| there && (place == 0 || has_tasks(&deployment.id));
        service
            .deployments
            .iter()
            .enumerate()
            .filter(move |(place, deployment)| listed(*place, deployment))
            .map(|(_, deployment)| deployment)
    }

    /// `status` of one of the deployments that DescribeServices lists. INACTIVE ones it does not list.
    #[must_use]
    pub fn status_of(self, service: &Service, deployment: &Deployment) -> &'static str {
        if service.primary().id == deployment.id {
            return "PRIMARY";
        }
        match deployment.rollout_state {
            RolloutState::Failed => self.state.rules.failed_status,
            RolloutState::InProgress | RolloutState::Completed => "ACTIVE",
        }
    }

    /// `runningCount` and `pendingCount` of a service, or of one of its deployments.
    #[must_use]
    pub fn counts(self, service: &'a Service, deployment: Option<&str>) -> (usize, usize) {
        let of = |task: &&Task| deployment.is_none_or(|id| task.origin.started_by.as_deref() == Some(id));
        let tasks = || self.tasks_of(service).filter(of);
        let running = tasks().filter(|task| task.last_status.is_running()).count();
        (running, tasks().filter(|task| task.last_status.is_pending()).count())
    }

    /// The service deployment called `arn`, and its service.
    #[must_use]
    pub fn service_deployment(self, arn: &str) -> Option<(&'a Service, &'a ServiceDeployment)> {
        self.state.service_deployment(arn)
    }

    /// The service revision called `arn`, and its service.
    #[must_use]
    pub fn service_revision(self, arn: &str) -> Option<(&'a Service, &'a ServiceRevision)> {
        self.state.service_revision(arn)
    }

    /// How many tasks of the deployment called `id` are wanted: the desired count of the primary one, and what the others still have,
    /// for they want nothing new.
    #[must_use]
    pub fn requested(self, service: &'a Service, id: &str) -> usize {
        if service.primary().id == id {
            return usize::try_from(service.desired).unwrap_or(usize::MAX);
        }
        self.tasks_of(service).filter(|task| task.origin.started_by.as_deref() == Some(id) && !task.stopping).count()
    }

    /// The tasks of the revision that the deployment called `id` is or was made of, as they are now.
    #[must_use]
    pub fn summary(self, service: &'a Service, id: &str) -> Option<RevisionSummary> {
        let arn = service.revision_of(id)?.arn.clone();
        let (running, pending) = self.counts(service, Some(id));
        let weights = service.weights_of(id);
        Some(RevisionSummary { arn, requested: self.requested(service, id), running, pending, weights })
    }

    /// `targetServiceRevision` and `sourceServiceRevisions` of one of a service's service deployments: as they are now, or as they were
    /// when it ended.
    #[must_use]
    pub fn summaries(
        self,
        service: &'a Service,
        of: &ServiceDeployment,
    ) -> (Option<RevisionSummary>, Vec<RevisionSummary>) {
        of.frozen.clone().unwrap_or_else(|| {
            let sources = of.sources.iter().filter_map(|id| self.summary(service, id)).collect();
            (self.summary(service, &of.deployment), sources)
        })
    }
}
