//! What must hold of every deployment that shifts traffic, whatever its strategy, its hooks and its containers.

use std::time::Duration;

use proptest::prelude::*;
use simulator_core::Timing;
use simulator_core::ecs::service::{LifecycleHook, LifecycleStage, RolloutState, Shifting};
use simulator_core::observation::HookAnswer;

use super::scene::*;
use crate::virtual_time::{Account, Behaviour, secs};
use simulator_core::invariant;

fn strategy() -> impl Strategy<Value = Shifting> {
    prop_oneof![
        Just(blue_green()),
        (30_u32..=1000, 0_u32..20).prop_map(|(step, bake)| linear(step, bake)),
        (1_u32..=1000, 0_u32..20).prop_map(|(percent, bake)| canary(percent, bake)),
    ]
}

fn hooks() -> impl Strategy<Value = Vec<LifecycleHook>> {
    let stages = prop::sample::subsequence(
        LifecycleStage::ALL.into_iter().filter(|stage| stage.takes_functions()).collect::<Vec<_>>(),
        0..4,
    );
    stages.prop_map(|stages| if stages.is_empty() { Vec::new() } else { vec![function(&stages)] })
}

fn answer() -> impl Strategy<Value = HookAnswer> {
    prop_oneof![
        8 => Just(HookAnswer::Succeeded),
        2 => (0_u64..120).prop_map(|wait| HookAnswer::InProgress { call_back: Some(secs(wait)), details: None }),
        1 => Just(HookAnswer::Failed),
        1 => Just(HookAnswer::Broken("it broke".to_owned())),
    ]
}

fn new_tasks() -> impl Strategy<Value = Behaviour> {
    prop_oneof![
        3 => (0_u64..60_000).prop_map(|after| Behaviour::healthy_after(Duration::from_millis(after))),
        1 => Just(Behaviour::unhealthy()),
        1 => Just(Behaviour { sick: Some(secs(200)), ..Behaviour::healthy() }),
    ]
}

/// The weights of the production rule add up to everything, and the shares of the deployments do too.
fn weights_are_whole(account: &Account) -> Result<(), TestCaseError> {
    let ((primary, alternate), _) = weights(account);
    prop_assert!(primary + alternate == 100 || primary + alternate == 1000, "{} and {}", primary, alternate);
    if let Some(shift) =
        account.service().shifting().and_then(|place| account.service().deployments[place].traffic_shift())
    {
        prop_assert_eq!(shift.production().tenths() + shift.production().rest().tenths(), 1000);
    }
    Ok(())
}

/// When requests begin to go to a target group it has healthy targets, if the other one has some; and as long as they go there its
/// targets stay, healthy or not.
fn nobody_is_sent_into_the_void(before: (u32, u32), account: &Account) -> Result<(), TestCaseError> {
    let (now, healthy, staying) = (weights(account).0, healthy(account), staying(account));
    for (now, before, here, there, stay) in
        [(now.0, before.0, healthy.0, healthy.1, staying.0), (now.1, before.1, healthy.1, healthy.0, staying.1)]
    {
        prop_assert!(now == 0 || before > 0 || here > 0 || there == 0, "{} of requests with {:?}", now, healthy);
        prop_assert!(now == 0 || stay > 0 || there == 0, "{} of requests with {:?} that stay", now, staying);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Production weights always sum to a hundred percent; requests never begin to go to a target group without healthy targets
    /// while the other has some, and never go on going to one whose targets leave; the old revision keeps all its tasks until the new one serves alone; the deployment ends with one
    /// revision at full count, which is the old one if and only if the new one failed; no event says what AWS does not.
    #[test]
    fn traffic_is_always_somebodys(
        shifting in strategy(),
        hooks in hooks(),
        answers in prop::collection::vec(answer(), 1..6),
        second in new_tasks(),
        rehearsed in any::<bool>(),
    ) {
        // Tasks that fail for a whole day are many.
        let fails = second.serves.is_none() || second.sick.is_some();
        let timing = if rehearsed || fails { Timing::rehearsal() } else { Timing::aws() };
        let mut account = serving(timing, &Shifting { hooks, ..shifting }, second);
        // A function that is in progress for a whole day is called very often.
        let answers = answers.into_iter().chain([HookAnswer::Succeeded]);
        let answers = answers.map(|answer| (secs(2), answer)).collect();
        account.driver.script_function(FUNCTION, answers);
        let old = account.service().primary().id.clone();
        let new = account.deploy();
        let end = account.world.now() + 200 * HOUR;
        let mut before = weights(&account).0;
        while account.service().shifting().is_some() {
            let went_on = account.driver.step(&mut account.world);
            prop_assert!(went_on && account.world.now() < end, "stuck in {:?}\n{}", stage(&account), account.story());
            weights_are_whole(&account)?;
            nobody_is_sent_into_the_void(before, &account)?;
            before = weights(&account).0;
            let alone = before.1 == 0;
            let old_tasks = revisions(&account).into_iter().filter(|revision| *revision == 1).count();
            prop_assert!(alone || old_tasks == 2, "{} old tasks at {:?}", old_tasks, before);
        }
        let failed = account.world.events().iter().any(|event| {
            matches!(&event.kind, simulator_core::EventKind::Deployment { id, rollout_state: "FAILED", .. } if *id == new)
        });
        let service = account.service();
        prop_assert_eq!(&service.primary().id, if failed { &old } else { &new });
        let revision = if failed { 1 } else { 2 };
        account.until("the tasks are whole", 2 * HOUR, |account| revisions(account) == [revision, revision]);
        prop_assert_ne!(account.service().primary().rollout_state, RolloutState::Failed);
        prop_assert!(account.service().events.iter().all(|event| invariant::knows(&event.message)), "{}", account.story());
    }
}
