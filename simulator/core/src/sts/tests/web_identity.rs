//! Roles for whoever shows an identity token (facts/aws.md 6.3, facts/bootstrap.md section 2).

use std::collections::BTreeMap;
use std::time::Duration;

use crate::event::EventKind;
use crate::iam::{CreateOidcProvider, CreateRole, DeleteOidcProvider, PutInlinePolicy, Role, UpdateAssumeRolePolicy};
use crate::logs::DescribeLogGroups;
use crate::sts::{AssumeRoleWithWebIdentity, GetCallerIdentity, IdentityToken, Verification, WebIdentityOutput};
use crate::trial::Trial;

const ISSUER: &str = "https://token.actions.githubusercontent.com";
const PROVIDER: &str = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";
const NOT_AUTHORIZED: &str = "Not authorized to perform sts:AssumeRoleWithWebIdentity";

fn trust(conditions: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Federated":"{PROVIDER}"}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{conditions}}}]}}"#
    )
}

fn sub(operator: &str, value: &str) -> String {
    trust(&format!(
        r#"{{"StringEquals":{{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"}},"{operator}":{{"token.actions.githubusercontent.com:sub":{value}}}}}"#
    ))
}

/// An account that trusts GitHub, with the role `deploy`.
fn account(trust_policy: &str) -> Trial {
    let mut trial = Trial::new();
    let clients = vec!["sts.amazonaws.com".to_owned()];
    trial.done(CreateOidcProvider { url: ISSUER.into(), clients, ..CreateOidcProvider::default() });
    trial.done(CreateRole { name: "deploy".into(), trust_policy: trust_policy.into(), ..CreateRole::default() });
    trial
}

fn token(trial: &Trial, subject: &str) -> IdentityToken {
    IdentityToken {
        issuer: ISSUER.into(),
        audience: vec!["sts.amazonaws.com".into()],
        subject: subject.into(),
        issued_at: Some(trial.now),
        expires_at: Some(trial.now + Duration::from_secs(300)),
        claims: BTreeMap::from([("repository_id".into(), vec!["74".into()])]),
        verification: Verification::Genuine,
    }
}

fn assume(token: IdentityToken) -> AssumeRoleWithWebIdentity {
    AssumeRoleWithWebIdentity {
        role_arn: "arn:aws:iam::123456789012:role/deploy".into(),
        session_name: "GitHubActions".into(),
        token: Some(token),
        duration_seconds: None,
        policy: None,
        policy_arns: Vec::new(),
    }
}

fn tried(trial: &mut Trial, operation: AssumeRoleWithWebIdentity) -> Result<WebIdentityOutput, String> {
    let anonymous = trial.world.anonymous();
    trial.world.call(trial.now, &anonymous, operation).map_err(|refusal| refusal.to_string())
}

