//! The section `[deployment]`: how a deploy moves requests to the new revision.
//!
//! Source of ranges and defaults: ECS `DeploymentConfiguration`, `LinearConfiguration`, `CanaryConfiguration`,
//! `DeploymentLifecycleHook` (botocore ecs).

use serde::Deserialize;

use super::name::{FunctionName, HeaderName, HeaderValue};
use super::number::{CanaryPercent, HookMinutes, Minutes, StepPercent};

/// The section `[deployment]` as it is written. [`Deployment::shift`] is what it means.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Deployment {
    /// How requests move; left out, tasks are replaced in place.
    #[serde(default)]
    pub strategy: StrategyName,
    /// How long the old tasks stand by after the new ones have all requests, in minutes.
    pub bake_time_minutes: Option<Minutes>,
    /// For `linear`: the share of requests that moves in each step.
    pub step_percent: Option<StepPercent>,
    /// For `linear`: the wait after each step but the last, in minutes.
    pub step_bake_time_minutes: Option<Minutes>,
    /// For `canary`: the share of requests that moves first.
    pub canary_percent: Option<CanaryPercent>,
    /// For `canary`: the wait before all others move, in minutes.
    pub canary_bake_time_minutes: Option<Minutes>,
    /// The header that marks test requests, which reach the new revision first; left out, there are no test requests.
    pub test_header: Option<TestHeader>,
    /// Functions that are asked on the way.
    #[serde(default)]
    pub hooks: Vec<Hook>,
}

/// The value of `strategy`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StrategyName {
    /// Tasks are replaced in place.
    #[default]
    Rolling,
    /// All requests move at once.
    BlueGreen,
    /// Requests move in equal steps.
    Linear,
    /// A few requests move first, then all others.
    Canary,
}

/// A header and its value, by which test requests are told from production's.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TestHeader {
    /// Its name.
    pub name: HeaderName,
    /// Its value.
    pub value: HeaderValue,
}

/// One of `[[deployment.hooks]]`: a Lambda function that is asked whether the deployment may go on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Hook {
    /// The function's name, with its alias or version if it has one: it is in the project's own account and region.
    pub function: FunctionName,
    /// The stages in which it is asked.
    pub stages: Vec<HookStage>,
    /// After how many minutes in a stage it is given up, and the deployment rolled back; a day by default.
    pub timeout_minutes: Option<HookMinutes>,
}

/// A stage in which a function can be asked, in the order in which a deployment goes through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookStage {
    /// Of what earlier deployments left behind, only the revision that serves stays.
    ReconcileService,
    /// The new revision has no tasks yet.
    PreScaleUp,
    /// All new tasks are healthy.
    PostScaleUp,
    /// Test requests move.
    TestTrafficShift,
    /// The new revision has all test requests.
    PostTestTrafficShift,
    /// Before every step of production requests.
    PreProductionTrafficShift,
    /// A step of production requests moves.
    ProductionTrafficShift,
    /// The new revision has all production requests.
    PostProductionTrafficShift,
}

/// How requests move to the new revision, where tasks are not just replaced in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// In which steps.
    pub strategy: Strategy,
    /// How long the old tasks stand by afterwards.
    pub bake_time: Minutes,
    /// What marks test requests, if there are any.
    pub test_header: Option<TestHeader>,
    /// Functions that are asked on the way.
    pub hooks: Vec<Hook>,
}

/// The steps in which requests move. What is not written is left to ECS, whose defaults are in the comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// All at once.
    BlueGreen,
    /// In equal steps.
    Linear {
        /// The share of each; 10 % by default.
        step: Option<StepPercent>,
        /// The wait after each but the last; 6 minutes by default.
        wait: Option<Minutes>,
    },
    /// A few first, then all others.
    Canary {
        /// The share of the few; 5 % by default.
        first: Option<CanaryPercent>,
        /// The wait before all others; 10 minutes by default.
        wait: Option<Minutes>,
    },
}

/// A key of `[deployment]` that says nothing with this strategy, or that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Misplaced {
    /// The key at which that shows.
    pub key: &'static str,
    /// What is wrong.
    pub what: &'static str,
}

