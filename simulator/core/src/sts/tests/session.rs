//! Tags, caps and lengths of sessions, and the sessions of users.

use std::time::Duration;

use super::{ROLE, account, allow, assume, trust};
use crate::iam::{CreatePolicy, CreateRole, ListUsers, PutInlinePolicy, Role, User};
use crate::logs::{CreateLogGroup, DescribeLogGroups};
use crate::operation::Caller;
use crate::sts::{AssumeRole, DecodeAuthorizationMessage, GetAccessKeyInfo, GetCallerIdentity, GetSessionToken};
use crate::trial::Trial;

const ANN: &str = "arn:aws:iam::123456789012:user/ann";

fn caller(trial: &Trial, access_key_id: &str) -> Caller {
    trial.world.credential(access_key_id).expect("made just now").caller
}

fn tagged(tags: &[(&str, &str)], transitive: &[&str]) -> AssumeRole {
    AssumeRole {
        tags: tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        transitive_tag_keys: transitive.iter().map(|key| (*key).to_owned()).collect(),
        ..assume()
    }
}

/// A trust policy that lets `principal` tag sessions as well.
fn tagging(principal: &str) -> String {
    trust(principal).replace(r#""sts:AssumeRole""#, r#"["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]"#)
}

/// The user ann, and the roles `deploy` and `next`: she may assume and tag the first, whose sessions may assume and tag the second.
fn chain() -> (Trial, Caller) {
    let (mut trial, ann) = account("none:None", ANN);
    let update = |name: &str, principal: &str| crate::iam::UpdateAssumeRolePolicy {
        name: name.into(),
        trust_policy: tagging(principal),
    };
    trial.done(update("deploy", ANN));
    trial.done(CreateRole { name: "next".into(), trust_policy: tagging(ROLE), ..CreateRole::default() });
    trial.done(PutInlinePolicy::<Role>::new("next".into(), "p".into(), allow("*")));
    (trial, ann)
}

#[test]
fn tagging_a_session_is_a_permission_of_its_own() {
    let (mut trial, ann) = account("sts:AssumeRole", ANN);
    trial.done_by(&ann, assume());
    let refused = trial.refused_to(&ann, tagged(&[("team", "news")], &[]));
    assert!(
        refused.contains(
            "sts:TagSession on resource: arn:aws:iam::123456789012:role/deploy because no role trust policy allows"
        ),
        "{refused}"
    );
}

#[test]
fn session_tags_stand_before_the_roles_and_go_on_if_they_are_to() {
    let (mut trial, ann) = chain();
    let condition = r#""Condition":{"StringEquals":{"aws:PrincipalTag/team":"news"}}"#;
    for role in ["deploy", "next"] {
        trial.done(crate::iam::TagEntity::<Role>::new(role.into(), vec![("team".into(), "ads".into())]));
        let policy = allow("logs:*").replace(r#""Resource":"*""#, &format!(r#""Resource":"*",{condition}"#));
        trial.done(PutInlinePolicy::<Role>::new(role.into(), "p".into(), policy));
        let chaining = allow("sts:*");
        trial.done(PutInlinePolicy::<Role>::new(role.into(), "chain".into(), chaining));
    }
    let next = || AssumeRole { role_arn: ROLE.replace("deploy", "next"), ..assume() };
    for (transitive, reaches_next) in [(&[][..], false), (&["team"][..], true)] {
        let first = trial.done_by(&ann, tagged(&[("team", "news")], transitive));
        let session = caller(&trial, &first.credentials.access_key_id);
        trial.done_by(&session, DescribeLogGroups::default());
        let second = trial.done_by(&session, next());
        let chained = caller(&trial, &second.credentials.access_key_id);
        let seen = trial.world.call(trial.now, &chained, DescribeLogGroups::default());
        assert_eq!(seen.is_ok(), reaches_next, "{transitive:?}");
    }
    let plain = trial.done_by(&ann, assume());
    let plain = caller(&trial, &plain.credentials.access_key_id);
    trial.refused_to(&plain, DescribeLogGroups::default());

    let first = trial.done_by(&ann, tagged(&[("team", "news")], &["team"]));
    let session = caller(&trial, &first.credentials.access_key_id);
    let conflicting = AssumeRole { role_arn: ROLE.replace("deploy", "next"), ..tagged(&[("Team", "ads")], &[]) };
    assert_eq!(
        trial.refused_to(&session, conflicting),
        "400 InvalidParameterValue: One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session."
    );
    assert_eq!(
        trial.refused_to(&ann, tagged(&[("team", "news")], &["region"])),
        "400 InvalidParameterValue: The specified transitive tag key must be included in the requested tags."
    );
    assert_eq!(
        trial.refused_to(&ann, tagged(&[("a", "1"), ("A", "2")], &[])),
        "400 InvalidParameterValue: Duplicate tag keys found. Please note that Tag keys are case insensitive."
    );
}

#[test]
fn a_source_identity_stays_for_good() {
    let (mut trial, ann) = chain();
    let named = |role: &str, identity: Option<&str>| AssumeRole {
        role_arn: ROLE.replace("deploy", role),
        source_identity: identity.map(str::to_owned),
        ..assume()
    };
    let first = trial.done_by(&ann, named("deploy", Some("octocat")));
    let session = caller(&trial, &first.credentials.access_key_id);
    let second = trial.done_by(&session, named("next", None));
    assert_eq!(second.source_identity.as_deref(), Some("octocat"));
    assert!(trial.refused_to(&session, named("next", Some("other"))).contains("cannot be changed"));
}

#[test]
fn a_chained_session_lasts_an_hour_at_most() {
    let (mut trial, ann) = chain();
    for name in ["deploy", "next"] {
        trial.done(crate::iam::UpdateRole { name: name.into(), description: None, max_session_seconds: Some(43_200) });
    }
    let hours = |role: &str, seconds: i64| AssumeRole {
        role_arn: ROLE.replace("deploy", role),
        duration_seconds: Some(seconds),
        ..assume()
    };
    let first = trial.done_by(&ann, hours("deploy", 43_200));
    let session = caller(&trial, &first.credentials.access_key_id);
    assert_eq!(
        trial.refused_to(&session, hours("next", 3601)),
        "400 ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
    );
    trial.done_by(&session, hours("next", 3600));
}

#[test]
fn session_policies_cap_together() {
    let (mut trial, ann) = account("none:None", ANN);
    let managed = |name: &str, action: &str| CreatePolicy {
        name: name.into(),
        document: allow(action),
        ..CreatePolicy::default()
    };
    let arn = trial.done(managed("reading", "logs:Describe*")).arn;
    let capped = AssumeRole { policy: Some(allow("iam:ListUsers")), policy_arns: vec![arn], ..assume() };
    let output = trial.done_by(&ann, capped);
    let session = caller(&trial, &output.credentials.access_key_id);
    trial.done_by(&session, DescribeLogGroups::default());
    trial.done_by(&session, ListUsers::default());
    let group = CreateLogGroup { group: "/a".into(), ..CreateLogGroup::default() };
    assert!(
        trial.refused_to(&session, group).ends_with("because no session policy allows the logs:CreateLogGroup action")
    );
    let absent = AssumeRole { policy_arns: vec!["arn:aws:iam::123456789012:policy/none".into()], ..assume() };
    assert!(trial.refused_to(&ann, absent).contains("does not exist or is not attachable"));
    let long = AssumeRole { policy: Some(" ".repeat(2049)), ..assume() };
    assert!(
        trial
            .refused_to(&ann, long)
            .contains("at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048")
    );
}

#[test]
fn a_users_own_session_cannot_use_iam() {
    let (mut trial, ann) = account("*", ANN);
    let issued = trial.now;
    let credentials = trial.done_by(&ann, GetSessionToken::default());
    assert_eq!(credentials.expires_at, issued + Duration::from_secs(43_200));
    let session = caller(&trial, &credentials.access_key_id);
    assert_eq!(session.arn, ann.arn);
    trial.done_by(&session, DescribeLogGroups::default());
    trial.done_by(&session, GetCallerIdentity {});
    trial.done_by(&session, assume());
    assert_eq!(
        trial.refused_to(&session, ListUsers::default()),
        "403 InvalidClientTokenId: The security token included in the request is invalid"
    );
    assert_eq!(
        trial.refused_to(&session, GetSessionToken::default()),
        "403 AccessDenied: Cannot call GetSessionToken with session credentials"
    );
    let role = trial.done_by(&ann, assume());
    let role = caller(&trial, &role.credentials.access_key_id);
    assert_eq!(
        trial.refused_to(&role, GetSessionToken::default()),
        "403 AccessDenied: Cannot call GetSessionToken with session credentials"
    );
    assert_eq!(
        trial.refused_to(&ann, GetSessionToken { duration_seconds: Some(129_601) }),
        "400 ValidationError: 1 validation error detected: Value '129601' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 129600"
    );
    let root = trial.done(GetSessionToken { duration_seconds: Some(7200) });
    assert_eq!(root.expires_at, issued + Duration::from_secs(3600));
    assert_eq!(caller(&trial, &root.access_key_id).arn, trial.world.root().arn);
    // A session does not outlive its user.
    trial.done(crate::iam::DeleteInlinePolicy::<User>::new("ann".into(), "p".into()));
    trial.refused_to(&session, DescribeLogGroups::default());
}

#[test]
fn keys_and_messages_are_told_of_to_those_who_may_ask() {
    let (mut trial, ann) = account("sts:GetAccessKeyInfo", ANN);
    let key = ann.access_key.clone().expect("she has one");
    assert_eq!(trial.done_by(&ann, GetAccessKeyInfo { access_key_id: key }).to_string(), "123456789012");
    assert!(trial.refused(GetAccessKeyInfo { access_key_id: "AKIA".into() }).contains("greater than or equal to 16"));
    let decode = |decoded: Option<&str>| DecodeAuthorizationMessage { decoded: decoded.map(str::to_owned) };
    assert!(trial.refused_to(&ann, decode(Some("{}"))).contains("sts:DecodeAuthorizationMessage on resource: *"));
    assert_eq!(trial.done(decode(Some("{}"))), "{}");
    assert!(trial.refused(decode(None)).starts_with("400 InvalidAuthorizationMessageException: "));
}
