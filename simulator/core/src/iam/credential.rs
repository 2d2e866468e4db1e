//! Who an access key belongs to.

use std::fmt;

use super::{KeyUse, Secret};
use crate::id::{IdKind, IdStream};
use crate::operation::Caller;
use crate::time::Timestamp;
use crate::world::World;

const KEY_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SECRET_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// An access key with its secret, as it is handed over once.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// The access key id, such as `AKIA…`.
    pub id: String,
    /// The secret access key. Not in [`fmt::Debug`].
    pub secret: String,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What there is to know of an access key in order to check a signature made with it.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// The secret access key. Not in [`fmt::Debug`].
    pub secret: String,
    /// Who signs with it.
    pub caller: Caller,
    /// Whether it may be used: `Active` and not `Inactive`.
    pub active: bool,
    /// For temporary credentials: the token that must come with every request. Not in [`fmt::Debug`].
    pub session_token: Option<String>,
    /// For temporary credentials: from when on they are refused with `ExpiredToken`.
    pub expires_at: Option<Timestamp>,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { secret: _, caller, active, session_token: _, expires_at } = self;
        f.debug_struct("Credential")
            .field("caller", caller)
            .field("active", active)
            .field("expires_at", expires_at)
            .finish_non_exhaustive()
    }
}

/// A key's record: of the root user or of an IAM user.
#[derive(Clone, Debug)]
pub(super) struct KeyRecord {
    /// The user's name; none means the root user.
    pub(super) user: Option<String>,
    pub(super) secret: Secret,
    pub(super) active: bool,
    pub(super) created: Timestamp,
    /// What it was last used for.
    pub(super) used: Option<KeyUse>,
}

impl World {
    /// The access key of the root user, who is allowed everything. Made at the first call and the same ever after.
    pub fn root_access_key(&mut self) -> AccessKey {
        let made = self.iam.keys.iter().find(|(_, record)| record.user.is_none());
        if let Some((id, record)) = made {
            return AccessKey { id: id.clone(), secret: record.secret.expose().to_owned() };
        }
        let key = draw_key(&mut self.ids, "AKIA");
        let secret = Secret::new(&key.secret);
        let record = KeyRecord { user: None, secret, active: true, created: self.now, used: None };
        self.iam.keys.insert(key.id.clone(), record);
        key
    }

    /// Whose the access key `access_key_id` is; nothing if there is no such key.
    #[must_use]
    pub fn credential(&self, access_key_id: &str) -> Option<Credential> {
        if let Some(session) = self.iam.sessions.get(access_key_id) {
            return session.credential(self, access_key_id);
        }
        // The root user's key is no write of anybody's: it is there from the first.
        let root = self.iam.keys.get(access_key_id).filter(|record| record.user.is_none());
        let seen = self.iam_seen();
        let record = root.or_else(|| seen.keys.get(access_key_id))?;
        let caller = match &record.user {
            None => self.root(),
            Some(name) => seen.users.get(name)?.caller(&self.account),
        };
        Some(Credential {
            secret: record.secret.expose().to_owned(),
            caller: Caller { access_key: Some(access_key_id.to_owned()), ..caller },
            active: record.active,
            session_token: None,
            expires_at: None,
        })
    }
}

/// A new key whose id begins with `prefix`: `AKIA` for a lasting one, `ASIA` for a temporary one.
pub(crate) fn draw_key(ids: &mut IdStream, prefix: &str) -> AccessKey {
    let id = format!("{prefix}{}", ids.text(IdKind::Principal, KEY_ALPHABET, 16));
    AccessKey { id, secret: ids.text(IdKind::Secret, SECRET_ALPHABET, 40) }
}

/// A new unique id of a principal or policy: `prefix` and 17 characters.
pub(super) fn draw_id(ids: &mut IdStream, prefix: &str) -> String {
    format!("{prefix}{}", ids.text(IdKind::Principal, KEY_ALPHABET, 17))
}