impl Deployment {
    /// How requests move; none where tasks are replaced in place.
    ///
    /// # Errors
    /// A key does not go with the strategy, or is missing.
    pub fn shift(&self) -> Result<Option<Shift>, Misplaced> {
        let Self {
            strategy,
            bake_time_minutes,
            step_percent,
            step_bake_time_minutes,
            canary_percent,
            canary_bake_time_minutes,
            test_header,
            hooks,
        } = self;
        let linear = step_percent.is_some() || step_bake_time_minutes.is_some();
        let canary = canary_percent.is_some() || canary_bake_time_minutes.is_some();
        if linear && *strategy != StrategyName::Linear {
            let key = if step_percent.is_some() { "step-percent" } else { "step-bake-time-minutes" };
            return Err(Misplaced { key, what: "this key goes with `strategy = \"linear\"` only" });
        }
        if canary && *strategy != StrategyName::Canary {
            let key = if canary_percent.is_some() { "canary-percent" } else { "canary-bake-time-minutes" };
            return Err(Misplaced { key, what: "this key goes with `strategy = \"canary\"` only" });
        }
        let strategy = match strategy {
            StrategyName::Rolling => {
                for (given, key) in [
                    (bake_time_minutes.is_some(), "bake-time-minutes"),
                    (test_header.is_some(), "test-header"),
                    (!hooks.is_empty(), "hooks"),
                ] {
                    if given {
                        let what = "this key goes with `strategy = \"blue-green\"`, \"linear\" or \"canary\" only";
                        return Err(Misplaced { key, what });
                    }
                }
                return Ok(None);
            }
            StrategyName::BlueGreen if bake_time_minutes.is_none() => {
                let what = "`strategy = \"blue-green\"` needs `bake-time-minutes`: ECS has no default for it";
                return Err(Misplaced { key: "strategy", what });
            }
            StrategyName::BlueGreen => Strategy::BlueGreen,
            StrategyName::Linear => Strategy::Linear { step: *step_percent, wait: *step_bake_time_minutes },
            StrategyName::Canary => Strategy::Canary { first: *canary_percent, wait: *canary_bake_time_minutes },
        };
        if hooks.iter().any(|hook| hook.stages.is_empty()) {
            return Err(Misplaced { key: "hooks", what: "a hook without `stages` is never asked" });
        }
        Ok(Some(Shift {
            strategy,
            bake_time: bake_time_minutes.unwrap_or_default(),
            test_header: test_header.clone(),
            hooks: hooks.clone(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(section: Value) -> Result<Deployment, String> {
        serde_json::from_value(section).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_go_with_their_strategy() {
        let header = json!({"name": "x-release", "value": "next"});
        let hooks = json!([{"function": "check", "stages": ["post-scale-up"]}]);
        for (section, misplaced) in [
            (json!({}), None),
            (json!({"strategy": "rolling"}), None),
            (json!({"strategy": "blue-green", "bake-time-minutes": 0}), None),
            (json!({"strategy": "blue-green"}), Some("strategy")),
            (json!({"strategy": "linear"}), None),
            (json!({"strategy": "linear", "step-percent": 33.3, "step-bake-time-minutes": 0}), None),
            (json!({"strategy": "canary", "canary-percent": 2.5, "test-header": header, "hooks": hooks}), None),
            (json!({"bake-time-minutes": 5}), Some("bake-time-minutes")),
            (json!({"test-header": header}), Some("test-header")),
            (json!({"hooks": hooks}), Some("hooks")),
            (json!({"strategy": "canary", "step-percent": 10}), Some("step-percent")),
            (json!({"strategy": "linear", "canary-bake-time-minutes": 1}), Some("canary-bake-time-minutes")),
            (json!({"strategy": "canary", "hooks": [{"function": "check", "stages": []}]}), Some("hooks")),
        ] {
            let shift = read(section.clone()).expect("each key by itself is right").shift();
            assert_eq!(shift.as_ref().err().map(|misplaced| misplaced.key), misplaced, "{section}");
        }
    }

    #[test]
    fn a_mistake_is_named_with_what_was_written() {
        for (section, said) in [
            (json!({"strategy": "bluegreen"}), "unknown variant `bluegreen`"),
            (json!({"step-percent": 2.9}), "`2.9` is not a step"),
            (json!({"step-percent": 33.33}), "`33.33` is not a step"),
            (json!({"canary-percent": 0}), "`0` is not a canary's share"),
            (json!({"canary-percent": 100.1}), "`100.1` is not a canary's share"),
            (json!({"bake-time-minutes": 1441}), "`1441` is not a wait"),
            (json!({"test-header": {"name": "x release", "value": "y"}}), "`x release` is not a header's name"),
            (json!({"test-header": {"name": "x", "value": "a*"}}), "`a*` is not a header's value"),
            (json!({"hooks": [{"function": "a b", "stages": []}]}), "`a b` is not a function's name"),
            (json!({"hooks": [{"function": "a", "stages": ["scale-up"]}]}), "unknown variant `scale-up`"),
            (json!({"hooks": [{"function": "a", "stages": [], "timeout-minutes": 0}]}), "`0` is not a time limit"),
            (json!({"strategi": "canary"}), "unknown field `strategi`"),
        ] {
            let error = read(section.clone()).expect_err("something is wrong");
            assert!(error.contains(said), "{section}: {error}");
        }
    }
}
