//! Dry runs: whether a call would be allowed, without it.
//!
//! Source: botocore ec2, `DryRun`: the error is `DryRunOperation` for whoever has the permissions, and `UnauthorizedOperation` otherwise.

use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// An operation of EC2 as it is asked for: to be carried out, or to be authorised only.
#[derive(Clone, Debug)]
pub struct Attempt<O> {
    /// The operation.
    pub operation: O,
    /// `DryRun`: nothing is done.
    pub dry_run: bool,
}

impl<O: Operation> Operation for Attempt<O> {
    type Output = O::Output;
    const NAME: &'static str = O::NAME;

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        self.operation.accesses(world)
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        if authorized.operation.dry_run {
            let message = "Request would have succeeded, but DryRun flag is set.".to_owned();
            return Err(Refusal::Fault { code: "DryRunOperation", status: 412, message });
        }
        O::perform(authorized.unwrapped(|attempt| attempt.operation), world)
    }
}
