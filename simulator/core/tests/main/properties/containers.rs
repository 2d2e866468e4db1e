//! What must hold of the containers of one task, whatever depends on what.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use simulator_core::ecs::TaskStatus;
use simulator_core::ecs::definition::{Condition, ContainerDefinition, Dependency};
use simulator_core::ecs::{LaunchType, RegisterTaskDefinition};
use simulator_core::{Effect, Timing};

use super::HOUR;
use crate::virtual_time::{Account, Behaviour, container, health_check, secs};

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

const CONDITIONS: [Condition; 4] = [Condition::Start, Condition::Complete, Condition::Success, Condition::Healthy];

/// Containers with these edges; `essential` says which of them are.
fn graph(
    count: usize,
    edges: &[(usize, usize, Condition)],
    essential: impl Fn(usize) -> bool,
) -> Vec<ContainerDefinition> {
    let mut containers: Vec<ContainerDefinition> = (0..count)
        .map(|place| ContainerDefinition {
            health_check: Some(health_check()),
            port_mappings: Vec::new(),
            essential: essential(place),
            ..container(NAMES[place], NAMES[place])
        })
        .collect();
    for (from, to, condition) in edges {
        if !containers[*from].depends_on.iter().any(|on| on.container == NAMES[*to]) {
            let dependency = Dependency { container: NAMES[*to].to_owned(), condition: *condition };
            containers[*from].depends_on.push(dependency);
        }
    }
    containers
}

