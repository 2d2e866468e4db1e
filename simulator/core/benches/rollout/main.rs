//! How long rollouts take in virtual time, how many events the core takes in a second, and how much memory a task takes.
//!
//! An event is something that the World is told: what a container does, or that a deadline has come. Every service here has container
//! health checks, and containers that stray by a fifth, so that hardly two of them do anything at the same instant.

mod memory;
mod scene;

use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, SamplingMode, Throughput};

use scene::Scene;

/// From CreateService to a steady state.
fn rollouts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rollout");
    group.sample_size(10).sampling_mode(SamplingMode::Flat).warm_up_time(Duration::from_millis(100));
    for tasks in [10, 1_000, 10_000, 100_000] {
        group.throughput(Throughput::Elements(u64::from(tasks)));
        group.bench_function(BenchmarkId::from_parameter(tasks), |bencher| {
            let run = |mut scene: Scene| {
                scene.run();
                scene
            };
            bencher.iter_batched(|| Scene::with_service(tasks, false), run, BatchSize::PerIteration);
        });
    }
    group.finish();
}

/// A new revision behind a load balancer, whose target groups hold no more than a thousand targets on AWS.
fn deployments(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("deployment-behind-load-balancer");
    group.sample_size(10).sampling_mode(SamplingMode::Flat).warm_up_time(Duration::from_millis(100));
    for tasks in [10, 100, 1_000] {
        let serving = || {
            let mut scene = Scene::with_service(tasks, true);
            scene.run();
            scene
        };
        let deploy = |mut scene: Scene| {
            scene.deploy();
            scene.run();
            scene
        };
        group.throughput(Throughput::Elements(u64::from(tasks)));
        group.bench_function(BenchmarkId::from_parameter(tasks), |bencher| {
            bencher.iter_batched(serving, deploy, BatchSize::PerIteration);
        });
    }
    group.finish();
}

/// Ten minutes of a service that is as it should be: its containers and targets are probed.
fn events(criterion: &mut Criterion) {
    const TIME: Duration = Duration::from_secs(600);
    let mut group = criterion.benchmark_group("events");
    group.sample_size(10).sampling_mode(SamplingMode::Flat).warm_up_time(Duration::from_millis(100));
    for tasks in [100, 1_000] {
        let mut scene = Scene::with_service(tasks, true);
        scene.run();
        group.throughput(Throughput::Elements(scene.pass(TIME)));
        group.bench_function(BenchmarkId::from_parameter(tasks), |bencher| bencher.iter(|| scene.pass(TIME)));
    }
    group.finish();
}

fn main() {
    // First, while no memory that others have given back can be had again.
    memory::report();
    let mut criterion = Criterion::default().configure_from_args();
    rollouts(&mut criterion);
    deployments(&mut criterion);
    events(&mut criterion);
    criterion.final_summary();
}
