//! What must hold of every rollout, whatever the service, its bounds and its containers. Each property is said in words above it.
//!
//! Here: rollouts that nobody disturbs. [`churn`] has those in whose middle users change their minds, [`containers`] what must hold of the
//! containers of one task, and [`trace`] what must hold of traces whatever is in them.

mod churn;
mod containers;
mod trace;

use std::time::Duration;

use proptest::prelude::*;
use simulator_core::ecs::Task;
use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::ecs::service::{CircuitBreaker, RolloutState};
use simulator_core::elb::HealthCheck;
use simulator_core::{EventKind, Timing};

use crate::virtual_time::{Account, Behaviour, Deploy, Image, container, health_check, secs};
use simulator_core::invariant;

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
        Just(Behaviour { image: Image::Refused("manifest unknown".to_owned()), ..Behaviour::healthy() }),
        Just(Behaviour { cannot_start: Some("no such file".to_owned()), ..Behaviour::healthy() }),
    ]
}

/// Cases whose bounds let a rollout move.
fn movable() -> impl Strategy<Value = Case> {
    case().prop_map(|mut case| {
        if !case.can_move() {
            case.deploy.maximum = 200;
        }
        case
    })
}

/// Rollouts of at least one task that all fail, and that somebody sees fail: whether containers are up is known from their checks alone,
/// and of those that end or never start it is known anyhow.
fn doomed() -> impl Strategy<Value = (Case, Behaviour)> {
    (movable(), failing()).prop_map(|(mut case, behaviour)| {
        if case.deploy.desired == 0 {
            case.deploy = Deploy { desired: 1, maximum: 200, ..case.deploy };
        }
        case.checked |= behaviour.exits.is_none()
            && behaviour.cannot_start.is_none()
            && !matches!(behaviour.image, Image::Refused(_));
        (case, behaviour)
    })
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

/// What must hold of every trace.
fn the_trace_is_sound(account: &Account) -> Result<(), TestCaseError> {
    invariant::trace(account.world.events())
        .map_err(|violation| TestCaseError::fail(format!("{violation}\n{}", account.story())))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A rollout of healthy containers always completes. While it goes on there are never fewer healthy tasks than the minimum, and
    /// never more tasks than the maximum; an old task is told to stop only while enough others are healthy.
    #[test]
    fn healthy_containers_are_rolled_out_within_the_bounds(case in movable()) {
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
    fn failing_containers_are_rolled_back((case, behaviour) in doomed()) {
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
        let started = account.world.ecs().tasks().into_iter().filter(|task| task.origin.started_by.as_deref() == Some(&new)).count();
        let threshold = usize::try_from(case.deploy.desired.div_ceil(2).max(3)).expect("a small number");
        prop_assert!(counted >= threshold);
        // Until the breaker trips the scheduler goes on: at each of its looks it can start as many as the maximum allows.
        let looks = case.timing.breaker_evaluation.as_millis() / case.timing.scheduler_period.as_millis() + 2;
        let beyond = usize::try_from(looks).expect("a small number") * maximum;
        prop_assert!(started <= threshold + beyond, "{} started, threshold {}", started, threshold);
        prop_assert!(live(&account).iter().all(|task| task.definition.revision == 1));
        the_trace_is_sound(&account)?;
    }
}

/// A breaker that never trips leaves the service where it is; the property tests above rely on the default of three.
#[test]
fn the_default_breaker_of_the_cases_trips_at_three() {
    let CircuitBreaker { enable, rollback, .. } = Deploy::default().breaker;
    assert!(enable && rollback);
}
