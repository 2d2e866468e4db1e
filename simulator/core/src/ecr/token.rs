//! Authorization tokens: the passwords of `docker login`.

use std::fmt;
use std::time::Duration;

use crate::iam::Secret;
use crate::id::IdKind;
use crate::operation::{Access, Authorized, Caller, Operation};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// How long a token is good for.
const LIFETIME: Duration = Duration::from_secs(12 * 3600);
const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const LENGTH: usize = 96;

/// A token that was handed out.
#[derive(Clone, Debug)]
pub(super) struct Token {
    caller: Caller,
    expires_at: Timestamp,
}

/// Asks for a password of the registry's user `AWS`. It stands for whoever asks, for twelve hours.
#[derive(Clone, Copy, Debug, Default)]
pub struct GetAuthorizationToken {}

/// The answer to [`GetAuthorizationToken`].
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationData {
    /// The password of user `AWS`. Not in [`fmt::Debug`].
    pub password: String,
    /// Until when the registry accepts it.
    pub expires_at: Timestamp,
    /// The registry, such as `https://123456789012.dkr.ecr.eu-central-1.amazonaws.com`.
    pub proxy_endpoint: String,
}

impl fmt::Debug for AuthorizationData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { password: _, expires_at, proxy_endpoint } = self;
        f.debug_struct("AuthorizationData")
            .field("expires_at", expires_at)
            .field("proxy_endpoint", proxy_endpoint)
            .finish_non_exhaustive()
    }
}

impl Operation for GetAuthorizationToken {
    type Output = AuthorizationData;
    const NAME: &'static str = "ecr:GetAuthorizationToken";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let now = world.now;
        let expires_at = now + LIFETIME;
        let password = world.ids.text(IdKind::Secret, ALPHABET, LENGTH);
        // Expired ones are remembered for a while, so that their user is told that they have expired.
        world.ecr.tokens.retain(|_, token| token.expires_at + LIFETIME > now);
        world.ecr.tokens.insert(Secret::new(&password), Token { caller: authorized.caller, expires_at });
        let proxy_endpoint = super::registry_url(world);
        Ok(AuthorizationData { password, expires_at, proxy_endpoint })
    }
}

impl World {
    /// Whom the registry has before it, by the password that came with the request.
    ///
    /// # Errors
    /// `UNAUTHORIZED` (401) for a password that was never handed out, `DENIED` (403) for one that has expired.
    pub fn registry_caller(&self, password: &str) -> Result<Caller, Refusal> {
        match self.ecr.tokens.get(&Secret::new(password)) {
            None => Err(Refusal::Fault { code: "UNAUTHORIZED", status: 401, message: "Not Authorized".to_owned() }),
            Some(token) if token.expires_at <= self.now => Err(Refusal::Fault {
                code: "DENIED",
                status: 403,
                message: "Your authorization token has expired. Reauthenticate and try again.".to_owned(),
            }),
            Some(token) => Ok(token.caller.clone()),
        }
    }
}
