//! The decision on generated policies and requests agrees with `iam-rs`, an independent reading of the IAM guide.
//!
//! Where the two disagree the guide was consulted: each difference is in [`DIFFERENCES`] with the verdict, and the generator keeps to
//! what both take. Requests without a resource (`*`) and several kinds of policy together are beyond `iam-rs`.

use iam_rs::{
    Arn, Context as TheirContext, ContextValue, Decision as Theirs, IAMPolicy, IAMRequest, Principal, PrincipalId,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use simulator_core::iam::decision::{Decision, Named, Policies, decide};
use simulator_core::iam::policy::{Context, Document, Request, Requester};

const CALLER: &str = "arn:aws:iam::123456789012:user/ann";

#[derive(Clone, Debug)]
struct Asked {
    action: String,
    resource: String,
    keys: Vec<(&'static str, &'static str)>,
    /// `aws:TagKeys`, if it is there.
    tag_keys: Vec<&'static str>,
}

fn ours(policy: &Value, asked: &Asked) -> &'static str {
    let document = Document::identity(&policy.to_string()).unwrap_or_else(|error| panic!("{policy}: {error:?}"));
    let mut context = Context::default();
    for (key, value) in &asked.keys {
        context.add(key, *value);
    }
    for key in &asked.tag_keys {
        context.add("aws:TagKeys", *key);
    }
    let requester = Requester::User {
        account: "123456789012".parse().expect("twelve digits"),
        arn: CALLER.parse().expect("an ARN"),
    };
    let request =
        Request { requester: &requester, action: &asked.action, resource: &asked.resource, context: &context };
    let identity = vec![Named { name: "p", document: &document }];
    match decide(&request, &Policies { identity, ..Policies::default() }) {
        Decision::Root | Decision::Allowed(_) => "allowed",
        Decision::Denied(simulator_core::iam::decision::Cause::ExplicitDeny(..)) => "denied",
        Decision::Denied(simulator_core::iam::decision::Cause::NotAllowed(_)) => "not allowed",
    }
}

fn theirs(policy: &Value, asked: &Asked) -> Result<&'static str, String> {
    let policy = IAMPolicy::from_json(&policy.to_string()).map_err(|error| error.to_string())?;
    let context = asked.keys.iter().fold(TheirContext::new(), |context, (key, value)| match *key {
        "aws:SecureTransport" => context.with_boolean(*key, *value == "true"),
        "ecs:task-cpu" => context.with_number(*key, value.parse().expect("a number")),
        _ => context.with_string(*key, *value),
    });
    let mut context = context;
    if !asked.tag_keys.is_empty() {
        let keys = asked.tag_keys.iter().map(|key| (*key).to_owned()).collect();
        context.data.insert("aws:TagKeys".to_owned(), ContextValue::StringList(keys));
    }
    let principal = Principal::Aws(PrincipalId::String(CALLER.to_owned()));
    let resource = Arn::parse(&asked.resource).map_err(|error| error.to_string())?;
    let request = IAMRequest::new_with_context(principal, asked.action.clone(), resource, context);
    match iam_rs::evaluate_policies(&[policy], &request).map_err(|error| error.to_string())? {
        Theirs::Allow => Ok("allowed"),
        Theirs::Deny => Ok("denied"),
        Theirs::NotApplicable => Ok("not allowed"),
    }
}

/// One text, or a list of one or two.
fn some(texts: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let one = prop::sample::select(texts);
    prop_oneof![
        one.clone().prop_map(|text| json!(text)),
        prop::collection::vec(one, 1..3).prop_map(|texts| json!(texts)),
    ]
}

const ACTIONS: &[&str] =
    &["*", "ecs:*", "ecs:Update*", "ecs:UpdateService", "ECS:updateservice", "iam:PassRole", "ecs:?unTask"];
const RESOURCES: &[&str] = &[
    "*",
    "arn:aws:ecs:eu-central-1:123456789012:service/news/*",
    "arn:aws:ecs:*:123456789012:service/news/api",
    "arn:aws:ecs:eu-central-1:123456789012:service/news/ap?",
    "arn:aws:iam::123456789012:role/*",
    "arn:aws:iam::123456789012:role/${aws:username}",
];
const ASKED_ACTIONS: &[&str] = &["ecs:UpdateService", "ecs:RunTask", "iam:PassRole", "ecr:PutImage"];
const ASKED_RESOURCES: &[&str] = &[
    "arn:aws:ecs:eu-central-1:123456789012:service/news/api",
    "arn:aws:ecs:eu-west-1:123456789012:service/news/api",
    "arn:aws:ecs:eu-central-1:123456789012:service/other/api",
    "arn:aws:iam::123456789012:role/ann",
    "arn:aws:iam::123456789012:role/path/task",
];

