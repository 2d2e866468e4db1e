//! Temporary credentials of the user who asks.

use super::credentials::{TemporaryCredentials, check_range, denied, issue};
use crate::iam::session::Terms;
use crate::operation::{Access, Authorized, Operation, Principal};
use crate::refusal::Refusal;
use crate::world::World;

/// Longest session of a user, and its length where none is asked for, in seconds.
const LONGEST: i64 = 129_600;
const DEFAULT: i64 = 43_200;
/// The same of the root user, whose longer sessions are cut to it (STS API reference, `DurationSeconds`).
const ROOT: i64 = 3600;

/// Asks for temporary credentials of whoever calls. No policy can forbid it.
#[derive(Clone, Copy, Debug, Default)]
pub struct GetSessionToken {
    /// How long they last: 900 s to 129,600 s, by default 43,200 s; of the root user at most and by default 3600 s.
    pub duration_seconds: Option<i64>,
}

impl Operation for GetSessionToken {
    type Output = TemporaryCredentials;
    const NAME: &'static str = "sts:GetSessionToken";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(Vec::new())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Authorized { operation: Self { duration_seconds }, caller, .. } = authorized;
        if world.iam.session(&caller).is_some() {
            return Err(denied("Cannot call GetSessionToken with session credentials"));
        }
        let seconds = match &caller.principal {
            Principal::Root => check_range(duration_seconds.unwrap_or(ROOT), LONGEST)?.min(ROOT.unsigned_abs()),
            Principal::User { .. } => check_range(duration_seconds.unwrap_or(DEFAULT), LONGEST)?,
            Principal::Role { .. } | Principal::Anonymous => {
                return Err(denied("Cannot call GetSessionToken with session credentials"));
            }
        };
        Ok(issue(world, caller.principal, seconds, Terms::default()))
    }
}
