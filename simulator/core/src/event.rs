//! The trace: what happened, in order, and why. Reports are made of it and of nothing else.

use std::num::NonZeroU32;
use std::sync::Arc;

use smol_str::SmolStr;

use crate::arn::Arn;
use crate::ecs::service::Percent;
use crate::ecs::task::Stop;
use crate::effect::{Target, TaskId};
use crate::refusal::Refusal;
use crate::time::Timestamp;

/// The place of an entry in the trace, from 1.
pub type Sequence = NonZeroU32;

/// One entry of the trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place in the trace.
    pub sequence: Sequence,
    /// When.
    pub at: Timestamp,
    /// The entry that this one follows from, where one does.
    pub cause: Option<Sequence>,
    /// What.
    pub kind: EventKind,
}

/// What can happen. There are very many of these, mostly of tasks and containers: the rare ones are no larger than those.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// An API call, answered or refused.
    Called {
        /// ARN of the caller.
        caller: Arn,
        /// Such as `ecs:UpdateService`.
        operation: &'static str,
        /// Why not, where it was refused.
        refusal: Option<Box<Refusal>>,
    },
    /// Something was asked for that greenroom does not simulate and that no operation of ours stands for.
    NotSimulated {
        /// Such as `operation iam:CreateGroup`.
        what: String,
    },
    /// A service event, in AWS's words (what `describe-services` lists under `events`).
    Service {
        /// The service's name.
        service: String,
        /// AWS's text, which the service shares.
        message: SmolStr,
    },
    /// A deployment's state changed.
    Deployment {
        /// The service's name.
        service: Box<str>,
        /// `ecs-svc/…`.
        id: String,
        /// `IN_PROGRESS`, `COMPLETED` or `FAILED`.
        rollout_state: &'static str,
        /// `rolloutStateReason`.
        reason: String,
    },
    /// A deployment that shifts traffic enters a stage, or ends. In our words: AWS says none of it in service events.
    Lifecycle {
        /// The service's name.
        service: Box<str>,
        /// The deployment that came in (green).
        deployment: Box<str>,
        /// `lifecycleStage`.
        stage: &'static str,
        /// Whether the traffic goes back to where it came from.
        rolling_back: bool,
        /// Its share of production requests.
        production: Percent,
        /// Its share of test requests.
        test: Percent,
        /// Why.
        reason: Box<str>,
    },
    /// A lifecycle hook was called, has answered, waits, or was given up.
    Hook(Box<HookEvent>),
    /// The circuit breaker counted a failed task.
    BreakerCounted {
        /// The service's name.
        service: String,
        /// The deployment.
        deployment: String,
        /// The task that failed.
        task: TaskId,
        /// Failures so far.
        failures: u32,
        /// At this many the deployment fails.
        threshold: u32,
    },
    /// A CloudWatch alarm changed its state.
    Alarm {
        /// The alarm's name.
        alarm: String,
        /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
        state: &'static str,
    },
    /// Something became of an image in a repository, by no call.
    Image(Box<ImageEvent>),
    /// A task's last status changed.
    Task {
        /// The task.
        task: TaskId,
        /// Its service and deployment, for a service's task: the value of `startedBy`.
        started_by: Arc<str>,
        /// The task definition, `family:revision`.
        task_definition: SmolStr,
        /// The new `lastStatus`.
        status: &'static str,
        /// `stopCode` and `stoppedReason`, once they are known.
        stop: Option<Arc<Stop>>,
    },
    /// A container's status changed.
    Container {
        /// The task.
        task: TaskId,
        /// The container's name.
        container: SmolStr,
        /// `PENDING`, `PULLED`, `RUNNING` or `STOPPED`.
        status: &'static str,
        /// Its exit code, once it has one.
        exit_code: Option<i32>,
        /// `reason`, as `describe-tasks` shows it.
        reason: Option<Box<str>>,
    },
    /// A container's health changed.
    ContainerHealth {
        /// The task.
        task: TaskId,
        /// The container's name.
        container: SmolStr,
        /// `UNKNOWN`, `HEALTHY` or `UNHEALTHY`.
        status: &'static str,
        /// Output of the last probe.
        output: SmolStr,
    },
    /// A target's health changed.
    TargetHealth {
        /// The target group's ARN.
        target_group: Arn,
        /// The target.
        target: Target,
        /// `initial`, `healthy`, `unhealthy`, `draining` or `unused`.
        state: &'static str,
        /// `Reason` and `Description`, where the state has them.
        reason: Option<(&'static str, Box<str>)>,
    },
    /// A line reached CloudWatch Logs.
    Logged {
        /// The log group.
        group: String,
        /// The log stream.
        stream: String,
        /// The line.
        line: String,
    },
}

/// What became of an image in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageEvent {
    /// The repository's name.
    pub repository: String,
    /// The image's digest.
    pub digest: String,
    /// What, in our words.
    pub message: String,
}

/// Where a lifecycle hook stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookEvent {
    /// The service's name.
    pub service: String,
    /// The deployment that came in (green).
    pub deployment: String,
    /// `lifecycleStage`.
    pub stage: &'static str,
    /// `hookId`.
    pub hook: String,
    /// `AWAITING_ACTION`, `IN_PROGRESS`, `SUCCEEDED`, `FAILED` or `TIMED_OUT`.
    pub status: &'static str,
    /// What is known besides.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A long simulation keeps very many entries.
    #[test]
    fn an_entry_is_small() {
        assert!(size_of::<Event>() <= 104, "{} bytes", size_of::<Event>());
    }
}