fn conditions() -> impl Strategy<Value = Option<Value>> {
    let text = prop::sample::select(
        &[
            "StringEquals",
            "StringNotEquals",
            "StringLike",
            "StringNotLike",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
            "StringEqualsIfExists",
            "StringLikeIfExists",
            "StringNotEqualsIfExists",
            "StringNotLikeIfExists",
        ][..],
    );
    let texts =
        (text, prop::sample::select(&["aws:RequestTag/team", "ecs:cluster"][..]), some(&["news", "NEWS", "n*", "ads"]))
            .prop_map(|(operator, key, values)| json!({operator: {key: values}}));
    let number = prop::sample::select(
        &[
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ][..],
    );
    let numbers =
        (number, some(&["1", "5", "10.5"])).prop_map(|(operator, values)| json!({operator: {"ecs:task-cpu": values}}));
    let date =
        prop::sample::select(&["DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"][..]);
    let dates = (date, prop::sample::select(&["2026-11-20T00:00:00Z", "2027-01-01T12:00:00Z"][..]))
        .prop_map(|(operator, value)| json!({operator: {"aws:CurrentTime": value}}));
    let addresses =
        (prop::sample::select(&["IpAddress", "NotIpAddress"][..]), some(&["127.0.0.0/8", "203.0.113.9/32"]))
            .prop_map(|(operator, values)| json!({operator: {"aws:SourceIp": values}}));
    let arns = (
        prop::sample::select(&["ArnLike", "ArnNotLike"][..]),
        some(&["arn:aws:ecs:eu-central-1:123456789012:cluster/*", "arn:aws:ecs:*:123456789012:cluster/news"]),
    )
        .prop_map(|(operator, values)| json!({operator: {"aws:SourceArn": values}}));
    let bools =
        prop::sample::select(&["true", "false"][..]).prop_map(|value| json!({"Bool": {"aws:SecureTransport": value}}));
    let nulls =
        prop::sample::select(&["true", "false"][..]).prop_map(|value| json!({"Null": {"aws:RequestTag/team": value}}));
    let set = prop::sample::select(
        &[
            "ForAnyValue:StringEquals",
            "ForAllValues:StringEquals",
            "ForAnyValue:StringLike",
            "ForAllValues:StringLike",
            "ForAnyValue:StringNotEquals",
            "ForAllValues:StringNotEquals",
            "ForAnyValue:StringNotLike",
            "ForAllValues:StringNotLike",
        ][..],
    );
    let sets =
        (set, some(&["team", "stage", "t*"])).prop_map(|(operator, values)| json!({operator: {"aws:TagKeys": values}}));
    prop::option::of(
        prop_oneof![4 => texts, 3 => sets, 1 => numbers, 1 => dates, 1 => addresses, 1 => arns, 1 => bools, 1 => nulls],
    )
}

fn statement() -> impl Strategy<Value = Value> {
    let effect = prop::sample::select(&["Allow", "Allow", "Deny"][..]);
    let action = prop::sample::select(&["Action", "Action", "NotAction"][..]);
    let resource = prop::sample::select(&["Resource", "Resource", "NotResource"][..]);
    (effect, action, some(ACTIONS), resource, some(RESOURCES), conditions()).prop_map(
        |(effect, action_element, actions, resource_element, resources, conditions)| {
            let mut statement = json!({"Effect": effect, action_element: actions, resource_element: resources});
            if let Some(conditions) = conditions {
                statement["Condition"] = conditions;
            }
            statement
        },
    )
}

