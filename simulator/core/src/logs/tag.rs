//! Tags of log groups, by ARN and, as it was before, by name.

use std::collections::BTreeMap;

use super::{GROUP_NAME, INVALID, group_resource, no_group};
use crate::operation::Access;
use crate::refusal::Refusal;
use crate::tagging::{self, AddTags, ListTags, RemoveTags, Taggable};
use crate::world::World;

const MOST_TAGS: usize = 50;

/// Adds tags to a group, or changes their values, by the group's ARN without a trailing `:*`.
pub type TagResource = AddTags<GroupByArn>;
/// Removes tags from a group, by the group's ARN without a trailing `:*`.
pub type UntagResource = RemoveTags<GroupByArn>;
/// Lists the tags of a group, by the group's ARN without a trailing `:*`.
pub type ListTagsForResource = ListTags<GroupByArn>;

/// Adds tags to a group, or changes their values, by the group's name.
pub type TagLogGroup = AddTags<GroupByName>;
/// Removes tags from a group, by the group's name.
pub type UntagLogGroup = RemoveTags<GroupByName>;
/// Lists the tags of a group, by the group's name.
pub type ListTagsLogGroup = ListTags<GroupByName>;

/// A log group that is named by its ARN.
#[derive(Clone, Copy, Debug)]
pub enum GroupByArn {}

/// A log group that is named by its name.
#[derive(Clone, Copy, Debug)]
pub enum GroupByName {}

impl Taggable for GroupByArn {
    const TAG: &'static str = "logs:TagResource";
    const UNTAG: &'static str = "logs:UntagResource";
    const LIST: &'static str = "logs:ListTagsForResource";

    /// These three alone are authorised against the ARN without `:*` (botocore, `LogGroup$arn`).
    fn access(_: &World, action: &'static str, arn: &str) -> Access {
        Access::new(action, arn)
    }

    fn tags_mut<'w>(world: &'w mut World, arn: &str) -> Result<&'w mut BTreeMap<String, String>, Refusal> {
        let prefix = format!("arn:aws:logs:{}:{}:log-group:", world.region, world.account);
        let name = arn.strip_prefix(&prefix).ok_or_else(no_group)?;
        world.logs.group_mut(name).map(|group| &mut group.tags)
    }

    fn check(tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
        check(tags)
    }
}

impl Taggable for GroupByName {
    const TAG: &'static str = "logs:TagLogGroup";
    const UNTAG: &'static str = "logs:UntagLogGroup";
    const LIST: &'static str = "logs:ListTagsLogGroup";

    fn access(world: &World, action: &'static str, name: &str) -> Access {
        Access::new(action, group_resource(world, name))
    }

    fn tags_mut<'w>(world: &'w mut World, name: &str) -> Result<&'w mut BTreeMap<String, String>, Refusal> {
        GROUP_NAME.check(INVALID, name)?;
        world.logs.group_mut(name).map(|group| &mut group.tags)
    }

    fn check(tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
        check(tags)
    }
}

/// The limits on a group's tags (botocore, `Tags`).
pub(super) fn check(tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
    if tags.len() > MOST_TAGS {
        let message = format!("The resource has too many tags. The maximum is {MOST_TAGS}.");
        return Err(Refusal::fault("TooManyTagsException", message));
    }
    match tagging::unfit(tags) {
        Some(key) => Err(Refusal::fault(INVALID, format!("The tag key '{key}' is not valid."))),
        None => Ok(()),
    }
}
