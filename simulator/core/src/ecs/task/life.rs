//! What a task does next: a function of the task and the time.

use super::container::ContainerStatus;
use super::dependency::{self, Verdict};
use super::{Task, TaskStatus};
use crate::time::Timestamp;

/// One step of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Fetch the image of the container at this place.
    Pull(usize),
    /// Start the container at this place.
    Start(usize),
    /// Give up the container at this place, which will never be able to start.
    Abandon(usize, String),
    /// Count the container at this place as stopped: it never started, and will not now.
    Skip(usize),
    /// Stop the container at this place.
    Stop(usize),
    /// All containers run, or have run.
    Run,
    /// Nothing runs any more: remove what is left.
    Clear,
}

/// The next steps of `task`, and when to look again if nothing else happens.
pub(super) fn next(task: &Task, now: Timestamp) -> (Vec<Step>, Option<Timestamp>) {
    if task.last_status >= TaskStatus::Deprovisioning || task.preparing {
        return (Vec::new(), None);
    }
    if task.stopping { (winding_down(task), None) } else { starting_up(task, now) }
}

fn starting_up(task: &Task, now: Timestamp) -> (Vec<Step>, Option<Timestamp>) {
    let (mut steps, mut wake) = (Vec::new(), None::<Timestamp>);
    for (place, container) in task.containers.iter().enumerate() {
        let proceed = match container.status {
            ContainerStatus::Waiting => Step::Pull(place),
            ContainerStatus::Pulled => Step::Start(place),
            ContainerStatus::Pulling
            | ContainerStatus::Starting
            | ContainerStatus::Running
            | ContainerStatus::Restarting
            | ContainerStatus::Stopping
            | ContainerStatus::Stopped => continue,
        };
        match dependency::verdict(&task.definition, &task.containers, place, now) {
            Verdict::Ready => steps.push(proceed),
            Verdict::Wait(until) => wake = [wake, until].into_iter().flatten().min(),
            Verdict::Never(why) => steps.push(Step::Abandon(place, why)),
        }
    }
    let up =
        |status| matches!(status, ContainerStatus::Running | ContainerStatus::Restarting | ContainerStatus::Stopped);
    if task.last_status == TaskStatus::Pending && task.containers.iter().all(|container| up(container.status)) {
        steps.push(Step::Run);
    }
    (steps, wake)
}

fn winding_down(task: &Task) -> Vec<Step> {
    if task.containers.iter().all(|container| container.status == ContainerStatus::Stopped) {
        return vec![Step::Clear];
    }
    // Its targets drain before it is told to stop. What ends by itself meanwhile is dealt with above.
    if task.last_status == TaskStatus::Deactivating {
        return Vec::new();
    }
    let step = |(place, container): (usize, &super::Container)| match container.status {
        ContainerStatus::Waiting | ContainerStatus::Pulling | ContainerStatus::Pulled => Some(Step::Skip(place)),
        ContainerStatus::Running if dependency::may_stop(&task.definition, &task.containers, place) => {
            Some(Step::Stop(place))
        }
        // One that is just being started is stopped as soon as it has.
        ContainerStatus::Starting
        | ContainerStatus::Running
        | ContainerStatus::Restarting
        | ContainerStatus::Stopping
        | ContainerStatus::Stopped => None,
    };
    task.containers.iter().enumerate().filter_map(step).collect()
}
