//! What is rolled out. In every case the release before is up at once and the next one behaves as it is called.

use std::time::Duration;

use simulator_core::ecs::definition::{Condition, ContainerDefinition, Dependency, HealthCheck, PortMapping};
use simulator_core::virtual_time::Behaviour;

/// `count` seconds.
pub(crate) const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A rollout.
pub(crate) struct Case {
    /// What the next release does.
    pub(crate) name: &'static str,
    /// How it ends.
    pub(crate) ends: &'static str,
    /// `desiredCount`.
    pub(crate) desired: u32,
    /// `healthCheckGracePeriodSeconds`.
    pub(crate) grace: Duration,
    /// `deregistration_delay.timeout_seconds`.
    pub(crate) drains: Duration,
    /// So many failed tasks trip the circuit breaker.
    pub(crate) too_many: u32,
    /// The containers of the release before.
    pub(crate) now: Vec<(ContainerDefinition, Behaviour)>,
    /// The containers of the next release.
    pub(crate) next: Vec<(ContainerDefinition, Behaviour)>,
}

impl Case {
    /// One task that is replaced by another.
    fn new(name: &'static str, next: Vec<(ContainerDefinition, Behaviour)>) -> Self {
        let now = vec![(app(), server())];
        Self { name, ends: "completed", desired: 1, grace: secs(60), drains: secs(60), too_many: 3, now, next }
    }
}

/// All of them.
pub(crate) fn all() -> Vec<Case> {
    vec![
        Case { desired: 2, ..Case::new("starts quickly", vec![(app(), server())]) },
        Case::new("starts slowly", vec![(app(), Behaviour { serves: Some(secs(38)), ..server() })]),
        Case::new(
            "healthy late",
            vec![(
                ContainerDefinition { health_check: Some(check(Some(secs(60)))), ..app() },
                Behaviour { healthy: Some(secs(48)), ..server() },
            )],
        ),
        Case {
            ends: "failed and rolled back",
            ..Case::new("crashes", vec![(app(), Behaviour { exits: Some((secs(12), 1)), serves: None, ..server() })])
        },
        Case {
            drains: secs(20),
            now: vec![(
                ContainerDefinition { stop_timeout: Some(secs(45)), ..app() },
                Behaviour { stops_in: None, ..server() },
            )],
            ..Case::new("replaces one that ignores SIGTERM", vec![(app(), server())])
        },
        Case {
            ends: "failed and rolled back",
            grace: Duration::ZERO,
            drains: secs(5),
            too_many: 2,
            ..Case::new(
                "never healthy",
                vec![(
                    ContainerDefinition { health_check: Some(check(None)), ..app() },
                    Behaviour { healthy: None, ..server() },
                )],
            )
        },
        Case::new(
            "waits for a sidecar",
            vec![
                (
                    ContainerDefinition {
                        depends_on: vec![Dependency { container: "proxy".to_owned(), condition: Condition::Healthy }],
                        ..app()
                    },
                    server(),
                ),
                (
                    ContainerDefinition { health_check: Some(check(None)), ..container("proxy") },
                    Behaviour { healthy: Some(secs(9)), serves: None, ..server() },
                ),
            ],
        ),
    ]
}

/// A server on port 8000 that is up at once and stops at once.
fn server() -> Behaviour {
    let up = Some(Duration::ZERO);
    Behaviour { healthy: up, serves: up, stops_in: Some(Duration::ZERO), ..Behaviour::healthy() }
}

/// The container behind the load balancer.
fn app() -> ContainerDefinition {
    let port = PortMapping {
        container_port: 8000,
        host_port: None,
        protocol: "tcp".to_owned(),
        name: None,
        app_protocol: None,
    };
    ContainerDefinition { port_mappings: vec![port], ..container("app") }
}

fn container(name: &str) -> ContainerDefinition {
    ContainerDefinition::new(name, name)
}

/// Every five seconds, and three failures are too many. What it runs is the program's own affair.
fn check(start_period: Option<Duration>) -> HealthCheck {
    HealthCheck { command: Vec::new(), interval: secs(5), timeout: secs(4), retries: 3, start_period }
}
