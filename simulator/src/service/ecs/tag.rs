//! Tags on the wire.

use simulator_core::ecs::{ListTagsForResource, TagResource, UntagResource};
use simulator_core::{Home, Refusal};

use super::shape::{self, INVALID};
use crate::wire::Input;

pub(super) fn tag(input: &mut Input, _: &Home) -> Result<TagResource, Refusal> {
    Ok(TagResource { resource: input.required("resourceArn", INVALID)?, tags: shape::tags(input)? })
}

pub(super) fn untag(input: &mut Input, _: &Home) -> Result<UntagResource, Refusal> {
    Ok(UntagResource { resource: input.required("resourceArn", INVALID)?, keys: input.texts("tagKeys")? })
}

pub(super) fn list(input: &mut Input, _: &Home) -> Result<ListTagsForResource, Refusal> {
    Ok(ListTagsForResource { resource: input.required("resourceArn", INVALID)? })
}
