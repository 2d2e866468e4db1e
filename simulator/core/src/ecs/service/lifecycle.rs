//! Where a deployment that shifts traffic stands: its stage, its share of the requests, and the hooks it waits for.
//!
//! How it goes on is in [`crate::ecs`]'s scheduler. Source: `facts/aws.md` 2.4; botocore ecs, `ServiceDeploymentLifecycleStage`.

use super::cause::Cause;
use super::hook::{HookAction, LifecycleHook};
use super::service_deployment::StopKind;
use super::strategy::{Percent, Shifting};
use crate::event::Sequence;
use crate::time::Timestamp;

/// `lifecycleStage`, in the order in which a deployment goes through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LifecycleStage {
    /// Of what earlier deployments left behind, only the revision that serves stays.
    ReconcileService,
    /// Green has no tasks.
    PreScaleUp,
    /// Green starts its tasks.
    ScaleUp,
    /// All tasks of green are healthy.
    PostScaleUp,
    /// Test requests move to green.
    TestTrafficShift,
    /// Green has all test requests.
    PostTestTrafficShift,
    /// Before every step of production requests. It is among the stages that hooks can have and absent from those that
    /// DescribeServiceDeployments is documented to answer (`facts/aws.md` 2.4 [?]); here it is a stage like the others.
    PreProductionTrafficShift,
    /// A step of production requests moves to green.
    ProductionTrafficShift,
    /// Green has all production requests.
    PostProductionTrafficShift,
    /// Blue stays, in case it is needed again.
    BakeTime,
    /// The tasks that nobody needs any more stop.
    CleanUp,
}

impl LifecycleStage {
    /// All of them, in order.
    pub const ALL: [Self; 11] = [
        Self::ReconcileService,
        Self::PreScaleUp,
        Self::ScaleUp,
        Self::PostScaleUp,
        Self::TestTrafficShift,
        Self::PostTestTrafficShift,
        Self::PreProductionTrafficShift,
        Self::ProductionTrafficShift,
        Self::PostProductionTrafficShift,
        Self::BakeTime,
        Self::CleanUp,
    ];

    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReconcileService => "RECONCILE_SERVICE",
            Self::PreScaleUp => "PRE_SCALE_UP",
            Self::ScaleUp => "SCALE_UP",
            Self::PostScaleUp => "POST_SCALE_UP",
            Self::TestTrafficShift => "TEST_TRAFFIC_SHIFT",
            Self::PostTestTrafficShift => "POST_TEST_TRAFFIC_SHIFT",
            Self::PreProductionTrafficShift => "PRE_PRODUCTION_TRAFFIC_SHIFT",
            Self::ProductionTrafficShift => "PRODUCTION_TRAFFIC_SHIFT",
            Self::PostProductionTrafficShift => "POST_PRODUCTION_TRAFFIC_SHIFT",
            Self::BakeTime => "BAKE_TIME",
            Self::CleanUp => "CLEAN_UP",
        }
    }

    /// Whether hooks that call a function may stand here.
    #[must_use]
    pub const fn takes_functions(self) -> bool {
        !matches!(self, Self::ScaleUp | Self::BakeTime | Self::CleanUp)
    }

    /// Whether hooks that wait may stand here.
    #[must_use]
    pub const fn takes_pauses(self) -> bool {
        self.takes_functions()
            && !matches!(self, Self::ReconcileService | Self::TestTrafficShift | Self::ProductionTrafficShift)
    }
}

/// Where a deployment that shifts traffic stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrafficShift {
    /// The configuration that was in force when the deployment was made; a later one does not change it.
    pub(in crate::ecs) plan: Shifting,
    /// The deployment that serves production while this one comes up (blue); none at first.
    pub(in crate::ecs) source: Option<String>,
    /// Whether it goes forward or is being rolled back.
    pub(in crate::ecs) direction: Direction,
    /// The stage.
    pub(in crate::ecs) stage: LifecycleStage,
    /// When the stage, or this step of it, began.
    pub(in crate::ecs) entered_at: Timestamp,
    /// Steps of production requests that have been taken.
    pub(in crate::ecs) step: usize,
    /// This deployment's share of production requests.
    pub(in crate::ecs) production: Percent,
    /// This deployment's share of test requests.
    pub(in crate::ecs) test: Percent,
    /// The hooks of the present stage.
    pub(in crate::ecs) hooks: Vec<HookRun>,
    /// When the waiting of the stage began.
    pub(in crate::ecs) baking_since: Option<Timestamp>,
    /// It is to fail, for this cause; and what then becomes of the requests.
    pub(in crate::ecs) failing: Option<(Cause, StopKind)>,
    /// Nothing is left to be done.
    pub(in crate::ecs) over: bool,
}

/// Where a deployment that shifts traffic is going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Green is to serve.
    Forward,
    /// Blue is to serve again.
    Back,
}

/// A hook in the present stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookRun {
    /// `hookId`: `ecs-pause-…` or `ecs-lambda-…`.
    pub id: String,
    /// The hook.
    pub hook: LifecycleHook,
    /// When it is given up.
    pub expires_at: Timestamp,
    /// Where it stands.
    pub state: HookState,
    /// `hookDetails` of the next call: the configured ones, or what the function gave back last.
    pub(in crate::ecs) details: Option<String>,
    /// The entry of the trace that was made of it last: what comes back follows from the call.
    pub(in crate::ecs) told: Option<Sequence>,
}

/// Where a hook stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookState {
    /// The function is to be called then.
    Due(Timestamp),
    /// The function is being called; the call has this `executionId`.
    Called(String),
    /// It waits for ContinueServiceDeployment.
    AwaitingAction,
    /// The deployment may go on.
    Succeeded,
    /// The deployment may not go on, for this reason.
    Failed(String),
    /// It was given up.
    TimedOut,
}

impl HookState {
    /// `status`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Due(_) | Self::Called(_) => "IN_PROGRESS",
            Self::AwaitingAction => "AWAITING_ACTION",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed(_) => "FAILED",
            Self::TimedOut => "TIMED_OUT",
        }
    }
}

impl HookRun {
    /// `timeoutAction`.
    #[must_use]
    pub const fn timeout_action(&self) -> HookAction {
        self.hook.timeout_action
    }
}

impl TrafficShift {
    /// A shift that begins at `now` in `stage`.
    pub(in crate::ecs) const fn new(
        plan: Shifting,
        source: Option<String>,
        stage: LifecycleStage,
        now: Timestamp,
    ) -> Self {
        Self {
            plan,
            source,
            direction: Direction::Forward,
            stage,
            entered_at: now,
            step: 0,
            production: Percent::NONE,
            test: Percent::NONE,
            hooks: Vec::new(),
            baking_since: None,
            failing: None,
            over: false,
        }
    }

    /// The stage.
    #[must_use]
    pub const fn stage(&self) -> LifecycleStage {
        self.stage
    }

    /// Where it is going.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        self.direction
    }

    /// This deployment's share of production requests; the source has the rest.
    #[must_use]
    pub const fn production(&self) -> Percent {
        self.production
    }

    /// This deployment's share of test requests; the source has the rest.
    #[must_use]
    pub const fn test(&self) -> Percent {
        self.test
    }

    /// `lifecycleHookDetails`: the hooks of the present stage.
    #[must_use]
    pub fn hooks(&self) -> &[HookRun] {
        &self.hooks
    }

    /// Whether something is left to be done.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        !self.over
    }
}
