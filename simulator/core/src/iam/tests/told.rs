//! Denials read from messages, held against policies.

use proptest::prelude::*;

use crate::iam::decision::{Named, StatementRef};
use crate::iam::policy::Document;
use crate::iam::*;

/// A message, and `caller action resource explicit policy named`.
#[test]
fn messages_are_read() {
    let user = "arn:aws:iam::123456789012:user/ann";
    let service = "arn:aws:ecs:eu-central-1:123456789012:service/news/api";
    for (message, expected) in [
        (
            format!(
                "An error occurred (AccessDeniedException) when calling the UpdateService operation: User: {user} is not authorized to perform: ecs:UpdateService on resource: {service} because no identity-based policy allows the ecs:UpdateService action\n"
            ),
            format!("{user} ecs:UpdateService {service} false identity-based policy -"),
        ),
        (
            format!(
                "User: {user} is not authorized to perform: ecs:UpdateService on resource: {service} with an explicit deny in an identity-based policy"
            ),
            format!("{user} ecs:UpdateService {service} true identity-based policy -"),
        ),
        (
            format!(
                "User: {user} is not authorized to perform: ecs:UpdateService on resource: {service} with an explicit deny in an identity-based policy: arn:aws:iam::123456789012:policy/no"
            ),
            format!(
                "{user} ecs:UpdateService {service} true identity-based policy arn:aws:iam::123456789012:policy/no"
            ),
        ),
        (
            format!(
                "User: {user} is not authorized to perform: iam:CreateUser on resource: {user} with an explicit deny in a permissions boundary"
            ),
            format!("{user} iam:CreateUser {user} true permissions boundary -"),
        ),
        (
            format!(
                "User: {user} is not authorized to perform: iam:CreateUser on resource: {user} with an explicit deny in a service control policy."
            ),
            format!("{user} iam:CreateUser {user} true service control policy -"),
        ),
        (
            format!(
                "{{\"message\":\"User: {user} is not authorized to perform: secretsmanager:ListSecrets because no identity-based policy allows the secretsmanager:ListSecrets action\"}}"
            ),
            format!("{user} secretsmanager:ListSecrets * false identity-based policy -"),
        ),
        (
            format!("User: {user} is not authorized to perform: ec2:DescribeVpcs"),
            format!("{user} ec2:DescribeVpcs * false - -"),
        ),
        (
            format!(
                r#"{{"DecodedMessage": "{{\"allowed\":false,\"explicitDeny\":true,\"matchedStatements\":{{\"items\":[{{\"statementId\":\"No\",\"sourcePolicyId\":\"p\"}}]}},\"context\":{{\"principal\":{{\"arn\":\"{user}\"}},\"action\":\"ec2:DescribeVpcs\",\"resource\":\"*\",\"conditions\":{{\"items\":[]}}}}}}"}}"#
            ),
            format!("{user} ec2:DescribeVpcs * true - statement `No` of policy `p`"),
        ),
    ] {
        let told = read_told(&message);
        let [Told { caller, action, resource, explicit, policy, named, .. }] = told.as_slice() else {
            panic!("{message}: {told:?}")
        };
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        assert_eq!(
            format!("{caller} {action} {resource} {explicit} {} {}", or_none(policy), or_none(named)),
            expected,
            "{message}"
        );
    }
    for nothing in ["", "User: nobody", "AccessDenied", "{\"a\": 1}", "User: a b is not authorized to perform: x:Y"] {
        assert_eq!(read_told(nothing), [], "{nothing}");
    }
}

/// The same denial is told once, however often a log has it.
#[test]
fn a_log_tells_each_denial_once() {
    let line = |action: &str| {
        format!(
            "12:00:00 {action}  user/a  refused: User: arn:aws:iam::123456789012:user/a is not authorized to perform: {action} on resource: * because no identity-based policy allows the {action} action\n"
        )
    };
    let log = [line("ecs:ListClusters"), line("ec2:DescribeVpcs"), line("ecs:ListClusters")].concat();
    let actions: Vec<String> = read_told(&log).into_iter().map(|told| told.action).collect();
    assert_eq!(actions, ["ecs:ListClusters", "ec2:DescribeVpcs"]);
}

fn judged(told: &Told, statements: &str) -> Judged {
    let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    let document = Document::identity(&document).expect("the test's policy is one");
    judge(told, &[Named { name: "policy.json", document: &document }])
}

