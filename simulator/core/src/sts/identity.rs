//! Who a caller is.

use crate::arn::{AccountId, Arn};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Asks who is calling. AWS lets everybody ask.
#[derive(Clone, Copy, Debug, Default)]
pub struct GetCallerIdentity {}

/// The answer to [`GetCallerIdentity`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerIdentity {
    /// The account's number for the root user, `AIDA…` for a user, `AROA…:session` for a role's session.
    pub user_id: String,
    /// The account.
    pub account: AccountId,
    /// The caller's ARN.
    pub arn: Arn,
}

impl Operation for GetCallerIdentity {
    type Output = CallerIdentity;
    const NAME: &'static str = "sts:GetCallerIdentity";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(Vec::new())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let caller = authorized.caller;
        let user_id = world.iam_seen().user_id(&caller);
        Ok(CallerIdentity { user_id, account: caller.account, arn: caller.arn })
    }
}
