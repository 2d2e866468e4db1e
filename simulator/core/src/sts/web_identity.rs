//! Assuming a role with an identity token, as GitHub's workflows do (facts/aws.md 6.3).

use std::collections::BTreeMap;
use std::fmt;

use super::credentials::{TemporaryCredentials, denied, invalid, issue};
use super::session_terms::{check_duration, check_name, policies};
use crate::arn::Arn;
use crate::iam::FEDERATED_PROVIDER;
use crate::iam::session::{Terms, role_caller};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// Claims that STS offers as condition keys besides `aud` and `sub`, of GitHub's tokens (facts/bootstrap.md section 1) and of any.
const CLAIMS: [&str; 12] = [
    "actor",
    "actor_id",
    "amr",
    "email",
    "enterprise_id",
    "environment",
    "job_workflow_ref",
    "ref",
    "repository",
    "repository_id",
    "repository_owner_id",
    "workflow",
];

/// An identity token as its holder showed it and as the edge found it.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityToken {
    /// `iss`, such as `https://token.actions.githubusercontent.com`.
    pub issuer: String,
    /// `aud`.
    pub audience: Vec<String>,
    /// `sub`. Empty if the token has none.
    pub subject: String,
    /// `exp`.
    pub expires_at: Option<Timestamp>,
    /// `iat`.
    pub issued_at: Option<Timestamp>,
    /// The other claims that are texts or lists of texts. Not in [`fmt::Debug`].
    pub claims: BTreeMap<String, Vec<String>>,
    /// What became of the check of its signature.
    pub verification: Verification,
}

impl fmt::Debug for IdentityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { issuer, audience, subject, expires_at, issued_at: _, claims: _, verification } = self;
        f.debug_struct("IdentityToken")
            .field("issuer", issuer)
            .field("audience", audience)
            .field("subject", subject)
            .field("expires_at", expires_at)
            .field("verification", verification)
            .finish_non_exhaustive()
    }
}

/// What became of the check of a token's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// The issuer signed it.
    Genuine,
    /// The issuer has no key of the name that the token gives, or the signature is not the key's.
    Forged,
    /// The issuer did not answer when it was asked for its keys.
    Unreachable,
    /// The issuer is not one whose keys greenroom knows: it asks nobody outside.
    Unknown,
}

/// Asks for temporary credentials of a role, showing an identity token instead of a signature.
#[derive(Clone, Debug)]
pub struct AssumeRoleWithWebIdentity {
    /// The role.
    pub role_arn: String,
    /// What the session is called.
    pub session_name: String,
    /// The token; none if what was shown is none.
    pub token: Option<IdentityToken>,
    /// How long the session lasts: 900 s to what the role allows, by default 3600 s.
    pub duration_seconds: Option<i64>,
    /// A policy that caps the session.
    pub policy: Option<String>,
    /// ARNs of managed policies that cap it, with `policy` if there is one.
    pub policy_arns: Vec<String>,
}

/// The answer to [`AssumeRoleWithWebIdentity`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebIdentityOutput {
    /// The credentials.
    pub credentials: TemporaryCredentials,
    /// `AROA…:session`.
    pub assumed_role_id: String,
    /// The session's ARN.
    pub arn: Arn,
    /// The token's `sub`.
    pub subject: String,
    /// The token's audience.
    pub audience: String,
    /// The provider's ARN.
    pub provider: String,
}

impl Operation for AssumeRoleWithWebIdentity {
    type Output = WebIdentityOutput;
    const NAME: &'static str = "sts:AssumeRoleWithWebIdentity";

    /// Checks the token in AWS's order: provider, audience, signature, age; what it says is then the trust policy's business.
    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        check_name("roleSessionName", &self.session_name)?;
        if self.role_arn.chars().count() < 20 {
            return Err(invalid(format!(
                "1 validation error detected: Value '{}' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20",
                self.role_arn
            )));
        }
        let token = self.token()?;
        let (provider, host, audience) = trusted(world, token)?;
        let key = |claim: &str| format!("{host}:{claim}");
        let mut access = Access::new(Self::NAME, &self.role_arn)
            .with(FEDERATED_PROVIDER, provider)
            .with("sts:RoleSessionName", &self.session_name)
            .with(&key("aud"), audience)
            .with(&key("sub"), &token.subject);
        for claim in CLAIMS {
            for value in token.claims.get(claim).into_iter().flatten() {
                access = access.with(&key(claim), value);
            }
        }
        Ok(vec![access])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let operation = authorized.operation;
        let token = operation.token()?;
        let (provider, _, audience) = trusted(world, token)?;
        let Self { role_arn, session_name, duration_seconds, policy, policy_arns, token: _ } = &operation;
        let role = world.iam_seen().role_by_arn(role_arn);
        let role = role.ok_or_else(|| denied(format!("Not authorized to perform {}", Self::NAME)))?;
        let seconds = check_duration(*duration_seconds, role.max_session_seconds(), false)?;
        let role = role.name().to_owned();
        let policies = policies(world, policy.as_deref(), policy_arns)?;
        let session = role_caller(&world.account, &role, session_name);
        let terms = Terms { policies, provider: Some(provider.clone()), ..Terms::default() };
        Ok(WebIdentityOutput {
            assumed_role_id: world.iam_seen().user_id(&session),
            credentials: issue(world, session.principal, seconds, terms),
            arn: session.arn,
            subject: token.subject.clone(),
            audience,
            provider,
        })
    }
}

impl AssumeRoleWithWebIdentity {
    fn token(&self) -> Result<&IdentityToken, Refusal> {
        let no_token = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";
        self.token.as_ref().ok_or_else(|| rejected(no_token))
    }
}

/// The ARN and the host of the provider that a token is from, and the audience that the provider takes it for.
fn trusted(world: &World, token: &IdentityToken) -> Result<(String, String, String), Refusal> {
    let IdentityToken { issuer, audience, subject, expires_at, issued_at, claims: _, verification } = token;
    let provider = world.iam_seen().oidc_provider(issuer);
    let provider =
        provider.ok_or_else(|| rejected(format!("No OpenIDConnect provider found in your account for {issuer}")))?;
    for (claim, missing) in [
        ("aud", audience.is_empty()),
        ("sub", subject.is_empty()),
        ("exp", expires_at.is_none()),
        ("iat", issued_at.is_none()),
    ] {
        if missing {
            return Err(rejected(format!("Missing a required claim: {claim}")));
        }
    }
    let known = audience.iter().find(|audience| provider.knows(audience));
    let known = known.ok_or_else(|| rejected("Incorrect token audience"))?;
    match verification {
        Verification::Genuine => {}
        Verification::Forged => {
            return Err(rejected(
                "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements",
            ));
        }
        Verification::Unreachable => {
            return Err(Refusal::fault("IDPCommunicationError", "The identity provider could not be reached"));
        }
        Verification::Unknown => {
            return Err(Refusal::NotSimulated { what: format!("identity tokens of `{issuer}`") });
        }
    }
    if let Some(end) = expires_at.filter(|end| world.now >= *end) {
        let (now, end) = (world.now.as_millis() / 1000, end.as_millis() / 1000);
        return Err(Refusal::fault(
            "ExpiredTokenException",
            format!("Token expired: current date/time {now} must be before the expiration date/time{end}"),
        ));
    }
    Ok((provider.arn().to_string(), provider.host().to_owned(), known.clone()))
}

fn rejected(message: impl Into<String>) -> Refusal {
    Refusal::fault("InvalidIdentityToken", message)
}