/// Statements, and what comes of a denied `ecs:UpdateService` in the light of them.
#[test]
fn policies_are_judged() {
    let service = "arn:aws:ecs:eu-central-1:123456789012:service/news/api";
    let message = format!(
        "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: ecs:UpdateService on resource: {service}"
    );
    let told = &read_told(&message)[0];
    let allow = |resource: &str, more: &str| {
        format!(r#"{{"Effect":"Allow","Action":"ecs:Update*","Resource":"{resource}"{more}}}"#)
    };
    let condition =
        r#","Condition":{"ArnEquals":{"ecs:cluster":"arn:aws:ecs:eu-central-1:123456789012:cluster/news"}}"#;
    let deny = r#"{"Sid":"No","Effect":"Deny","Action":"ecs:*","Resource":"*"}"#;
    for (statements, expected) in [
        (allow("*", ""), "allowed by statement 1 of policy `policy.json`"),
        (format!("{},{deny}", allow("*", "")), "denied by statement `No` of policy `policy.json`"),
        (allow("arn:aws:ecs:*:*:service/other/*", ""), "missing; near: statement 1 of policy `policy.json` []"),
        (allow("*", condition), "missing; near: statement 1 of policy `policy.json` [ecs:cluster]"),
        (r#"{"Effect":"Allow","Action":"ecs:RunTask","Resource":"*"}"#.to_owned(), "missing"),
        (
            allow("arn:aws:ecs:*:*:service/news/${aws:username}", ""),
            "missing; near: statement 1 of policy `policy.json` []",
        ),
        (
            allow("*", r#","Condition":{"StringEquals":{"aws:username":"ann"}}"#),
            "allowed by statement 1 of policy `policy.json`",
        ),
    ] {
        let judged = match judged(told, &statements) {
            Judged::Denied(statement) => format!("denied by {statement}"),
            Judged::Allowed(statement) => format!("allowed by {statement}"),
            Judged::Missing(near) => {
                let near: Vec<String> = near
                    .iter()
                    .map(|Near { statement, conditions }| format!("; near: {statement} [{}]", conditions.join(", ")))
                    .collect();
                format!("missing{}", near.concat())
            }
        };
        assert_eq!(judged, expected, "{statements}");
    }
}

fn statement() -> impl Strategy<Value = String> {
    let effect = prop_oneof![4 => Just("Allow"), 1 => Just("Deny")];
    let action = prop_oneof![Just("ecs:UpdateService"), Just("ecs:*"), Just("iam:PassRole"), Just("ec2:Describe*")];
    let resource =
        prop_oneof![Just("*"), Just("arn:aws:ecs:*:*:service/news/*"), Just("arn:aws:iam::123456789012:role/task")];
    let condition = prop_oneof![
        2 => Just(""),
        1 => Just(r#","Condition":{"StringEquals":{"iam:PassedToService":"ecs-tasks.amazonaws.com"}}"#),
        1 => Just(r#","Condition":{"StringEquals":{"aws:username":"bob"}}"#),
    ];
    (effect, action, resource, condition).prop_map(|(effect, action, resource, condition)| {
        format!(r#"{{"Effect":"{effect}","Action":"{action}","Resource":"{resource}"{condition}}}"#)
    })
}

proptest! {
    /// What is advised allows the call beside any policy that does not deny it, and only while it is there.
    #[test]
    fn the_advice_undoes_the_denial(
        statements in proptest::collection::vec(statement(), 1..4),
        (action, resource) in prop_oneof![
            Just(("ecs:UpdateService", "arn:aws:ecs:eu-central-1:123456789012:service/news/api")),
            Just(("iam:PassRole", "arn:aws:iam::123456789012:role/task")),
            Just(("ec2:DescribeVpcs", "*")),
        ],
        passed in proptest::bool::ANY,
    ) {
        let context = if passed { [("iam:PassedToService".to_owned(), vec!["ecs-tasks.amazonaws.com".to_owned()])].into() } else { BTreeMap::new() };
        let told = Told {
            caller: "arn:aws:iam::123456789012:user/ann".to_owned(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            explicit: false,
            policy: None,
            named: None,
            context,
        };
        let before = judged(&told, &statements.join(","));
        let advised = told.statement().expect("an identity-based policy can allow it");
        let after = judged(&told, &[statements.as_slice(), &[advised]].concat().join(","));
        match before {
            Judged::Denied(_) => prop_assert_eq!(before, after),
            Judged::Allowed(_) => prop_assert_eq!(before, after),
            Judged::Missing(_) => {
                let by_the_advice = |by: &StatementRef| by.number == statements.len() + 1;
                prop_assert!(matches!(&after, Judged::Allowed(by) if by_the_advice(by)), "{:?}", after);
            }
        }
    }
}
