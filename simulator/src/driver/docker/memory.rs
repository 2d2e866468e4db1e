//! How much memory a container uses, as the engine's own figures tell about once a second.
//!
//! The kernel's own high-water mark (`memory.max_usage_in_bytes`, `memory.peak`) is of no use: it counts file pages that it takes back
//! before it kills anybody, so that whoever reads a large file has used all that there is. What cannot be taken back is what counts
//! against a limit, and what CloudWatch calls MemoryUtilization (`docker stats` subtracts the same pages). A peak between two figures
//! is not seen.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;

use bollard::models::ContainerMemoryStats;
use bollard::query_parameters::StatsOptionsBuilder;
use futures_util::StreamExt;
use simulator_core::Observation;
use simulator_core::effect::TaskId;

use crate::driver::Observer;
use crate::engine::Engine;

const MEBIBYTE: u64 = 1024 * 1024;

/// Observes every new peak of the container that the engine calls `id`, until it is dropped.
pub(super) async fn watch(
    engine: Engine,
    id: String,
    task: TaskId,
    container: String,
    observer: Arc<dyn Observer>,
) -> Infallible {
    let options = StatsOptionsBuilder::new().stream(true).build();
    let docker = engine.docker();
    let mut figures = Box::pin(docker.stats(&id, Some(options)));
    let mut peak = 0;
    // An error is the end of what can be learned.
    while let Some(Ok(figure)) = figures.next().await {
        let Some(mebibytes) = figure.memory_stats.as_ref().and_then(used) else { continue };
        if mebibytes > peak {
            peak = mebibytes;
            let container = container.clone().into();
            observer.observe(Observation::MemoryUsed { task, container, mebibytes });
        }
    }
    pending().await
}

/// What is used without inactive file pages, in MiB and rounded up: `total_inactive_file` in the first version of control groups,
/// `inactive_file` in the second. None of a container that does not run.
fn used(memory: &ContainerMemoryStats) -> Option<u32> {
    let usage = memory.usage.filter(|usage| *usage > 0)?;
    let pages = memory.stats.as_ref().and_then(|stats| {
        let pages = stats.get("total_inactive_file").or_else(|| stats.get("inactive_file"));
        pages.copied()
    });
    u32::try_from(usage.saturating_sub(pages.unwrap_or_default()).div_ceil(MEBIBYTE)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_that_can_be_taken_back_are_not_used() {
        for (usage, stats, expected) in [
            (None, &[][..], None),
            (Some(0), &[], None),
            (Some(100 * MEBIBYTE + 1), &[], Some(101)),
            (Some(100 * MEBIBYTE), &[("inactive_file", 30 * MEBIBYTE)], Some(70)),
            // The first version says both: the group's own, and that of all groups below it.
            (
                Some(100 * MEBIBYTE),
                &[("inactive_file", 10 * MEBIBYTE), ("total_inactive_file", 40 * MEBIBYTE)],
                Some(60),
            ),
        ] {
            let stats = stats.iter().map(|&(name, pages)| (name.to_owned(), pages)).collect();
            let memory = ContainerMemoryStats { usage, stats: Some(stats), ..ContainerMemoryStats::default() };
            assert_eq!(used(&memory), expected, "{memory:?}");
        }
    }
}