fn asked() -> impl Strategy<Value = Asked> {
    let key = |key: &'static str, values: &'static [&'static str]| {
        prop::option::of(prop::sample::select(values).prop_map(move |value| (key, value)))
    };
    let keys = (
        key("aws:RequestTag/team", &["news", "News", "ads"]),
        key("ecs:cluster", &["news", "n"]),
        key("ecs:task-cpu", &["1", "5", "7.25"]),
        key("aws:CurrentTime", &["2026-11-20T00:00:00Z", "2026-12-24T18:00:00Z"]),
        key("aws:SourceIp", &["127.0.0.1", "203.0.113.9"]),
        key(
            "aws:SourceArn",
            &["arn:aws:ecs:eu-central-1:123456789012:cluster/news", "arn:aws:ecs:eu-west-1:123456789012:cluster/a"],
        ),
        key("aws:SecureTransport", &["true", "false"]),
        key("aws:username", &["ann"]),
    );
    let tag_keys = prop::collection::vec(prop::sample::select(&["team", "stage", "other"][..]), 0..3);
    (prop::sample::select(ASKED_ACTIONS), prop::sample::select(ASKED_RESOURCES), keys, tag_keys).prop_map(
        |(action, resource, keys, tag_keys)| {
            let (tag, cluster, cpu, time, ip, arn, secure, user) = keys;
            Asked {
                action: action.to_owned(),
                resource: resource.to_owned(),
                keys: [tag, cluster, cpu, time, ip, arn, secure, user].into_iter().flatten().collect(),
                tag_keys,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn both_decide_alike(statements in prop::collection::vec(statement(), 1..4), asked in asked()) {
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        prop_assert_eq!(Ok(ours(&policy, &asked)), theirs(&policy, &asked), "{} {:?}", policy, asked);
    }
}

/// A statement, the request's keys, what we decide, and what `iam-rs` does.
type Difference =
    (&'static str, &'static [(&'static str, &'static str)], &'static str, Result<&'static str, &'static str>);

/// Differences found by generating without the restrictions above, each judged by the IAM guide.
const DIFFERENCES: &[Difference] = &[
    // "ArnEquals and ArnLike behave identically" (condition operators): wildcards count in both. `iam-rs` takes them literally.
    (
        r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:ecs:*:1:cluster/*"}}}"#,
        &[("aws:SourceArn", "arn:aws:ecs:r:1:cluster/news")],
        "allowed",
        Ok("not allowed"),
    ),
    (
        r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"ArnNotEquals":{"aws:SourceArn":"arn:aws:ecs:*:1:cluster/*"}}}"#,
        &[("aws:SourceArn", "arn:aws:ecs:r:1:cluster/news")],
        "not allowed",
        Ok("denied"),
    ),
    // "Incomplete ARNs are completed with wildcards" (Resource element). `iam-rs` refuses the policy.
    (
        r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:ecs:*"}"#,
        &[],
        "allowed",
        Err("ARN must have exactly 6 parts"),
    ),
    // Variables count in the values of string conditions too (policy variables, "Where you can use policy variables").
    (
        r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/team":"${aws:username}"}}}"#,
        &[("aws:RequestTag/team", "ann"), ("aws:username", "ann")],
        "allowed",
        Ok("not allowed"),
    ),
    // `${*}` is the character itself there as well.
    (
        r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringLike":{"aws:RequestTag/team":"a${*}"}}}"#,
        &[("aws:RequestTag/team", "a*")],
        "allowed",
        Ok("not allowed"),
    ),
    // IfExists goes with every operator but Null (condition operators, "...IfExists"), set operators included.
    (
        r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ForAnyValue:StringLikeIfExists":{"aws:RequestTag/team":"a"}}}"#,
        &[],
        "allowed",
        Err("did not match any variant"),
    ),
    // A date without a time is a date (W3C's profile of ISO 8601, to which the guide refers).
    (
        r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"DateEquals":{"aws:CurrentTime":"2026-11-20"}}}"#,
        &[("aws:CurrentTime", "2026-11-20T00:00:00Z")],
        "allowed",
        Err("Invalid date condition value"),
    ),
];

#[test]
fn differences_are_known_and_judged() {
    for (statement, keys, own, other) in DIFFERENCES {
        let statement: Value = serde_json::from_str(statement).expect("JSON");
        let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
        let asked = Asked {
            action: "ecs:RunTask".to_owned(),
            resource: "arn:aws:ecs:eu-central-1:123456789012:service/news/api".to_owned(),
            keys: keys.to_vec(),
            tag_keys: Vec::new(),
        };
        assert_eq!(ours(&policy, &asked), *own, "{policy}");
        match (theirs(&policy, &asked), other) {
            (Ok(decision), Ok(expected)) => assert_eq!(decision, *expected, "{policy}"),
            (Err(error), Err(part)) => assert!(error.contains(part), "{policy}: {error}"),
            (outcome, _) => panic!("{policy}: {outcome:?}, expected {other:?}"),
        }
    }
}

/// The guide does not define how an operator without a set operator takes a key of several values. We take the careful side: one value
/// that is excluded excludes the request. `iam-rs` asks whether the list as a whole is equal.
#[test]
fn several_values_without_a_set_operator_are_taken_with_care() {
    let statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:TagKeys": "a"}}});
    let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
    let asked = Asked {
        action: "ecs:RunTask".to_owned(),
        resource: "arn:aws:ecs:eu-central-1:123456789012:service/news/api".to_owned(),
        keys: Vec::new(),
        tag_keys: vec!["a", "b"],
    };
    assert_eq!((ours(&policy, &asked), theirs(&policy, &asked)), ("not allowed", Ok("allowed")));
}
