//! Services: a number of tasks that ECS keeps running, and the deployments that change what they are made of.
//!
//! In reading order: what a service is (here), its [`deployment`]s and what their images are ([`digest`]), how it is configured
//! ([`config`], [`controller`], [`early_success`], [`strategy`], [`hook`], [`advanced`]), how far a deployment that shifts traffic has come
//! ([`lifecycle`]); its past as [`revision`]s and [`service_deployment`]s with their [`monitor`]s, and what writes it ([`history`],
//! [`cause`]); and the operations ([`create`], [`update`], [`describe`], [`describe_history`], [`stop`], [`continue_deployment`],
//! [`delete`]). What a service does is in [`super::scheduler`].

pub mod advanced;
pub mod cause;
pub mod config;
pub mod continue_deployment;
pub mod controller;
pub mod create;
pub mod delete;
pub mod deployment;
pub mod describe;
pub mod describe_history;
mod digest;
pub mod early_success;
mod history;
pub mod hook;
pub mod lifecycle;
pub mod monitor;
pub mod revision;
pub mod service_deployment;
pub mod stop;
pub mod strategy;
pub mod update;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

pub use advanced::AdvancedConfiguration;
pub use cause::Cause;
pub use config::{Alarms, CircuitBreaker, DeploymentConfiguration, LoadBalancer, ThresholdKind};
pub use continue_deployment::ContinueServiceDeployment;
pub use controller::Controller;
pub use create::CreateService;
pub use delete::DeleteService;
pub use deployment::{Deployment, RolloutState};
pub use describe::{DescribeServices, DescribedServices, ListServices};
pub use describe_history::{DescribeServiceDeployments, DescribeServiceRevisions, ListServiceDeployments};
pub use early_success::{Cleanup, EarlySuccess};
pub use hook::{HookAction, HookTarget, LifecycleHook};
pub use lifecycle::{HookRun, HookState, LifecycleStage, TrafficShift};
pub use monitor::{AlarmMonitor, BreakerMonitor, MonitorStatus};
pub use revision::{RevisionSummary, ServiceRevision};
pub use service_deployment::{Rollback, ServiceDeployment, ServiceDeploymentStatus, StopKind};
pub use stop::StopServiceDeployment;
pub use strategy::{AskedShifting, Percent, Shifting, Strategy, StrategyName};
pub use update::UpdateService;
pub(super) use update::{on_service, service_key as key_of};

pub(super) use deployment::tell as tell_deployment;
pub(super) use digest::resolve as resolve_images;
pub(super) use history::{
    completed as note_completed, counted as note_counted, failed as note_failed, looked_at as note_look,
    staged as note_stage,
};

use smol_str::SmolStr;

use super::scheduler::Ended;
use crate::agenda::Deadline;
use crate::arn::Arn;
use crate::time::Timestamp;

/// What names a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceKey {
    /// The cluster's name.
    pub cluster: SmolStr,
    /// The service's name.
    pub service: SmolStr,
}

/// A service of REPLICA kind.
#[derive(Clone, Debug)]
pub struct Service {
    /// `service/CLUSTER/NAME`.
    pub arn: Arn,
    /// Its cluster and name.
    pub key: ServiceKey,
    /// `status`.
    pub status: ServiceStatus,
    /// `desiredCount`.
    pub desired: u32,
    /// `deploymentController`.
    pub controller: Controller,
    /// `deploymentConfiguration`.
    pub configuration: DeploymentConfiguration,
    /// `healthCheckGracePeriodSeconds`: for so long after a task's start nothing that checks its health can condemn it.
    pub grace: Option<Duration>,
    /// `tags`.
    pub tags: BTreeMap<String, String>,
    /// `propagateTags`.
    pub propagate: Propagate,
    /// `enableECSManagedTags`.
    pub managed_tags: bool,
    /// `enableExecuteCommand`: of tasks that are started from now on.
    pub execute_command: bool,
    /// `availabilityZoneRebalancing`: whether tasks move to other availability zones when they are spread unevenly.
    pub zone_rebalancing: bool,
    /// `createdAt`.
    pub created_at: Timestamp,
    /// `createdBy`.
    pub created_by: Arn,
    /// `events`, newest first, at most 100.
    pub events: VecDeque<ServiceEvent>,
    /// `deployments`: the first is PRIMARY, the others are ACTIVE; newest first.
    pub deployments: Vec<Deployment>,
    /// What each of its deployments was made of, oldest first, those long gone included.
    pub revisions: Vec<ServiceRevision>,
    /// Its service deployments, oldest first.
    pub history: Vec<ServiceDeployment>,
    /// The places of its tasks that are not STOPPED.
    pub(super) live: BTreeSet<usize>,
    /// Its tasks that have stopped since the scheduler last looked.
    pub(super) ended: Vec<Ended>,
    /// Tasks that could not be launched when it looked.
    pub(super) unlaunched: Vec<Ended>,
    /// Whether it waits before it starts tasks again.
    pub(super) backoff: Backoff,
    /// How many tasks it has started beyond the desired count, in zones that have too few.
    pub(super) rebalancing: u32,
    /// Whether it has said that its tasks are spread unevenly, and not yet that they are spread evenly.
    pub(super) unbalanced: bool,
    /// When it last said that it is steady; none while it is not.
    pub(super) steady_since: Option<Timestamp>,
    /// When the scheduler looks at it next.
    pub(super) look_due: Deadline,
    /// When the scheduler last looked at it.
    pub(super) evaluated_at: Option<Timestamp>,
    /// The last entry of the trace that gave the scheduler something to look at.
    pub(super) cause: Option<u64>,
    /// Repeated messages, and when each was last said.
    pub(super) said: BTreeMap<String, Timestamp>,
}

