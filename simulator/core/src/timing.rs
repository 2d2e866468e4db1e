//! AWS's own delays, as data. What containers do is never compressed; what AWS waits for is.

use std::time::Duration;

/// The delays that belong to AWS and not to the user's containers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How often the service scheduler looks at a service.
    pub scheduler_period: Duration,
    /// How long a task without any health check must run to count as healthy (BOTO `minimumHealthyPercent`: 40 s).
    pub healthy_without_checks: Duration,
    /// From a task's RUNNING to its registration as a target.
    pub target_registration: Duration,
    /// How much sooner than on AWS a target is registered: failures of its probes count only after this long, when AWS would have
    /// begun to probe. Otherwise a compressed registration would give an app less time to come up than it has in truth.
    pub target_patience: Duration,
    /// Cap on a target group's own deregistration delay. With a cap, draining ends as soon as the target has answered its last
    /// request; with none it lasts as long as configured, as on AWS, where ECS waits for the whole delay.
    pub deregistration_cap: Option<Duration>,
    /// How late the control plane learns of a change in container health (the agent reports every 20 s).
    pub health_report: Duration,
    /// Between the configured probes of a container or target that is not yet healthy, extra ones this often. An extra probe
    /// can find health sooner; it never counts as a failure.
    pub early_probe: Option<Duration>,
    /// First wait of the back-off after a task that never ran; it doubles up to 15 minutes.
    pub start_backoff: Duration,
    /// From the failure that reaches the circuit breaker's threshold to the evaluation that fails the deployment.
    pub breaker_evaluation: Duration,
    /// Cap on every bake time that a service configures, so that a rehearsal need not sit through what only gives people time to look.
    /// With none they last as configured.
    pub bake_cap: Option<Duration>,
    /// Longest time in a lifecycle stage, or in one step of it, before the deployment fails: a day (`facts/aws.md` 2.4).
    pub stage_limit: Duration,
    /// Cap on the wait before a hook's function is called again.
    pub call_back_cap: Option<Duration>,
    /// How long alarms go on watching a rolling deployment after the tasks before it are gone. AWS computes it from the alarms and says
    /// only that it is under five minutes by default (`facts/aws.md` 2.2).
    pub alarm_bake: Duration,
    /// How long a service has to be steady before its tasks are moved from fuller availability zones to emptier ones. AWS says only that it
    /// looks for that continuously (developer guide, service-rebalancing); with none it is never done: the zones of a rehearsal are one machine.
    pub zone_rebalancing: Option<Duration>,
    /// How soon services other than IAM see what was written to it. AWS says "eventually"; observed are seconds, rarely a minute
    /// (`facts/aws.md` 6.5). Off unless it is asked for.
    pub iam_propagation: Propagation,
    /// From when a lifecycle policy is put to when it is first carried out, and from then on from time to time. AWS says "within 24 hours"
    /// (ECR's user guide, "Creating a lifecycle policy"). A rehearsal does not compress it: an image that AWS would still have for a
    /// day must not be missing when it is rolled back to.
    pub lifecycle_period: Duration,
    /// How long the preview of a lifecycle policy takes. AWS does not say; its waiter looks every five seconds.
    pub lifecycle_preview: Duration,
}

/// How soon services other than IAM see what was written to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Propagation {
    /// At once. AWS promises no such thing, but a rehearsal is quicker and repeatable this way.
    #[default]
    Immediate,
    /// After this long, always.
    Fixed(Duration),
    /// After a time that the World's seed draws anew for each write.
    Random {
        /// The longest.
        most: Duration,
    },
}

impl Timing {
    /// The figures of the real service (`facts/aws.md` section 0 and 1).
    #[must_use]
    pub const fn aws() -> Self {
        Self {
            scheduler_period: Duration::from_secs(10),
            healthy_without_checks: Duration::from_secs(40),
            target_registration: Duration::from_secs(20),
            target_patience: Duration::ZERO,
            deregistration_cap: None,
            health_report: Duration::from_secs(20),
            early_probe: None,
            start_backoff: Duration::from_secs(60),
            breaker_evaluation: Duration::from_secs(35),
            bake_cap: None,
            stage_limit: Duration::from_secs(24 * 60 * 60),
            call_back_cap: None,
            alarm_bake: Duration::from_secs(300),
            zone_rebalancing: Some(Duration::from_secs(300)),
            iam_propagation: Propagation::Immediate,
            lifecycle_period: Duration::from_secs(24 * 60 * 60),
            lifecycle_preview: Duration::from_secs(5),
        }
    }

    /// Compressed, so that a developer waits for his own containers only.
    #[must_use]
    pub const fn rehearsal() -> Self {
        Self {
            scheduler_period: Duration::from_millis(50),
            healthy_without_checks: Duration::from_secs(2),
            target_registration: Duration::from_millis(0),
            target_patience: Duration::from_secs(20),
            deregistration_cap: Some(Duration::from_secs(2)),
            health_report: Duration::from_millis(0),
            early_probe: Some(Duration::from_millis(200)),
            start_backoff: Duration::from_secs(1),
            breaker_evaluation: Duration::from_millis(0),
            bake_cap: Some(Duration::from_secs(2)),
            stage_limit: Duration::from_secs(10 * 60),
            call_back_cap: Some(Duration::from_secs(1)),
            alarm_bake: Duration::from_secs(2),
            zone_rebalancing: None,
            iam_propagation: Propagation::Immediate,
            lifecycle_period: Duration::from_secs(24 * 60 * 60),
            lifecycle_preview: Duration::ZERO,
        }
    }
}
