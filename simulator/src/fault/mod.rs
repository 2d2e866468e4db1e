//! What can go wrong in a rollout, as data.
//!
//! In reading order: the faults (here), the file that keeps them ([`file`](mod@file)), and what somebody does in the account
//! ([`act`](mod@act)), and how hooks fail ([`hook`](mod@hook)). In virtual time `crate::exploration` lets them happen, on Docker [`crate::driver::interference`].

mod act;
mod file;
mod hook;

pub use act::{RETRIES, act};
pub use file::Scenario;
pub use hook::{BrokenHook, Window};

use std::fmt;
use std::time::Duration;

use simulator_core::id::{IdKind, IdStream};
use simulator_core::virtual_time::{Behaviour, Image};

/// Containers of the new revision whose behaviour can be disturbed: more are rarely started.
const CONTAINERS: u64 = 12;

/// One thing that goes wrong, or that somebody does, during a rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The new revision's container number `container`, from 0, ends by itself.
    Crash {
        /// Which.
        container: usize,
        /// After its start.
        after: Duration,
    },
    /// It answers nothing from then on.
    Hang {
        /// Which.
        container: usize,
        /// After its start.
        after: Duration,
    },
    /// It is up so much later.
    SlowStart {
        /// Which.
        container: usize,
        /// How much later.
        by: Duration,
    },
    /// Its image is refused.
    PullRefused {
        /// Which.
        container: usize,
    },
    /// Its health fails from then on.
    Sick {
        /// Which.
        container: usize,
        /// After its start.
        after: Duration,
    },
    /// It answers requests with 503 for a while, though its health command passes.
    Unready {
        /// Which.
        container: usize,
        /// After its start.
        after: Duration,
        /// For how long.
        lasts: Duration,
    },
    /// ECS refuses every call with ThrottlingException.
    Throttled {
        /// After UpdateService.
        at: Duration,
        /// For how long.
        lasts: Duration,
    },
    /// Somebody stops a task of the service.
    StopTask {
        /// After UpdateService.
        at: Duration,
    },
    /// Somebody changes the desired count.
    Scale {
        /// After UpdateService.
        at: Duration,
        /// To what.
        desired: u32,
    },
    /// Somebody deploys the same again.
    DeployAgain {
        /// After UpdateService.
        at: Duration,
    },
    /// The lifecycle hooks of a stage fail.
    Hook {
        /// `lifecycleStage`.
        stage: &'static str,
        /// How.
        how: BrokenHook,
    },
}

impl Fault {
    /// What goes wrong in the run of `seed` of a service with `tasks` tasks: one to five things. Where its deployments shift traffic,
    /// `stages` are those that one goes through if nothing disturbs it: as much goes wrong in the short ones as in the long ones.
    #[must_use]
    pub fn of(seed: u64, tasks: u32, stages: &[Window]) -> Vec<Self> {
        let mut stream = IdStream::new(seed);
        let mut draw = |below: u64| stream.bits(IdKind::Request) % below.max(1);
        let count = 1 + draw(5);
        (0..count)
            .map(|_| {
                let container = usize::try_from(draw(CONTAINERS.min(u64::from(tasks) * 2))).unwrap_or_default();
                let (mut soon, mut later) =
                    (Duration::from_millis(draw(120_000)), Duration::from_millis(draw(600_000)));
                if !stages.is_empty() {
                    let stage = stages[usize::try_from(draw(stages.len() as u64)).unwrap_or_default()];
                    later = stage.from + Duration::from_millis(draw(hook::millis(stage.lasts) + 1));
                    // The new containers start with the tasks.
                    let start = stages.iter().find(|stage| stage.name == "SCALE_UP").map(|stage| stage.from);
                    soon = later.saturating_sub(start.unwrap_or_default());
                }
                let asking: Vec<&Window> = stages.iter().filter(|stage| stage.asks).collect();
                match draw(if asking.is_empty() { 10 } else { 12 }) {
                    10 | 11 => {
                        let stage = asking[usize::try_from(draw(asking.len() as u64)).unwrap_or_default()].name;
                        Self::Hook { stage, how: BrokenHook::ALL[usize::try_from(draw(3)).unwrap_or_default()] }
                    }
                    0 => Self::Crash { container, after: soon },
                    1 => Self::Hang { container, after: soon },
                    2 => Self::SlowStart { container, by: later },
                    3 => Self::PullRefused { container },
                    4 => Self::Sick { container, after: soon },
                    5 => Self::StopTask { at: later },
                    6 => {
                        // Nobody scales to nothing and wants the service to answer.
                        let desired = 1 + u32::try_from(draw(u64::from(tasks) * 2)).unwrap_or(tasks);
                        Self::Scale { at: later, desired }
                    }
                    7 => Self::Unready { container, after: soon, lasts: later },
                    8 => Self::Throttled { at: later, lasts: soon },
                    _ => Self::DeployAgain { at: later },
                }
            })
            .collect()
    }

