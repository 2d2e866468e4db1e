//! What must hold of traces, whatever is in them; and that nothing goes on for ever.

use std::time::Duration;

use proptest::prelude::*;
use simulator_core::EventKind;
use simulator_core::ecs::TaskStatus;
use simulator_core::ecs::service::RolloutState;
use simulator_core::elb::TargetState;

use super::{Case, case, doomed, failing, live, watch};
use crate::virtual_time::{Account, Behaviour, secs};

/// The service that `case` describes, with what its containers do.
fn begun(case: &Case) -> Account {
    let mut account = case.account();
    account.driver.script("app:1", Behaviour::healthy_after(Duration::from_millis(case.up_after)));
    account.register(case.containers("app:1"));
    account.create_service(&case.deploy);
    account
}

/// A second revision is deployed.
fn deploy(account: &mut Account, case: &Case) {
    account.register(case.containers("app:2"));
    account.deploy();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Telling a fresh World what another was told gives the same effects at the same times, and the same trace, byte for byte.
    #[test]
    fn replaying_the_inputs_gives_the_same_effects(case in case(), behaviour in failing(), after in 0_u64..120_000) {
        let mut first = begun(&case);
        first.driver.script("app:2", behaviour);
        let deployed_at = first.world.now() + Duration::from_millis(after);
        while first.driver.next(&mut first.world).is_some_and(|next| next <= deployed_at) && first.driver.step(&mut first.world) {}
        let before = first.driver.told.len();
        deploy(&mut first, &case);
        let end = first.world.now() + secs(200);
        while first.world.now() < end && first.driver.step(&mut first.world) {}

        let mut second = begun(&case);
        let mut wanted = Vec::new();
        let take = |account: &mut Account, wanted: &mut Vec<_>| {
            let now = account.world.now();
            wanted.extend(account.world.take_effects().into_iter().map(|effect| (now, effect)));
        };
        for (place, (at, observation)) in first.driver.told.iter().enumerate() {
            if place == before {
                deploy(&mut second, &case);
            }
            // Effects are taken when all that containers do at one instant has been told.
            if *at > second.world.now() || observation.is_none() {
                take(&mut second, &mut wanted);
            }
            match observation {
                Some(observation) => second.world.observe(*at, observation.clone()),
                None => second.world.tick(*at),
            }
        }
        take(&mut second, &mut wanted);
        prop_assert_eq!(format!("{:?}", first.world.events()), format!("{:?}", second.world.events()));
        prop_assert!(first.driver.wanted == wanted, "the effects differ");
    }

    /// With the circuit breaker a service whose containers always fail comes to a verdict after a bounded number of deadlines: as many for
    /// each task that is started and each that serves. Once it is rolled back the old revision serves at full count.
    #[test]
    fn a_failing_rollout_comes_to_a_verdict_and_the_old_revision_serves((case, behaviour) in doomed()) {
        let mut account = case.serving(behaviour);
        let new = account.deploy();
        let (from, deployed_at) = (account.driver.told.len(), account.world.now());
        watch(&mut account, "a verdict", |_| Ok(()), |account| account.service().primary().id != new)?;
        let deadlines = account.driver.told[from..].iter().filter(|(_, observation)| observation.is_none()).count();
        // While it waits (for the breaker, for back-off), those that serve are probed on.
        let minutes = usize::try_from(account.world.now().since(deployed_at).as_secs() / 60).expect("a small number") + 1;
        let tasks = account.world.ecs().tasks().len();
        prop_assert!(deadlines <= 30 * tasks * minutes + 1_000, "{} deadlines, {} tasks, {} minutes", deadlines, tasks, minutes);
        prop_assert!(minutes <= 60, "{} minutes", minutes);

        watch(&mut account, "the way back", |_| Ok(()), super::completed)?;
        let serving = live(&account).into_iter().filter(|task| task.last_status == TaskStatus::Running && task.proved_at.is_some());
        let serving: Vec<_> = serving.collect();
        prop_assert_eq!(serving.len(), usize::try_from(case.deploy.desired).expect("a small number"));
        prop_assert!(serving.iter().all(|task| task.definition.revision == 1 && !task.stopping));
        if let Some(group) = account.target_group.as_ref().and_then(|arn| account.world.elb().target_group(arn)) {
            let healthy = group.targets().filter(|target| target.state == TargetState::Healthy);
            prop_assert_eq!(healthy.count(), serving.len());
        }
    }

    /// The first deployment of a service whose containers always fail has nothing to go back to: it FAILS, and nothing starts after that.
    #[test]
    fn the_first_deployment_fails_for_good((case, behaviour) in doomed()) {
        let mut account = case.account();
        account.driver.script("app:1", behaviour);
        account.register(case.containers("app:1"));
        account.create_service(&case.deploy);
        watch(&mut account, "a verdict", |_| Ok(()), |account| account.service().primary().rollout_state == RolloutState::Failed)?;
        let started = account.world.ecs().tasks().len();
        let end = account.world.now() + secs(1800);
        while account.driver.next(&mut account.world).is_some_and(|next| next < end) && account.driver.step(&mut account.world) {}
        prop_assert_eq!(account.world.ecs().tasks().len(), started);
        let failed = account.world.events().iter().filter(|event| matches!(&event.kind, EventKind::Deployment { rollout_state: "FAILED", .. }));
        prop_assert_eq!(failed.count(), 1);
        super::the_trace_is_sound(&account)?;
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
}
