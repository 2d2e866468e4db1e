//! What must hold of every rollout, whatever the service, its bounds and its containers. Each property is said in words above it.
//!
//! Here: rollouts that nobody disturbs. [`churn`] has those in whose middle users change their minds.

mod churn;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use simulator_core::ecs::definition::{Condition, ContainerDefinition, Dependency};
use simulator_core::ecs::service::{CircuitBreaker, RolloutState};
use simulator_core::ecs::{Task, TaskStatus};
use simulator_core::elb::HealthCheck;
use simulator_core::{EventKind, Timing};

use crate::catalogue;
use crate::virtual_time::{Account, Behaviour, Deploy, Image, container, health_check, secs};

const HOUR: Duration = secs(3600);

/// A service to be rolled out.
#[derive(Clone, Debug)]
struct Case {
    timing: Timing,
    seed: u64,
    balanced: bool,
    checked: bool,
    deploy: Deploy,
    up_after: u64,
}

fn case() -> impl Strategy<Value = Case> {
    let timing = prop_oneof![Just(Timing::aws()), Just(Timing::rehearsal())];
    let bounds =
        (0_u32..=6, prop::sample::select(vec![0, 50, 75, 100]), prop::sample::select(vec![100, 125, 150, 200]));
    (timing, any::<u64>(), any::<bool>(), any::<bool>(), bounds, 0_u64..12_000).prop_map(
        |(timing, seed, balanced, checked, (desired, minimum, maximum), up_after)| Case {
            timing,
            seed,
            balanced,
            checked,
            deploy: Deploy { desired, minimum, maximum, ..Deploy::default() },
            up_after,
        },
    )
}

/// Ways of failing that show sooner or later in every container.
fn failing() -> impl Strategy<Value = Behaviour> {
    prop_oneof![
        (0_u64..2_000)
            .prop_map(|after| Behaviour { healthy: None, ..Behaviour::exiting(Duration::from_millis(after), 1) }),
        Just(Behaviour::unhealthy()),
        Just(Behaviour { image: Image::Refused("manifest unknown"), ..Behaviour::healthy() }),
        Just(Behaviour { cannot_start: Some("no such file"), ..Behaviour::healthy() }),
    ]
}

impl Case {
    fn containers(&self, image: &str) -> Vec<ContainerDefinition> {
        let health_check = self.checked.then(health_check);
        vec![ContainerDefinition { health_check, ..container("app", image) }]
    }

    fn bounds(&self) -> (usize, usize) {
        let share = |percent: u32| usize::try_from(self.deploy.desired * percent).expect("small numbers");
        (share(self.deploy.minimum).div_ceil(100), share(self.deploy.maximum) / 100)
    }

    /// Whether a rollout can move at all: a task may be started beyond, or stopped below, the desired count.
    fn can_move(&self) -> bool {
        let (minimum, maximum) = self.bounds();
        let desired = usize::try_from(self.deploy.desired).expect("a small number");
        desired == 0 || maximum > desired || minimum < desired
    }

    /// An account, with a load balancer if the service has one.
    fn account(&self) -> Account {
        let account = Account::seeded(self.timing.clone(), self.seed);
        if self.balanced {
            let check = HealthCheck { interval: secs(10), timeout: secs(5), ..HealthCheck::default() };
            account.with_load_balancer(check)
        } else {
            account
        }
    }

    /// The service with `app:1` in a steady state.
    fn serving(&self, second: Behaviour) -> Account {
        let mut account = self.account();
        account.driver.script("app:1", Behaviour::healthy_after(Duration::from_millis(self.up_after)));
        account.driver.script("app:2", second);
        account.register(self.containers("app:1"));
        account.create_service(&self.deploy);
        account.until_steady();
        account.register(self.containers("app:2"));
        account
    }
}

fn live(account: &Account) -> Vec<&Task> {
    account.world.ecs().tasks_of(account.service()).collect()
}

/// Tasks that the scheduler has counted as healthy and that nobody stops.
fn healthy(account: &Account) -> usize {
    live(account).into_iter().filter(|task| task.proved_at.is_some() && !task.stopping).count()
}

