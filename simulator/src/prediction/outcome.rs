//! What a deploy in virtual time comes to, as its trace tells.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use simulator_core::effect::TaskId;
use simulator_core::{Event, Timestamp, World};

use super::play::{Deploy, ending, says_steady};

/// `aws ecs wait services-stable` looks 40 times, every 15 s (BOTO waiters-2 `ServicesStable`).
const WAITER: Duration = Duration::from_secs(600);

/// What AWS would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// How the rollout ends.
    pub end: RolloutEnd,
    /// How long containers of the old and the new revision run side by side.
    pub overlap: Duration,
    /// The largest number of tasks whose container behind the load balancer runs at any instant.
    pub most_tasks: usize,
    /// How many tasks of the new revision are stopped for their health.
    pub killed_for_health: usize,
    /// How many tasks of the new revision come to nothing in all.
    pub failed: usize,
}

/// How a rollout ends. Times count from UpdateService.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RolloutEnd {
    /// The deployment is completed.
    Completed {
        /// After so long.
        after: Duration,
    },
    /// The deployment fails.
    Failed {
        /// After so long.
        after: Duration,
        /// `rolloutStateReason`.
        reason: String,
        /// When the service is in a steady state again, if it ever is.
        steady: Option<Duration>,
    },
    /// Neither, for as long as anybody would wait.
    Never,
}

/// Reads the outcome of the deployment `id`, begun at `began`, from the entries of the trace after the first `seen`.
pub(super) fn of(world: &World, seen: usize, began: Timestamp, id: &str, deploy: &Deploy) -> Prediction {
    let events = world.events().get(seen..).unwrap_or_default();
    let end = match ending(events, id) {
        Some((at, true, _)) => RolloutEnd::Completed { after: at.since(began) },
        Some((at, false, reason)) => RolloutEnd::Failed {
            after: at.since(began),
            reason: reason.to_owned(),
            steady: steady_after(events, &deploy.service, at).map(|at| at.since(began)),
        },
        None => RolloutEnd::Never,
    };
    let new = |task: &TaskId| world.ecs().task(task).is_some_and(|task| task.origin.started_by.as_deref() == Some(id));
    let (overlap, most_tasks) = side_by_side(world, deploy, began, new);
    let tasks = world.ecs().tasks();
    let stopped = tasks.iter().filter(|task| new(&task.id)).filter_map(|task| task.stop.as_ref());
    let reasons: Vec<&str> = stopped.map(|stop| stop.reason.as_str()).collect();
    let for_health = |reason: &&&str| reason.contains("health checks");
    let by_scheduler = |reason: &&&str| reason.starts_with("Scaling activity initiated by");
    Prediction {
        end,
        overlap,
        most_tasks,
        killed_for_health: reasons.iter().filter(for_health).count(),
        failed: reasons.iter().filter(|reason| !by_scheduler(reason)).count(),
    }
}

fn steady_after(events: &[Event], service: &str, since: Timestamp) -> Option<Timestamp> {
    let says_so = |event: &&Event| says_steady(event, service);
    events.iter().rev().filter(|event| event.at >= since).find(says_so).map(|event| event.at)
}

/// For how long both revisions run, and how many tasks run at most, since `began`.
fn side_by_side(world: &World, deploy: &Deploy, began: Timestamp, new: impl Fn(&TaskId) -> bool) -> (Duration, usize) {
    // At one instant, what starts comes before what ends: the two may meet.
    let mut changes: BTreeSet<(Timestamp, bool, TaskId)> = BTreeSet::new();
    for task in world.ecs().tasks().into_iter().filter(|task| task.origin.service.is_some()) {
        let Some(container) = task.containers.iter().find(|it| it.name == deploy.container) else { continue };
        let Some(started) = container.started_at else { continue };
        if container.stopped_at.is_some_and(|at| at < began) {
            continue;
        }
        changes.insert((started, false, task.id));
        changes.extend(container.stopped_at.map(|at| (at, true, task.id)));
    }
    let mut running: BTreeMap<TaskId, bool> = BTreeMap::new();
    let (mut overlap, mut most, mut since) = (Duration::ZERO, 0, None);
    for (at, ends, task) in changes {
        if let Some(from) = since {
            overlap += at.since(from);
        }
        if ends {
            running.remove(&task);
        } else {
            let is_new = new(&task);
            running.insert(task, is_new);
        }
        let both = running.values().any(|is_new| *is_new) && running.values().any(|is_new| !*is_new);
        since = both.then_some(at);
        if at >= began {
            most = most.max(running.len());
        }
    }
    if let Some(from) = since {
        overlap += world.now().since(from);
    }
    (overlap, most.max(running.len()))
}

impl Prediction {
    /// Whether `aws ecs wait services-stable`, and what is built on it, gives up first.
    #[must_use]
    pub fn outlasts_waiter(&self) -> bool {
        match self.end {
            RolloutEnd::Completed { after } => after > WAITER,
            RolloutEnd::Failed { steady, .. } => steady.is_none_or(|steady| steady > WAITER),
            RolloutEnd::Never => true,
        }
    }

    /// The prediction, one sentence to a line.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let Self { end, overlap, most_tasks, killed_for_health, failed } = self;
        let mut lines = vec![match end {
            RolloutEnd::Completed { after } => format!("the rollout takes {}", Spoken(*after)),
            RolloutEnd::Failed { after, reason, steady } => {
                let steady = match steady {
                    Some(steady) => format!("the service is stable again after {}", Spoken(*steady)),
                    None => "the service does not become stable again".to_owned(),
                };
                format!("the deployment fails after {} ({reason}); {steady}", Spoken(*after))
            }
            RolloutEnd::Never => "the rollout neither completes nor fails within a day".to_owned(),
        }];
        if *killed_for_health > 0 {
            let (tasks, are) = if *killed_for_health == 1 { ("task", "is") } else { ("tasks", "are") };
            lines.push(format!("{killed_for_health} new {tasks} {are} stopped by health checks before the end"));
        } else if *failed > 0 {
            let tasks = if *failed == 1 { "task comes" } else { "tasks come" };
            lines.push(format!("{failed} new {tasks} to nothing"));
        }
        let side_by_side = if overlap.is_zero() {
            "old and new code never run side by side".to_owned()
        } else {
            format!("old and new code run side by side for {}", Spoken(*overlap))
        };
        lines.push(format!("{side_by_side}, with at most {most_tasks} tasks at once"));
        if self.outlasts_waiter() {
            lines.push("`aws ecs wait services-stable` gives up before that, after 10 min".to_owned());
        }
        lines
    }
}

/// A duration as people say it: `45 s`, `6 min 5 s`, `2 h 3 min`.
struct Spoken(Duration);

impl fmt::Display for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs() + u64::from(self.0.subsec_millis() >= 500);
        let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        match (hours, minutes, rest) {
            (0, 0, rest) => write!(f, "{rest} s"),
            (0, minutes, 0) => write!(f, "{minutes} min"),
            (0, minutes, rest) => write!(f, "{minutes} min {rest} s"),
            (hours, 0, _) => write!(f, "{hours} h"),
            (hours, minutes, _) => write!(f, "{hours} h {minutes} min"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_as_people_say_them() {
        for (millis, said) in [
            (0, "0 s"),
            (45_400, "45 s"),
            (60_000, "1 min"),
            (365_600, "6 min 6 s"),
            (7_200_000, "2 h"),
            (7_380_000, "2 h 3 min"),
        ] {
            assert_eq!(Spoken(Duration::from_millis(millis)).to_string(), said);
        }
    }
}
