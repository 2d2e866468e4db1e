//! Which tasks to start and to stop next (`facts/aws.md` 1.1, 1.3, 1.4).

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};

use smol_str::SmolStr;

use super::step::Step;
use super::view::{Failing, Stage, TaskHealth, TaskView, View, count};
use crate::ecs::service::RolloutState;
use crate::effect::TaskId;

/// Starts and stops, within the bounds: new tasks first as far as the maximum allows, then old ones as far as the minimum allows.
pub(super) fn decide(view: &View) -> Vec<Step> {
    let mut steps = condemned(view);
    if view.primary().state == RolloutState::Failed {
        // Stalled: nothing of it is started, and what serves goes on serving. A desired count that is lowered is followed all the same.
        let mut unwanted = surplus(view.new_tasks().collect(), view.desired);
        unwanted.extend(surplus(view.old_tasks().collect(), view.desired));
        steps.extend(withheld(view));
        steps.extend(scale(unwanted));
        return steps;
    }
    let sound: Vec<&TaskView> = view.new_tasks().filter(|task| !task.is_failing()).collect();
    let failing: Vec<&TaskView> = view.new_tasks().filter(|task| task.is_failing()).collect();
    let awaited = if view.rules.replacement_comes_first { 0 } else { count(failing.iter().copied()) };
    let missing = view.desired.saturating_sub(count(sound.iter().copied()) + awaited);
    let room = view.bounds.maximum.saturating_sub(occupied(view));
    let throttled = view.start_not_before.is_some_and(|at| view.now < at);
    let start = if throttled { 0 } else { missing.min(room) };
    if start > 0 {
        let replacing = start.min(count(failing.iter().copied()));
        steps.push(Step::Start { count: start, replacing });
    }
    let no_room = missing > 0 && room == 0;
    let replaced = replace(view, &failing, no_room || awaited > 0);
    // Those beyond it that rebalance the service are not in excess.
    let mut unwanted = surplus(sound, view.desired + view.spread.rebalancing);
    // Unhealthy new tasks make room for their own replacements: no old task goes for those.
    let unborn = view.desired.saturating_sub(count(view.new_tasks()));
    unwanted.extend(old(view, unborn, room));
    let deadlocked = no_room && replaced.is_empty() && unwanted.is_empty() && nothing_moves(view);
    steps.extend(replaced);
    steps.extend(scale(unwanted));
    steps.extend(withheld(view));
    if deadlocked {
        steps.push(Step::Deadlock);
    }
    steps
}

/// Tasks that have turned unhealthy since the service was last looked at.
fn condemned(view: &View) -> Vec<Step> {
    let condemn = |task: &TaskView| match &task.health {
        TaskHealth::Failing(why) if !task.condemned && task.stage == Stage::Running => {
            Some(Step::Condemn { task: task.id, why: why.clone() })
        }
        TaskHealth::Failing(_) | TaskHealth::Unproven | TaskHealth::Healthy => None,
    };
    view.tasks.iter().filter_map(condemn).collect()
}

/// Tasks that count against the maximum.
fn occupied(view: &View) -> u32 {
    let stopping = if view.rules.stopping_counts { count(view.stopping()) } else { 0 };
    count(view.new_tasks()) + count(view.old_tasks()) + stopping
}

/// Unhealthy tasks of the primary deployment to stop now: those whose replacement is healthy, or unhealthy itself; and one at a time
/// where a replacement cannot be started first, or is not to be.
fn replace(view: &View, failing: &[&TaskView], no_room: bool) -> Vec<Step> {
    let healthy = count(view.new_tasks().filter(|task| task.is_healthy()));
    let spare = (healthy + count(failing.iter().copied())).saturating_sub(view.desired);
    let one_goes_already = view.stopping().any(TaskView::is_new);
    let forced = u32::from(no_room && !one_goes_already);
    let stop = spare.max(forced);
    failing.iter().take(usize::try_from(stop).unwrap_or(usize::MAX)).filter_map(|task| replacement_of(task)).collect()
}

fn replacement_of(task: &TaskView) -> Option<Step> {
    let why: Option<&Failing> = match &task.health {
        TaskHealth::Failing(why) => Some(why),
        TaskHealth::Unproven | TaskHealth::Healthy => None,
    };
    why.map(|why| Step::Replace { task: task.id, why: why.clone() })
}

