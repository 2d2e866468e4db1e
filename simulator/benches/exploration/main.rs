//! How many rollouts with faults are explored in a second, on all cores: `greenroom explore` without what comes before it.

mod scene;

use std::io::Write;
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode, Throughput};
use simulator::exploration::{Stand, explore};

/// What each service has.
const TASKS: u32 = 20;

/// Explores as much as the aim speaks of, once.
fn whole(stand: &Stand) {
    const SEEDS: u64 = 10_000;
    let began = Instant::now();
    let findings = explore(stand, 1, SEEDS, TASKS);
    let took = began.elapsed();
    assert_eq!(findings.outcomes.values().sum::<u64>(), SEEDS, "every seed comes to an outcome");
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // Whoever does not read it does not need it.
    let _ = writeln!(std::io::stdout(), "exploring {SEEDS} seeds of {TASKS} tasks on {cores} cores: {took:.1?}");
}

fn seeds(criterion: &mut Criterion, stand: &Stand) {
    const SEEDS: u64 = 200;
    let mut group = criterion.benchmark_group("exploration");
    group.sample_size(10).sampling_mode(SamplingMode::Flat).warm_up_time(Duration::from_millis(100));
    group.throughput(Throughput::Elements(SEEDS));
    group.bench_function(format!("{SEEDS} seeds of {TASKS} tasks"), |bencher| {
        bencher.iter(|| explore(stand, 1, SEEDS, TASKS));
    });
    group.finish();
}

fn main() {
    let stand = scene::stand(TASKS);
    whole(&stand);
    let mut criterion = Criterion::default().configure_from_args();
    seeds(&mut criterion, &stand);
    criterion.final_summary();
}
