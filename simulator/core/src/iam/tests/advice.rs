//! The smallest statement that would have allowed a call, and that it does.

use super::{ALLOW_ALL, caller, policy, role, user_policy};
use crate::iam::decision::PolicyKind;
use crate::iam::*;
use crate::logs::DescribeLogGroups;
use crate::operation::{Caller, Operation};
use crate::refusal::Refusal;
use crate::trial::Trial;

fn advice<O: Operation>(trial: &mut Trial, ann: &Caller, operation: O) -> Advice {
    match trial.world.call(trial.now, ann, operation) {
        Err(Refusal::Denied(denial)) => smallest_statement(&denial).expect("decided by policies"),
        Err(refusal) => panic!("{refusal}"),
        Ok(_) => panic!("{} was answered", O::NAME),
    }
}

fn added(advice: Advice, expected: PolicyKind) -> String {
    match advice {
        Advice::Add { policy, statement } if policy == expected => {
            format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#)
        }
        other @ (Advice::Add { .. } | Advice::Narrow { .. }) => panic!("{other:?}"),
    }
}

/// Follows the advice until the call is allowed, and counts how often that took.
fn followed<O: Operation + Clone>(trial: &mut Trial, ann: &Caller, operation: &O) -> usize {
    for round in 0..8 {
        if trial.world.call(trial.now, ann, operation.clone()).is_ok() {
            return round;
        }
        let document = added(advice(trial, ann, operation.clone()), PolicyKind::Identity);
        trial.done(user_policy("ann", &format!("round{round}"), &document));
    }
    panic!("{} is still refused", O::NAME)
}

#[test]
fn the_advice_is_enough_and_not_more() {
    let mut trial = Trial::new();
    let ann = caller(&mut trial, "ann", &policy("none:None", "*"));
    trial.done(role("task"));
    trial.done(CreateInstanceProfile { name: "web".into(), ..CreateInstanceProfile::default() });
    let add = AddRoleToInstanceProfile { profile: "web".into(), role: "task".into() };
    assert_eq!(followed(&mut trial, &ann, &add), 2);
    let pass = trial.done(GetInlinePolicy::<User>::new("ann".into(), "round1".into())).document;
    let pass: serde_json::Value = serde_json::from_str(&pass).expect("a policy");
    assert_eq!(
        pass["Statement"][0],
        serde_json::json!({
            "Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::123456789012:role/task",
            "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
        })
    );
    trial.refused_to(&ann, DeleteInstanceProfile { name: "web".into() });
    let tagged = CreateUser { name: "bob".into(), tags: vec![("a".into(), "1".into())], ..CreateUser::default() };
    let mut trial = Trial::new();
    let ann = caller(&mut trial, "ann", &policy("none:None", "*"));
    assert_eq!(followed(&mut trial, &ann, &tagged), 2);
}

#[test]
fn each_kind_of_policy_is_told_from_the_others() {
    let mut trial = Trial::new();
    let ann = caller(&mut trial, "ann", ALLOW_ALL);
    let bound = CreatePolicy { name: "bound".into(), document: policy("iam:*", "*"), ..CreatePolicy::default() };
    let bound = trial.done(bound).arn;
    trial.done(PutPermissionsBoundary::<User>::new("ann".into(), bound));
    let document = added(advice(&mut trial, &ann, DescribeLogGroups::default()), PolicyKind::Boundary);
    assert!(document.contains("\"logs:DescribeLogGroups\""), "{document}");

    let deny = policy("logs:*", "*").replace(r#""Effect":"Allow""#, r#""Sid":"NoLogs","Effect":"Deny""#);
    trial.done(user_policy("ann", "deny", &deny));
    let Advice::Narrow { policy: kind, statement } = advice(&mut trial, &ann, DescribeLogGroups::default()) else {
        panic!("an explicit deny cannot be added to")
    };
    assert_eq!((kind, statement.to_string().as_str()), (PolicyKind::Identity, "statement `NoLogs` of policy `deny`"));
}
