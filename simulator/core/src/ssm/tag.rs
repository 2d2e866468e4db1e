//! Tags of parameters: AddTagsToResource, RemoveTagsFromResource, ListTagsForResource.

use std::collections::BTreeMap;

use super::{INVALID, resource};
use crate::operation::Access;
use crate::refusal::Refusal;
use crate::tagging::{self, AddTags, ListTags, RemoveTags, Taggable};
use crate::world::World;

const MOST_TAGS: usize = 50;

/// Adds tags to a parameter, or changes their values, by the parameter's name.
pub type AddTagsToResource = AddTags<ParameterByName>;
/// Removes tags from a parameter, by the parameter's name.
pub type RemoveTagsFromResource = RemoveTags<ParameterByName>;
/// Lists the tags of a parameter, by the parameter's name.
pub type ListTagsForResource = ListTags<ParameterByName>;

/// A parameter that is named by its name.
#[derive(Clone, Copy, Debug)]
pub enum ParameterByName {}

impl Taggable for ParameterByName {
    const TAG: &'static str = "ssm:AddTagsToResource";
    const UNTAG: &'static str = "ssm:RemoveTagsFromResource";
    const LIST: &'static str = "ssm:ListTagsForResource";

    fn access(world: &World, action: &'static str, name: &str) -> Access {
        Access::new(action, resource(world, name))
    }

    fn tags_mut<'w>(world: &'w mut World, name: &str) -> Result<&'w mut BTreeMap<String, String>, Refusal> {
        let message = "The resource ID isn't valid. Verify that you entered the correct ID and try again.";
        let parameter = world.ssm.named_mut(name).map_err(|_| Refusal::fault("InvalidResourceId", message))?;
        Ok(&mut parameter.tags)
    }

    fn check(tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
        check(tags)
    }
}

/// The limits on a parameter's tags.
pub(super) fn check(tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
    if tags.len() > MOST_TAGS {
        let message =
            "The Targets parameter includes too many tags. Remove one or more tags and try the command again.";
        return Err(Refusal::fault("TooManyTagsError", message));
    }
    match tagging::unfit(tags) {
        Some(key) => Err(Refusal::fault(INVALID, format!("The tag key '{key}' is not valid."))),
        None => Ok(()),
    }
}