/// Whether somebody who walks along the edges can come back to where he began.
fn goes_round(edges: &[(usize, usize, Condition)]) -> bool {
    let mut reaches: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (from, to, _) in edges {
        reaches.entry(*from).or_default().push(*to);
    }
    (0..NAMES.len()).any(|start| {
        let (mut seen, mut left) = (Vec::new(), reaches.get(&start).cloned().unwrap_or_default());
        while let Some(place) = left.pop() {
            if !seen.contains(&place) {
                seen.push(place);
                left.extend(reaches.get(&place).into_iter().flatten());
            }
        }
        seen.contains(&start)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A task definition is refused if a container depends on itself, directly or through others, and for no other reason.
    #[test]
    fn a_dependency_cycle_is_refused_at_registration(
        edges in prop::collection::vec((0_usize..6, 0_usize..6, prop::sample::select(vec![Condition::Start, Condition::Healthy])), 0..9),
    ) {
        let mut account = Account::new(Timing::rehearsal());
        let registered = account.call(RegisterTaskDefinition {
            family: "graph".to_owned(),
            execution_role: Some("execution".to_owned()),
            network_mode: Some("awsvpc".to_owned()),
            requires: vec![LaunchType::Fargate],
            cpu: Some("256".to_owned()),
            memory: Some("512".to_owned()),
            containers: graph(6, &edges, |_| true),
            ..RegisterTaskDefinition::default()
        });
        match registered {
            Ok(_) => prop_assert!(!goes_round(&edges), "taken although it goes round"),
            Err(refusal) => {
                prop_assert!(goes_round(&edges), "{}", refusal);
                prop_assert!(refusal.to_string().contains("depends on itself"), "{}", refusal);
            }
        }
    }

    /// Containers that all run stop in the reverse of the order in which they started: one that another depends on, directly or through
    /// others, is told to stop only when that other has stopped; and those that nobody depends on are told at once.
    #[test]
    fn the_order_of_shutdown_is_the_reverse_of_that_of_the_start(
        edges in prop::collection::vec((0_usize..6, 0_usize..6, prop::bool::ANY), 0..10),
        stops in prop::collection::vec(prop_oneof![Just(None), (0_u64..4_000).prop_map(Some)], 6),
    ) {
        let condition = |healthy| if healthy { Condition::Healthy } else { Condition::Start };
        let backwards = edges.into_iter().filter(|(from, to, _)| to < from);
        let edges: Vec<_> = backwards.map(|(from, to, healthy)| (from, to, condition(healthy))).collect();
        let mut account = Account::new(Timing::rehearsal());
        for (name, stops_in) in NAMES.iter().zip(&stops) {
            account.driver.script(name, Behaviour { stops_in: stops_in.map(Duration::from_millis), ..Behaviour::healthy() });
        }
        let id = account.run_task(graph(6, &edges, |_| true));
        account.until("all run", HOUR, |account| account.task(&id).last_status == TaskStatus::Running);
        let asked = account.world.now();
        account.stop(&id);
        account.until("it is over", HOUR, |account| account.task(&id).last_status == TaskStatus::Stopped);
        let told = |place: usize| account.first_wanted(|effect| matches!(effect, Effect::StopContainer { container, .. } if container == NAMES[place]));
        let task = account.task(&id);
        for (from, to, _) in &edges {
            let (dependant, dependency) = (&task.containers[*from], &task.containers[*to]);
            prop_assert!(dependency.started_at <= dependant.started_at);
            prop_assert!(told(*to) >= dependant.stopped_at, "{} is told before {} has stopped", NAMES[*to], NAMES[*from]);
        }
        for (place, name) in NAMES.iter().enumerate() {
            if edges.iter().all(|(_, to, _)| *to != place) {
                prop_assert_eq!(told(place), Some(asked), "nobody depends on {}", name);
            }
            prop_assert!(told(place).is_some());
        }
    }

    /// No container is fetched before every condition that it depends on holds, and none is stopped before those that depend on it.
    #[test]
    fn dependencies_hold_at_start_and_at_stop(
        edges in prop::collection::vec((0_usize..5, 0_usize..5, 0_usize..4), 0..8),
        ends in prop::collection::vec(prop_oneof![Just(None), (0_u64..9_000, 0_i32..2).prop_map(Some)], 5),
    ) {
        let names = &NAMES[..5];
        // Only backwards, so that there is no cycle; nothing can wait for the end of the essential one, and nothing waits for it.
        let edges: Vec<_> = edges.into_iter().filter(|(from, to, _)| to < from).map(|(from, to, on)| (from, to, CONDITIONS[on])).collect();
        let containers = graph(5, &edges, |place| place == 4);
        let mut account = Account::new(Timing::aws());
        for (name, end) in names.iter().zip(&ends) {
            let behaviour = end.filter(|_| *name != "e").map(|(after, code)| Behaviour::exiting(Duration::from_millis(after), code));
            account.driver.script(name, behaviour.unwrap_or_else(Behaviour::healthy));
        }
        let id = account.run_task(containers.clone());
        let end = account.world.now() + secs(120);
        while account.world.now() < end && account.driver.step(&mut account.world) {}
        if account.task(&id).last_status != TaskStatus::Stopped {
            account.stop(&id);
            account.until("it is over", HOUR, |account| account.task(&id).last_status == TaskStatus::Stopped);
        }
        let pulled = |name: &str| account.first_wanted(|effect| matches!(effect, Effect::PullImage(pull) if pull.container == name));
        let told_to_stop = |name: &str| account.first_wanted(|effect| matches!(effect, Effect::StopContainer { container, .. } if container == name));
        let task = account.task(&id);
        for definition in &containers {
            let container = task.container(&definition.name).expect("it is in the task");
            for on in &definition.depends_on {
                let dependency = task.container(&on.container).expect("it is in the task");
                if let Some(pulled) = pulled(&definition.name) {
                    let held_from = match on.condition {
                        Condition::Start => dependency.started_at.or(dependency.stopped_at),
                        Condition::Complete | Condition::Success => dependency.stopped_at,
                        Condition::Healthy => dependency.healthy_at,
                    };
                    prop_assert!(held_from.is_some_and(|from| from <= pulled), "{:?} before {:?}\n{:?}", definition.name, on, task);
                    prop_assert!(on.condition != Condition::Success || dependency.exit_code == Some(0));
                }
                if let Some(told) = told_to_stop(&on.container) {
                    prop_assert!(container.stopped_at.is_none_or(|stopped| stopped <= told), "{:?} stopped before {:?}", on, definition.name);
                }
            }
        }
    }
}