/// `status` of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceStatus {
    /// It is there.
    Active,
    /// It has been deleted, and has tasks that are not being stopped yet.
    Draining,
    /// It has been deleted. Its name is free.
    Inactive,
}

impl ServiceStatus {
    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
            Self::Inactive => "INACTIVE",
        }
    }
}

/// The waiting after tasks that never came to run (`facts/aws.md` 1.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Backoff {
    /// Attempts in a row that failed.
    pub(super) level: u32,
    /// No task is started before.
    pub(super) until: Option<Timestamp>,
    /// When the last attempt was found to have failed.
    pub(super) failed_at: Option<Timestamp>,
}

/// One of `events`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceEvent {
    /// `id`.
    pub id: String,
    /// `createdAt`.
    pub at: Timestamp,
    /// `message`.
    pub message: String,
}

/// `propagateTags`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagate {
    /// Tasks get no tags but managed ones.
    #[default]
    None,
    /// Tasks get the service's tags.
    Service,
    /// Tasks get the task definition's tags.
    TaskDefinition,
}

impl Propagate {
    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Service => "SERVICE",
            Self::TaskDefinition => "TASK_DEFINITION",
        }
    }
}

impl Service {
    /// The PRIMARY deployment: what the service is to become.
    #[must_use]
    pub fn primary(&self) -> &Deployment {
        self.deployments.first().expect("a service always has a deployment")
    }

    /// The place of the deployment whose shift of traffic is under way.
    #[must_use]
    pub fn shifting(&self) -> Option<usize> {
        let active = |deployment: &Deployment| deployment.shift.as_ref().is_some_and(TrafficShift::is_active);
        self.deployments.iter().position(active)
    }

    /// The shares of test and of production requests that the deployment called `id` is to have: none where no deployment shifts traffic to it
    /// or away from it.
    #[must_use]
    pub fn weights_of(&self, id: &str) -> Option<(Percent, Percent)> {
        let shift_of =
            |deployment: &Deployment| deployment.shift.as_ref().map(|shift| (deployment.id == id, shift.clone()));
        let involved = |(own, shift): &(bool, TrafficShift)| *own || shift.source.as_deref() == Some(id);
        let mut shifts: Vec<_> = self.deployments.iter().filter_map(shift_of).filter(involved).collect();
        // One under way decides, or else the newest.
        shifts.sort_by_key(|(_, shift)| !shift.is_active());
        shifts.first().map(|(own, shift)| match own {
            true => (shift.test, shift.production),
            false => (shift.test.rest(), shift.production.rest()),
        })
    }

    /// What the deployment called `id` is or was made of.
    #[must_use]
    pub fn revision_of(&self, id: &str) -> Option<&ServiceRevision> {
        self.revisions.iter().rev().find(|revision| revision.deployment == id)
    }

    /// The service deployment that brings or brought in the deployment called `id`.
    #[must_use]
    pub fn attempt_at(&self, id: &str) -> Option<&ServiceDeployment> {
        self.history.iter().rev().find(|entry| entry.deployment == id)
    }

    pub(super) fn primary_mut(&mut self) -> &mut Deployment {
        self.deployments.first_mut().expect("a service always has a deployment")
    }
}