/// Lets time pass until `condition`, checking `invariant` after everything that happens.
fn watch(
    account: &mut Account,
    what: &str,
    mut invariant: impl FnMut(&Account) -> Result<(), TestCaseError>,
    condition: impl Fn(&Account) -> bool,
) -> Result<(), TestCaseError> {
    let end = account.world.now() + HOUR;
    while !condition(account) {
        let went_on = account.driver.step(&mut account.world);
        prop_assert!(went_on && account.world.now() <= end, "{} did not come to pass:\n{}", what, account.story());
        invariant(account)?;
    }
    Ok(())
}

fn completed(account: &Account) -> bool {
    let service = account.service();
    service.primary().rollout_state == RolloutState::Completed && service.deployments.len() == 1
}

/// Every task ends once, in the order of AWS's states, and what is left of it is removed once.
fn every_task_ends_once(account: &Account) -> Result<(), TestCaseError> {
    let mut statuses: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for event in account.world.events() {
        if let EventKind::Task { task, status, .. } = &event.kind {
            statuses.entry(&task.0).or_default().push(status);
        }
    }
    let order = ["PROVISIONING", "PENDING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"];
    let rank = |status: &&str| order.iter().position(|known| known == status);
    for (task, statuses) in statuses {
        prop_assert!(statuses.is_sorted_by(|one, other| rank(one) < rank(other)), "{} went {:?}", task, statuses);
    }
    Ok(())
}

/// Every entry of the trace but a call follows from an earlier one.
fn everything_has_a_cause(account: &Account) -> Result<(), TestCaseError> {
    for event in account.world.events() {
        let called = matches!(event.kind, EventKind::Called { .. });
        prop_assert_eq!(event.cause.is_none(), called, "{:?}", event);
        prop_assert!(event.cause.is_none_or(|cause| cause < event.sequence), "{:?}", event);
    }
    Ok(())
}

/// No service says anything that is not in AWS's catalogue.
fn only_known_texts(account: &Account) -> Result<(), TestCaseError> {
    for event in account.world.events() {
        if let EventKind::Service { message, .. } = &event.kind {
            prop_assert!(catalogue::knows(message), "not in the catalogue: {}", message);
        }
    }
    Ok(())
}

/// No task of a deployment is launched once that deployment has FAILED.
fn nothing_starts_after_failed(account: &Account) -> Result<(), TestCaseError> {
    let mut failed = BTreeSet::new();
    for event in account.world.events() {
        match &event.kind {
            EventKind::Deployment { id, rollout_state: "FAILED", .. } => {
                failed.insert(id);
            }
            EventKind::Task { started_by, status: "PROVISIONING", .. } => {
                prop_assert!(
                    !failed.contains(started_by),
                    "{} goes on after it failed:\n{}",
                    started_by,
                    account.story()
                );
            }
            _ => {}
        }
    }
    Ok(())
}

