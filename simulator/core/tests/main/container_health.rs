//! Container health: when a container is healthy, and when its health check has given up (facts 3.8).

use std::time::Duration;

use simulator_core::ecs::TaskStatus;
use simulator_core::ecs::definition::{ContainerDefinition, HealthCheck};
use simulator_core::ecs::task::Health;
use simulator_core::{EventKind, Timing};

use crate::virtual_time::{Account, Behaviour, container, health_check, secs};

const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Runs a container that behaves so for two minutes, and lists when its health changed, counted from its start.
fn changes(timing: Timing, check: HealthCheck, behaviour: Behaviour) -> Vec<(Duration, &'static str)> {
    let mut account = Account::new(timing);
    account.driver.script("app:1", behaviour);
    let app = ContainerDefinition { health_check: Some(check), ..container("app", "app:1") };
    let id = account.run_task(vec![app]);
    account.until("it runs", secs(60), |account| account.task(&id).last_status == TaskStatus::Running);
    let started = account.task(&id).containers[0].started_at.expect("it runs");
    while account.world.now() < started + secs(120) && account.driver.step(&mut account.world) {}
    let change = |event: &simulator_core::Event| {
        if let EventKind::ContainerHealth { status, .. } = &event.kind {
            Some((event.at.since(started), *status))
        } else {
            None
        }
    };
    account.world.events().iter().filter_map(change).collect()
}

/// Probes come every five seconds after the end of the one before and take 10 ms; three failures that count are too many. The
/// check gives up at the same moment with AWS's timing and in a rehearsal: extra probes must not make it sooner or later.
#[test]
fn a_check_gives_up_at_the_declared_moment() {
    for (start_period, gives_up) in [
        (None, millis(15_030)),
        (Some(secs(4)), millis(15_030)),
        (Some(secs(5)), millis(15_030)),
        (Some(millis(5_001)), millis(20_040)),
        (Some(secs(12)), millis(25_050)),
    ] {
        for timing in [Timing::aws(), Timing::rehearsal()] {
            let check = HealthCheck { start_period, ..health_check() };
            let changed = changes(timing, check, Behaviour::unhealthy());
            assert_eq!(changed, [(gives_up, "UNHEALTHY")], "start period {start_period:?}");
        }
    }
}

/// A container that comes up too late is unhealthy first, however often it is asked; one that comes up in time never is.
#[test]
fn slow_starters_are_judged_alike_by_both_timings() {
    for (up_after, start_period, ever_unhealthy) in [
        (secs(14), None, false),
        (secs(16), None, true),
        (secs(24), Some(secs(12)), false),
        (secs(26), Some(secs(12)), true),
    ] {
        for timing in [Timing::aws(), Timing::rehearsal()] {
            let check = HealthCheck { start_period, ..health_check() };
            let changed = changes(timing, check, Behaviour::healthy_after(up_after));
            let unhealthy = changed.iter().any(|(_, status)| *status == "UNHEALTHY");
            assert_eq!(unhealthy, ever_unhealthy, "up after {up_after:?}, start period {start_period:?}: {changed:?}");
            assert_eq!(changed.last().map(|(_, status)| *status), Some("HEALTHY"), "one success is enough");
        }
    }
}

#[test]
fn a_rehearsal_finds_health_as_soon_as_it_is_there() {
    let behaviour = Behaviour::healthy_after(millis(6_100));
    let aws = changes(Timing::aws(), health_check(), behaviour.clone());
    let rehearsal = changes(Timing::rehearsal(), health_check(), behaviour);
    assert_eq!(aws, [(millis(10_020), "HEALTHY")]);
    let (found, _) = rehearsal[0];
    assert!(found > millis(6_100) && found < millis(6_500), "found after {found:?}");
}

/// Probes that hang until their timeout delay those after them, as in Docker.
#[test]
fn hanging_probes_fail_and_delay_the_next() {
    let behaviour = Behaviour { answers_in: secs(60), ..Behaviour::healthy() };
    for timing in [Timing::aws(), Timing::rehearsal()] {
        let changed = changes(timing, health_check(), behaviour.clone());
        assert_eq!(changed, [(secs(7 + 7 + 7), "UNHEALTHY")]);
    }
}

/// The agent reports every twenty seconds; containers that wait for one another ask the agent itself.
#[test]
fn the_control_plane_learns_of_health_late() {
    let mut account = Account::new(Timing::aws());
    let app = ContainerDefinition { health_check: Some(health_check()), ..container("app", "app:1") };
    let id = account.run_task(vec![app]);
    account.until("the agent knows", secs(60), |account| account.task(&id).containers[0].health == Health::Healthy);
    assert_eq!(account.task(&id).health(), Health::Unknown);
    account.until("the control plane knows", secs(60), |account| account.task(&id).health() == Health::Healthy);
    let started = account.task(&id).containers[0].started_at.expect("it runs");
    assert_eq!(account.world.now(), started + secs(20));
}
