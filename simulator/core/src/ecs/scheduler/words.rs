//! What services say in their events: AWS's texts (`facts/aws.md` 1.7), and no others.

use std::collections::BTreeMap;
use std::time::Duration;

use smol_str::SmolStr;

use super::view::Failing;
use crate::arn::Arn;
use crate::ecs::service::{Cause, ServiceEvent, ServiceKey};
use crate::effect::TaskId;
use crate::event::EventKind;
use crate::id::{IdKind, Uuid};
use crate::world::World;

/// After so long a message is said again although nothing has changed.
pub(super) const REPEAT: Duration = Duration::from_secs(6 * 60 * 60);

/// How many events a service shows.
const SHOWN: usize = 100;

/// Says `message`, which goes on after the `(service NAME`, and answers its place in the trace.
pub(super) fn say(world: &mut World, key: &ServiceKey, message: &str) -> u64 {
    let message = format!("(service {}{message}", key.service);
    let id = Uuid::draw(&mut world.ids, IdKind::Container).to_string();
    let at = world.now;
    if let Some(service) = world.ecs.services.get_mut(key) {
        service.events.push_front(ServiceEvent { id, at, message: message.clone() });
        service.events.truncate(SHOWN);
    }
    world.record(EventKind::Service { service: key.service.to_string(), message })
}

/// The same, unless it has been said within the last six hours and nothing has been set right since.
pub(super) fn say_once(world: &mut World, key: &ServiceKey, message: &str) {
    let now = world.now;
    let Some(service) = world.ecs.services.get_mut(key) else { return };
    if service.said.get(message).is_some_and(|said| now < *said + REPEAT) {
        return;
    }
    service.said.insert(message.to_owned(), now);
    say(world, key, message);
}

pub(super) fn started(tasks: &[TaskId], replacing: u32, separator: &str) -> String {
    let suffix = match replacing {
        0 => String::new(),
        count => format!(" Amazon ECS replaced {count} tasks due to an unhealthy status."),
    };
    format!(") has started {} tasks: {}.{suffix}", tasks.len(), list(tasks, separator))
}

pub(super) fn started_in(tasks: &[TaskId], zone: &str, separator: &str) -> String {
    format!(") has started {} tasks in {zone} to AZ Rebalance: {}.", tasks.len(), list(tasks, separator))
}

/// Developer guide, service-rebalancing-event-messages-list.
pub(super) fn stopped_in(tasks: &[TaskId], zone: &str, separator: &str) -> String {
    format!(") has stopped {} running tasks in {zone} due to AZ rebalancing: {}.", tasks.len(), list(tasks, separator))
}

pub(super) fn unbalanced(zones: &BTreeMap<SmolStr, u32>) -> String {
    format!(") is not AZ balanced with {}. AZ Rebalancing in progress.", spread(zones))
}

pub(super) fn balanced(zones: &BTreeMap<SmolStr, u32>) -> String {
    format!(") is AZ balanced with {}.", spread(zones))
}

/// As observed with two zones; the guide has an `and` before the third.
fn spread(zones: &BTreeMap<SmolStr, u32>) -> String {
    let several = zones.len() > 2;
    let last = zones.len().saturating_sub(1);
    let zone = |(place, (zone, tasks)): (usize, (&SmolStr, &u32))| {
        let and = if several && place == last { "and " } else { "" };
        format!("{and}{tasks} tasks in {zone}")
    };
    zones.iter().enumerate().map(zone).collect::<Vec<_>>().join(", ")
}

pub(super) fn stopped_running(tasks: &[TaskId], separator: &str) -> String {
    format!(") has stopped {} running tasks: {}.", tasks.len(), list(tasks, separator))
}

pub(super) fn stopped_pending(count: usize) -> String {
    format!(") stopped {count} pending tasks.")
}

pub(super) fn registered(count: usize, group: &Arn) -> String {
    format!(") registered {count} targets in (target-group {group})")
}

pub(super) fn deregistered(count: usize, group: &Arn) -> String {
    format!(") deregistered {count} targets in (target-group {group})")
}

pub(super) fn draining(count: usize, replaced_deployment: Option<&str>) -> String {
    match replaced_deployment {
        Some(id) => format!(", taskSet {id}) has begun draining connections on {count} tasks."),
        None => format!(") has begun draining connections on {count} tasks."),
    }
}

pub(super) fn unhealthy(task: &TaskId, why: &Failing) -> String {
    match why {
        Failing::Container => format!(") (task {task}) failed container health checks."),
        Failing::Target { group, port, reason } => {
            format!(") (task {task}) (port {port}) is unhealthy in (target-group {group}) due to (reason {reason}).")
        }
    }
}

/// Observed on the real service; like what is said of targets, it has no full stop.
pub(super) fn protected(deployment: &str, tasks: u32) -> String {
    format!(
        ") was unable to reach steady state because (taskSet {deployment}) was unable to scale in due to (reason {tasks} tasks under \
         protection)"
    )
}

pub(super) fn completed(deployment: &str) -> String {
    format!(") (deployment {deployment}) deployment completed.")
}

/// Nothing is known to be said of a deployment that somebody stops, nor of one that a lifecycle stage ends.
pub(super) fn failed(deployment: &str, cause: &Cause) -> Option<String> {
    match cause {
        Cause::Breaker => Some(format!(") (deployment {deployment}) deployment failed: tasks failed to start.")),
        // Observed on the real service, as the breaker's is.
        Cause::Alarm => Some(format!(") (deployment {deployment}) deployment failed: alarm detected.")),
        Cause::Request | Cause::Stage(_) => None,
    }
}

pub(super) fn rolling_back(deployment: &str) -> String {
    format!(") rolling back to deployment {deployment}.")
}

pub(super) fn unable_to_place(reason: &str) -> String {
    format!(") was unable to place a task. Reason: {reason}.")
}

pub(super) fn failed_to_launch(error: &str) -> String {
    format!(") failed to launch a task with (error {error}).")
}

pub(super) const STEADY: &str = ") has reached a steady state.";

pub(super) const INCONSISTENT: &str = ") is unable to consistently start tasks successfully.";

pub(super) const DEADLOCK: &str = ") was unable to stop or start tasks during a deployment because of the service deployment \
     configuration. Update the minimumHealthyPercent or maximumPercent value and try again.";

/// `stoppedReason` of a task that its service stops because it is unhealthy.
pub(super) fn stopped_because(why: &Failing) -> String {
    match why {
        Failing::Container => "Task failed container health checks".to_owned(),
        Failing::Target { group, .. } => format!("Task failed ELB health checks in (target-group {group})"),
    }
}

/// `stoppedReason` of a task that its service wants no more.
pub(super) fn scaling(deployment: &str) -> String {
    format!("Scaling activity initiated by (deployment {deployment})")
}

fn list(tasks: &[TaskId], separator: &str) -> String {
    tasks.iter().map(|task| format!("(task {task})")).collect::<Vec<_>>().join(separator)
}