/// What must hold of every trace.
fn the_trace_is_sound(account: &Account) -> Result<(), TestCaseError> {
    every_task_ends_once(account)?;
    only_known_texts(account)?;
    everything_has_a_cause(account)?;
    nothing_starts_after_failed(account)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A rollout of healthy containers always completes. While it goes on there are never fewer healthy tasks than the minimum, and
    /// never more tasks than the maximum; an old task is told to stop only while enough others are healthy.
    #[test]
    fn healthy_containers_are_rolled_out_within_the_bounds(case in case()) {
        prop_assume!(case.can_move());
        let mut account = case.serving(Behaviour::healthy_after(Duration::from_millis(case.up_after)));
        let (minimum, maximum) = case.bounds();
        account.deploy();
        watch(&mut account, "completion", |account| {
            prop_assert!(live(account).len() <= maximum, "{} of {} tasks:\n{}", live(account).len(), maximum, account.story());
            prop_assert!(healthy(account) >= minimum, "{} of {} healthy:\n{}", healthy(account), minimum, account.story());
            Ok(())
        }, completed)?;
        prop_assert!(live(&account).iter().all(|task| task.definition.revision == 2));
        prop_assert_eq!(live(&account).len(), usize::try_from(case.deploy.desired).expect("a small number"));
        the_trace_is_sound(&account)?;
    }

    /// With the circuit breaker a rollout of failing containers ends FAILED, the old deployment comes back under its own id, and not
    /// many more tasks are started than failures are counted. The old tasks never stop serving below the minimum.
    #[test]
    fn failing_containers_are_rolled_back(case in case(), behaviour in failing()) {
        prop_assume!(case.can_move() && case.deploy.desired > 0);
        // Whether a container is up is known from its checks alone; one that only exits is known anyhow.
        prop_assume!(case.checked || behaviour.exits.is_some() || behaviour.cannot_start.is_some() || matches!(behaviour.image, Image::Refused(_)));
        let mut account = case.serving(behaviour);
        let (minimum, maximum) = case.bounds();
        let old = account.service().primary().id.clone();
        let new = account.deploy();
        watch(&mut account, "the way back", |account| {
            prop_assert!(live(account).len() <= maximum);
            prop_assert!(healthy(account) >= minimum, "{} of {} healthy:\n{}", healthy(account), minimum, account.story());
            Ok(())
        }, |account| account.service().primary().id == old && completed(account))?;
        let counted = account.world.events().iter().filter(|event| matches!(&event.kind, EventKind::BreakerCounted { .. })).count();
        let started = account.world.ecs().tasks().into_iter().filter(|task| task.started_by.as_deref() == Some(&new)).count();
        let threshold = usize::try_from(case.deploy.desired.div_ceil(2).max(3)).expect("a small number");
        prop_assert!(counted >= threshold);
        // Until the breaker trips the scheduler goes on: at each of its looks it can start as many as the maximum allows.
        let looks = case.timing.breaker_evaluation.as_millis() / case.timing.scheduler_period.as_millis() + 2;
        let beyond = usize::try_from(looks).expect("a small number") * maximum;
        prop_assert!(started <= threshold + beyond, "{} started, threshold {}", started, threshold);
        prop_assert!(live(&account).iter().all(|task| task.definition.revision == 1));
        the_trace_is_sound(&account)?;
    }

    /// The same seed and inputs give the same trace and the same effects; another seed gives other ids.
    #[test]
    fn the_same_inputs_give_the_same_trace(case in case()) {
        let run = |seed: u64| {
            let case = Case { seed, ..case.clone() };
            let mut account = case.serving(Behaviour::unhealthy());
            account.deploy();
            let end = account.world.now() + secs(300);
            while account.world.now() < end && account.driver.step(&mut account.world) {}
            (format!("{:?}", account.world.events()), format!("{:?}", account.driver.wanted))
        };
        let first = run(case.seed);
        prop_assert_eq!(&first, &run(case.seed));
        prop_assert!(case.deploy.desired == 0 || first.0 != run(case.seed.wrapping_add(1)).0);
    }

    /// No container is fetched before every condition that it depends on holds, and none is stopped before those that depend on it.
    #[test]
    fn dependencies_hold_at_start_and_at_stop(
        edges in prop::collection::vec((0_usize..5, 0_usize..5, 0_usize..4), 0..8),
        ends in prop::collection::vec(prop_oneof![Just(None), (0_u64..9_000, 0_i32..2).prop_map(Some)], 5),
    ) {
        let names = ["a", "b", "c", "d", "e"];
        let conditions = [Condition::Start, Condition::Complete, Condition::Success, Condition::Healthy];
        let mut containers: Vec<ContainerDefinition> = names.iter().map(|name| ContainerDefinition {
            health_check: Some(health_check()),
            port_mappings: Vec::new(),
            essential: *name == "e",
            ..container(name, name)
        }).collect();
        for (from, to, condition) in edges {
            // Only backwards, so that there is no cycle; nothing can wait for the end of the essential one, and nothing waits for it.
            if to < from && !containers[from].depends_on.iter().any(|on| on.container == names[to]) {
                containers[from].depends_on.push(Dependency { container: names[to].to_owned(), condition: conditions[condition] });
            }
        }
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
        let pulled = |name: &str| account.first_wanted(|effect| matches!(effect, simulator_core::Effect::PullImage(pull) if pull.container == name));
        let told_to_stop = |name: &str| account.first_wanted(|effect| matches!(effect, simulator_core::Effect::StopContainer { container, .. } if container == name));
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

/// A breaker that never trips leaves the service where it is; the property tests above rely on the default of three.
#[test]
fn the_default_breaker_of_the_cases_trips_at_three() {
    let CircuitBreaker { enable, rollback, .. } = Deploy::default().breaker;
    assert!(enable && rollback);
}
