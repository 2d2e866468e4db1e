//! What a deploy comes to, as its trace tells: one in virtual time, or one with containers.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use simulator_core::ecs::Task;
use simulator_core::effect::TaskId;
use simulator_core::{Event, EventKind, Timestamp, World};

use super::crowd::{Crowd, crowd};
use super::play::{Deploy, ending, says_steady};
use super::shift::{self, Shift};

/// `aws ecs wait services-stable` looks 40 times, every 15 s (BOTO waiters-2 `ServicesStable`).
const WAITER: Duration = Duration::from_secs(600);

/// What AWS would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// How the rollout ends.
    pub end: RolloutEnd,
    /// Old and new tasks while it goes on.
    pub crowd: Crowd,
    /// How requests move, where the deployment shifts traffic.
    pub shift: Option<Shift>,
    /// How many tasks of the new revision are stopped for their health.
    pub killed_for_health: usize,
    /// Those of them that were stopped before they had ever been healthy.
    pub killed_starting: Option<KilledStarting>,
    /// How many tasks of the new revision come to nothing in all.
    pub failed: usize,
    /// How many failed tasks the circuit breaker had counted when it tripped, and when that was.
    pub breaker: Option<(u32, Duration)>,
}

/// Tasks that were stopped for their health while they were still starting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KilledStarting {
    /// How many.
    pub tasks: usize,
    /// From the start of the first of them to the scheduler's stopping it.
    pub after: Duration,
    /// `stoppedReason` of the first.
    pub reason: String,
    /// After how long the slowest of the new containers that come up at all is up; none if none does.
    pub up: Option<Duration>,
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

/// Reads the outcome of the deployment `id`, begun at `began`, from the entries of the trace after the first `seen`: of one that was
/// played, or of one that was made with containers.
#[must_use]
pub fn outcome(world: &World, seen: usize, began: Timestamp, id: &str, deploy: &Deploy) -> Prediction {
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
    let tasks = world.ecs().tasks();
    let news: Vec<&Task> = tasks.into_iter().filter(|task| new(&task.id)).collect();
    let for_health = |task: &&&Task| reason(task).is_some_and(|reason| reason.contains("health checks"));
    let by_scheduler = |reason: &str| reason.starts_with("Scaling activity initiated by");
    let of_service = world.ecs().service(&deploy.cluster, &deploy.service);
    let tested = of_service.and_then(|service| service.revision_of(id)).is_some_and(|revision| {
        revision.load_balancers.iter().filter_map(|it| it.advanced.as_ref()).any(|it| it.test_rule.is_some())
    });
    let shift = shift::shift(events, began, id, tested);
    // Failures are counted whether a breaker is there or not.
    let by_breaker = matches!(&end, RolloutEnd::Failed { reason, .. } if reason.contains("circuit breaker"));
    let tripped = tripped(events, id).filter(|_| by_breaker);
    Prediction {
        end,
        crowd: crowd(world, &deploy.container, began, new),
        shift,
        killed_for_health: news.iter().filter(for_health).count(),
        killed_starting: killed_starting(events, news.iter().filter(for_health).copied()),
        failed: news.iter().filter_map(|task| reason(task)).filter(|reason| !by_scheduler(reason)).count(),
        breaker: tripped.map(|(failures, at)| (failures, at.since(began))),
    }
}

/// `stoppedReason`.
fn reason(task: &Task) -> Option<&str> {
    task.stop.as_ref().map(|stop| stop.reason.as_str())
}

fn steady_after(events: &[Event], service: &str, since: Timestamp) -> Option<Timestamp> {
    let says_so = |event: &&Event| says_steady(event, service);
    events.iter().rev().filter(|event| event.at >= since).find(says_so).map(|event| event.at)
}

/// Those of `tasks`, which were stopped for their health, that had never been healthy.
fn killed_starting<'a>(events: &[Event], tasks: impl Iterator<Item = &'a Task>) -> Option<KilledStarting> {
    let answers = answers(events);
    let was_healthy = |task: &Task| {
        // Which of the two checks condemned it says which it had not passed before.
        if !reason(task).is_some_and(|reason| reason.contains("ELB")) {
            return task.containers.iter().any(|container| container.healthy_at.is_some());
        }
        let times = task.address.and_then(|address| answers.get(&address));
        let (since, until) = (task.started_at.unwrap_or(task.created_at), task.stopping_at);
        times.into_iter().flatten().any(|at| *at >= since && until.is_none_or(|until| *at <= until))
    };
    let mut starting = tasks.filter(|task| !was_healthy(task)).peekable();
    let first = starting.peek()?;
    let after = first.stopping_at?.since(first.started_at?);
    let reason = first.stop.as_ref()?.reason.to_string();
    Some(KilledStarting { tasks: starting.count(), after, reason, up: None })
}

/// When load balancers found a target healthy, by its address, which tasks have one after the other.
fn answers(events: &[Event]) -> BTreeMap<IpAddr, Vec<Timestamp>> {
    let mut answers: BTreeMap<IpAddr, Vec<Timestamp>> = BTreeMap::new();
    for event in events {
        if let EventKind::TargetHealth { target, state: "healthy", .. } = &event.kind {
            answers.entry(target.address).or_default().push(event.at);
        }
    }
    answers
}

/// When the circuit breaker had last counted as many failed tasks of the deployment `id` as were too many, and how many that were: a
/// task that is healthy may have had it begin anew before.
fn tripped(events: &[Event], id: &str) -> Option<(u32, Timestamp)> {
    events.iter().rev().find_map(|event| {
        let EventKind::BreakerCounted { deployment, failures, threshold, .. } = &event.kind else { return None };
        (deployment == id && failures == threshold).then_some((*failures, event.at))
    })
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
}
