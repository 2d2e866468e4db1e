//! Service deployments: a service's attempts to become something else, and how each ended (`facts/aws.md` 2.3).
//!
//! A service deployment is the attempt; a [`super::Deployment`] is what it brings in. An attempt that is rolled back stays the same
//! attempt. Which state follows which is the guide's page on service deployments.

use super::cause::Cause;
use super::config::DeploymentConfiguration;
use super::monitor::{AlarmMonitor, BreakerMonitor, MonitorStatus};
use super::revision::RevisionSummary;
use crate::arn::Arn;
use crate::time::Timestamp;

/// `statusReason` of one that a newer one has taken the place of. The text is ours.
const SUPERSEDED: &str = "Service deployment stopped because a new service deployment was started.";

/// One attempt to bring in a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceDeployment {
    /// `service-deployment/CLUSTER/SERVICE/ID`.
    pub arn: Arn,
    /// The deployment that it brings in, `ecs-svc/…`.
    pub deployment: String,
    /// The deployments that had tasks when it was made: its `sourceServiceRevisions`.
    pub sources: Vec<String>,
    /// `status`.
    pub status: ServiceDeploymentStatus,
    /// `statusReason`.
    pub reason: Option<String>,
    /// `createdAt`.
    pub created_at: Timestamp,
    /// `startedAt`: when the scheduler took it up.
    pub started_at: Option<Timestamp>,
    /// `updatedAt`.
    pub updated_at: Timestamp,
    /// `finishedAt`.
    pub finished_at: Option<Timestamp>,
    /// `stoppedAt`: only where somebody stopped it, or where it failed and nothing was rolled back.
    pub stopped_at: Option<Timestamp>,
    /// `lifecycleStage`: the one that it is in, or that it ended in. A rolling deployment has none.
    pub lifecycle_stage: Option<&'static str>,
    /// `deploymentConfiguration`, as it was when this was made.
    pub configuration: DeploymentConfiguration,
    /// `rollback`, once there is one.
    pub rollback: Option<Rollback>,
    /// `deploymentCircuitBreaker`.
    pub breaker: BreakerMonitor,
    /// `alarms`.
    pub alarms: AlarmMonitor,
    /// How somebody wants it to end, until the scheduler has begun to do it.
    pub(in crate::ecs) stop: Option<StopKind>,
    /// How many tasks its revisions had when it ended: first the target, then the sources.
    pub(in crate::ecs) frozen: Option<(Option<RevisionSummary>, Vec<RevisionSummary>)>,
}

/// `status` of a service deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServiceDeploymentStatus {
    /// The scheduler has not taken it up.
    Pending,
    /// Under way.
    InProgress,
    /// It is to end without anything being rolled back: a newer one was made, or it failed without rollback.
    StopRequested,
    /// Somebody wants it rolled back.
    RollbackRequested,
    /// The revision before it is on its way back.
    RollbackInProgress,
    /// Its revision serves.
    Successful,
    /// It ended, and nothing was rolled back.
    Stopped,
    /// The revision before it serves again.
    RollbackSuccessful,
    /// The revision before it did not come back.
    RollbackFailed,
}

impl ServiceDeploymentStatus {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::InProgress,
        Self::StopRequested,
        Self::RollbackRequested,
        Self::RollbackInProgress,
        Self::Successful,
        Self::Stopped,
        Self::RollbackSuccessful,
        Self::RollbackFailed,
    ];

    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::StopRequested => "STOP_REQUESTED",
            Self::RollbackRequested => "ROLLBACK_REQUESTED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::Successful => "SUCCESSFUL",
            Self::Stopped => "STOPPED",
            Self::RollbackSuccessful => "ROLLBACK_SUCCESSFUL",
            Self::RollbackFailed => "ROLLBACK_FAILED",
        }
    }

    /// Whether nothing comes after it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Pending
            | Self::InProgress
            | Self::StopRequested
            | Self::RollbackRequested
            | Self::RollbackInProgress => false,
            Self::Successful | Self::Stopped | Self::RollbackSuccessful | Self::RollbackFailed => true,
        }
    }
}

/// `stopType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StopKind {
    /// ROLLBACK: the revision before it comes back. The only one that AWS's prose knows, and so the default.
    #[default]
    Rollback,
    /// ABORT: what runs stays as it is, and nothing more is started.
    Abort,
}

/// `rollback` of a service deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollback {
    /// `reason`.
    pub reason: String,
    /// `startedAt`.
    pub started_at: Timestamp,
    /// `serviceRevisionArn`: the revision that is to come back.
    pub revision: Arn,
}

