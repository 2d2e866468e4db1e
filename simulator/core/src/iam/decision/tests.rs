//! What must hold of every decision: in words, then in proptest.

use proptest::prelude::*;

use super::super::policy::{Context, Document, Request, Requester};
use super::{Cause, Decision, Named, Policies, PolicyKind, decide};
use crate::arn::Arn;

const ACTIONS: [&str; 5] = ["ecs:RunTask", "ecs:StopTask", "ecr:PutImage", "iam:PassRole", "iam:GetRole"];
const ACTION_PATTERNS: [&str; 6] = ["*", "ecs:*", "ecs:*Task", "ecs:?topTask", "iam:Pass*", "ecr:PutImage"];
const RESOURCES: [&str; 4] =
    ["arn:aws:ecs:r:1:task/c/t", "arn:aws:ecr:r:1:repository/a", "arn:aws:iam::1:role/ci/x", "*"];
const RESOURCE_PATTERNS: [&str; 5] =
    ["*", "arn:aws:ecs:r:1:task/*", "arn:aws:ecs:*:*:*", "arn:aws:iam::1:role/ci/?", "arn:aws:ecr:r:1:repository/a"];

fn user() -> Requester {
    let account: crate::AccountId = "123456789012".parse().expect("twelve digits");
    Requester::User { arn: Arn::global("iam", &account, "user/ann"), account }
}

