//! How lifecycle hooks fail, and the stages in which they can.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use simulator_core::ecs::service::LifecycleStage;
use simulator_core::observation::HookAnswer;

/// A function that is asked has so long (Lambda's own limit; developer guide, lambda-lifecycle-hooks).
const LONGEST_CALL: Duration = Duration::from_secs(15 * 60);

/// A stage that an undisturbed deployment goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// `lifecycleStage`.
    pub name: &'static str,
    /// From UpdateService to its beginning.
    pub from: Duration,
    /// How long it lasts.
    pub lasts: Duration,
    /// Whether a function is asked in it.
    pub asks: bool,
}

/// How the hooks of a stage fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BrokenHook {
    /// They answer FAILED.
    Failed,
    /// They answer something that ECS does not know.
    Broken,
    /// They answer nothing for as long as a function may run.
    Late,
}

impl BrokenHook {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Failed, Self::Broken, Self::Late];

    /// What comes back, and how long after the call.
    #[must_use]
    pub fn answer(self) -> (Duration, HookAnswer) {
        match self {
            Self::Failed => (Duration::ZERO, HookAnswer::Failed),
            Self::Broken => (Duration::ZERO, HookAnswer::Broken("the answer has no hookStatus".to_owned())),
            Self::Late => (LONGEST_CALL, HookAnswer::Broken("there was no answer in time".to_owned())),
        }
    }

    /// As files say it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Broken => "broken",
            Self::Late => "late",
        }
    }
}

impl fmt::Display for BrokenHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Failed => "answer FAILED",
            Self::Broken => "answer something that ECS does not know",
            Self::Late => "do not answer in time",
        })
    }
}

/// A stage as files say it, such as `post-scale-up`.
pub(super) fn stage_word(stage: &str) -> String {
    stage.to_ascii_lowercase().replace('_', "-")
}

/// The stage that files call `word`, if functions can be asked in it.
pub(super) fn stage_called(word: &str) -> Option<&'static str> {
    let stages = LifecycleStage::ALL.into_iter().filter(|stage| stage.takes_functions());
    stages.map(LifecycleStage::as_str).find(|stage| stage_word(stage) == word)
}

/// Whole milliseconds.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
