//! Sessions of roles: temporary credentials, and roles that AWS services assume.

use std::time::Duration;

use super::credential::Credential;
use super::decision::Named;
use super::entity::Entity;
use super::policy::Document;
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
    pub(crate) role: String,
    pub(crate) name: String,
    pub(crate) secret: Secret,
    pub(crate) token: Secret,
    pub(crate) issued: Timestamp,
    pub(crate) expires: Timestamp,
    /// The policy that caps the session.
    pub(crate) policy: Option<Document>,
}

impl Session {
    pub(super) fn credential(&self, world: &World, access_key_id: &str) -> Credential {
        let caller = role_caller(&world.account, &self.role, &self.name);
        Credential {
            secret: self.secret.expose().to_owned(),
            caller: Caller { access_key: Some(access_key_id.to_owned()), ..caller },
            active: true,
            session_token: Some(self.token.expose().to_owned()),
            expires_at: Some(self.expires),
        }
    }
}

impl State {
    fn session(&self, caller: &Caller) -> Option<&Session> {
        caller.access_key.as_deref().and_then(|key| self.sessions.get(key))
    }

    /// The policy that was passed when the caller's session began.
    pub(super) fn session_policy(&self, caller: &Caller) -> Option<Named<'_>> {
        let document = self.session(caller)?.policy.as_ref()?;
        Some(Named { name: "session policy", document })
    }

    /// When the caller's temporary credentials were issued.
    pub(super) fn issued(&self, caller: &Caller) -> Option<Timestamp> {
        self.session(caller).map(|session| session.issued)
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
    /// A session of the role `role_arn` for the AWS service `service`, such as `ecs-tasks.amazonaws.com`: the role must exist
    /// and its trust policy must name the service.
    ///
    /// # Errors
    /// A denial of `sts:AssumeRole`, which the service that wanted the role words in its own way.
    pub fn assume_for_service(&mut self, role_arn: &str, service: &str, session: &str) -> Result<Caller, Refusal> {
        let role = self.iam.role_by_arn(role_arn).filter(|role| self.trusts_service(role, service));
        let Some(name) = role.map(|role| role.profile().name.clone()) else {
            return Err(Refusal::Denied(Denial {
                caller: service.to_owned(),
                action: "sts:AssumeRole".to_owned(),
                resource: role_arn.to_owned(),
                reason: "because no role trust policy allows the sts:AssumeRole action".to_owned(),
            }));
        };
        self.iam.note_use(&name, self.now);
        Ok(role_caller(&self.account, &name, session))
    }
}
