use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::*;

fn same(one: &Value, other: &Value) -> bool {
    Meaning::of(one).expect("a policy") == Meaning::of(other).expect("a policy")
}

fn allow(action: &Value, resource: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]})
}

#[test]
fn what_makes_no_difference_and_what_does() {
    let base = allow(&json!(["s3:Get", "s3:Put"]), &json!("arn:a"));
    let alike = [
        ("order", allow(&json!(["s3:Put", "s3:Get"]), &json!("arn:a"))),
        ("case of actions", allow(&json!(["S3:get", "s3:PUT"]), &json!("arn:a"))),
        ("a list of one", allow(&json!(["s3:Get", "s3:Put"]), &json!(["arn:a"]))),
        (
            "two statements, named",
            json!({"Version": "2012-10-17", "Statement": [
                {"Sid": "A", "Effect": "Allow", "Action": "s3:Get", "Resource": "arn:a"},
                {"Sid": "B", "Effect": "Allow", "Action": "s3:Put", "Resource": "arn:a"},
            ]}),
        ),
    ];
    for (what, other) in alike {
        assert!(same(&base, &other), "{what}");
    }
    let statement = |statement: Value| json!({"Version": "2012-10-17", "Statement": statement});
    let unlike = [
        ("another action", allow(&json!("s3:Get"), &json!("arn:a"))),
        ("case of resources", allow(&json!(["s3:Get", "s3:Put"]), &json!("arn:A"))),
        ("deny", statement(json!({"Effect": "Deny", "Action": ["s3:Get", "s3:Put"], "Resource": "arn:a"}))),
        ("not these", statement(json!({"Effect": "Allow", "NotAction": ["s3:Get", "s3:Put"], "Resource": "arn:a"}))),
        (
            "no version",
            json!({"Statement": [{"Effect": "Allow", "Action": ["s3:Get", "s3:Put"], "Resource": "arn:a"}]}),
        ),
        (
            "a condition",
            statement(json!({"Effect": "Allow", "Action": ["s3:Get", "s3:Put"], "Resource": "arn:a",
                "Condition": {"StringEquals": {"aws:x": "1"}}})),
        ),
    ];
    for (what, other) in unlike {
        assert!(!same(&base, &other), "{what}");
    }
}

#[test]
fn principals_and_conditions_are_read_as_iam_reads_them() {
    let trust = |principal: &Value, condition: &Value| {
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": principal, "Condition": condition}})
    };
    let service = json!({"Service": "ecs-tasks.amazonaws.com"});
    let base = trust(&service, &json!({"StringEquals": {"aws:SourceAccount": "1"}, "Bool": {"aws:x": true}}));
    let alike = trust(
        &json!({"Service": ["ecs-tasks.amazonaws.com"]}),
        &json!({"bool": {"aws:x": "true"}, "stringequals": {"AWS:sourceaccount": ["1"]}}),
    );
    assert!(same(&base, &alike));
    assert!(!same(
        &base,
        &trust(&service, &json!({"StringEquals": {"aws:SourceAccount": ["1", "2"]}, "Bool": {"aws:x": true}}))
    ));
    assert!(same(&trust(&json!("*"), &json!({})), &trust(&json!({"AWS": "*"}), &json!({}))));
}

#[test]
fn what_is_not_a_policy_has_no_meaning() {
    for bad in [json!("text"), json!({}), json!({"Statement": "x"}), allow(&json!(1.5), &json!({"a": 1}))] {
        assert_eq!(Meaning::of(&bad), None, "{bad}");
    }
}

#[test]
fn a_difference_is_one_readable_line() {
    let wanted = Meaning::of(&allow(&json!(["ecs:RunTask", "ecs:StopTask"]), &json!("arn:t"))).expect("a policy");
    let found = Meaning::of(&allow(&json!(["ecs:RunTask", "ecs:*"]), &json!("arn:t"))).expect("a policy");
    let difference = wanted.difference(&found).expect("they differ");
    assert_eq!(difference.to_string(), "lacks `ecs:StopTask` on `arn:t`, has beyond it `ecs:*` on `arn:t`");
    assert_eq!(wanted.difference(&wanted), None);
}

/// One statement: actions, resources, values of a condition.
fn statements() -> impl Strategy<Value = Vec<(Vec<&'static str>, Vec<&'static str>, Vec<&'static str>)>> {
    let some = |from: &'static [&'static str]| subsequence(from, 1..=from.len());
    let statement =
        (some(&["ecs:RunTask", "ecs:StopTask", "iam:PassRole"]), some(&["arn:a", "arn:b", "arn:c"]), some(&["x", "y"]));
    proptest::collection::vec(statement, 1..4)
}

type Statements = [(Vec<&'static str>, Vec<&'static str>, Vec<&'static str>)];

fn document(statements: &Statements) -> Value {
    let statements: Vec<Value> = statements
        .iter()
        .map(|(actions, resources, values)| {
            json!({"Effect": "Allow", "Action": actions, "Resource": resources,
                "Condition": {"StringEquals": {"aws:k": values}}})
        })
        .collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

proptest! {
    /// Every policy means what it means, and turning everything round in it changes nothing.
    #[test]
    fn comparison_is_reflexive_and_blind_to_order(statements in statements()) {
        let turned: Vec<_> = statements
            .iter()
            .rev()
            .map(|(actions, resources, values)| {
                let back = |items: &[&'static str]| items.iter().rev().copied().collect::<Vec<_>>();
                (back(actions), back(resources), back(values))
            })
            .collect();
        prop_assert!(same(&document(&statements), &document(&statements)));
        prop_assert!(same(&document(&statements), &document(&turned)));
    }

    /// A policy is not the same as one that allows an action more.
    #[test]
    fn a_wider_policy_is_another(statements in statements(), resource in select(vec!["arn:a", "arn:b"])) {
        let mut wider = statements.clone();
        wider.push((vec!["s3:GetObject"], vec![resource], vec!["x"]));
        let (narrow, wide) = (document(&statements), document(&wider));
        prop_assert!(!same(&narrow, &wide));
        let difference = Meaning::of(&narrow).expect("a policy").difference(&Meaning::of(&wide).expect("a policy"));
        let words = difference.expect("they differ").to_string();
        let expected = format!("has beyond it `s3:GetObject` on `{resource}` if aws:k stringequals `x`");
        prop_assert_eq!(words, expected);
    }
}
