//! `lifecycleHooks`: what a deployment asks or waits for in its stages.
//!
//! Source: botocore ecs, `DeploymentLifecycleHook`; developer guide, lambda-lifecycle-hooks, pause-lifecycle-hooks and (for the texts)
//! troubleshooting-blue-green. Texts that they do not give are ours.

use std::collections::BTreeSet;

use super::lifecycle::LifecycleStage;
use crate::refusal::Refusal;

/// `timeoutInMinutes` by default: a day.
pub const DEFAULT_TIMEOUT: u32 = 1440;

/// A hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecycleHook {
    /// `targetType` and what belongs to it.
    pub target: HookTarget,
    /// `lifecycleStages`.
    pub stages: BTreeSet<LifecycleStage>,
    /// `timeoutConfiguration.timeoutInMinutes`, [`DEFAULT_TIMEOUT`] by default.
    pub timeout_minutes: u32,
    /// `timeoutConfiguration.action`, ROLLBACK by default.
    pub timeout_action: HookAction,
}

/// What a hook does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookTarget {
    /// `AWS_LAMBDA`: it calls a function.
    Lambda {
        /// `hookTargetArn`.
        function: String,
        /// `roleArn`.
        role: Option<String>,
        /// `hookDetails`, as JSON text.
        details: Option<String>,
    },
    /// `PAUSE`: it waits for ContinueServiceDeployment.
    Pause,
}

/// What becomes of a deployment after a pause or a timeout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HookAction {
    /// It goes on.
    Continue,
    /// It is rolled back.
    #[default]
    RollBack,
}

impl HookAction {
    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Continue => "CONTINUE",
            Self::RollBack => "ROLLBACK",
        }
    }
}

impl LifecycleHook {
    /// `AWS_LAMBDA` or `PAUSE`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.target {
            HookTarget::Lambda { .. } => "AWS_LAMBDA",
            HookTarget::Pause => "PAUSE",
        }
    }

    pub(super) fn check(&self) -> Result<(), Refusal> {
        let Self { target, stages, timeout_minutes, timeout_action: _ } = self;
        let invalid = |message: String| Err(Refusal::fault("InvalidParameterException", message));
        if stages.is_empty() {
            return invalid("lifecycleStages of a lifecycle hook must not be empty.".to_owned());
        }
        let longest = match target {
            HookTarget::Lambda { function, .. } => {
                if function.is_empty() {
                    return invalid("hookTargetArn is required for a lifecycle hook of type AWS_LAMBDA.".to_owned());
                }
                if let Some(stage) = stages.iter().find(|stage| !stage.takes_functions()) {
                    return invalid(format!("Invalid lifecycle stage provided for Lambda Hook: {}", stage.as_str()));
                }
                1_440
            }
            HookTarget::Pause => {
                if !stages.iter().all(|stage| stage.takes_pauses()) {
                    return invalid("Invalid lifecycle stage provided for Pause Hook".to_owned());
                }
                20_160
            }
        };
        if !(1..=longest).contains(timeout_minutes) {
            return invalid(format!("timeoutInMinutes must be between 1 and {longest}, not {timeout_minutes}."));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every stage against both kinds of hook: which may have it.
    #[test]
    fn stages_take_the_hooks_that_the_guide_names() {
        use LifecycleStage as S;
        for (stage, functions, pauses) in [
            (S::ReconcileService, true, false),
            (S::PreScaleUp, true, true),
            (S::ScaleUp, false, false),
            (S::PostScaleUp, true, true),
            (S::TestTrafficShift, true, false),
            (S::PostTestTrafficShift, true, true),
            (S::PreProductionTrafficShift, true, true),
            (S::ProductionTrafficShift, true, false),
            (S::PostProductionTrafficShift, true, true),
            (S::BakeTime, false, false),
            (S::CleanUp, false, false),
        ] {
            let function = HookTarget::Lambda { function: "f".to_owned(), role: None, details: None };
            for (target, right) in [(function, functions), (HookTarget::Pause, pauses)] {
                let stages = BTreeSet::from([stage]);
                let hook =
                    LifecycleHook { target, stages, timeout_minutes: 1440, timeout_action: HookAction::RollBack };
                assert_eq!(hook.check().is_ok(), right, "{} at {}", hook.kind(), stage.as_str());
            }
        }
    }

    #[test]
    fn timeouts_have_their_ranges() {
        let function = || HookTarget::Lambda { function: "f".to_owned(), role: None, details: None };
        for (target, timeout_minutes, right) in [
            (function(), 0, false),
            (function(), 1, true),
            (function(), 1_440, true),
            (function(), 1_441, false),
            (HookTarget::Pause, 0, false),
            (HookTarget::Pause, 20_160, true),
            (HookTarget::Pause, 20_161, false),
        ] {
            let stages = BTreeSet::from([LifecycleStage::PreScaleUp]);
            let hook = LifecycleHook { target, stages, timeout_minutes, timeout_action: HookAction::Continue };
            assert_eq!(hook.check().is_ok(), right, "{hook:?}");
        }
    }
}
