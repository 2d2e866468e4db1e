//! A service as the deciding functions see it: values only.

use smol_str::SmolStr;

use super::bounds::Bounds;
use super::breaker;
use crate::arn::Arn;
use crate::ecs::Rules;
use crate::ecs::service::{CircuitBreaker, EarlySuccess, RolloutState, StopKind};
use crate::effect::TaskId;
use crate::time::Timestamp;
use crate::timing::Timing;

/// A service at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct View {
    pub(super) now: Timestamp,
    pub(super) timing: Timing,
    pub(super) rules: Rules,
    pub(super) desired: u32,
    pub(super) bounds: Bounds,
    pub(super) breaker: CircuitBreaker,
    pub(super) alarms: AlarmsView,
    pub(super) early_success: EarlySuccess,
    pub(super) spread: Spread,
    /// How somebody wants the deployment under way to end.
    pub(super) stop: Option<StopKind>,
    /// No task is started before.
    pub(super) start_not_before: Option<Timestamp>,
    /// Whether the service has said that it is steady, and when.
    pub(super) steady_since: Option<Timestamp>,
    /// The first is PRIMARY.
    pub(super) deployments: Vec<DeploymentView>,
    /// Its tasks that are not STOPPED, in the order of their creation.
    pub(super) tasks: Vec<TaskView>,
    /// Its tasks that have stopped since it was last looked at.
    pub(super) ended: Vec<Ended>,
}

/// A deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DeploymentView {
    pub(super) id: String,
    pub(super) state: RolloutState,
    pub(super) failed_tasks: u32,
    /// Whether a task of it has run.
    pub(super) has_run: bool,
    pub(super) trip_at: Option<Timestamp>,
    /// Whether alarms can fail it.
    pub(super) alarmed: bool,
    pub(super) bake_until: Option<Timestamp>,
}

/// The alarms that a service names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct AlarmsView {
    /// Whether one of them is in ALARM.
    pub(super) ringing: bool,
    /// Whether a deployment that they fail is rolled back.
    pub(super) rollback: bool,
}

/// How tasks are to be spread over availability zones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spread {
    /// The zones of the primary deployment's subnets, where tasks may be moved between them.
    pub(super) zones: Vec<SmolStr>,
    /// Tasks that have been started beyond the desired count in zones that have too few.
    pub(super) rebalancing: u32,
    /// Whether it has been said that they are spread unevenly.
    pub(super) unbalanced: bool,
}

/// A task that is not STOPPED.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TaskView {
    pub(super) id: TaskId,
    /// Its deployment's place in [`View::deployments`].
    pub(super) deployment: Option<usize>,
    pub(super) stage: Stage,
    pub(super) health: TaskHealth,
    /// Whether it has been counted as healthy before.
    pub(super) proved: bool,
    /// Whether it has been said to be unhealthy before.
    pub(super) condemned: bool,
    /// Whether it is protected from scale-in.
    pub(super) protected: bool,
    /// Its availability zone.
    pub(super) zone: Option<SmolStr>,
}

/// How far a task has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// On its way to RUNNING.
    Starting,
    /// RUNNING.
    Running,
    /// On its way to STOPPED.
    Stopping,
}

/// What the scheduler thinks of a task's health (`facts/aws.md` 1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TaskHealth {
    /// Not yet known, or excused by the grace period.
    Unproven,
    /// Counts towards the minimum.
    Healthy,
    /// To be replaced.
    Failing(Failing),
}

/// Why a task is to be replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failing {
    /// A container's health checks.
    Container,
    /// A target group's health checks.
    Target { group: Arn, port: u16, reason: String },
}

/// A task that has stopped, or could not even be launched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ecs) struct Ended {
    pub(in crate::ecs) task: TaskId,
    /// The deployment's id.
    pub(in crate::ecs) deployment: SmolStr,
    pub(in crate::ecs) how: End,
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ecs) enum End {
    /// It never reached RUNNING, for this reason.
    NeverRan(SmolStr),
    /// It ran, and ended or was condemned before it was healthy; or its health checks failed later.
    Failed,
    /// It ended by itself after it had been healthy.
    AfterHealthy,
    /// Somebody wanted it to end.
    Unwanted,
}

impl View {
    pub(super) fn primary(&self) -> &DeploymentView {
        self.deployments.first().expect("a service always has a deployment")
    }

    /// Failures at which the circuit breaker fails the primary deployment. The present desired count decides.
    pub(super) fn threshold(&self) -> u32 {
        breaker::threshold(&self.breaker, self.desired)
    }

    /// Tasks that are not being stopped, of the primary deployment.
    pub(super) fn new_tasks(&self) -> impl Iterator<Item = &TaskView> {
        self.tasks.iter().filter(|task| task.stage != Stage::Stopping && task.is_new())
    }

    /// Tasks that are not being stopped, of other deployments.
    pub(super) fn old_tasks(&self) -> impl Iterator<Item = &TaskView> {
        self.tasks.iter().filter(|task| task.stage != Stage::Stopping && !task.is_new())
    }

    /// Tasks that are being stopped.
    pub(super) fn stopping(&self) -> impl Iterator<Item = &TaskView> {
        self.tasks.iter().filter(|task| task.stage == Stage::Stopping)
    }
}

impl TaskView {
    pub(super) fn is_new(&self) -> bool {
        self.deployment == Some(0)
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.health == TaskHealth::Healthy
    }

    pub(super) const fn is_failing(&self) -> bool {
        matches!(self.health, TaskHealth::Failing(_))
    }
}

/// A number of tasks, as the arithmetic uses it.
pub(super) fn count<'a>(tasks: impl Iterator<Item = &'a TaskView>) -> u32 {
    u32::try_from(tasks.count()).expect("a service's tasks fit memory")
}