/// The subject that the trust policy asks for, how it compares, the subject of the token, and whether the role is given.
const SUBJECTS: &[(&str, &str, &str, bool)] = &[
    ("StringEquals", r#""repo:o/r:ref:refs/heads/main""#, "repo:o/r:ref:refs/heads/main", true),
    ("StringEquals", r#""repo:o/r:ref:refs/heads/main""#, "repo:o/r:ref:refs/heads/Main", false),
    // A repository with immutable subjects does not match a policy by name alone, and the other way round.
    ("StringEquals", r#""repo:o/r:ref:refs/heads/main""#, "repo:o@1/r@2:ref:refs/heads/main", false),
    ("StringEquals", r#""repo:o@1/r@2:ref:refs/heads/main""#, "repo:o/r:ref:refs/heads/main", false),
    ("StringEquals", r#"["repo:o@1/r@2:environment:e","repo:o/r:environment:e"]"#, "repo:o@1/r@2:environment:e", true),
    ("StringEquals", r#"["repo:o@1/r@2:environment:e","repo:o/r:environment:e"]"#, "repo:o/r:environment:e", true),
    // A job with an environment never shows its branch.
    ("StringEquals", r#""repo:o/r:ref:refs/heads/main""#, "repo:o/r:environment:production", false),
    ("StringEquals", r#""repo:o/r:*""#, "repo:o/r:pull_request", false),
    ("StringLike", r#""repo:o/r:*""#, "repo:o/r:pull_request", true),
    ("StringLike", r#""repo:o/r:ref:refs/tags/v*""#, "repo:o/r:ref:refs/tags/v1.2", true),
    ("StringLike", r#""repo:o/r:ref:refs/tags/v*""#, "repo:o/r:ref:refs/heads/v1.2", false),
    ("StringLike", r#""repo:o*/r*:environment:e""#, "repo:other/repo:environment:e", true),
    ("StringLike", r#""repo:O/R:*""#, "repo:o/r:pull_request", false),
];

#[test]
fn a_trust_policy_decides_by_the_tokens_subject() {
    for (operator, wanted, shown, given) in SUBJECTS {
        let mut trial = account(&sub(operator, wanted));
        let token = token(&trial, shown);
        let outcome = tried(&mut trial, assume(token)).map(drop);
        let expected = if *given { Ok(()) } else { Err(NOT_AUTHORIZED.to_owned()) };
        assert_eq!(outcome, expected, "{operator} {wanted} {shown}");
    }
}

#[test]
fn other_claims_are_condition_keys_too() {
    for (wanted, given) in [("74", true), ("75", false)] {
        let conditions = format!(
            r#"{{"StringEquals":{{"token.actions.githubusercontent.com:sub":"repo:o/r:pull_request","token.actions.githubusercontent.com:repository_id":"{wanted}"}}}}"#
        );
        let mut trial = account(&trust(&conditions));
        let token = token(&trial, "repo:o/r:pull_request");
        assert_eq!(tried(&mut trial, assume(token)).is_ok(), given, "{wanted}");
    }
}

#[test]
fn tokens_are_refused_in_stss_words() {
    let subject = "repo:o/r:pull_request";
    let good = |trial: &Trial| token(trial, subject);
    let no_key = "InvalidIdentityToken: Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements";
    type Case = (fn(&mut IdentityToken), &'static str);
    let cases: [Case; 9] = [
        (
            |token| token.issuer = "https://gitlab.com".into(),
            "InvalidIdentityToken: No OpenIDConnect provider found in your account for https://gitlab.com",
        ),
        (
            |token| token.audience = vec!["https://github.com/o".into()],
            "InvalidIdentityToken: Incorrect token audience",
        ),
        (|token| token.audience.clear(), "InvalidIdentityToken: Missing a required claim: aud"),
        (|token| token.subject.clear(), "InvalidIdentityToken: Missing a required claim: sub"),
        (|token| token.verification = Verification::Forged, no_key),
        (
            |token| token.verification = Verification::Unreachable,
            "IDPCommunicationError: The identity provider could not be reached",
        ),
        (
            |token| token.verification = Verification::Unknown,
            "greenroom does not simulate identity tokens of `https://token.actions.githubusercontent.com`",
        ),
        (
            |token| token.expires_at = token.issued_at,
            "ExpiredTokenException: Token expired: current date/time 1795209420 must be before the expiration date/time1795209420",
        ),
        // A forged token is refused as such, however old.
        (|token| (token.verification, token.expires_at) = (Verification::Forged, token.issued_at), no_key),
    ];
    for (spoil, expected) in cases {
        let mut trial = account(&sub("StringEquals", &format!(r#""{subject}""#)));
        let mut token = good(&trial);
        spoil(&mut token);
        assert_eq!(tried(&mut trial, assume(token)).map(drop), Err(expected.to_owned()));
    }
    let mut trial = account(&sub("StringEquals", &format!(r#""{subject}""#)));
    let operation = AssumeRoleWithWebIdentity { token: None, ..assume(good(&trial)) };
    assert_eq!(
        tried(&mut trial, operation).map(drop),
        Err("InvalidIdentityToken: The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)".to_owned())
    );
    let absent =
        AssumeRoleWithWebIdentity { role_arn: "arn:aws:iam::123456789012:role/none".into(), ..assume(good(&trial)) };
    assert_eq!(tried(&mut trial, absent).map(drop), Err(NOT_AUTHORIZED.to_owned()));
    let long = AssumeRoleWithWebIdentity { duration_seconds: Some(7200), ..assume(good(&trial)) };
    assert_eq!(
        tried(&mut trial, long).map(drop),
        Err("ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
            .to_owned())
    );
    trial.done(DeleteOidcProvider { arn: PROVIDER.into() });
    let operation = assume(good(&trial));
    assert!(tried(&mut trial, operation).is_err_and(|refusal| refusal.contains("No OpenIDConnect provider found")));
}

#[test]
fn its_session_is_the_roles_and_knows_its_provider() {
    let mut trial = account(&sub("StringLike", r#""repo:o/r:*""#));
    let condition = format!(r#""Condition":{{"StringEquals":{{"aws:FederatedProvider":"{PROVIDER}"}}}}"#);
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"logs:*","Resource":"*",{condition}}}]}}"#
    );
    trial.done(PutInlinePolicy::<Role>::new("deploy".into(), "logs".into(), policy));
    let token = token(&trial, "repo:o/r:pull_request");
    let given = tried(&mut trial, assume(token)).expect("trusted");
    assert_eq!(given.arn.as_str(), "arn:aws:sts::123456789012:assumed-role/deploy/GitHubActions");
    assert_eq!((given.audience.as_str(), given.provider.as_str()), ("sts.amazonaws.com", PROVIDER));
    assert_eq!(given.subject, "repo:o/r:pull_request");
    let caller = trial.world.credential(&given.credentials.access_key_id).expect("made just now").caller;
    trial.done_by(&caller, DescribeLogGroups::default());
    assert_eq!(trial.done_by(&caller, GetCallerIdentity {}).arn, given.arn);
}

/// AWS says no reason; the trace has it.
#[test]
fn the_trace_says_what_the_trust_policy_lacked() {
    let mut trial = account(&sub("StringEquals", r#""repo:o/r:pull_request""#));
    let deny = sub("StringLike", r#""repo:o/*""#).replace("Allow", "Deny");
    for (policy, expected) in [
        (None, "because no role trust policy allows the sts:AssumeRoleWithWebIdentity action"),
        (Some(deny), "with an explicit deny in a role trust policy"),
    ] {
        if let Some(trust_policy) = policy {
            trial.done(UpdateAssumeRolePolicy { name: "deploy".into(), trust_policy });
        }
        let token = token(&trial, "repo:o/r:ref:refs/heads/main");
        let refused = tried(&mut trial, assume(token)).expect_err("not trusted");
        assert_eq!(refused, NOT_AUTHORIZED);
        let last = trial.world.events().last().expect("a call is recorded");
        let EventKind::Called { refusal: Some(refusal), .. } = &last.kind else { panic!("{last:?}") };
        let crate::Refusal::Denied(denial) = refusal.as_ref() else { panic!("{refusal}") };
        assert_eq!(denial.reason, expected);
        let evidence = denial.evidence.as_ref().expect("decided by policies");
        let subject = evidence.context.get("token.actions.githubusercontent.com:sub");
        assert_eq!(subject.map(Vec::as_slice), Some(&["repo:o/r:ref:refs/heads/main".to_owned()][..]));
    }
}
