//! What EC2's encoded denials say.

use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Asks what the encoded part of an `UnauthorizedOperation` says. The edge, which encodes them, decodes them too.
#[derive(Clone, Debug)]
pub struct DecodeAuthorizationMessage {
    /// What was encoded; none if what was brought is no message of ours.
    pub decoded: Option<String>,
}

impl Operation for DecodeAuthorizationMessage {
    type Output = String;
    const NAME: &'static str = "sts:DecodeAuthorizationMessage";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(authorized: Authorized<Self>, _: &mut World) -> Result<Self::Output, Refusal> {
        authorized.operation.decoded.ok_or_else(|| {
            Refusal::fault("InvalidAuthorizationMessageException", "Message is not in the correct format")
        })
    }
}