/// Old tasks to stop now, when `unborn` new ones are still to be started and there is `room` for so many.
fn old(view: &View, unborn: u32, room: u32) -> Vec<TaskId> {
    let (healthy, useless): (Vec<&TaskView>, Vec<&TaskView>) = view.old_tasks().partition(|task| task.is_healthy());
    if view.desired == 0 {
        return ids(view.old_tasks().filter(|task| !task.protected));
    }
    let new_healthy = count(view.new_tasks().filter(|task| task.is_healthy()));
    let all_healthy = new_healthy + count(healthy.iter().copied());
    // What is being stopped already makes room soon.
    let leaving = if view.rules.stopping_counts { count(view.stopping()) } else { 0 };
    let needed = unborn.saturating_sub(room).saturating_sub(leaving);

    // Those that serve nobody go when enough others do, or when their room is needed.
    let enough_serve = all_healthy >= view.bounds.minimum.max(1);
    let useless_go = if enough_serve { count(useless.iter().copied()) } else { needed };
    let mut stop = ids(first(unprotected(useless), useless_go).into_iter());

    // Of those that serve, as many go as the minimum can spare: for the sake of room, or because new ones serve already.
    let spare = all_healthy.saturating_sub(view.bounds.minimum);
    let still_needed = needed.saturating_sub(u32::try_from(stop.len()).unwrap_or(u32::MAX));
    let healthy_go = if unborn > 0 {
        spare.min(still_needed)
    } else if new_healthy > 0 {
        spare
    } else {
        0
    };
    stop.extend(thin(unprotected(healthy), healthy_go));
    stop
}

/// So many of `tasks`, each from the availability zone with the most of them (BOTO UpdateService), the oldest first.
fn thin(tasks: Vec<&TaskView>, wanted: u32) -> Vec<TaskId> {
    let mut zones: BTreeMap<&Option<SmolStr>, VecDeque<(usize, TaskId)>> = BTreeMap::new();
    for (place, task) in tasks.into_iter().enumerate() {
        zones.entry(&task.zone).or_default().push_back((place, task.id));
    }
    let mut stop = Vec::new();
    for _ in 0..wanted {
        let fullest =
            zones.values_mut().max_by_key(|line| (line.len(), line.front().map(|(place, _)| Reverse(*place))));
        let Some((_, task)) = fullest.and_then(VecDeque::pop_front) else { break };
        stop.push(task);
    }
    stop
}

/// The tasks in `tasks` beyond `wanted`: first those that do not run yet, then those not known to be healthy, then from the availability zone
/// with the most tasks, the newest first.
fn surplus(tasks: Vec<&TaskView>, wanted: u32) -> Vec<TaskId> {
    let beyond = count(tasks.iter().copied()).saturating_sub(wanted);
    let mut crowd: BTreeMap<&Option<SmolStr>, u32> = BTreeMap::new();
    // By rank and zone.
    let mut left: BTreeMap<((bool, bool), &Option<SmolStr>), Line> = BTreeMap::new();
    for (place, task) in tasks.into_iter().enumerate() {
        let rank = (task.stage == Stage::Starting, !task.is_healthy());
        *crowd.entry(&task.zone).or_default() += 1;
        if task.protected {
            continue;
        }
        left.entry((rank, &task.zone)).or_default().push((place, task));
    }
    let mut stop = Vec::new();
    for _ in 0..beyond {
        let newest = |line: &Line| line.last().map(|(place, _)| *place);
        let next = left
            .iter_mut()
            .filter(|(_, line)| !line.is_empty())
            .max_by_key(|((rank, zone), line)| (*rank, crowd[*zone], newest(line)));
        let Some((_, task)) = next.and_then(|(_, line)| line.pop()) else { break };
        crowd.entry(&task.zone).and_modify(|tasks| *tasks -= 1);
        stop.push(task.id);
    }
    stop
}

/// Says which deployments keep tasks, that nobody wants, because they are protected.
fn withheld(view: &View) -> Vec<Step> {
    let whole = count(view.new_tasks().filter(|task| task.is_healthy())) >= view.desired;
    let kept = |place: usize| {
        let here = || view.tasks.iter().filter(|task| task.stage != Stage::Stopping && task.deployment == Some(place));
        let wanted = match place {
            0 => view.desired,
            _ if whole => 0,
            _ => u32::MAX,
        };
        count(here()).saturating_sub(wanted).saturating_sub(count(here().filter(|task| !task.protected)))
    };
    let places = (0..view.deployments.len()).map(|place| (place, kept(place)));
    places.filter(|(_, tasks)| *tasks > 0).map(|(place, tasks)| Step::Withhold { place, tasks }).collect()
}

fn unprotected(tasks: Vec<&TaskView>) -> Vec<&TaskView> {
    tasks.into_iter().filter(|task| !task.protected).collect()
}

/// Tasks and their places in the order of creation, the newest last.
type Line<'a> = Vec<(usize, &'a TaskView)>;

/// Whether no task is on its way anywhere, so that waiting changes nothing.
fn nothing_moves(view: &View) -> bool {
    view.tasks.iter().all(|task| task.stage == Stage::Running && task.health != TaskHealth::Unproven)
}

fn first(tasks: Vec<&TaskView>, wanted: u32) -> Vec<&TaskView> {
    tasks.into_iter().take(usize::try_from(wanted).unwrap_or(usize::MAX)).collect()
}

fn ids<'a>(tasks: impl Iterator<Item = &'a TaskView>) -> Vec<TaskId> {
    tasks.map(|task| task.id).collect()
}

fn scale(tasks: Vec<TaskId>) -> Option<Step> {
    if tasks.is_empty() { None } else { Some(Step::Scale(tasks)) }
}

#[cfg(test)]
mod tests;