    /// Which container of the new revision it disturbs, from 0.
    pub(crate) const fn container(&self) -> Option<usize> {
        match self {
            Self::Crash { container, .. }
            | Self::Hang { container, .. }
            | Self::SlowStart { container, .. }
            | Self::PullRefused { container }
            | Self::Unready { container, .. }
            | Self::Sick { container, .. } => Some(*container),
            Self::Throttled { .. }
            | Self::StopTask { .. }
            | Self::Scale { .. }
            | Self::DeployAgain { .. }
            | Self::Hook { .. } => None,
        }
    }

    /// When it happens, after UpdateService, where it is no container's affair.
    pub(crate) const fn at(&self) -> Option<Duration> {
        match self {
            Self::Throttled { at, .. } | Self::StopTask { at } | Self::Scale { at, .. } | Self::DeployAgain { at } => {
                Some(*at)
            }
            Self::Crash { .. }
            | Self::Hang { .. }
            | Self::SlowStart { .. }
            | Self::PullRefused { .. }
            | Self::Unready { .. }
            | Self::Sick { .. }
            | Self::Hook { .. } => None,
        }
    }

    /// `behaviour`, disturbed.
    pub(crate) fn disturb(&self, behaviour: Behaviour) -> Behaviour {
        let later = |moment: Option<Duration>, by| moment.map(|moment| moment + by);
        match *self {
            Self::Crash { after, .. } => Behaviour { exits: Some((after, 1)), ..behaviour },
            Self::Hang { after, .. } => Behaviour { hangs: Some(after), ..behaviour },
            Self::SlowStart { by, .. } => {
                Behaviour { healthy: later(behaviour.healthy, by), serves: later(behaviour.serves, by), ..behaviour }
            }
            Self::PullRefused { .. } => Behaviour { image: Image::Refused("manifest unknown".to_owned()), ..behaviour },
            Self::Sick { after, .. } => Behaviour { sick: Some(after), ..behaviour },
            Self::Unready { after, lasts, .. } => Behaviour { unready: Some((after, lasts)), ..behaviour },
            Self::Throttled { .. }
            | Self::StopTask { .. }
            | Self::Scale { .. }
            | Self::DeployAgain { .. }
            | Self::Hook { .. } => behaviour,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nth = |container: usize| container + 1;
        let seconds = |duration: &Duration| format!("{:.1} s", duration.as_secs_f64());
        match self {
            Self::Crash { container, after } => {
                write!(f, "new container {} ends with 1, {} after its start", nth(*container), seconds(after))
            }
            Self::Hang { container, after } => {
                write!(f, "new container {} answers nothing from {} after its start", nth(*container), seconds(after))
            }
            Self::SlowStart { container, by } => {
                write!(f, "new container {} is up {} later", nth(*container), seconds(by))
            }
            Self::PullRefused { container } => write!(f, "the image of new container {} is refused", nth(*container)),
            Self::Sick { container, after } => {
                write!(f, "new container {} is unhealthy from {} after its start", nth(*container), seconds(after))
            }
            Self::Unready { container, after, lasts } => write!(
                f,
                "new container {} answers requests with 503 for {}, {} after its start",
                nth(*container),
                seconds(lasts),
                seconds(after)
            ),
            Self::Throttled { at, lasts } => {
                write!(f, "ECS throttles all calls for {}, {} after UpdateService", seconds(lasts), seconds(at))
            }
            Self::StopTask { at } => write!(f, "somebody stops a task, {} after UpdateService", seconds(at)),
            Self::Scale { at, desired } => {
                write!(f, "somebody sets the desired count to {desired}, {} after UpdateService", seconds(at))
            }
            Self::DeployAgain { at } => write!(f, "somebody deploys again, {} after UpdateService", seconds(at)),
            Self::Hook { stage, how } => write!(f, "the lifecycle hooks of {stage} {how}"),
        }
    }
}
