//! What the circuit breaker counts, and when it begins anew (facts 2.1): its two stages, `resetOnHealthyTask`, and the points in doubt.

use simulator_core::ecs::Rules;
use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::ecs::service::{CircuitBreaker, RolloutState, ThresholdKind};
use simulator_core::{EventKind, Timing};

use crate::virtual_time::{Account, Behaviour, Deploy, container, health_check, secs};

/// A service whose second revision is deployed, with tasks that behave so, one after the other. The breaker trips at three failures, and
/// nothing is condemned for its health.
fn deploying(rules: Rules, desired: u32, breaker: CircuitBreaker, behaviours: Vec<Behaviour>) -> Account {
    let app = |image| vec![ContainerDefinition { health_check: Some(health_check()), ..container("app", image) }];
    let mut account = Account::new(Timing::aws());
    account.world.set_rules(rules);
    account.driver.script_in_turn("app:2", behaviours);
    account.register(app("app:1"));
    account.create_service(&Deploy { desired, breaker, grace: Some(secs(24 * 3600)), ..Deploy::default() });
    account.until_steady();
    account.register(app("app:2"));
    account.deploy();
    let end = account.world.now() + secs(2 * 3600);
    while account.driver.next(&mut account.world).is_some_and(|next| next < end) {
        account.driver.step(&mut account.world);
    }
    account
}

fn breaker(reset_on_healthy_task: bool) -> CircuitBreaker {
    CircuitBreaker { enable: true, rollback: false, reset_on_healthy_task, threshold: (ThresholdKind::Count, 3) }
}

/// The counts, as they were told.
fn counts(account: &Account) -> Vec<u32> {
    let count = |event: &simulator_core::Event| {
        if let EventKind::BreakerCounted { failures, .. } = &event.kind { Some(*failures) } else { None }
    };
    account.world.events().iter().filter_map(count).collect()
}

fn state(account: &Account) -> RolloutState {
    account.service().primary().rollout_state
}

/// Tasks that never run are failures until a task of the deployment has run; from then on those that run and fail are.
#[test]
fn each_stage_counts_its_own_failures() {
    // It runs for ever and is never known to be healthy.
    let runs = || Behaviour::unhealthy();
    let never_runs = || Behaviour::cannot_start("no such file");
    let ends = || Behaviour::exiting(secs(1), 1);
    let to_the_letter = Rules::default();
    let all_along = Rules { count_start_failures_in_stage_two: true, ..to_the_letter };
    for (what, rules, desired, behaviours, counted, ended) in [
        ("none runs", to_the_letter, 1, vec![never_runs()], vec![1, 2, 3], RolloutState::Failed),
        ("each ends", to_the_letter, 1, vec![ends()], vec![1, 2, 3], RolloutState::Failed),
        (
            "one runs, the others do not start",
            to_the_letter,
            2,
            [vec![runs()], vec![never_runs(); 200]].concat(),
            vec![],
            RolloutState::InProgress,
        ),
        (
            "the same, where all are counted",
            all_along,
            2,
            [vec![runs()], vec![never_runs(); 200]].concat(),
            vec![1, 2, 3],
            RolloutState::Failed,
        ),
        (
            "one runs, the others end",
            to_the_letter,
            2,
            [vec![runs()], vec![ends(); 200]].concat(),
            vec![1, 2, 3],
            RolloutState::Failed,
        ),
        (
            "what was counted in the first stage stays",
            to_the_letter,
            1,
            vec![never_runs(), ends(), never_runs(), ends()],
            vec![1, 2, 3],
            RolloutState::Failed,
        ),
    ] {
        let account = deploying(rules, desired, breaker(true), behaviours);
        assert_eq!((&counts(&account)[..counted.len()], state(&account)), (&counted[..], ended), "{what}");
        // Tasks go on failing until the breaker is evaluated.
        assert_eq!(counts(&account).is_empty(), counted.is_empty(), "{what}");
    }
}

/// A task that becomes healthy starts the count anew, unless failures are to be counted over the whole deployment.
#[test]
fn a_healthy_task_resets_the_count_if_it_is_to() {
    let ends = || Behaviour::exiting(secs(1), 1);
    for (reset, counted) in [(true, vec![1, 2, 1, 2, 3]), (false, vec![1, 2, 3])] {
        // Two end at once, then the third becomes healthy, then those in their place end: never healthy themselves.
        let later = Behaviour { healthy: None, ..Behaviour::exiting(secs(60), 1) };
        let behaviours = [vec![ends(), ends(), Behaviour::healthy()], vec![later; 200]].concat();
        let account = deploying(Rules::default(), 3, breaker(reset), behaviours);
        assert_eq!(&counts(&account)[..counted.len()], &counted[..], "reset: {reset}\n{}", account.story());
        assert_eq!(state(&account), RolloutState::Failed);
    }
}

/// Whether a task that ends after it was healthy is a failure is a setting; one that ends before always is.
#[test]
fn a_task_that_was_healthy_counts_only_if_the_rules_say_so() {
    for (count_exit_after_healthy, failed) in [(false, false), (true, true)] {
        let rules = Rules { count_exit_after_healthy, ..Rules::default() };
        // One is never healthy, so that the deployment goes on; the other one lives for a while, again and again.
        let behaviours = [vec![Behaviour::unhealthy()], vec![Behaviour::exiting(secs(120), 1); 200]].concat();
        let account = deploying(rules, 2, breaker(false), behaviours);
        assert_eq!(state(&account) == RolloutState::Failed, failed, "{}", account.story());
        assert_eq!(counts(&account).is_empty(), !failed);
    }
}
