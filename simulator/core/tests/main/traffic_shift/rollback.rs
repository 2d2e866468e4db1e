//! Deployments that go back: from every stage, because of every mechanism, and with nobody to go back to.

use simulator_core::Timing;
use simulator_core::ecs::UpdateService;
use simulator_core::ecs::service::{LifecycleStage, RolloutState, Shifting};
use simulator_core::observation::HookAnswer;

use super::scene::*;
use crate::virtual_time::{Account, Behaviour, Deploy, container, secs};
use simulator_core::invariant;

use LifecycleStage as Stage;

/// The old tasks serve everything again, no new one is left, and every text is one of AWS's.
pub(super) fn assert_back(account: &Account, old: &str, what: &str) {
    let service = account.service();
    assert_eq!((service.primary().id.as_str(), service.deployments.len()), (old, 1), "{what}\n{}", account.story());
    assert_eq!(service.primary().rollout_state, RolloutState::Completed);
    assert_eq!(revisions(account), [1, 1], "{what}");
    let (healthy, (production, test)) = (healthy(account), weights(account));
    assert_eq!((healthy, production, test), ((0, 2), (0, 100), (0, 100)), "{what}");
    assert!(service.events.iter().all(|event| invariant::knows(&event.message)), "{what}\n{}", account.story());
    let said = format!("(service news-api) rolling back to deployment {old}.");
    assert!(service.events.iter().any(|event| event.message == said), "{what}");
}

/// A function that fails in each stage that can have one: what has shifted by then goes back, production first, and no more.
#[test]
fn a_failing_function_takes_everything_back_from_every_stage() {
    let (up, test, half) = ("", "back TEST_TRAFFIC_SHIFT 0/0", "back PRODUCTION_TRAFFIC_SHIFT 0/100");
    for (stage, way) in [
        (Stage::PreScaleUp, vec![up]),
        (Stage::PostScaleUp, vec![up]),
        (Stage::TestTrafficShift, vec![test]),
        (Stage::PostTestTrafficShift, vec![test]),
        (Stage::PreProductionTrafficShift, vec![test]),
        (Stage::ProductionTrafficShift, vec![half, test]),
        (Stage::PostProductionTrafficShift, vec![half, test]),
    ] {
        for shifting in [blue_green(), linear(500, 1), canary(50, 1)] {
            let shifting = Shifting { hooks: vec![function(&[stage])], ..shifting };
            let mut account = serving(Timing::aws(), &shifting, Behaviour::healthy());
            account.driver.script_function(FUNCTION, vec![(secs(1), HookAnswer::Failed)]);
            let old = account.service().primary().id.clone();
            let new = account.deploy();
            until_over(&mut account);
            account.until_steady();
            assert_back(&account, &old, stage.as_str());
            let went: Vec<String> = stages(&account, &new);
            let back: Vec<&str> = went.iter().map(String::as_str).filter(|stage| stage.starts_with("back ")).collect();
            let expected: Vec<&str> =
                way.iter().copied().filter(|step| !step.is_empty()).chain(["back CLEAN_UP 0/0"]).collect();
            assert_eq!(back, expected, "from {}", stage.as_str());
            // The hooks of the two stages that go back are called again; that they fail once more changes nothing.
            let again = usize::from(matches!(stage, Stage::TestTrafficShift | Stage::ProductionTrafficShift));
            assert_eq!(account.driver.calls.len(), 1 + again);
            if let Some(call) = account.driver.calls.get(1) {
                assert_eq!(call.target, account.driver.calls[0].target, "the new revision is still the target");
                let mut shares = call.production.iter().chain(&call.test).map(|(_, share)| share.tenths());
                assert_eq!((shares.next(), shares.next()), (Some(0), Some(1000)));
            }
        }
    }
}

