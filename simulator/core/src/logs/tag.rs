//! Tags of log groups.

use std::collections::BTreeMap;

use super::{INVALID, no_group};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

const MOST_TAGS: usize = 50;

/// Adds tags to a group, or changes their values.
#[derive(Clone, Debug)]
pub struct TagResource {
    /// The group's ARN, without a trailing `:*`.
    pub resource: String,
    /// The tags.
    pub tags: BTreeMap<String, String>,
}

/// Removes tags from a group.
#[derive(Clone, Debug)]
pub struct UntagResource {
    /// The group's ARN, without a trailing `:*`.
    pub resource: String,
    /// Keys of the tags.
    pub keys: Vec<String>,
}

/// Lists the tags of a group.
#[derive(Clone, Debug)]
pub struct ListTagsForResource {
    /// The group's ARN, without a trailing `:*`.
    pub resource: String,
}

impl Operation for TagResource {
    type Output = ();
    const NAME: &'static str = "logs:TagResource";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, &self.resource).tagging(&self.tags)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { resource, tags } = authorized.operation;
        let target = tags_mut(world, &resource)?;
        let mut joined = target.clone();
        joined.extend(tags);
        check(&joined)?;
        *target = joined;
        Ok(())
    }
}

impl Operation for UntagResource {
    type Output = ();
    const NAME: &'static str = "logs:UntagResource";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, &self.resource).tag_keys(&self.keys)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { resource, keys } = authorized.operation;
        let tags = tags_mut(world, &resource)?;
        tags.retain(|key, _| !keys.contains(key));
        Ok(())
    }
}

impl Operation for ListTagsForResource {
    type Output = BTreeMap<String, String>;
    const NAME: &'static str = "logs:ListTagsForResource";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, &self.resource)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        tags_mut(world, &authorized.operation.resource).map(|tags| tags.clone())
    }
}

/// The limits on a group's tags.
pub(super) fn check(tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
    if tags.len() > MOST_TAGS {
        let message = format!("The resource has too many tags. The maximum is {MOST_TAGS}.");
        return Err(Refusal::fault("TooManyTagsException", message));
    }
    match tags.keys().find(|key| key.starts_with("aws:") || key.is_empty()) {
        Some(key) => Err(Refusal::fault(INVALID, format!("The tag key '{key}' is not valid."))),
        None => Ok(()),
    }
}

fn tags_mut<'w>(world: &'w mut World, resource: &str) -> Result<&'w mut BTreeMap<String, String>, Refusal> {
    let prefix = format!("arn:aws:logs:{}:{}:log-group:", world.region, world.account);
    let name = resource.strip_prefix(&prefix).ok_or_else(no_group)?;
    world.logs.group_mut(name).map(|group| &mut group.tags)
}
