//! Deployments that nothing disturbs: the order of their stages, the weights, and how long they bake.

use simulator_core::Timing;
use simulator_core::ecs::service::{RolloutState, Shifting, Strategy};

use super::scene::*;
use crate::virtual_time::{Account, Behaviour, Deploy, container, secs};

const BEFORE: [&str; 5] = [
    "PRE_SCALE_UP 0/0",
    "SCALE_UP 0/0",
    "POST_SCALE_UP 0/0",
    "TEST_TRAFFIC_SHIFT 0/100",
    "POST_TEST_TRAFFIC_SHIFT 0/100",
];
const AFTER: [&str; 3] = ["POST_PRODUCTION_TRAFFIC_SHIFT 100/100", "BAKE_TIME 100/100", "CLEAN_UP 100/100"];

/// The stages of a whole deployment whose production requests shift in these steps.
fn whole(steps: &[&str]) -> Vec<String> {
    let mut expected: Vec<String> = BEFORE.map(str::to_owned).to_vec();
    let mut before = "0";
    for step in steps {
        expected.push(format!("PRE_PRODUCTION_TRAFFIC_SHIFT {before}/100"));
        expected.push(format!("PRODUCTION_TRAFFIC_SHIFT {step}/100"));
        before = step;
    }
    expected.extend(AFTER.map(str::to_owned));
    expected
}

#[test]
fn each_strategy_goes_through_its_stages_and_ends_with_the_new_tasks_alone() {
    for timing in [Timing::aws(), Timing::rehearsal()] {
        for (shifting, steps) in [
            (blue_green(), vec!["100"]),
            (linear(250, 2), vec!["25", "50", "75", "100"]),
            (linear(333, 0), vec!["33.3", "66.6", "99.9", "100"]),
            (canary(50, 10), vec!["5", "100"]),
            (canary(1, 1), vec!["0.1", "100"]),
        ] {
            let mut account = serving(timing.clone(), &shifting.clone(), Behaviour::healthy());
            let id = account.deploy();
            until_over(&mut account);
            assert_eq!(stages(&account, &id), whole(&steps), "{shifting:?}");
            assert_eq!(revisions(&account), [2, 2]);
            let service = account.service();
            assert_eq!((service.primary().id.as_str(), service.deployments.len()), (id.as_str(), 1));
            assert_eq!(service.primary().rollout_state, RolloutState::Completed);
            let (production, test) = weights(&account);
            assert_eq!(production, test, "both serve the new revision");
            account.until_steady();
        }
    }
}

/// The first deployment goes where production does not point, and every other goes where the one before is not.
#[test]
fn deployments_take_turns_in_the_target_groups() {
    let mut account = serving(Timing::aws(), &blue_green(), Behaviour::healthy());
    let first = account.service().primary().id.clone();
    assert_eq!(stages(&account, &first), whole(&["100"]), "the first deployment has all stages");
    for turn in [(0, 2), (2, 0), (0, 2)] {
        assert_eq!(healthy(&account), turn);
        let weight = |count: usize| if count > 0 { 100 } else { 0 };
        assert_eq!(weights(&account).0, (weight(turn.0), weight(turn.1)));
        account.update(simulator_core::ecs::UpdateService { force: true, ..Default::default() });
        until_over(&mut account);
    }
}

/// Weights are percentages, and tenths of a percent where these are not whole.
#[test]
fn the_rule_has_the_weights_of_every_step() {
    for (shifting, expected) in [
        (linear(500, 1), vec![(50, 50), (100, 0)]),
        (canary(25, 1), vec![(25, 975), (100, 0)]),
        (canary(1, 1), vec![(1, 999), (100, 0)]),
    ] {
        let mut account = serving(Timing::aws(), &shifting, Behaviour::healthy());
        account.deploy();
        let mut seen = Vec::new();
        while account.service().shifting().is_some() {
            assert!(account.driver.step(&mut account.world), "it goes on");
            let (production, _) = weights(&account);
            if production != (0, 100) && seen.last() != Some(&production) {
                seen.push(production);
            }
        }
        assert_eq!(seen, expected);
    }
}

