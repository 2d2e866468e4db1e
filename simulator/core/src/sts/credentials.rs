//! Credentials for a time.

use std::fmt;
use std::time::Duration;

use crate::iam::Secret;
use crate::iam::credential::draw_key;
use crate::iam::session::{Session, Terms};
use crate::id::IdKind;
use crate::operation::Principal;
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

const TOKEN_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const TOKEN_LENGTH: usize = 356;

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

/// Begins a session of `principal` that lasts so many `seconds`.
pub(super) fn issue(world: &mut World, principal: Principal, seconds: u64, terms: Terms) -> TemporaryCredentials {
    let now = world.now;
    let key = draw_key(&mut world.ids, "ASIA");
    let token = world.ids.text(IdKind::Secret, TOKEN_ALPHABET, TOKEN_LENGTH);
    let expires_at = now + Duration::from_secs(seconds);
    if let Principal::Role { name, .. } = &principal {
        world.iam.note_use(name, now);
    }
    let session = Session {
        principal,
        secret: Secret::new(&key.secret),
        token: Secret::new(&token),
        issued: now,
        expires: expires_at,
        terms,
    };
    world.iam.begin_session(key.id.clone(), session);
    TemporaryCredentials { access_key_id: key.id, secret_access_key: key.secret, session_token: token, expires_at }
}

/// Refuses a `DurationSeconds` that lies outside `900..=longest`.
pub(super) fn check_range(seconds: i64, longest: i64) -> Result<u64, Refusal> {
    let rule = if seconds < 900 {
        "greater than or equal to 900".to_owned()
    } else if seconds > longest {
        format!("less than or equal to {longest}")
    } else {
        return Ok(u64::try_from(seconds).expect("at least 900"));
    };
    Err(invalid(format!(
        "1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value {rule}"
    )))
}

pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::fault("ValidationError", message)
}

pub(super) fn denied(message: impl Into<String>) -> Refusal {
    Refusal::Fault { code: "AccessDenied", status: 403, message: message.into() }
}
