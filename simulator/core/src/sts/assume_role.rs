//! Assuming a role.

use std::fmt;
use std::time::Duration;

use crate::arn::Arn;
use crate::iam::Secret;
use crate::iam::credential::draw_key;
use crate::iam::policy::Document;
use crate::iam::session::{Session, role_caller};
use crate::id::IdKind;
use crate::operation::{Access, Authorized, Operation, Principal};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

const TOKEN_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const TOKEN_LENGTH: usize = 356;
/// Longest session of a role that a role's session assumes, in seconds.
const CHAINED_SECONDS: i64 = 3600;

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
    /// What a trust policy may ask of a third party, as `sts:ExternalId`.
    pub external_id: Option<String>,
}

/// Credentials for a time.
#[derive(Clone, PartialEq, Eq)]
pub struct TemporaryCredentials {
    /// The access key id, `ASIA…`.
    pub access_key_id: String,
    /// The secret access key. Not in [`fmt::Debug`].
    pub secret_access_key: String,
    /// The token that must come with every request. Not in [`fmt::Debug`].
    pub session_token: String,
    /// From when on they are refused.
    pub expires_at: Timestamp,
}

impl fmt::Debug for TemporaryCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { access_key_id, secret_access_key: _, session_token: _, expires_at } = self;
        f.debug_struct("TemporaryCredentials")
            .field("access_key_id", access_key_id)
            .field("expires_at", expires_at)
            .finish_non_exhaustive()
    }
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
}

impl Operation for AssumeRole {
    type Output = AssumeRoleOutput;
    const NAME: &'static str = "sts:AssumeRole";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        let access = Access::new(Self::NAME, &self.role_arn).with("sts:RoleSessionName", &self.session_name);
        Ok(vec![match &self.external_id {
            Some(id) => access.with("sts:ExternalId", id),
            None => access,
        }])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Authorized { operation, caller, .. } = authorized;
        let Self { role_arn, session_name, duration_seconds, policy, external_id: _ } = operation;
        let chained = match &caller.principal {
            Principal::Root => return Err(denied("Roles may not be assumed by root accounts.")),
            Principal::User { .. } => false,
            Principal::Role { .. } => true,
        };
        check_session_name(&session_name)?;
        let role = world.iam.role_by_arn(&role_arn).ok_or_else(|| denied("The role does not exist."))?;
        let longest = i64::from(role.max_session_seconds());
        let seconds = check_duration(duration_seconds.unwrap_or(3600), longest, chained)?;
        let policy = policy.as_deref().map(Document::identity).transpose()?;
        let role = role.name().to_owned();

        let now = world.now;
        let key = draw_key(&mut world.ids, "ASIA");
        let token = world.ids.text(IdKind::Secret, TOKEN_ALPHABET, TOKEN_LENGTH);
        let expires_at = now + Duration::from_secs(seconds);
        let session = Session {
            role: role.clone(),
            name: session_name.clone(),
            secret: Secret::new(&key.secret),
            token: Secret::new(&token),
            issued: now,
            expires: expires_at,
            policy,
        };
        world.iam.begin_session(key.id.clone(), session);
        world.iam.note_use(&role, now);
        let caller = role_caller(&world.account, &role, &session_name);
        Ok(AssumeRoleOutput {
            assumed_role_id: world.iam.user_id(&caller),
            arn: caller.arn,
            credentials: TemporaryCredentials {
                access_key_id: key.id,
                secret_access_key: key.secret,
                session_token: token,
                expires_at,
            },
        })
    }
}

fn check_session_name(name: &str) -> Result<(), Refusal> {
    let sound = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let rule = match name.chars().count() {
        0..2 => "Member must have length greater than or equal to 2",
        65.. => "Member must have length less than or equal to 64",
        _ if name.chars().all(sound) => return Ok(()),
        _ => r"Member must satisfy regular expression pattern: [\w+=,.@-]*",
    };
    Err(invalid(format!(
        "1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: {rule}"
    )))
}

/// The seconds of a session that may last so long.
fn check_duration(seconds: i64, longest: i64, chained: bool) -> Result<u64, Refusal> {
    let out_of_range = |rule: &str| {
        invalid(format!(
            "1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value {rule}"
        ))
    };
    if seconds < 900 {
        return Err(out_of_range("greater than or equal to 900"));
    }
    if seconds > 43_200 {
        return Err(out_of_range("less than or equal to 43200"));
    }
    if chained && seconds > CHAINED_SECONDS {
        return Err(invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        ));
    }
    if seconds > longest {
        return Err(invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role."));
    }
    Ok(u64::try_from(seconds).expect("checked to lie in 900 to 43,200"))
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::fault("ValidationError", message)
}

fn denied(message: &str) -> Refusal {
    Refusal::Fault { code: "AccessDenied", status: 403, message: message.to_owned() }
}