impl ServiceDeployment {
    fn enter(&mut self, status: ServiceDeploymentStatus, now: Timestamp) {
        self.status = status;
        self.updated_at = now;
        self.stop = None;
        if status.is_final() {
            self.finished_at = Some(now);
            self.breaker.status = self.breaker.status.ended();
            self.alarms.status = self.alarms.status.ended();
        }
        if status == ServiceDeploymentStatus::Stopped {
            self.stopped_at = Some(now);
        }
    }

    /// A newer one takes its place.
    pub(super) fn supersede(&mut self, now: Timestamp) {
        use ServiceDeploymentStatus as Status;
        self.stop = None;
        let next = match self.status {
            Status::Pending | Status::InProgress | Status::RollbackRequested => Status::StopRequested,
            Status::RollbackInProgress => Status::RollbackFailed,
            Status::StopRequested
            | Status::Successful
            | Status::Stopped
            | Status::RollbackSuccessful
            | Status::RollbackFailed => return,
        };
        self.reason = Some(SUPERSEDED.to_owned());
        self.enter(next, now);
    }

    /// Somebody wants it to end. One that ends already goes on doing so (the guide's page on stopping service deployments).
    ///
    /// Answers whether it can still be stopped.
    pub(super) fn request(&mut self, kind: StopKind, now: Timestamp) -> bool {
        match self.status {
            ServiceDeploymentStatus::Pending | ServiceDeploymentStatus::InProgress => {
                let next = match kind {
                    StopKind::Rollback => ServiceDeploymentStatus::RollbackRequested,
                    StopKind::Abort => ServiceDeploymentStatus::StopRequested,
                };
                self.enter(next, now);
                self.stop = Some(kind);
                true
            }
            ServiceDeploymentStatus::StopRequested
            | ServiceDeploymentStatus::RollbackRequested
            | ServiceDeploymentStatus::RollbackInProgress => true,
            ServiceDeploymentStatus::Successful
            | ServiceDeploymentStatus::Stopped
            | ServiceDeploymentStatus::RollbackSuccessful
            | ServiceDeploymentStatus::RollbackFailed => false,
        }
    }

    /// The scheduler looks at its service: it takes up what is new, and lets go what is to stop.
    pub(super) fn looked_at(&mut self, now: Timestamp) {
        match self.status {
            ServiceDeploymentStatus::Pending => {
                self.started_at = Some(now);
                self.enter(ServiceDeploymentStatus::InProgress, now);
            }
            // One that somebody wants to end has yet to be told.
            ServiceDeploymentStatus::StopRequested if self.stop.is_none() => {
                self.enter(ServiceDeploymentStatus::Stopped, now);
            }
            ServiceDeploymentStatus::StopRequested
            | ServiceDeploymentStatus::InProgress
            | ServiceDeploymentStatus::RollbackRequested
            | ServiceDeploymentStatus::RollbackInProgress
            | ServiceDeploymentStatus::Successful
            | ServiceDeploymentStatus::Stopped
            | ServiceDeploymentStatus::RollbackSuccessful
            | ServiceDeploymentStatus::RollbackFailed => {}
        }
    }

    /// What is on its way in has failed; the revision `back_to` comes back, if one does.
    pub(super) fn fail(&mut self, cause: &Cause, back_to: Option<Arn>, now: Timestamp) {
        if self.status.is_final() {
            return;
        }
        match cause {
            Cause::Breaker => self.breaker.status = MonitorStatus::Triggered,
            Cause::Alarm => self.alarms.status = MonitorStatus::Triggered,
            Cause::Request | Cause::Stage(_) => {}
        }
        if self.status == ServiceDeploymentStatus::RollbackInProgress {
            self.enter(ServiceDeploymentStatus::RollbackFailed, now);
            return;
        }
        if let Some(revision) = back_to {
            let reason = cause.rolled_back().to_owned();
            self.reason = Some(reason.clone());
            self.rollback = Some(Rollback { reason, started_at: now, revision });
            self.enter(ServiceDeploymentStatus::RollbackInProgress, now);
        } else {
            self.reason = Some(cause.stopped());
            self.enter(ServiceDeploymentStatus::StopRequested, now);
        }
    }

    /// What is on its way in serves.
    pub(super) fn succeed(&mut self, now: Timestamp) {
        match self.status {
            ServiceDeploymentStatus::Pending | ServiceDeploymentStatus::InProgress => {
                self.enter(ServiceDeploymentStatus::Successful, now);
            }
            ServiceDeploymentStatus::RollbackInProgress => self.enter(ServiceDeploymentStatus::RollbackSuccessful, now),
            ServiceDeploymentStatus::StopRequested
            | ServiceDeploymentStatus::RollbackRequested
            | ServiceDeploymentStatus::Successful
            | ServiceDeploymentStatus::Stopped
            | ServiceDeploymentStatus::RollbackSuccessful
            | ServiceDeploymentStatus::RollbackFailed => {}
        }
    }
}
