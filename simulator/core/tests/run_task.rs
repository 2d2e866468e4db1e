//! Tasks on their own: RunTask from the first effect to STOPPED.

use simulator_core::Timing;
use simulator_core::ecs::TaskStatus;

use crate::virtual_time::{Account, Behaviour, container, secs};

#[test]
fn a_task_that_ends_says_how() {
    let mut account = Account::new(Timing::aws());
    account.driver.script("migrate:1", Behaviour::exiting(secs(3), 1));
    let task = account.run_task(vec![container("app", "migrate:1")]);
    account.until("the task is over", secs(60), |account| account.task(&task).last_status == TaskStatus::Stopped);
    let task = account.task(&task);
    let stop = task.stop.as_ref().expect("a stopped task has a reason");
    assert_eq!(
        (stop.code.as_str(), stop.reason.as_str()),
        ("EssentialContainerExited", "Essential container in task exited")
    );
    assert_eq!(task.containers[0].exit_code, Some(1));
    assert!(task.started_at.is_some() && task.execution_stopped_at.is_some() && task.stopped_at.is_some());
}
