//! Availability Zone rebalancing (`facts/aws.md` 1.1 and 1.7; developer guide, service-rebalancing): when one zone has at least two tasks more
//! than another, tasks are started in the emptier ones first, and as many are stopped in the fuller ones once those are healthy.
//!
//! It is done when the service has been steady for a while ([`crate::timing::Timing::zone_rebalancing`]). That tasks start within the maximum, like all others, is
//! inferred.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::step::Step;
use super::view::{Stage, TaskView, View, count};
use crate::ecs::service::RolloutState;
use crate::effect::TaskId;

/// Moves tasks between zones, one step after the other.
pub(super) fn decide(view: &View) -> Vec<Step> {
    let Some(zones) = settled(view).then(|| zones(view)) else { return Vec::new() };
    let beyond = count(view.tasks.iter()).saturating_sub(view.desired);
    if view.spread.rebalancing > 0 {
        return vec![Step::Rebalanced { stops: stops(view, zones, beyond) }];
    }
    let room = view.bounds.maximum.saturating_sub(view.desired);
    let throttled = view.start_not_before.is_some_and(|at| view.now < at);
    let due = view.steady_since.zip(view.timing.zone_rebalancing).is_some_and(|(since, wait)| view.now >= since + wait);
    let starts = if beyond == 0 && due && !throttled { moves(view, zones.clone(), room) } else { BTreeMap::new() };
    if !starts.is_empty() {
        return vec![Step::Rebalance { zones, starts }];
    }
    if view.spread.unbalanced && is_even(&zones) { vec![Step::Balanced { zones }] } else { Vec::new() }
}

/// Whether several zones are to be had, and every task is healthy and of the deployment that is done.
fn settled(view: &View) -> bool {
    let healthy = |task: &TaskView| task.is_new() && task.stage == Stage::Running && task.is_healthy();
    view.spread.zones.len() > 1
        && view.primary().state == RolloutState::Completed
        && view.tasks.iter().all(healthy)
        && count(view.tasks.iter()) >= view.desired
}

/// The tasks in each zone.
fn zones(view: &View) -> BTreeMap<SmolStr, u32> {
    let mut zones: BTreeMap<SmolStr, u32> = view.spread.zones.iter().map(|zone| (zone.clone(), 0)).collect();
    for zone in view.tasks.iter().filter_map(|task| task.zone.as_ref()) {
        zones.entry(zone.clone()).and_modify(|tasks| *tasks += 1);
    }
    zones
}

fn is_even(zones: &BTreeMap<SmolStr, u32>) -> bool {
    let (least, most) = (zones.values().min(), zones.values().max());
    most.zip(least).is_none_or(|(most, least)| most - least <= 1)
}

/// How many tasks to start in which zones, at most as many as there is `room` for. Protected tasks cannot leave theirs.
fn moves(view: &View, mut zones: BTreeMap<SmolStr, u32>, room: u32) -> BTreeMap<SmolStr, u32> {
    let mut movable: BTreeMap<SmolStr, u32> = BTreeMap::new();
    for zone in view.tasks.iter().filter(|task| !task.protected).filter_map(|task| task.zone.as_ref()) {
        *movable.entry(zone.clone()).or_default() += 1;
    }
    let mut starts = BTreeMap::new();
    for _ in 0..room {
        let from = zones.iter().filter(|(zone, _)| movable.get(*zone).is_some_and(|tasks| *tasks > 0));
        let fullest = from.max_by_key(|(_, tasks)| **tasks).map(|(zone, tasks)| (zone.clone(), *tasks));
        let emptiest = zones.iter().min_by_key(|(_, tasks)| **tasks).map(|(zone, tasks)| (zone.clone(), *tasks));
        let (Some((full, most)), Some((empty, least))) = (fullest, emptiest) else { break };
        if most <= least + 1 {
            break;
        }
        movable.entry(full.clone()).and_modify(|tasks| *tasks -= 1);
        zones.entry(full).and_modify(|tasks| *tasks -= 1);
        zones.entry(empty.clone()).and_modify(|tasks| *tasks += 1);
        *starts.entry(empty).or_default() += 1;
    }
    starts
}

/// So many tasks to stop, each in the zone that has the most, the oldest first. Protected tasks stay.
fn stops(view: &View, mut zones: BTreeMap<SmolStr, u32>, wanted: u32) -> BTreeMap<SmolStr, Vec<TaskId>> {
    let mut left: Vec<&TaskView> = view.tasks.iter().filter(|task| !task.protected).collect();
    let mut stops: BTreeMap<SmolStr, Vec<TaskId>> = BTreeMap::new();
    for _ in 0..wanted {
        let tasks_in = |task: &TaskView| task.zone.as_ref().and_then(|zone| zones.get(zone)).copied();
        let next = (0..left.len()).rev().max_by_key(|place| tasks_in(left[*place]));
        let Some(task) = next.map(|place| left.remove(place)) else { break };
        let Some(zone) = &task.zone else { break };
        zones.entry(zone.clone()).and_modify(|tasks| *tasks -= 1);
        stops.entry(zone.clone()).or_default().push(task.id);
    }
    stops
}
