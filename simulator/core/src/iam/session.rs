//! Sessions: temporary credentials, and roles that AWS services assume.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::credential::Credential;
use super::decision::Named;
use super::entity::Entity;
use super::gate::FEDERATED_PROVIDER;
use super::policy::{Context, Document, iso8601};
use super::{Role, Secret, State};
use crate::arn::{AccountId, Arn};
use crate::operation::{Caller, Principal};
use crate::refusal::{Denial, Refusal};
use crate::time::Timestamp;
use crate::world::World;

/// How long an expired session is remembered, so that its holder is told that it has expired.
const REMEMBERED: Duration = Duration::from_secs(7 * 86_400);

/// A session that was handed temporary credentials.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// Whose it is.
    pub(crate) principal: Principal,
    pub(crate) secret: Secret,
    pub(crate) token: Secret,
    pub(crate) issued: Timestamp,
    pub(crate) expires: Timestamp,
    pub(crate) terms: Terms,
}

/// What a session was begun with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    /// The policies that cap the session together, and what they are called; none caps nothing.
    pub(crate) policies: Vec<(String, Document)>,
    /// Session tags, which stand before those of the role.
    pub(crate) tags: BTreeMap<String, String>,
    /// Keys of session tags that go on to sessions which this one begins.
    pub(crate) transitive: BTreeSet<String>,
    /// `SourceIdentity`, which goes on to them as well.
    pub(crate) source_identity: Option<String>,
    /// ARN of the identity provider whose token began it.
    pub(crate) provider: Option<String>,
}

impl Session {
    pub(super) fn credential(&self, world: &World, access_key_id: &str) -> Option<Credential> {
        let caller = match &self.principal {
            Principal::Root => world.root(),
            Principal::User { name } => world.iam_seen().users.get(name)?.caller(&world.account),
            Principal::Role { name, session } => role_caller(&world.account, name, session),
            Principal::Anonymous => return None,
        };
        Some(Credential {
            secret: self.secret.expose().to_owned(),
            caller: Caller { access_key: Some(access_key_id.to_owned()), ..caller },
            active: true,
            session_token: Some(self.token.expose().to_owned()),
            expires_at: Some(self.expires),
        })
    }

    /// The condition keys of requests that its credentials sign.
    pub(super) fn keys(&self, context: &mut Context) {
        let Terms { policies: _, tags, transitive: _, source_identity, provider } = &self.terms;
        context.fill("aws:MultiFactorAuthPresent", "false");
        context.fill("aws:TokenIssueTime", iso8601(self.issued));
        for (key, value) in tags {
            context.fill(&format!("aws:PrincipalTag/{key}"), value);
        }
        if let Some(identity) = source_identity {
            context.fill("aws:SourceIdentity", identity);
        }
        if let Some(provider) = provider {
            context.fill(FEDERATED_PROVIDER, provider);
        }
    }
}

impl State {
    /// The session whose temporary credentials signed the caller's request.
    pub(crate) fn session(&self, caller: &Caller) -> Option<&Session> {
        caller.access_key.as_deref().and_then(|key| self.sessions.get(key))
    }

    /// The policies that were passed when the caller's session began.
    pub(super) fn session_policies(&self, caller: &Caller) -> Vec<Named<'_>> {
        let policies = self.session(caller).map_or(&[][..], |session| session.terms.policies.as_slice());
        policies.iter().map(|(name, document)| Named { name, document }).collect()
    }

    /// Refuses what credentials of `GetSessionToken` cannot be used for without MFA: IAM altogether, and of STS all but `AssumeRole` and
    /// `GetCallerIdentity` (STS API reference, `GetSessionToken`).
    pub(crate) fn check_session_may_call(&self, caller: &Caller, operation: &str) -> Result<(), Refusal> {
        let (service, name) = operation.split_once(':').unwrap_or((operation, ""));
        let limited = service == "iam" || (service == "sts" && !["AssumeRole", "GetCallerIdentity"].contains(&name));
        let of_role = matches!(caller.principal, Principal::Role { .. });
        if !limited || of_role || self.session(caller).is_none() {
            return Ok(());
        }
        let (code, message) = match service {
            "iam" => ("InvalidClientTokenId", "The security token included in the request is invalid".to_owned()),
            _ => ("AccessDenied", format!("Cannot call {name} with session credentials")),
        };
        Err(Refusal::Fault { code, status: 403, message })
    }

    /// Keeps a new session under its access key id. One that has long expired is forgotten.
    pub(crate) fn begin_session(&mut self, access_key_id: String, session: Session) {
        let now = session.issued;
        self.sessions.retain(|_, session| session.expires + REMEMBERED > now);
        self.sessions.insert(access_key_id, session);
    }

    /// The role with the ARN `arn`.
    pub(crate) fn role_by_arn(&self, arn: &str) -> Option<&Role> {
        let name = arn.rsplit('/').next()?;
        self.roles.get(name).filter(|role| role.profile().arn.as_str() == arn)
    }

    /// The ARN of the role called `name`.
    pub(crate) fn arn_of_role(&self, name: &str) -> Option<&Arn> {
        self.roles.get(name).map(|role| &role.profile().arn)
    }

    /// The `aws:userid` of a caller: the account's number, `AIDA…`, or `AROA…:session`.
    pub(crate) fn user_id(&self, caller: &Caller) -> String {
        match &caller.principal {
            Principal::Root => caller.account.to_string(),
            Principal::Anonymous => String::new(),
            Principal::User { name } => self.users.get(name).map(|user| user.profile().id.clone()).unwrap_or_default(),
            Principal::Role { name, session } => {
                let id = self.roles.get(name).map(|role| role.profile().id.as_str()).unwrap_or_default();
                format!("{id}:{session}")
            }
        }
    }

    /// Notes that the role `name` was assumed.
    pub(crate) fn note_use(&mut self, name: &str, at: Timestamp) {
        if let Some(role) = self.roles.get_mut(name) {
            role.used(at);
        }
    }
}

/// A session of the role `role` as a caller.
pub(crate) fn role_caller(account: &AccountId, role: &str, session: &str) -> Caller {
    Caller {
        account: account.clone(),
        arn: Arn::global("sts", account, &format!("assumed-role/{role}/{session}")),
        principal: Principal::Role { name: role.to_owned(), session: session.to_owned() },
        access_key: None,
    }
}

impl World {
    /// A session of the role `role_arn` that has been assumed already, as a caller; none if the role is gone.
    pub(crate) fn assumed(&self, role_arn: &str, session: &str) -> Option<Caller> {
        let role = self.iam_seen().role_by_arn(role_arn)?;
        Some(role_caller(&self.account, &role.profile().name, session))
    }

    /// A session of the role `role_arn` for the AWS service `service`, such as `ecs-tasks.amazonaws.com`: the role must exist
    /// and its trust policy must name the service.
    ///
    /// # Errors
    /// A denial of `sts:AssumeRole`, which the service that wanted the role words in its own way.
    pub fn assume_for_service(&mut self, role_arn: &str, service: &str, session: &str) -> Result<Caller, Refusal> {
        let role = self.iam_seen().role_by_arn(role_arn).filter(|role| self.trusts_service(role, service));
        let Some(name) = role.map(|role| role.profile().name.clone()) else {
            return Err(Refusal::Denied(Denial {
                caller: service.to_owned(),
                action: "sts:AssumeRole".to_owned(),
                resource: role_arn.to_owned(),
                reason: "because no role trust policy allows the sts:AssumeRole action".to_owned(),
                evidence: None,
            }));
        };
        self.iam.note_use(&name, self.now);
        Ok(role_caller(&self.account, &name, session))
    }
}
