//! Tags of secrets.

use std::collections::BTreeMap;

use super::{INVALID, access};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

const MOST_TAGS: usize = 50;

/// Adds tags to a secret, or changes their values.
#[derive(Clone, Debug)]
pub struct TagResource {
    /// Name or ARN of the secret.
    pub secret_id: String,
    /// The tags.
    pub tags: BTreeMap<String, String>,
}

/// Removes tags from a secret.
#[derive(Clone, Debug)]
pub struct UntagResource {
    /// Name or ARN of the secret.
    pub secret_id: String,
    /// Keys of the tags.
    pub keys: Vec<String>,
}

impl Operation for TagResource {
    type Output = ();
    const NAME: &'static str = "secretsmanager:TagResource";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![access(world, Self::NAME, &self.secret_id).tagging(&self.tags)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { secret_id, tags } = authorized.operation;
        let (_, secret) = world.living_secret(&secret_id)?;
        let mut joined = secret.tags.clone().unwrap_or_default();
        joined.extend(tags);
        check(&joined)?;
        secret.tags = Some(joined);
        Ok(())
    }
}

impl Operation for UntagResource {
    type Output = ();
    const NAME: &'static str = "secretsmanager:UntagResource";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![access(world, Self::NAME, &self.secret_id).tag_keys(&self.keys)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { secret_id, keys } = authorized.operation;
        let (_, secret) = world.living_secret(&secret_id)?;
        if let Some(tags) = &mut secret.tags {
            tags.retain(|key, _| !keys.contains(key));
        }
        Ok(())
    }
}

/// The limits on a secret's tags.
pub(super) fn check(tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
    if tags.len() > MOST_TAGS {
        let message = format!("You've exceeded the maximum number of {MOST_TAGS} tags for this secret.");
        return Err(Refusal::fault(INVALID, message));
    }
    let broken = |(key, value): &(&String, &String)| {
        !(1..=128).contains(&key.chars().count()) || key.starts_with("aws:") || value.chars().count() > 256
    };
    match tags.iter().find(broken) {
        Some((key, _)) => Err(Refusal::fault(INVALID, format!("The tag key '{key}' is not valid."))),
        None => Ok(()),
    }
}
