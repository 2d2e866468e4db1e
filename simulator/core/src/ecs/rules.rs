//! Where the real service is uncertain or contradicts its documentation: each doubt is a named setting with the documented choice
//! as its default (`facts/aws.md` section 9). Doubts about delays are in [`crate::timing::Timing`].

/// The choices made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Whether tasks that are being stopped count against `maximumPercent`. The API reference says no, the newer guide and an observed
    /// stop-first rollout say yes.
    pub stopping_counts: bool,
    /// Whether the circuit breaker counts a task that ends by itself after it was healthy. Observed: one that ends before is
    /// counted; of those that end after, one source says that they are not.
    pub count_exit_after_healthy: bool,
    /// Whether the circuit breaker goes on counting tasks that never run once a task of the deployment has run. The guide says that the
    /// criterion of its first stage is skipped from then on (`facts/aws.md` 2.1).
    pub count_start_failures_in_stage_two: bool,
    /// Whether an unhealthy task is replaced before it is stopped, where the maximum allows. The guide and observed traces say yes; the API
    /// reference has the replacement come after (`facts/aws.md` 1.4).
    pub replacement_comes_first: bool,
    /// Whether an essential container without a health check keeps a task from counting as healthy where another one has a check, as it
    /// keeps the task's own `healthStatus` UNKNOWN. The API reference speaks only of those that have one (`facts/aws.md` 3.8).
    pub unchecked_containers_count: bool,
    /// What `status` a failed deployment shows in DescribeServices while it has tasks and another one is PRIMARY. The API reference says
    /// `ACTIVE`; `DRAINING` was seen once (`facts/aws.md` 1.6).
    pub failed_status: &'static str,
    /// What stands between several tasks in a service event (`facts/aws.md` 1.7).
    pub task_separator: &'static str,
    /// What ends the `rolloutStateReason` of a deployment that is rolled back to: some transcripts have no full stop (`facts/aws.md` 1.6).
    pub rolling_back_ends_in: &'static str,
    /// `rolloutStateReason` of a deployment that the circuit breaker has failed. An older sample has `task` for `tasks` (`facts/aws.md` 1.6).
    pub breaker_reason: &'static str,
    /// `stoppedReason` of a task that somebody stops without saying why (`facts/aws.md` 3.2).
    pub stopped_by_user: &'static str,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            stopping_counts: true,
            count_exit_after_healthy: false,
            count_start_failures_in_stage_two: false,
            replacement_comes_first: true,
            unchecked_containers_count: false,
            failed_status: "ACTIVE",
            task_separator: " ",
            rolling_back_ends_in: ".",
            breaker_reason: "ECS deployment circuit breaker: tasks failed to start.",
            stopped_by_user: "Task stopped by user",
        }
    }
}
