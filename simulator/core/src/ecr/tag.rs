//! Tags of repositories.

use std::collections::BTreeMap;

use super::{invalid, no_repository};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

const MOST_TAGS: usize = 50;

/// Adds tags to a repository, or changes their values.
#[derive(Clone, Debug)]
pub struct TagResource {
    /// The repository's ARN.
    pub resource: String,
    /// The tags.
    pub tags: BTreeMap<String, String>,
}

/// Removes tags from a repository.
#[derive(Clone, Debug)]
pub struct UntagResource {
    /// The repository's ARN.
    pub resource: String,
    /// Keys of the tags.
    pub keys: Vec<String>,
}

/// Lists the tags of a repository.
#[derive(Clone, Debug)]
pub struct ListTagsForResource {
    /// The repository's ARN.
    pub resource: String,
}

impl Operation for TagResource {
    type Output = ();
    const NAME: &'static str = "ecr:TagResource";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, &self.resource).tagging(&self.tags)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { resource, tags } = authorized.operation;
        let present = tags_mut(world, &resource)?;
        let mut joined = present.clone();
        joined.extend(tags);
        check(&joined)?;
        *present = joined;
        Ok(())
    }
}

impl Operation for UntagResource {
    type Output = ();
    const NAME: &'static str = "ecr:UntagResource";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, &self.resource).tag_keys(&self.keys)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { resource, keys } = authorized.operation;
        tags_mut(world, &resource)?.retain(|key, _| !keys.contains(key));
        Ok(())
    }
}

impl Operation for ListTagsForResource {
    type Output = BTreeMap<String, String>;
    const NAME: &'static str = "ecr:ListTagsForResource";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, &self.resource)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        tags_mut(world, &authorized.operation.resource).map(|tags| tags.clone())
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

fn tags_mut<'w>(world: &'w mut World, resource: &str) -> Result<&'w mut BTreeMap<String, String>, Refusal> {
    let prefix = format!("arn:aws:ecr:{}:{}:repository/", world.region, world.account);
    let Some(name) = resource.strip_prefix(&prefix) else {
        return Err(invalid("resourceArn", "Invalid ARN"));
    };
    if !world.ecr.repositories.contains_key(name) {
        return Err(no_repository(world, name));
    }
    world.repository_mut(name).map(|repository| &mut repository.tags)
}
