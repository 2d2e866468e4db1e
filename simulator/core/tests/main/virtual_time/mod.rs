//! An account whose containers live in virtual time, and what tests ask of it.

mod account;
mod driver;
mod story;

pub(crate) use account::{Account, CLUSTER, Deploy, SERVICE, container, health_check};
pub(crate) use simulator_core::virtual_time::{Behaviour, Image};
pub(crate) use story::events;

use std::time::Duration;

/// `count` seconds.
pub(crate) const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

use simulator_core::ecs::{Task, TaskStatus};
use simulator_core::effect::TaskId;

/// Lets time pass until the task called `id` is over.
pub(crate) fn until_over(account: &mut Account, id: &TaskId) {
    account.until("the task is over", secs(600), |account| account.task(id).last_status == TaskStatus::Stopped);
}

/// Lets time pass until the task called `id` runs.
pub(crate) fn until_running(account: &mut Account, id: &TaskId) {
    account.until("the task runs", secs(600), |account| account.task(id).last_status == TaskStatus::Running);
}

/// `stopCode` and `stoppedReason`.
pub(crate) fn ending(task: &Task) -> (&str, &str) {
    let stop = task.stop.as_ref().expect("a stopped task has a reason");
    (stop.code.as_str(), &stop.reason)
}
