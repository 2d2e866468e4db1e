//! Tags of parameters: AddTagsToResource, RemoveTagsFromResource, ListTagsForResource.

use std::collections::BTreeMap;

use super::{INVALID, resource};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

const MOST_TAGS: usize = 50;

/// Adds tags to a parameter, or changes their values.
#[derive(Clone, Debug)]
pub struct AddTagsToResource {
    /// `ResourceId`: the parameter's name.
    pub name: String,
    /// `Tags`.
    pub tags: BTreeMap<String, String>,
}

/// Removes tags from a parameter.
#[derive(Clone, Debug)]
pub struct RemoveTagsFromResource {
    /// `ResourceId`: the parameter's name.
    pub name: String,
    /// `TagKeys`.
    pub keys: Vec<String>,
}

/// Lists the tags of a parameter.
#[derive(Clone, Debug)]
pub struct ListTagsForResource {
    /// `ResourceId`: the parameter's name.
    pub name: String,
}

impl Operation for AddTagsToResource {
    type Output = ();
    const NAME: &'static str = "ssm:AddTagsToResource";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, resource(world, &self.name)).tagging(&self.tags)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { name, tags } = authorized.operation;
        let parameter = world.ssm.named_mut(&name).map_err(|_| bad_id())?;
        let mut joined = parameter.tags.clone();
        joined.extend(tags);
        check(&joined)?;
        parameter.tags = joined;
        Ok(())
    }
}

impl Operation for RemoveTagsFromResource {
    type Output = ();
    const NAME: &'static str = "ssm:RemoveTagsFromResource";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, resource(world, &self.name)).tag_keys(&self.keys)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { name, keys } = authorized.operation;
        let parameter = world.ssm.named_mut(&name).map_err(|_| bad_id())?;
        parameter.tags.retain(|key, _| !keys.contains(key));
        Ok(())
    }
}

impl Operation for ListTagsForResource {
    type Output = BTreeMap<String, String>;
    const NAME: &'static str = "ssm:ListTagsForResource";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, resource(world, &self.name))])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let (_, parameter) = world.ssm.named(&authorized.operation.name).map_err(|_| bad_id())?;
        Ok(parameter.tags.clone())
    }
}

fn bad_id() -> Refusal {
    Refusal::fault(
        "InvalidResourceId",
        "The resource ID isn't valid. Verify that you entered the correct ID and try again.",
    )
}

/// The limits on a parameter's tags.
pub(super) fn check(tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
    if tags.len() > MOST_TAGS {
        let message =
            "The Targets parameter includes too many tags. Remove one or more tags and try the command again.";
        return Err(Refusal::fault("TooManyTagsError", message));
    }
    let allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
    let broken = tags.iter().find(|(key, value)| {
        let length = key.chars().count();
        !(1..=128).contains(&length)
            || key.starts_with("aws:")
            || value.chars().count() > 256
            || !key.chars().chain(value.chars()).all(allowed)
    });
    match broken {
        Some((key, _)) => Err(Refusal::fault(INVALID, format!("The tag key '{key}' is not valid."))),
        None => Ok(()),
    }
}