/// A stage may last a day. New tasks that never become healthy use it up, and so does nobody's answer within a longer timeout.
#[test]
fn a_stage_that_lasts_too_long_is_given_up() {
    for (timing, least, most) in [(Timing::aws(), 24 * 3600, 24 * 3600 + 20), (Timing::rehearsal(), 600, 602)] {
        let mut account = serving(timing, &blue_green(), Behaviour::unhealthy());
        let old = account.service().primary().id.clone();
        account.deploy();
        account.until("it scales up", HOUR, |account| stage(account) == Some("SCALE_UP"));
        let since = account.world.now();
        until_over_after_days(&mut account);
        let (at, reason) = failures(&account).remove(0);
        let lasted = at.since(since).as_secs();
        assert!((least..=most).contains(&lasted), "{lasted} s");
        assert!(reason.starts_with("Service deployment rolled back because SCALE_UP"), "{reason}");
        account.until_steady();
        assert_back(&account, &old, "SCALE_UP");
    }
}

fn until_over_after_days(account: &mut Account) {
    account.until("the deployment is over", 72 * HOUR, |account| account.service().shifting().is_none());
}

/// A pause in BAKE_TIME is impossible, but one before it can be continued late: its own timeout counts, not the stage's limit.
#[test]
fn a_pause_may_last_longer_than_a_stage() {
    let hook = simulator_core::ecs::service::LifecycleHook {
        timeout_minutes: 3 * 24 * 60,
        ..pause(&[Stage::PostProductionTrafficShift])
    };
    let shifting = Shifting { hooks: vec![hook], ..blue_green() };
    let mut account = serving(Timing::aws(), &shifting, Behaviour::healthy());
    let old = account.service().primary().id.clone();
    account.deploy();
    account.until("it waits", HOUR, |account| stage(account) == Some("POST_PRODUCTION_TRAFFIC_SHIFT"));
    let since = account.world.now();
    account.until("it goes back", 80 * HOUR, |account| account.service().primary().id == old);
    assert!(account.world.now().since(since) >= 72 * HOUR);
    account.until_steady();
    assert_back(&account, &old, "a pause of three days");
}

