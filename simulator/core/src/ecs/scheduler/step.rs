//! What the scheduler can do to a service, as data.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::view::Failing;
use crate::ecs::service::Cause;
use crate::effect::TaskId;
use crate::time::Timestamp;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The failure of a task of the primary deployment is counted, and this many there are now.
    Count { task: TaskId, failures: u32 },
    /// A task of the primary deployment runs for the first time: its circuit breaker is in its second stage.
    Run,
    /// A task is healthy for the first time.
    Prove(TaskId),
    /// Failures are counted anew.
    ResetFailures,
    /// Enough failures are counted: the primary deployment fails then, unless a task becomes healthy first.
    ArmBreaker(Timestamp),
    /// A task became healthy in time.
    DisarmBreaker,
    /// The primary deployment fails, for this cause; the deployment at this place is rolled back to.
    Fail { cause: Cause, roll_back_to: Option<usize> },
    /// A task has turned unhealthy.
    Condemn { task: TaskId, why: Failing },
    /// Start tasks of the primary deployment, some in place of unhealthy ones.
    Start { count: u32, replacing: u32 },
    /// Start tasks of the older deployment at this place, which still serves.
    Reinforce { place: usize, count: u32, replacing: u32 },
    /// The tasks are spread so over the availability zones: start some of the primary deployment in these zones, beyond the desired count.
    Rebalance { zones: BTreeMap<SmolStr, u32>, starts: BTreeMap<SmolStr, u32> },
    /// Those are healthy: stop as many in these zones.
    Rebalanced { stops: BTreeMap<SmolStr, Vec<TaskId>> },
    /// The tasks are spread evenly, so many in each zone.
    Balanced { zones: BTreeMap<SmolStr, u32> },
    /// Stop tasks that are wanted no more.
    Scale(Vec<TaskId>),
    /// Stop an unhealthy task.
    Replace { task: TaskId, why: Failing },
    /// So many tasks of the deployment at this place are wanted no more, and are protected from scale-in.
    Withhold { place: usize, tasks: u32 },
    /// The bounds allow neither to start nor to stop anything.
    Deadlock,
    /// The primary deployment has nothing left to do, and is done then unless an alarm goes off.
    Bake(Timestamp),
    /// The primary deployment is done.
    Complete,
    /// The service is as it should be.
    Steady,
    /// These deployments, by place, have no tasks and no future.
    Retire(Vec<usize>),
}
