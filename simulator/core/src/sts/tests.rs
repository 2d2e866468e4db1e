//! Who a caller is, and what it takes to assume a role.

mod session;
mod web_identity;

use std::time::Duration;

use super::*;
use crate::iam::{CreateAccessKey, CreateRole, CreateUser, PutInlinePolicy, Role, User};
use crate::logs::DescribeLogGroups;
use crate::operation::Caller;
use crate::trial::Trial;

const ROLE: &str = "arn:aws:iam::123456789012:role/deploy";

fn trust(principal: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"sts:AssumeRole"}}]}}"#
    )
}

fn allow(action: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#)
}

/// An account with the user `ann`, who may do `actions`, and the role `deploy`, which may do everything and trusts `principal`.
fn account(actions: &str, principal: &str) -> (Trial, Caller) {
    let mut trial = Trial::new();
    trial.done(CreateUser { name: "ann".into(), ..CreateUser::default() });
    trial.done(PutInlinePolicy::<User>::new("ann".into(), "p".into(), allow(actions)));
    let key = trial.done(CreateAccessKey { user: Some("ann".into()) }).key;
    trial.done(CreateRole { name: "deploy".into(), trust_policy: trust(principal), ..CreateRole::default() });
    trial.done(PutInlinePolicy::<Role>::new("deploy".into(), "p".into(), allow("*")));
    let ann = trial.world.credential(&key.id).expect("made just now").caller;
    (trial, ann)
}

fn assume() -> AssumeRole {
    AssumeRole { role_arn: ROLE.into(), session_name: "ci".into(), ..AssumeRole::default() }
}

#[test]
fn everybody_may_ask_who_he_is() {
    let (mut trial, ann) = account("none:None", "arn:aws:iam::123456789012:user/ann");
    let identity = trial.done_by(&ann, GetCallerIdentity {});
    assert_eq!(identity.arn.as_str(), "arn:aws:iam::123456789012:user/ann");
    assert!(identity.user_id.starts_with("AIDA"), "{}", identity.user_id);
    assert_eq!(trial.done(GetCallerIdentity {}).user_id, "123456789012");
    let session = trial.done_by(&ann, assume());
    let caller = trial.world.credential(&session.credentials.access_key_id).expect("made just now").caller;
    let identity = trial.done_by(&caller, GetCallerIdentity {});
    assert_eq!(identity.arn.as_str(), "arn:aws:sts::123456789012:assumed-role/deploy/ci");
    assert_eq!(identity.user_id, session.assumed_role_id);
    assert!(identity.user_id.starts_with("AROA") && identity.user_id.ends_with(":ci"), "{}", identity.user_id);
}

/// What the trust policy names, what the user may do, and whether he may assume the role: in one account a trust policy that
/// names the user suffices, one that names the account needs the user's own policy besides.
#[test]
fn trust_and_identity_policies_go_together() {
    let denied = "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/deploy because no";
    let by_identity = Some("identity-based policy allows the sts:AssumeRole action");
    let by_trust = Some("role trust policy allows the sts:AssumeRole action");
    for (principal, actions, refused) in [
        ("arn:aws:iam::123456789012:user/ann", "none:None", None),
        ("arn:aws:iam::123456789012:root", "sts:AssumeRole", None),
        ("123456789012", "sts:AssumeRole", None),
        ("arn:aws:iam::123456789012:root", "none:None", by_identity),
        ("arn:aws:iam::210987654321:root", "sts:AssumeRole", by_trust),
    ] {
        let (mut trial, ann) = account(actions, principal);
        match refused {
            None => {
                trial.done_by(&ann, assume());
            }
            Some(ending) => assert_eq!(trial.refused_to(&ann, assume()), format!("{denied} {ending}"), "{principal}"),
        }
    }
}

#[test]
fn requests_are_refused_in_stss_words() {
    let (mut trial, ann) = account("none:None", "arn:aws:iam::123456789012:user/ann");
    assert_eq!(trial.refused(assume()), "403 AccessDenied: Roles may not be assumed by root accounts.");
    for (operation, expected) in [
        (
            AssumeRole { session_name: "c".into(), ..assume() },
            "400 ValidationError: 1 validation error detected: Value 'c' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2",
        ),
        (
            AssumeRole { session_name: "c i".into(), ..assume() },
            r"400 ValidationError: 1 validation error detected: Value 'c i' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*",
        ),
        (
            AssumeRole { duration_seconds: Some(899), ..assume() },
            "400 ValidationError: 1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
        ),
        (
            AssumeRole { duration_seconds: Some(3601), ..assume() },
            "400 ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ),
        (AssumeRole { policy: Some("{".into()), ..assume() }, "400 MalformedPolicyDocument: Syntax errors in policy."),
    ] {
        assert_eq!(trial.refused_to(&ann, operation), expected);
    }
}

#[test]
fn a_session_ends_when_it_was_to_end() {
    let (mut trial, ann) = account("none:None", "arn:aws:iam::123456789012:user/ann");
    let issued = trial.now;
    let output = trial.done_by(&ann, AssumeRole { duration_seconds: Some(900), ..assume() });
    let credential = trial.world.credential(&output.credentials.access_key_id).expect("made just now");
    assert_eq!(credential.expires_at, Some(issued + Duration::from_secs(900)));
    assert_eq!(credential.session_token, Some(output.credentials.session_token));
    assert!(output.credentials.access_key_id.starts_with("ASIA"));
}

#[test]
fn a_session_policy_caps_its_session_alone() {
    let (mut trial, ann) = account("none:None", "arn:aws:iam::123456789012:user/ann");
    let capped = trial.done_by(&ann, AssumeRole { policy: Some(allow("iam:*")), ..assume() });
    let free = trial.done_by(&ann, assume());
    let caller = |trial: &Trial, output: &AssumeRoleOutput| {
        trial.world.credential(&output.credentials.access_key_id).expect("made just now").caller
    };
    let (capped, free) = (caller(&trial, &capped), caller(&trial, &free));
    assert!(
        trial
            .refused_to(&capped, DescribeLogGroups::default())
            .ends_with("because no session policy allows the logs:DescribeLogGroups action")
    );
    trial.done_by(&free, DescribeLogGroups::default());
}