/// Bakes last as configured with AWS's delays, and no longer than the cap in a rehearsal.
#[test]
fn bakes_last_as_the_timing_says() {
    for (timing, step, bake) in [(Timing::aws(), secs(600), secs(300)), (Timing::rehearsal(), secs(2), secs(2))] {
        let period = timing.scheduler_period;
        let mut account = serving(timing, &canary(50, 10), Behaviour::healthy());
        let id = account.deploy();
        until_over(&mut account);
        let entered = entered(&account, &id);
        let of =
            |wanted: &str| entered.iter().filter(|(stage, _)| *stage == wanted).map(|(_, at)| *at).collect::<Vec<_>>();
        let steps = of("PRODUCTION_TRAFFIC_SHIFT");
        let canary = steps[1].since(steps[0]);
        let last = of("CLEAN_UP")[0].since(of("BAKE_TIME")[0]);
        assert!(canary >= step && canary <= step + period, "{canary:?}");
        assert!(last >= bake && last <= bake + period, "{last:?}");
        assert!(of("POST_PRODUCTION_TRAFFIC_SHIFT")[0].since(steps[1]) <= period, "no bake after the last step");
    }
}

/// Without a load balancer nothing shifts, but the stages and the bake are the same.
#[test]
fn a_service_without_load_balancer_is_deployed_blue_green() {
    let mut account = Account::new(Timing::aws());
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy { shifting: blue_green(), ..Deploy::default() });
    account.until_steady();
    account.register(vec![container("app", "app:2")]);
    let id = account.deploy();
    account.until("it bakes", HOUR, |account| stage(account) == Some("BAKE_TIME"));
    assert_eq!(revisions(&account), [1, 1, 2, 2]);
    until_over(&mut account);
    assert_eq!(stages(&account, &id), whole(&["100"]));
    assert_eq!(revisions(&account), [2, 2]);
}

/// A service that was deployed by replacing its tasks goes over to another strategy, and back.
#[test]
fn the_strategy_can_change_with_a_deployment() {
    use simulator_core::ecs::service::{AskedShifting, StrategyName};
    let mut account = account(Timing::aws(), 7);
    account.register(vec![container("app", "app:1")]);
    account.create_service(&Deploy { shifting: Shifting::default(), ..Deploy::default() });
    account.until_steady();
    assert_eq!(healthy(&account), (2, 0));
    account.register(vec![container("app", "app:2")]);
    let change = |strategy| simulator_core::ecs::UpdateService {
        task_definition: Some("news-api".to_owned()),
        shifting: AskedShifting { strategy: Some(strategy), ..AskedShifting::default() },
        ..Default::default()
    };
    account.update(change(StrategyName::Canary));
    assert_eq!(
        account.service().configuration.shifting.strategy,
        Strategy::Canary { percent: simulator_core::ecs::service::Percent::of_tenths(50), bake_minutes: 10 }
    );
    until_over(&mut account);
    account.until_steady();
    assert_eq!((healthy(&account), weights(&account).0), ((0, 2), (0, 100)));
    account.register(vec![container("app", "app:3")]);
    account.update(change(StrategyName::Rolling));
    account.until_steady();
    assert_eq!((healthy(&account), weights(&account).0), ((0, 2), (0, 100)), "tasks are replaced where they serve");
    assert_eq!(revisions(&account), [3, 3]);
}

/// While both revisions are there each is kept like a service of its own: ended tasks come back, and the desired count holds for both.
#[test]
fn both_revisions_are_kept_while_traffic_shifts() {
    let mut account = serving(Timing::aws(), &linear(100, 30), Behaviour::healthy());
    account.deploy();
    account.until("it shifts", HOUR, |account| stage(account) == Some("PRODUCTION_TRAFFIC_SHIFT"));
    for task in [1, 2].map(|revision| task_of_revision(&account, revision)) {
        account.stop(&task);
    }
    account
        .until("they are back", secs(300), |account| revisions(account) == [1, 1, 2, 2] && healthy(account) == (2, 2));
    account.update(simulator_core::ecs::UpdateService { desired: Some(3), ..Default::default() });
    account.until("both have grown", secs(300), |account| revisions(account) == [1, 1, 1, 2, 2, 2]);
    assert_eq!(stage(&account), Some("PRODUCTION_TRAFFIC_SHIFT"), "none of this ended the shift");
}

fn task_of_revision(account: &Account, revision: u32) -> simulator_core::effect::TaskId {
    let mut tasks = account.world.ecs().tasks_of(account.service());
    tasks.find(|task| task.definition.revision == revision).expect("it runs").id
}
