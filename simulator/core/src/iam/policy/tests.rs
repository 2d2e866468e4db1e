//! What documents say, and what documents are refused.

use proptest::prelude::*;

use super::{Context, Document, Request, Requester};

fn context(keys: &[(&str, &[&str])]) -> Context {
    let mut context = Context::default();
    for (key, values) in keys {
        for value in *values {
            context.add(key, *value);
        }
    }
    context
}

/// Whether the one statement of a policy with this condition covers a request with these keys.
fn holds(condition: &str, keys: &[(&str, &[&str])]) -> bool {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}}}}}"#
    );
    let document = Document::identity(&text).unwrap_or_else(|error| panic!("{condition}: {error:?}"));
    covers(&document, "a:B", "*", &context(keys))
}

fn covers(document: &Document, action: &str, resource: &str, context: &Context) -> bool {
    let requester = Requester::Service { name: "x.amazonaws.com".to_owned() };
    let request = Request { requester: &requester, action, resource, context };
    document.statements.iter().any(|statement| statement.covers(&request))
}

/// Operator, values, a value that satisfies it, and one that does not. `Not` operators are the same the other way round.
const OPERATORS: &[(&str, &str, &str, &str)] = &[
    ("StringEquals", r#""Main""#, "Main", "main"),
    ("StringEquals", r#"["a","b"]"#, "b", "c"),
    ("StringEquals", r#""a*""#, "a*", "ab"),
    ("StringEqualsIgnoreCase", r#""Main""#, "mAIN", "mein"),
    ("StringLike", r#""repo:o/*:ref:refs/heads/ma?n""#, "repo:o/r:ref:refs/heads/main", "repo:o/r:ref:refs/heads/mn"),
    ("NumericEquals", "5", "5.0", "5.1"),
    ("NumericLessThan", r#""5""#, "4.999", "5"),
    ("NumericLessThanEquals", "5", "5", "5.000000001"),
    ("NumericGreaterThan", "-1", "0", "-1"),
    ("NumericGreaterThanEquals", "10", "10", "9"),
    ("DateEquals", r#""2026-11-20T21:17:00Z""#, "2026-11-20T22:17:00+01:00", "2026-11-20T21:17:01Z"),
    ("DateLessThan", r#""2026-11-20""#, "2026-11-19T23:59:59Z", "2026-11-20T00:00:00Z"),
    ("DateLessThanEquals", r#""2026-11-20""#, "2026-11-20T00:00:00Z", "2026-11-20T00:00:01Z"),
    ("DateGreaterThan", r#""1795209420""#, "2026-11-20T21:17:01Z", "2026-11-20T21:17:00Z"),
    ("DateGreaterThanEquals", r#""2024-02-29""#, "2024-02-29", "2024-02-28T23:59:59.999Z"),
    ("Bool", "true", "TRUE", "false"),
    ("BinaryEquals", r#""QmluYXJ5""#, "QmluYXJ5", "QmluYXJ6"),
    ("IpAddress", r#"["203.0.113.0/24","2001:db8::/32"]"#, "203.0.113.9", "203.0.114.9"),
    ("IpAddress", r#""2001:db8::/32""#, "2001:db8:1::9", "2001:db9::9"),
    ("ArnEquals", r#""arn:aws:iam::*:role/ci/*""#, "arn:aws:iam::1:role/ci/a/b", "arn:aws:iam::1:user/ci/a"),
    ("ArnLike", r#""arn:aws:ecs:*:1:task/*""#, "arn:aws:ecs:r:1:task/c/t", "arn:aws:ecs:r:x:1:task/c/t"),
];

#[test]
fn each_operator_compares_as_the_guide_says() {
    for (operator, values, good, bad) in OPERATORS {
        let condition = |operator: &str| format!(r#"{{"{operator}":{{"k":{values}}}}}"#);
        assert!(holds(&condition(operator), &[("k", &[good])]), "{operator} {values} {good}");
        assert!(!holds(&condition(operator), &[("k", &[bad])]), "{operator} {values} {bad}");
        // A key that is missing satisfies no positive operator, but for IfExists.
        assert!(!holds(&condition(operator), &[]), "{operator} without the key");
        let if_exists = format!("{operator}IfExists");
        assert!(holds(&condition(&if_exists), &[]), "{if_exists} without the key");
        assert!(!holds(&condition(&if_exists), &[("k", &[bad])]), "{if_exists} {values} {bad}");
        // Both set operators take every operator: a good and a bad value are any of the wanted, but not all.
        for (set, both, none) in [("ForAnyValue", true, false), ("ForAllValues", false, true)] {
            let with = format!("{set}:{operator}");
            assert_eq!(holds(&condition(&with), &[("k", &[good, bad])]), both, "{with} {values} {good} {bad}");
            assert_eq!(holds(&condition(&with), &[]), none, "{with} without the key");
            assert!(holds(&condition(&with), &[("k", &[good])]), "{with} {values} {good}");
            assert!(!holds(&condition(&with), &[("k", &[bad])]), "{with} {values} {bad}");
            assert!(holds(&condition(&format!("{with}IfExists")), &[]), "{with}IfExists without the key");
        }
        let Some(negated) = negated(operator) else { continue };
        assert!(!holds(&condition(&negated), &[("k", &[good])]), "{negated} {values} {good}");
        assert!(holds(&condition(&negated), &[("k", &[bad])]), "{negated} {values} {bad}");
        assert!(holds(&condition(&negated), &[]), "{negated} without the key");
        let if_exists = format!("{negated}IfExists");
        assert!(holds(&condition(&if_exists), &[]), "{if_exists} without the key");
        assert!(!holds(&condition(&if_exists), &[("k", &[good])]), "{if_exists} {values} {good}");
    }
}

fn negated(operator: &str) -> Option<String> {
    for (start, negated) in [("String", "StringNot"), ("Arn", "ArnNot")] {
        if let Some(rest) = operator.strip_prefix(start) {
            return Some(format!("{negated}{rest}"));
        }
    }
    match operator {
        "NumericEquals" => Some("NumericNotEquals".to_owned()),
        "DateEquals" => Some("DateNotEquals".to_owned()),
        "IpAddress" => Some("NotIpAddress".to_owned()),
        _ => None,
    }
}

#[test]
fn null_asks_whether_a_key_is_there() {
    for (wanted, keys, expected) in [
        ("true", &[][..], true),
        ("false", &[][..], false),
        ("true", &[("k", &["v"][..])][..], false),
        ("false", &[("k", &["v"][..])][..], true),
    ] {
        assert_eq!(holds(&format!(r#"{{"Null":{{"k":"{wanted}"}}}}"#), keys), expected, "{wanted} {keys:?}");
    }
}

/// The truth table of the set operators, worked out by hand from the IAM guide: condition, the key's values, and whether it
/// holds.
const SETS: &[(&str, &[&str], bool)] = &[
    (r#"{"ForAllValues:StringEquals":{"k":["a","b"]}}"#, &["a"], true),
    (r#"{"ForAllValues:StringEquals":{"k":["a","b"]}}"#, &["a", "b"], true),
    (r#"{"ForAllValues:StringEquals":{"k":["a","b"]}}"#, &["a", "c"], false),
    (r#"{"ForAllValues:StringEquals":{"k":["a","b"]}}"#, &[], true),
    (r#"{"ForAnyValue:StringEquals":{"k":["a","b"]}}"#, &["c", "b"], true),
    (r#"{"ForAnyValue:StringEquals":{"k":["a","b"]}}"#, &["c"], false),
    (r#"{"ForAnyValue:StringEquals":{"k":["a","b"]}}"#, &[], false),
    (r#"{"ForAllValues:StringNotEquals":{"k":["a"]}}"#, &["b", "c"], true),
    (r#"{"ForAllValues:StringNotEquals":{"k":["a"]}}"#, &["a", "c"], false),
    (r#"{"ForAnyValue:StringNotEquals":{"k":["a"]}}"#, &["a", "c"], true),
    (r#"{"ForAnyValue:StringNotEquals":{"k":["a"]}}"#, &["a"], false),
    (r#"{"ForAnyValue:StringNotEquals":{"k":["a"]}}"#, &[], false),
    (r#"{"ForAnyValue:StringLikeIfExists":{"k":["a*"]}}"#, &[], true),
    (r#"{"StringEquals":{"k":"a"},"StringNotEquals":{"other":"b"}}"#, &["a"], true),
    (r#"{"StringEquals":{"k":"a","other":"b"}}"#, &["a"], false),
    // Negated operators: none of the values that are listed.
    (r#"{"StringNotEquals":{"k":["a","b"]}}"#, &["b"], false),
    (r#"{"StringNotEquals":{"k":["a","b"]}}"#, &["c"], true),
    (r#"{"ForAllValues:StringNotEquals":{"k":["a"]}}"#, &[], true),
    (r#"{"ForAllValues:StringLike":{"k":["a*","b*"]}}"#, &["ab", "ba"], true),
    (r#"{"ForAllValues:StringLike":{"k":["a*","b*"]}}"#, &["ab", "ca"], false),
    // Variables and their defaults count in values, too; without either nothing is like them.
    (r#"{"StringEquals":{"k":"${other, 'a'}"}}"#, &["a"], true),
    (r#"{"StringEquals":{"k":"${other}"}}"#, &["a"], false),
    (r#"{"StringLike":{"k":"${k}*"}}"#, &["a"], true),
    (r#"{"StringNotEquals":{"k":"${other}"}}"#, &["a"], true),
    // Presence with a set operator on tags: all keys, and there are some.
    (r#"{"ForAllValues:StringEquals":{"k":["a"]},"Null":{"k":"false"}}"#, &[], false),
    (r#"{"ForAllValues:StringEquals":{"k":["a"]},"Null":{"k":"false"}}"#, &["a"], true),
];

#[test]
fn set_operators_follow_their_truth_table() {
    for (condition, values, expected) in SETS {
        let keys: &[(&str, &[&str])] = &[("k", values)];
        assert_eq!(holds(condition, keys), *expected, "{condition} {values:?}");
    }
}

#[test]
fn condition_keys_are_the_same_whatever_their_case() {
    assert!(holds(r#"{"StringEquals":{"AWS:requesttag/Team":"a"}}"#, &[("aws:RequestTag/team", &["a"])]));
}

/// A resource pattern, a resource, and whether it matches for user `ann`.
const RESOURCES: &[(&str, &str, bool)] = &[
    ("*", "*", true),
    ("*", "arn:aws:ecs:r:1:service/c/s", true),
    ("arn:aws:ecs:r:1:service/c/s", "arn:aws:ecs:r:1:service/c/s", true),
    ("arn:aws:ecs:r:1:service/c/s", "arn:aws:ecs:r:1:service/c/S", false),
    ("arn:aws:ecs:*:*:service/*", "arn:aws:ecs:r:1:service/c/s", true),
    ("arn:aws:logs:r:1:log-group:/a:*", "arn:aws:logs:r:1:log-group:/a:log-stream:x/y", true),
    ("arn:aws:logs:r:1:log-group:/a", "arn:aws:logs:r:1:log-group:/a:log-stream:", false),
    ("arn:aws:ecs:*:service/c/s", "arn:aws:ecs:r:1:service/c/s", false),
    ("arn:aws:ecs", "arn:aws:ecs:r:1:service/c/s", true),
    ("arn:aws:ecs:r", "arn:aws:ecs:r:1:service/c/s", true),
    ("arn:aws:ecs:r", "arn:aws:ecr:r:1:repository/a", false),
    ("arn:aws:ecs:*:1:service/c/s", "arn:aws:ecs:r:x:1:service/c/s", false),
    ("arn:aws:secretsmanager:r:1:secret:db-??????", "arn:aws:secretsmanager:r:1:secret:db-AbCdEf", true),
    ("arn:aws:secretsmanager:r:1:secret:db-??????", "arn:aws:secretsmanager:r:1:secret:db-url-AbCdEf", false),
    ("arn:aws:iam::1:user/${aws:username}", "arn:aws:iam::1:user/ann", true),
    ("arn:aws:iam::1:user/${aws:username}", "arn:aws:iam::1:user/bob", false),
    ("arn:aws:iam::1:user/${aws:nothing}", "arn:aws:iam::1:user/ann", false),
    ("arn:aws:iam::1:user/${aws:nothing, 'ann'}", "arn:aws:iam::1:user/ann", true),
    ("arn:aws:iam::1:user/a${*}", "arn:aws:iam::1:user/a*", true),
    ("arn:aws:iam::1:user/a${*}", "arn:aws:iam::1:user/ann", false),
    ("*", "", true),
];

#[test]
fn resources_match_part_by_part() {
    let context = context(&[("aws:username", &["ann"])]);
    for (pattern, resource, expected) in RESOURCES {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":"{pattern}"}}}}"#
        );
        let document = Document::identity(&text).unwrap_or_else(|error| panic!("{pattern}: {error:?}"));
        assert_eq!(covers(&document, "a:B", resource, &context), *expected, "{pattern} {resource}");
    }
}

/// All but what is listed: a resource, and whether `NotResource` leaves it in.
#[test]
fn not_resource_takes_all_but() {
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","NotResource":["arn:aws:ecs:r:1:service/prod/*","arn:aws:iam::1:user/${aws:username}"]}}"#;
    let document = Document::identity(text).expect("a sound policy");
    let context = context(&[("aws:username", &["ann"])]);
    for (resource, expected) in [
        ("arn:aws:ecs:r:1:service/prod/api", false),
        ("arn:aws:ecs:r:1:service/test/api", true),
        ("arn:aws:iam::1:user/ann", false),
        ("arn:aws:iam::1:user/bob", true),
        ("*", true),
    ] {
        assert_eq!(covers(&document, "a:B", resource, &context), expected, "{resource}");
    }
}

#[test]
fn a_wildcard_in_a_variable_is_an_ordinary_character() {
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:username}"}}"#;
    let document = Document::identity(text).expect("a sound policy");
    let context = context(&[("aws:username", &["*"])]);
    assert!(!covers(&document, "s3:Get", "arn:aws:s3:::b/secret", &context));
}

#[test]
fn variables_mean_nothing_before_2012() {
    let text = r#"{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username}"}}"#;
    let document = Document::identity(text).expect("a sound policy");
    let context = context(&[("aws:username", &["ann"])]);
    assert!(!covers(&document, "s3:Get", "arn:aws:s3:::ann", &context));
    assert!(covers(&document, "s3:Get", "arn:aws:s3:::${aws:username}", &context));
}

#[test]
fn actions_match_whatever_their_case_and_not_elements_take_all_but() {
    let document = |element: &str, value: &str| {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","{element}":"{value}","Resource":"*"}}}}"#
        );
        Document::identity(&text).expect("a sound policy")
    };
    let none = Context::default();
    for (element, pattern, action, expected) in [
        ("Action", "ecs:Update*", "ecs:updateservice", true),
        ("Action", "ECS:UpdateServic?", "ecs:UpdateService", true),
        ("Action", "ecs:Update", "ecs:UpdateService", false),
        ("Action", "*", "ecs:UpdateService", true),
        ("NotAction", "iam:*", "ecs:UpdateService", true),
        ("NotAction", "iam:*", "iam:PassRole", false),
    ] {
        assert_eq!(covers(&document(element, pattern), action, "*", &none), expected, "{element} {pattern} {action}");
    }
}

/// A statement or a whole policy, and what IAM says of it (facts/aws.md 6.5).
const MALFORMED: &[(&str, &str)] = &[
    ("", "Syntax errors in policy."),
    ("[]", "Syntax errors in policy."),
    (r#"{"Version":"2012-10-17"}"#, "Syntax errors in policy."),
    (r#"{"Version":"2012-10-17","Statement":[]}"#, "Syntax errors in policy."),
    (
        r#"{"Version":"2013-10-17","Statement":{"Effect":"Allow","Action":"a:b","Resource":"*"}}"#,
        "Syntax errors in policy.",
    ),
    (
        r#"{"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*"}}"#,
        "Policy document must be version 2012-10-17 or greater.",
    ),
    (r#"{"Effect":"allow","Action":"a:b","Resource":"*"}"#, "Syntax errors in policy."),
    (r#"{"Effect":"Allow","Action":"a:b","Resource":"*","Colour":"red"}"#, "Syntax errors in policy."),
    (r#"{"Effect":"Allow","Action":"a:b","NotAction":"a:c","Resource":"*"}"#, "Syntax errors in policy."),
    (r#"{"Effect":"Allow","Action":7,"Resource":"*"}"#, "Syntax errors in policy."),
    (
        r#"{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{"StringIs":{"k":"v"}}}"#,
        "Syntax errors in policy.",
    ),
    (
        r#"{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{"DateLessThan":{"k":"tomorrow"}}}"#,
        "The policy failed legacy parsing",
    ),
    (r#"{"Effect":"Allow","Resource":"*"}"#, "Policy statement must contain actions."),
    (r#"{"Effect":"Allow","Action":[],"Resource":"*"}"#, "Policy statement must contain actions."),
    (r#"{"Effect":"Allow","Action":"a:b"}"#, "Policy statement must contain resources."),
    (
        r#"{"Effect":"Allow","Action":"PassRole","Resource":"*"}"#,
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    ),
    (r#"{"Effect":"Allow","Action":"iam:Pass:Role","Resource":"*"}"#, "Actions/Condition can contain only one colon."),
    (r#"{"Effect":"Allow","Action":"i@m:PassRole","Resource":"*"}"#, "Vendor i@m is not valid"),
    (r#"{"Effect":"Allow","Action":"a:b","Resource":"role/x"}"#, r#"Resource role/x must be in ARN format or "*"."#),
    (
        r#"{"Effect":"Allow","Action":"a:b","Resource":"arn:aws:ec*:r:1:x"}"#,
        "Resource vendor must be fully qualified and cannot contain regexes.",
    ),
    (
        r#"{"Effect":"Allow","Action":"a:b","Resource":"arn:aww:ecs:r:1:x"}"#,
        r#"Partition "aww" is not valid for resource "arn:aww:ecs:r:1:x"."#,
    ),
    (
        r#"{"Effect":"Allow","Principal":"*","Action":"a:b","Resource":"*"}"#,
        "Policy document should not specify a principal.",
    ),
    (
        r#"{"Sid":"not alpha","Effect":"Allow","Action":"a:b","Resource":"*"}"#,
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
    ),
];

#[test]
fn malformed_identity_policies_are_refused_in_iams_words() {
    for (text, expected) in MALFORMED {
        let text = match text.starts_with(r#"{"Effect"#) || text.starts_with(r#"{"Sid"#) {
            true => format!(r#"{{"Version":"2012-10-17","Statement":[{text}]}}"#),
            false => (*text).to_owned(),
        };
        let refused = Document::identity(&text).map_err(|malformed| malformed.0);
        assert_eq!(refused.map(|_| ()), Err((*expected).to_owned()), "{text}");
    }
    let twice = r#"{"Sid":"A","Effect":"Allow","Action":"a:b","Resource":"*"}"#;
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{twice},{twice}]}}"#);
    let refused = Document::identity(&text).expect_err("two statements of one name");
    assert_eq!(refused.0, "Statement IDs (SID) in a single policy must be unique.");
}

#[test]
fn iam_resources_must_be_of_a_kind_that_iam_has() {
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::1:rolle/x"}}"#;
    let refused = Document::identity(text).expect_err("there are no `rolle`s");
    assert!(
        refused.0.starts_with(r#"IAM resource path must either be "*" or start with user/, federated-user/, role/, "#)
    );
}

#[test]
fn malformed_trust_policies_are_refused_in_iams_words() {
    let only_sts = "Trust Policy statement actions can only be sts:AssumeRole, sts:AssumeRoleWithSAML,  and sts:AssumeRoleWithWebIdentity";
    for (statement, expected) in [
        (r#"{"Effect":"Allow","Action":"sts:AssumeRole"}"#, "Missing required field Principal"),
        (
            r#"{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole","Resource":"*"}"#,
            "Has prohibited field Resource.",
        ),
        (r#"{"Effect":"Allow","Principal":"*","Action":"ecs:RunTask"}"#, only_sts),
        (
            r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:user/a*"},"Action":"sts:AssumeRole"}"#,
            r#"Invalid principal in policy: "AWS":"arn:aws:iam::1:user/a*""#,
        ),
        (
            r#"{"Effect":"Allow","Principal":{"Service":"ecs"},"Action":"sts:AssumeRole"}"#,
            r#"Invalid principal in policy: "Service":"ecs""#,
        ),
    ] {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        let refused = Document::trust(&text).map_err(|malformed| malformed.0);
        assert_eq!(refused.map(|_| ()), Err(expected.to_owned()), "{statement}");
    }
}

#[test]
fn times_are_written_in_iso_8601() {
    use crate::time::Timestamp;
    for (millis, written) in [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_400_000, "2000-02-29T00:00:00Z"),
        (1_795_209_420_999, "2026-11-20T21:17:00Z"),
    ] {
        assert_eq!(super::iso8601(Timestamp::from_millis(millis)), written);
    }
}

/// JSON that looks like a policy from afar: the right words in any place, with any values.
fn nearly_a_policy() -> impl Strategy<Value = serde_json::Value> {
    let word = prop::sample::select(vec![
        "Version",
        "2012-10-17",
        "Statement",
        "Effect",
        "Allow",
        "Action",
        "ecs:*",
        "Resource",
        "*",
        "arn:aws:iam::1:",
        "arn:",
        "${",
        "${aws:username",
        "${a, 'b'}",
        "Condition",
        "StringLike",
        "DateLessThan",
        "2026-02-30T99:99",
        "Principal",
        "AWS",
        "é:",
        "",
        ":",
    ]);
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        word.clone().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        let entries = prop::collection::vec((word.clone(), inner.clone()), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(serde_json::Value::from),
            entries.prop_map(|entries| entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    /// Whatever is sent as a policy is read or refused.
    #[test]
    fn no_document_is_too_strange(document in nearly_a_policy(), text in any::<String>()) {
        for text in [document.to_string(), text] {
            for read in [Document::identity, Document::trust, Document::resource] {
                if let Ok(document) = read(&text) {
                    covers(&document, "ecs:RunTask", &text, &context(&[("aws:username", &[&text])]));
                }
            }
        }
    }

    /// The same for single patterns, conditions and their values, which must also match anything without harm.
    #[test]
    fn no_pattern_is_too_strange(resource in "(\\*|arn:aws:[a-z]{1,3}:[:a-z*?${}é/,' ]{0,30})", value in "[a-z0-9:/.TZ+*?${}é-]{0,24}") {
        for operator in ["StringLike", "ArnLike", "DateLessThan", "NumericEquals", "IpAddress", "Bool"] {
            let condition = serde_json::json!({operator: {"aws:username": value}});
            let statement = serde_json::json!({"Effect": "Allow", "Action": "*", "Resource": resource, "Condition": condition});
            let text = serde_json::json!({"Version": "2012-10-17", "Statement": statement}).to_string();
            if let Ok(document) = Document::identity(&text) {
                covers(&document, "ecs:RunTask", &resource, &context(&[("aws:username", &[&value])]));
            }
        }
    }
}