/// What is broken, how, and how the reason begins; an empty one means that nothing is.
type Break = (&'static str, fn(&mut Account), String);

/// Rules that cannot serve, and a role that may not change them (troubleshooting-blue-green).
#[test]
fn what_stands_in_the_way_of_shifting_is_told_in_aws_words() {
    use simulator_core::elb::ModifyRule;
    let start = "Service deployment rolled back because of invalid networking configuration";
    let breaks: [Break; 4] = [
        ("a role that nobody may assume", |account| {
            let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
            account.must(simulator_core::iam::UpdateAssumeRolePolicy { name: "infrastructure".to_owned(), trust_policy: trust.to_owned() });
        }, format!("{start}. ECS was unable to manage the ELB resources due to missing permissions on ECS Infrastructure Role")),
        ("a role that may not change rules", |account| allow(account, "elasticloadbalancing:Describe*"),
            "Service deployment rolled back because TEST_TRAFFIC_SHIFT lifecycle hook(s) failed. User: arn:aws:sts::123456789012:assumed-role/infrastructure/ECSNetworkingWithELB is not authorized to perform: elasticloadbalancing:ModifyListener on resource: ".to_owned()),
        ("two target groups that serve", |account| {
            let advanced = account.advanced.clone().expect("the scene has it");
            let primary = account.target_group.clone().expect("there is a load balancer");
            let forward = Some(vec![(primary.to_string(), 1), (advanced.alternate.to_string(), 1)]);
            account.must(ModifyRule { rule: advanced.production_rule.to_string(), conditions: None, forward });
        }, format!("{start}. productionListenerRule ")),
        ("a target group that no rule has", |account| {
            let advanced = account.advanced.clone().expect("the scene has it");
            let forward = Some(vec![(advanced.alternate.to_string(), 1)]);
            let test = advanced.test_rule.clone().expect("the scene has it");
            assert!(account.call(ModifyRule { rule: test.to_string(), conditions: None, forward: forward.clone() }).is_err());
            account.must(ModifyRule { rule: advanced.production_rule.to_string(), conditions: None, forward });
        }, String::new()),
    ];
    for (what, break_it, expected) in breaks {
        let mut account = serving(Timing::aws(), &blue_green(), Behaviour::healthy());
        break_it(&mut account);
        let old = account.service().primary().id.clone();
        account.deploy();
        until_over(&mut account);
        let failed = failures(&account).pop().map(|(_, reason)| reason);
        if expected.is_empty() {
            // The test rule still has the primary target group, so this is no fault.
            assert_eq!(failed, None, "{what}");
            continue;
        }
        let failed = failed.expect(what);
        assert!(failed.starts_with(&expected), "{what}: {failed}");
        assert_eq!(
            (account.service().primary().id.as_str(), revisions(&account)),
            (old.as_str(), vec![1, 1]),
            "{what}"
        );
    }
}

/// With no revision before it, a deployment that fails stays as it is, failed, and the next one begins anew.
#[test]
fn the_first_deployment_has_nowhere_to_go_back_to() {
    let mut account = account(Timing::aws(), 7);
    account.register(vec![container("app", "app:1")]);
    account.driver.script_function(FUNCTION, vec![(secs(1), HookAnswer::Failed)]);
    let shifting = Shifting { hooks: vec![function(&[Stage::PostScaleUp])], ..blue_green() };
    account.create_service(&Deploy { shifting, ..Deploy::default() });
    account.until("it fails", HOUR, |account| account.service().primary().rollout_state == RolloutState::Failed);
    assert_eq!(weights(&account).0, (100, 0), "production was never touched");
    let end = account.world.now() + HOUR;
    while account.world.now() < end && account.driver.step(&mut account.world) {}
    assert_eq!(account.service().primary().rollout_state, RolloutState::Failed, "nothing comes of it");

    account.driver.script_function(FUNCTION, vec![(secs(1), HookAnswer::Succeeded)]);
    account.register(vec![container("app", "app:2")]);
    let id = account.deploy();
    until_over(&mut account);
    assert_eq!(revisions(&account), [2, 2]);
    assert_eq!(stages(&account, &id)[0], "RECONCILE_SERVICE 0/0", "the failed one's tasks go first");
}

/// A deployment in the middle of another takes its place: production goes back to who served before, and then forward again.
#[test]
fn a_second_deployment_supersedes_one_that_shifts() {
    for reached in ["SCALE_UP", "TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME"] {
        let shifting = Shifting { hooks: vec![function(&[Stage::TestTrafficShift])], ..linear(250, 10) };
        let mut account = serving(Timing::aws(), &shifting, Behaviour::healthy());
        account.driver.script_function(FUNCTION, vec![(secs(60), HookAnswer::Succeeded)]);
        account.deploy();
        account.until("it is under way", 3 * HOUR, |account| {
            stage(account) == Some(reached) && revisions(account).len() == 4
        });
        account.register(vec![container("app", "app:3")]);
        let third = account.deploy();
        assert_eq!(weights(&account), ((0, 100), (0, 100)), "{reached}: the first revision serves alone");
        account.until("it is reconciled", HOUR, |account| {
            stage(account) == Some("PRE_SCALE_UP") || stage(account) == Some("SCALE_UP")
        });
        until_over(&mut account);
        account.until_steady();
        assert_eq!(revisions(&account), [3, 3], "{reached}");
        assert_eq!(stages(&account, &third)[0], "RECONCILE_SERVICE 0/0");
        assert_eq!((healthy(&account), weights(&account).0), ((2, 0), (100, 0)));
    }
}

/// A rollback that is interrupted by a new deployment is no trap either.
#[test]
fn a_deployment_during_a_rollback_goes_forward() {
    let shifting = Shifting { hooks: vec![function(&[Stage::PostProductionTrafficShift])], ..blue_green() };
    let mut account = serving(Timing::aws(), &shifting, Behaviour::healthy());
    account.driver.script_function(FUNCTION, vec![(secs(1), HookAnswer::Failed), (secs(1), HookAnswer::Succeeded)]);
    let old = account.service().primary().id.clone();
    account.deploy();
    account.until("it goes back", HOUR, |account| {
        account.service().primary().id == old && account.service().shifting().is_some()
    });
    account.update(UpdateService { task_definition: Some("news-api".to_owned()), force: true, ..Default::default() });
    until_over(&mut account);
    account.until_steady();
    assert_eq!(revisions(&account), [2, 2]);
}