/// A statement as JSON.
fn statement() -> impl Strategy<Value = String> {
    let effect = prop_oneof![3 => Just("Allow"), 1 => Just("Deny")];
    let action = prop_oneof![4 => Just("Action"), 1 => Just("NotAction")];
    let resource = prop_oneof![4 => Just("Resource"), 1 => Just("NotResource")];
    let condition = prop_oneof![
        3 => Just(String::new()),
        1 => Just(r#","Condition":{"StringEquals":{"k":"v"}}"#.to_owned()),
        1 => Just(r#","Condition":{"StringNotEquals":{"k":"v"}}"#.to_owned()),
    ];
    let actions = prop::sample::subsequence(ACTION_PATTERNS.to_vec(), 1..=2);
    let resources = prop::sample::subsequence(RESOURCE_PATTERNS.to_vec(), 1..=2);
    (effect, action, actions, resource, resources, condition).prop_map(
        |(effect, action, actions, resource, resources, condition)| {
            format!(r#"{{"Effect":"{effect}","{action}":{actions:?},"{resource}":{resources:?}{condition}}}"#)
        },
    )
}

fn statements() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(statement(), 1..5)
}

/// An action, a resource, and the value of the key `k`, if it has one.
fn asked() -> impl Strategy<Value = (&'static str, &'static str, Option<&'static str>)> {
    (
        prop::sample::select(ACTIONS.to_vec()),
        prop::sample::select(RESOURCES.to_vec()),
        prop::sample::select(vec![None, Some("v"), Some("w")]),
    )
}

fn document(statements: &[String]) -> Document {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
    Document::identity(&text).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

/// The decision over identity policies with these statements, one policy for each list.
fn decided(policies: &[&[String]], (action, resource, key): (&str, &str, Option<&str>)) -> Decision {
    let documents: Vec<Document> = policies.iter().map(|statements| document(statements)).collect();
    let mut context = Context::default();
    if let Some(value) = key {
        context.add("k", value);
    }
    let requester = user();
    let request = Request { requester: &requester, action, resource, context: &context };
    let identity = documents.iter().map(|document| Named { name: "p", document }).collect();
    decide(&request, &Policies { identity, ..Policies::default() })
}

fn allowed(decision: &Decision) -> bool {
    matches!(decision, Decision::Allowed(_))
}

proptest! {
    /// An explicit deny always wins, wherever it stands.
    #[test]
    fn an_explicit_deny_always_wins(statements in statements(), asked in asked(), at in 0_usize..5) {
        let (action, resource, _) = asked;
        let deny = format!(r#"{{"Effect":"Deny","Action":"{action}","Resource":"{resource}"}}"#);
        let mut with = statements.clone();
        with.insert(at.min(statements.len()), deny.clone());
        let explicit = |decision: Decision| {
            matches!(decision, Decision::Denied(Cause::ExplicitDeny(PolicyKind::Identity, _)))
        };
        prop_assert!(explicit(decided(&[&with], asked)));
        prop_assert!(explicit(decided(&[&statements, &[deny]], asked)));
    }

    /// Adding an allow statement never turns an allow into a deny.
    #[test]
    fn allowing_more_never_denies(statements in statements(), more in statement(), asked in asked()) {
        prop_assume!(more.contains(r#""Allow""#));
        let with: Vec<String> = statements.iter().cloned().chain([more]).collect();
        if allowed(&decided(&[&statements], asked)) {
            prop_assert!(allowed(&decided(&[&with], asked)));
        }
    }

    /// The order of statements does not matter, nor how they are spread over policies.
    #[test]
    fn order_does_not_matter(statements in statements(), asked in asked(), split in 0_usize..5) {
        let reversed: Vec<String> = statements.iter().rev().cloned().collect();
        let outcome = allowed(&decided(&[&statements], asked));
        prop_assert_eq!(allowed(&decided(&[&reversed], asked)), outcome);
        let (one, other) = reversed.split_at(split.min(reversed.len()));
        let parts: Vec<&[String]> = [one, other].into_iter().filter(|part| !part.is_empty()).collect();
        prop_assert_eq!(allowed(&decided(&parts, asked)), outcome);
    }

    /// `*` on `*` allows everything that nothing denies.
    #[test]
    fn a_star_allows_everything(asked in asked()) {
        let star = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#.to_owned();
        prop_assert!(allowed(&decided(&[&[star]], asked)));
    }

    /// A policy that lists exactly the calls that were made allows all of them and no other.
    #[test]
    fn a_policy_of_exactly_the_calls_made_allows_them_alone(
        used in prop::collection::btree_set((prop::sample::select(ACTIONS.to_vec()), prop::sample::select(RESOURCES[..3].to_vec())), 1..6),
        asked in asked(),
    ) {
        let list = |(action, resource): &(&str, &str)| {
            format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#)
        };
        let statements: Vec<String> = used.iter().map(list).collect();
        for (action, resource) in &used {
            prop_assert!(allowed(&decided(&[&statements], (action, resource, None))));
        }
        let (action, resource, _) = asked;
        prop_assert_eq!(allowed(&decided(&[&statements], asked)), used.contains(&(action, resource)));
    }

    /// A boundary and a session policy only ever take away: what is allowed with them is what all three allow.
    #[test]
    fn boundary_and_session_policy_only_take_away(
        identity in statements(), boundary in statements(), session in statements(), asked in asked(),
    ) {
        let documents = [document(&identity), document(&boundary), document(&session)];
        let named = |at: usize| Named { name: "p", document: &documents[at] };
        let mut context = Context::default();
        if let Some(value) = asked.2 {
            context.add("k", value);
        }
        let requester = user();
        let request = Request { requester: &requester, action: asked.0, resource: asked.1, context: &context };
        let capped = decide(&request, &Policies {
            identity: vec![named(0)],
            boundary: Some(named(1)),
            session: vec![named(2)],
            ..Policies::default()
        });
        let each = [&identity, &boundary, &session].map(|statements| allowed(&decided(&[statements], asked)));
        prop_assert_eq!(allowed(&capped), each.iter().all(|allowed| *allowed));
    }
}

/// A truth table of resource policies: who the policy names, whether the identity policy allows, whether the boundary allows,
/// and what comes of it (facts/aws.md 6.1).
#[test]
fn a_resource_policy_counts_by_whom_it_names() {
    let star = document(&[r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#.to_owned()]);
    let nothing = document(&[r#"{"Effect":"Allow","Action":"none:None","Resource":"*"}"#.to_owned()]);
    let policy = |principal: &str| {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"*","Resource":"*"}}]}}"#
        );
        Document::resource(&text).unwrap_or_else(|error| panic!("{text}: {error:?}"))
    };
    let named_user = policy(r#"{"AWS":"arn:aws:iam::123456789012:user/ann"}"#);
    let other_user = policy(r#"{"AWS":"arn:aws:iam::123456789012:user/bob"}"#);
    let account = policy(r#"{"AWS":"123456789012"}"#);
    let anyone = policy(r#""*""#);
    let identity = Err(PolicyKind::Identity);
    let boundary = Err(PolicyKind::Boundary);
    for (resource, identity_allows, boundary_allows, must_allow, expected) in [
        (&named_user, false, false, false, Ok(())),
        (&anyone, false, true, false, Ok(())),
        (&anyone, false, false, false, boundary),
        (&account, false, true, false, identity),
        (&account, true, true, false, Ok(())),
        (&other_user, true, true, false, Ok(())),
        (&other_user, false, true, false, identity),
        (&other_user, true, true, true, Err(PolicyKind::Trust)),
        (&account, true, true, true, Ok(())),
        (&account, false, true, true, identity),
        (&named_user, false, true, true, Ok(())),
    ] {
        let requester = user();
        let context = Context::default();
        let request = Request { requester: &requester, action: "a:B", resource: "*", context: &context };
        let pick = |allows: bool| Named { name: "p", document: if allows { &star } else { &nothing } };
        let decision = decide(
            &request,
            &Policies {
                identity: vec![pick(identity_allows)],
                boundary: Some(pick(boundary_allows)),
                session: Vec::new(),
                resource: Some(Named { name: "r", document: resource }),
                resource_decides: must_allow,
                foreign: false,
            },
        );
        let outcome = match decision {
            Decision::Root | Decision::Allowed(_) => Ok(()),
            Decision::Denied(Cause::NotAllowed(kind) | Cause::ExplicitDeny(kind, _)) => Err(kind),
        };
        let case = (&resource.statements[0].principals, identity_allows, boundary_allows, must_allow);
        assert_eq!(outcome, expected, "{case:?}");
    }
}

fn resource_policy(effect: &str, principal: &str) -> Document {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}",{principal},"Action":"*","Resource":"*"}}]}}"#
    );
    Document::resource(&text).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

/// What comes of a request by `requester` for a resource with this policy, whose identity policies allow it or not.
fn outcome(
    requester: &Requester,
    resource: Option<&Document>,
    identity: &[Document],
    caps: [Option<&Document>; 2],
    foreign: bool,
) -> String {
    let named = |document| Named { name: "p", document };
    let context = Context::default();
    let request = Request { requester, action: "a:B", resource: "*", context: &context };
    let [boundary, session] = caps.map(|cap| cap.map(named));
    let policies = Policies {
        identity: identity.iter().map(named).collect(),
        boundary,
        session: session.into_iter().collect(),
        resource: resource.map(named),
        resource_decides: false,
        foreign,
    };
    match decide(&request, &policies) {
        Decision::Root | Decision::Allowed(_) => "allowed".to_owned(),
        Decision::Denied(Cause::NotAllowed(kind)) => format!("no {kind}"),
        Decision::Denied(Cause::ExplicitDeny(kind, _)) => format!("denied by {kind}"),
    }
}

/// Across accounts both sides must allow, however closely the resource's policy names who asks (IAM guide, "Cross-account policy evaluation
/// logic").
#[test]
fn across_accounts_both_sides_must_allow() {
    let star = document(&[r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#.to_owned()]);
    let nothing = document(&[r#"{"Effect":"Allow","Action":"none:None","Resource":"*"}"#.to_owned()]);
    let user_named = resource_policy("Allow", r#""Principal":{"AWS":"arn:aws:iam::123456789012:user/ann"}"#);
    let account_named = resource_policy("Allow", r#""Principal":{"AWS":"arn:aws:iam::123456789012:root"}"#);
    let anyone = resource_policy("Allow", r#""Principal":"*""#);
    let denied = resource_policy("Deny", r#""Principal":"*""#);
    for (resource, identity_allows, boundary, foreign, expected) in [
        (Some(&user_named), true, None, true, "allowed"),
        (Some(&account_named), true, None, true, "allowed"),
        (Some(&anyone), true, None, true, "allowed"),
        (Some(&user_named), false, None, true, "no identity-based policy"),
        (Some(&anyone), false, None, true, "no identity-based policy"),
        (None, true, None, true, "no resource-based policy"),
        (Some(&denied), true, None, true, "denied by resource-based policy"),
        (Some(&user_named), true, Some(&nothing), true, "no permissions boundary"),
        (Some(&user_named), false, Some(&nothing), false, "allowed"),
        (None, true, None, false, "allowed"),
    ] {
        let identity = [if identity_allows { star.clone() } else { nothing.clone() }];
        let given = outcome(&user(), resource, &identity, [boundary, None], foreign);
        assert_eq!(given, expected, "{resource:?} {identity_allows} {boundary:?} {foreign}");
    }
}

/// What a resource's policy says of a session: by the session's own name nothing else must allow it; by its role's, boundary and session policy
/// must (facts/aws.md 6.1).
#[test]
fn a_session_is_named_by_itself_or_by_its_role() {
    let nothing = document(&[r#"{"Effect":"Allow","Action":"none:None","Resource":"*"}"#.to_owned()]);
    let account: crate::AccountId = "123456789012".parse().expect("twelve digits");
    let arn = |text: &str| text.parse::<Arn>().expect("an ARN");
    let session = Requester::Session {
        account,
        role: arn("arn:aws:iam::123456789012:role/task"),
        session: arn("arn:aws:sts::123456789012:assumed-role/task/one"),
    };
    let by_session =
        resource_policy("Allow", r#""Principal":{"AWS":"arn:aws:sts::123456789012:assumed-role/task/one"}"#);
    let by_other = resource_policy("Allow", r#""Principal":{"AWS":"arn:aws:sts::123456789012:assumed-role/task/two"}"#);
    let by_role = resource_policy("Allow", r#""Principal":{"AWS":"arn:aws:iam::123456789012:role/task"}"#);
    let deny_others = resource_policy("Deny", r#""NotPrincipal":{"AWS":["arn:aws:iam::123456789012:role/task"]}"#);
    let deny_all_but_another =
        resource_policy("Deny", r#""NotPrincipal":{"AWS":["arn:aws:iam::123456789012:role/other"]}"#);
    for (resource, boundary, session_policy, expected) in [
        (&by_session, Some(&nothing), Some(&nothing), "allowed"),
        (&by_other, None, None, "no identity-based policy"),
        (&by_role, None, None, "allowed"),
        (&by_role, Some(&nothing), None, "no permissions boundary"),
        (&by_role, None, Some(&nothing), "no session policy"),
        (&deny_others, None, None, "no identity-based policy"),
        (&deny_all_but_another, None, None, "denied by resource-based policy"),
    ] {
        let given = outcome(&session, Some(resource), &[], [boundary, session_policy], false);
        assert_eq!(given, expected, "{resource:?} {boundary:?} {session_policy:?}");
    }
}

#[test]
fn denials_end_in_awss_words() {
    let by = super::StatementRef { policy: "p".to_owned(), sid: None, number: 1 };
    for (cause, expected) in [
        (Cause::NotAllowed(PolicyKind::Identity), "because no identity-based policy allows the ecs:RunTask action"),
        (Cause::NotAllowed(PolicyKind::Boundary), "because no permissions boundary allows the ecs:RunTask action"),
        (Cause::NotAllowed(PolicyKind::Session), "because no session policy allows the ecs:RunTask action"),
        (Cause::NotAllowed(PolicyKind::Resource), "because no resource-based policy allows the ecs:RunTask action"),
        (Cause::NotAllowed(PolicyKind::Trust), "because no role trust policy allows the ecs:RunTask action"),
        (Cause::ExplicitDeny(PolicyKind::Identity, by.clone()), "with an explicit deny in an identity-based policy"),
        (Cause::ExplicitDeny(PolicyKind::Boundary, by), "with an explicit deny in a permissions boundary"),
    ] {
        assert_eq!(cause.sentence("ecs:RunTask"), expected);
    }
}
