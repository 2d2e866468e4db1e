//! Who sees a write to IAM, and when.

use std::time::Duration;

use super::{ALLOW_ALL, ECS_TASKS, caller, policy, role, user_policy};
use crate::iam::*;
use crate::logs::DescribeLogGroups;
use crate::operation::Caller;
use crate::sts::AssumeRole;
use crate::timing::{Propagation, Timing};
use crate::trial::Trial;

const LAG: Duration = Duration::from_secs(5);

/// An account with the user ann, who may list log groups, in which writes are seen after `propagation` from now on.
fn account(propagation: Propagation) -> (Trial, Caller) {
    let mut trial = Trial::new();
    let ann = caller(&mut trial, "ann", &policy("logs:*", "*"));
    trial.world = trial.world.branch(11, Timing { iam_propagation: propagation, ..Timing::rehearsal() });
    (trial, ann)
}

fn allowed(trial: &mut Trial, ann: &Caller) -> bool {
    trial.world.call(trial.now, ann, DescribeLogGroups::default()).is_ok()
}

#[test]
fn other_services_see_a_write_late_and_iam_at_once() {
    let (mut trial, ann) = account(Propagation::Fixed(LAG));
    trial.done(DeleteInlinePolicy::<User>::new("ann".into(), "inline".into()));
    assert_eq!(trial.done(ListInlinePolicies::<User>::new("ann".into(), None, None)).items, [""; 0]);
    assert!(allowed(&mut trial, &ann));
    trial.wait(LAG - Duration::from_millis(1));
    assert!(allowed(&mut trial, &ann));
    trial.wait(Duration::from_millis(1));
    assert!(!allowed(&mut trial, &ann));

    trial.done(user_policy("ann", "all", ALLOW_ALL));
    assert!(!allowed(&mut trial, &ann));
    // IAM's own decisions follow its own state.
    trial.done_by(&ann, ListUsers::default());
    trial.wait(LAG);
    assert!(allowed(&mut trial, &ann));
}

#[test]
fn writes_are_seen_in_their_order() {
    let (mut trial, ann) = account(Propagation::Fixed(LAG));
    trial.done(DeleteInlinePolicy::<User>::new("ann".into(), "inline".into()));
    trial.wait(LAG / 2);
    trial.done(user_policy("ann", "inline", &policy("logs:*", "*")));
    assert!(allowed(&mut trial, &ann));
    trial.wait(LAG / 2);
    assert!(!allowed(&mut trial, &ann));
    trial.wait(LAG / 2);
    assert!(allowed(&mut trial, &ann));
}

#[test]
fn a_new_role_is_not_passed_nor_assumed_at_first() {
    let (mut trial, ann) = account(Propagation::Fixed(LAG));
    let arn = trial.done(role("task")).entity.arn;
    let trust = ECS_TASKS.replace(r#""Service":"ecs-tasks.amazonaws.com""#, &format!(r#""AWS":"{}""#, ann.arn));
    trial.done(CreateRole { name: "deploy".into(), trust_policy: trust, ..CreateRole::default() });
    trial.done(GetRole { name: "task".into() });
    let assume = || AssumeRole {
        role_arn: "arn:aws:iam::123456789012:role/deploy".into(),
        session_name: "s1".into(),
        ..AssumeRole::default()
    };
    let for_ecs =
        |trial: &mut Trial| trial.world.assume_for_service(arn.as_str(), "ecs-tasks.amazonaws.com", "t").is_ok();
    assert!(!for_ecs(&mut trial));
    assert!(trial.refused_to(&ann, assume()).contains("because no role trust policy allows the sts:AssumeRole action"));
    trial.wait(LAG);
    assert!(for_ecs(&mut trial));
    trial.done_by(&ann, assume());
}

#[test]
fn a_new_key_is_unknown_at_first_and_temporary_ones_never_are() {
    let (mut trial, ann) = account(Propagation::Fixed(LAG));
    let key = trial.done(CreateAccessKey { user: Some("ann".into()) }).key;
    assert_eq!(trial.world.credential(&key.id), None);
    let session = trial.done_by(&ann, crate::sts::GetSessionToken::default());
    assert!(trial.world.credential(&session.access_key_id).is_some());
    trial.wait(LAG);
    assert!(trial.world.credential(&key.id).is_some());
    let root = trial.world.root_access_key();
    assert!(trial.world.credential(&root.id).is_some());
}

#[test]
fn refused_writes_and_reads_hide_nothing() {
    let (mut trial, ann) = account(Propagation::Fixed(LAG));
    trial.refused(user_policy("bob", "p", ALLOW_ALL));
    trial.done(ListUsers::default());
    assert!(trial.world.iam_past.is_empty());
    assert!(allowed(&mut trial, &ann));
}

/// Each write has its own time up to the bound, the same for the same seed.
#[test]
fn a_random_lag_is_drawn_by_the_seed() {
    let lags = || {
        let (mut trial, _) = account(Propagation::Random { most: LAG });
        let lags: Vec<Duration> = (0..20)
            .map(|number| {
                let start = trial.now;
                let text = policy("logs:*", "*");
                trial.done(user_policy("ann", &format!("p{number}"), &text));
                let until = trial.world.iam_past.back().expect("a write is hidden").0;
                trial.wait(LAG);
                until.since(start)
            })
            .collect();
        lags
    };
    let first = lags();
    assert_eq!(first, lags());
    assert!(first.iter().all(|lag| *lag <= LAG), "{first:?}");
    assert!(first.iter().min() < first.iter().max(), "{first:?}");
}

#[test]
fn by_default_every_write_is_seen_at_once() {
    for timing in [Timing::aws(), Timing::rehearsal()] {
        assert_eq!(timing.iam_propagation, Propagation::Immediate);
    }
}
