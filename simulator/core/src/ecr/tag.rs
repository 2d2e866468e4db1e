//! Tags of repositories.

use std::collections::BTreeMap;

use super::{invalid, no_repository};
use crate::operation::Access;
use crate::refusal::Refusal;
use crate::tagging::{AddTags, ListTags, RemoveTags, Taggable};
use crate::world::World;

const MOST_TAGS: usize = 50;

/// Adds tags to a repository, or changes their values, by the repository's ARN.
pub type TagResource = AddTags<RepositoryByArn>;
/// Removes tags from a repository, by the repository's ARN.
pub type UntagResource = RemoveTags<RepositoryByArn>;
/// Lists the tags of a repository, by the repository's ARN.
pub type ListTagsForResource = ListTags<RepositoryByArn>;

/// A repository that is named by its ARN.
#[derive(Clone, Copy, Debug)]
pub enum RepositoryByArn {}

impl Taggable for RepositoryByArn {
    const TAG: &'static str = "ecr:TagResource";
    const UNTAG: &'static str = "ecr:UntagResource";
    const LIST: &'static str = "ecr:ListTagsForResource";

    fn access(_: &World, action: &'static str, arn: &str) -> Access {
        Access::new(action, arn)
    }

    fn tags_mut<'w>(world: &'w mut World, arn: &str) -> Result<&'w mut BTreeMap<String, String>, Refusal> {
        let prefix = format!("arn:aws:ecr:{}:{}:repository/", world.region, world.account);
        let Some(name) = arn.strip_prefix(&prefix) else {
            return Err(invalid("resourceArn", "Invalid ARN"));
        };
        if !world.ecr.repositories.contains_key(name) {
            return Err(no_repository(world, name));
        }
        world.repository_mut(name).map(|repository| &mut repository.tags)
    }

    fn check(tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
        check(tags)
    }
}

/// The limits on a repository's tags.
pub(super) fn check(tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
    if tags.len() > MOST_TAGS {
        let message = format!("The number of tags exceeds the limit of {MOST_TAGS}.");
        return Err(Refusal::fault("TooManyTagsException", message));
    }
    let broken = |(key, value): &(&String, &String)| {
        !(1..=128).contains(&key.chars().count()) || value.chars().count() > 256 || key.starts_with("aws:")
    };
    match tags.iter().find(broken) {
        Some((key, _)) => {
            let message = format!("Invalid tag key or value for the tag with key '{key}'.");
            Err(Refusal::fault("InvalidTagParameterException", message))
        }
        None => Ok(()),
    }
}
