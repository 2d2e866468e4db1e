//! Assuming a role.

use super::credentials::{TemporaryCredentials, denied, invalid, issue};
use super::session_terms::{check_duration, check_name, policies, tags};
use crate::arn::Arn;
use crate::iam::session::{Terms, role_caller};
use crate::operation::{Access, Authorized, Operation, Principal};
use crate::refusal::Refusal;
use crate::world::World;

/// Asks for temporary credentials of a role.
#[derive(Clone, Debug, Default)]
pub struct AssumeRole {
    /// The role.
    pub role_arn: String,
    /// What the session is called.
    pub session_name: String,
    /// How long it lasts: 900 s to what the role allows, by default 3600 s.
    pub duration_seconds: Option<i64>,
    /// A policy that caps the session.
    pub policy: Option<String>,
    /// ARNs of managed policies that cap it, with `policy` if there is one.
    pub policy_arns: Vec<String>,
    /// What a trust policy may ask of a third party, as `sts:ExternalId`.
    pub external_id: Option<String>,
    /// Tags of the session.
    pub tags: Vec<(String, String)>,
    /// Keys of those tags that sessions inherit which this one begins.
    pub transitive_tag_keys: Vec<String>,
    /// Who is behind the session, for good.
    pub source_identity: Option<String>,
}

/// The answer to [`AssumeRole`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumeRoleOutput {
    /// The credentials.
    pub credentials: TemporaryCredentials,
    /// `AROA…:session`.
    pub assumed_role_id: String,
    /// The session's ARN.
    pub arn: Arn,
    /// Who is behind the session.
    pub source_identity: Option<String>,
}

impl AssumeRole {
    /// `action` on the role with everything that the request says of the session.
    fn access(&self, action: &'static str) -> Access {
        let tags = self.tags.iter().cloned().collect();
        let mut access = Access::new(action, &self.role_arn).tagging(&tags);
        access = access.with("sts:RoleSessionName", &self.session_name);
        if let Some(id) = &self.external_id {
            access = access.with("sts:ExternalId", id);
        }
        if let Some(identity) = &self.source_identity {
            access = access.with("sts:SourceIdentity", identity);
        }
        self.transitive_tag_keys.iter().fold(access, |access, key| access.with("sts:TransitiveTagKeys", key))
    }
}

impl Operation for AssumeRole {
    type Output = AssumeRoleOutput;
    const NAME: &'static str = "sts:AssumeRole";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        let mut accesses = vec![self.access(Self::NAME)];
        if !self.tags.is_empty() {
            accesses.push(self.access("sts:TagSession"));
        }
        if self.source_identity.is_some() {
            accesses.push(self.access("sts:SetSourceIdentity"));
        }
        Ok(accesses)
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Authorized { operation, caller, .. } = authorized;
        let Self { role_arn, session_name, source_identity, .. } = &operation;
        let chained = match &caller.principal {
            Principal::Root => return Err(denied("Roles may not be assumed by root accounts.")),
            Principal::Anonymous => return Err(denied("Not authorized to perform sts:AssumeRole")),
            Principal::User { .. } => false,
            Principal::Role { .. } => true,
        };
        check_name("roleSessionName", session_name)?;
        if let Some(identity) = source_identity {
            check_name("sourceIdentity", identity)?;
        }
        let role = world.iam_seen().role_by_arn(role_arn).ok_or_else(|| denied("The role does not exist."))?;
        let seconds = check_duration(operation.duration_seconds, role.max_session_seconds(), chained)?;
        let role = role.name().to_owned();
        let policies = policies(world, operation.policy.as_deref(), &operation.policy_arns)?;
        let calling = world.iam.session(&caller).map(|session| &session.terms);
        let (tags, transitive) = tags(calling, &operation.tags, &operation.transitive_tag_keys)?;
        let source_identity = handed_on(calling, source_identity.as_ref())?;

        let session = role_caller(&world.account, &role, session_name);
        let terms = Terms { policies, tags, transitive, source_identity: source_identity.clone(), provider: None };
        Ok(AssumeRoleOutput {
            assumed_role_id: world.iam_seen().user_id(&session),
            credentials: issue(world, session.principal, seconds, terms),
            arn: session.arn,
            source_identity,
        })
    }
}

/// The source identity of a session that a session with the terms `calling` begins: once set, it stays (IAM guide, "Monitor and control
/// actions taken with assumed roles").
fn handed_on(calling: Option<&Terms>, asked: Option<&String>) -> Result<Option<String>, Refusal> {
    match (calling.and_then(|terms| terms.source_identity.as_ref()), asked) {
        (Some(present), Some(asked)) if present != asked => {
            Err(invalid("The SourceIdentity of the calling session cannot be changed."))
        }
        (Some(identity), _) | (None, Some(identity)) => Ok(Some(identity.clone())),
        (None, None) => Ok(None),
    }
}
