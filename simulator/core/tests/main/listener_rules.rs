//! Listener rules: which rule takes a request, how it is spread, and which target groups are in use.

use std::collections::BTreeMap;

use simulator_core::elb::target_group::TargetType;
use simulator_core::elb::{
    Condition, CreateRule, CreateTargetGroup, DeleteRule, DescribeRules, Forwarding, HealthCheck, ModifyRule, Priority,
    Rule, Share, TargetState,
};
use simulator_core::{Arn, Refusal, Timing};

use crate::virtual_time::{Account, Deploy, container, secs};

fn balanced() -> Account {
    Account::new(Timing::aws()).with_load_balancer(HealthCheck::default())
}

fn listener(account: &Account) -> String {
    account.world.elb().listeners().next().expect("it was made").arn.to_string()
}

fn another_group(account: &mut Account) -> Arn {
    let vpc = account.vpc();
    let health_check = HealthCheck::default();
    let (name, target_type, tags) = ("other".to_owned(), TargetType::Ip, BTreeMap::new());
    account.must(CreateTargetGroup { name, port: 8000, vpc, target_type, health_check, tags }).arn
}

fn rule(account: &Account, priority: u32, path: &str, forward: &[(&Arn, u32)]) -> CreateRule {
    CreateRule {
        listener: listener(account),
        priority,
        conditions: vec![Condition::Path(vec![path.to_owned()])],
        forward: forward.iter().map(|(group, weight)| (group.to_string(), *weight)).collect(),
        tags: BTreeMap::new(),
    }
}

fn rules(account: &mut Account) -> Vec<Rule> {
    let listener = Some(listener(account));
    account.must(DescribeRules { listener, ..DescribeRules::default() }).items
}

/// Rules are tried by priority, the default rule last, and the driver is told of every change.
#[test]
fn the_driver_knows_the_rules_in_their_order() {
    let mut account = balanced();
    let first = account.target_group.clone().expect("there is a load balancer");
    let other = another_group(&mut account);
    let late = rule(&account, 20, "/b/*", &[(&other, 1)]);
    account.must(late);
    let early = rule(&account, 10, "/a/*", &[(&first, 95), (&other, 5)]);
    let early = account.must(early);
    let priorities: Vec<Priority> = rules(&mut account).iter().map(|rule| rule.priority).collect();
    assert_eq!(priorities, [Priority::At(10), Priority::At(20), Priority::Default]);

    let share = |target_group: &Arn, weight| Share { target_group: target_group.clone(), weight };
    let taking = |path: &str, shares: &[Share]| Forwarding {
        conditions: vec![Condition::Path(vec![path.to_owned()])],
        shares: shares.to_vec(),
    };
    let default = Forwarding { conditions: Vec::new(), shares: vec![share(&first, 1)] };
    let told = |account: &mut Account| {
        account.driver.step(&mut account.world);
        account.driver.rules.values().next().expect("there is one listener").clone()
    };
    let b = taking("/b/*", &[share(&other, 1)]);
    let a = taking("/a/*", &[share(&first, 95), share(&other, 5)]);
    assert_eq!(told(&mut account), [a, b.clone(), default.clone()]);

    let forward = Some(vec![(first.to_string(), 0), (other.to_string(), 100)]);
    account.must(ModifyRule { rule: early.arn.to_string(), conditions: None, forward });
    let a = taking("/a/*", &[share(&first, 0), share(&other, 100)]);
    assert_eq!(told(&mut account), [a, b.clone(), default.clone()]);

    account.must(DeleteRule { rule: early.arn.to_string() });
    assert_eq!(told(&mut account), [b, default]);
}

/// A target group is in use as long as a rule forwards to it, with whatever weight: its targets are probed then, and only then.
#[test]
fn targets_are_probed_while_a_rule_uses_their_group() {
    let mut account = balanced();
    let first = account.target_group.clone().expect("there is a load balancer");
    let other = another_group(&mut account);
    let state = |account: &Account| {
        account
            .world
            .elb()
            .target_group(&other)
            .expect("it was made")
            .targets()
            .map(|target| target.state)
            .collect::<Vec<_>>()
    };
    account.register(vec![container("app", "app:1")]);
    account.target_group = Some(other.clone());
    let weightless = rule(&account, 10, "/a", &[(&first, 1), (&other, 0)]);
    let made = account.must(weightless);
    account.create_service(&Deploy { desired: 1, ..Deploy::default() });
    account.until_steady();
    assert_eq!(state(&account), [TargetState::Healthy], "a weight of zero is a use");

    account.must(DeleteRule { rule: made.arn.to_string() });
    assert_eq!(state(&account), [TargetState::Unused]);
    assert_eq!(account.world.elb().target_group(&other).and_then(|group| group.load_balancer.clone()), None);

    let again = rule(&account, 10, "/a", &[(&other, 1)]);
    account.must(again);
    assert_eq!(state(&account), [TargetState::Initial]);
    account.until("it is healthy again", secs(60), |account| state(account) == [TargetState::Healthy]);
}

#[test]
fn wrong_rules_are_refused_in_aws_codes() {
    let mut account = balanced();
    let first = account.target_group.clone().expect("there is a load balancer");
    let missing: Arn = format!("{first}0").parse().expect("an ARN");
    let right = rule(&account, 10, "/a", &[(&first, 1)]);
    account.must(right.clone());
    let default = rules(&mut account).pop().expect("there is a default rule").arn.to_string();
    let path = |value: &str| vec![Condition::Path(vec![value.to_owned()])];
    let ok = CreateRule { priority: 11, ..right.clone() };
    for (wrong, code) in [
        (CreateRule { priority: 10, ..right.clone() }, "PriorityInUse"),
        (CreateRule { priority: 0, ..right.clone() }, "ValidationError"),
        (CreateRule { listener: format!("{}0", right.listener), ..ok.clone() }, "ListenerNotFound"),
        (CreateRule { forward: vec![(missing.to_string(), 1)], ..ok.clone() }, "TargetGroupNotFound"),
        (CreateRule { forward: vec![(first.to_string(), 1000)], ..ok.clone() }, "ValidationError"),
        (CreateRule { forward: vec![(first.to_string(), 1), (first.to_string(), 2)], ..ok.clone() }, "ValidationError"),
        (CreateRule { forward: Vec::new(), ..ok.clone() }, "ValidationError"),
        (CreateRule { conditions: Vec::new(), ..ok.clone() }, "ValidationError"),
        (CreateRule { conditions: [path("/a"), path("/b")].concat(), ..ok.clone() }, "ValidationError"),
        (CreateRule { conditions: path(&"a".repeat(129)), ..ok }, "ValidationError"),
    ] {
        assert_code(account.call(wrong.clone()), code, &format!("{wrong:?}"));
    }
    let change = ModifyRule { rule: default.clone(), conditions: None, forward: None };
    assert_code(account.call(change), "OperationNotPermitted", "the default rule");
    assert_code(account.call(DeleteRule { rule: default.clone() }), "OperationNotPermitted", "the default rule");
    assert_code(account.call(DeleteRule { rule: format!("{default}0") }), "RuleNotFound", "no such rule");
    assert_code(account.call(DescribeRules::default()), "ValidationError", "neither listener nor rules");
}

fn assert_code<T: std::fmt::Debug>(answer: Result<T, Refusal>, expected: &str, what: &str) {
    let refusal = answer.expect_err(what);
    assert!(matches!(&refusal, Refusal::Fault { code, .. } if *code == expected), "{what}: {refusal}");
}
