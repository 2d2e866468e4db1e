//! What somebody does in the account while a rollout is under way.

use std::time::Duration;

use simulator_core::ecs::{StopTask, UpdateService};
use simulator_core::{Operation, Refusal, Timestamp, World};

use super::Fault;

/// Waits before a throttled call is made again: three attempts in all, each wait at its longest (AWS SDKs and tools reference guide, retry
/// behaviour, standard mode: exponential from a second on).
pub const RETRIES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// Does at `now` in `world` what `fault` says, to the service called `service` in the cluster called `cluster`. Nothing, if it is a
/// container's or a target's affair.
///
/// # Errors
/// AWS refuses the call.
pub fn act(fault: &Fault, world: &mut World, now: Timestamp, cluster: &str, service: &str) -> Result<(), Refusal> {
    let named =
        || UpdateService { cluster: Some(cluster.to_owned()), service: service.to_owned(), ..UpdateService::default() };
    match fault {
        Fault::Throttled { lasts, .. } => {
            world.throttle(now + *lasts);
            Ok(())
        }
        Fault::Scale { desired, .. } => call(world, now, UpdateService { desired: Some(*desired), ..named() }),
        Fault::DeployAgain { .. } => call(world, now, UpdateService { force: true, ..named() }),
        Fault::StopTask { .. } => {
            let found = world.ecs().service(cluster, service);
            let tasks = found.into_iter().flat_map(|service| world.ecs().tasks_of(service));
            let Some(task) = tasks.filter(|task| !task.stopping).map(|task| task.id).min() else { return Ok(()) };
            call(world, now, StopTask { cluster: Some(cluster.to_owned()), task: task.to_string(), reason: None })
        }
        Fault::Crash { .. }
        | Fault::Hang { .. }
        | Fault::SlowStart { .. }
        | Fault::PullRefused { .. }
        | Fault::Sick { .. }
        | Fault::Unready { .. }
        | Fault::Hook { .. } => Ok(()),
    }
}

/// A call by the account's owner.
fn call<O: Operation>(world: &mut World, now: Timestamp, operation: O) -> Result<(), Refusal> {
    let root = world.root();
    world.call(now, &root, operation).map(drop)
}
