//! Tags of users and roles.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use super::entity::{Entity, entity_access};
use super::validate::{bad_marker, invalid, limit, page_size, validation};
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::world::World;

const MOST_TAGS: usize = 50;
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

/// Adds tags to a user or role, or changes their values (`TagUser`, `TagRole`).
#[derive(Clone, Debug)]
pub struct TagEntity<E> {
    entity: String,
    tags: Vec<(String, String)>,
    kind: PhantomData<E>,
}

impl<E> TagEntity<E> {
    /// Tags the user or role `entity`.
    #[must_use]
    pub fn new(entity: String, tags: Vec<(String, String)>) -> Self {
        Self { entity, tags, kind: PhantomData }
    }
}

impl<E: Entity> Operation for TagEntity<E> {
    type Output = ();
    const NAME: &'static str = E::ACTIONS.tag;

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let tags = self.tags.iter().cloned().collect();
        Ok(vec![entity_access::<E>(world, Self::NAME, &self.entity).tagging(&tags)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { entity, tags, kind: PhantomData } = authorized.operation;
        let profile = world.iam.entity_mut::<E>(&entity)?.profile_mut();
        profile.tags = checked(profile.tags.clone(), &tags)?;
        Ok(())
    }
}

/// Removes tags from a user or role (`UntagUser`, `UntagRole`).
#[derive(Clone, Debug)]
pub struct UntagEntity<E> {
    entity: String,
    keys: Vec<String>,
    kind: PhantomData<E>,
}

impl<E> UntagEntity<E> {
    /// Removes the tags `keys` of the user or role `entity`.
    #[must_use]
    pub fn new(entity: String, keys: Vec<String>) -> Self {
        Self { entity, keys, kind: PhantomData }
    }
}

impl<E: Entity> Operation for UntagEntity<E> {
    type Output = ();
    const NAME: &'static str = E::ACTIONS.untag;

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![entity_access::<E>(world, Self::NAME, &self.entity).tag_keys(&self.keys)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { entity, keys, kind: PhantomData } = authorized.operation;
        let tags = &mut world.iam.entity_mut::<E>(&entity)?.profile_mut().tags;
        tags.retain(|key, _| !keys.iter().any(|removed| removed.eq_ignore_ascii_case(key)));
        Ok(())
    }
}

/// Lists the tags of a user or role (`ListUserTags`, `ListRoleTags`).
#[derive(Clone, Debug)]
pub struct ListTags<E> {
    entity: String,
    marker: Option<String>,
    max_items: Option<i64>,
    kind: PhantomData<E>,
}

impl<E> ListTags<E> {
    /// Lists those of the user or role `entity`.
    #[must_use]
    pub fn new(entity: String, marker: Option<String>, max_items: Option<i64>) -> Self {
        Self { entity, marker, max_items, kind: PhantomData }
    }
}

impl<E: Entity> Operation for ListTags<E> {
    type Output = Page<(String, String)>;
    const NAME: &'static str = E::ACTIONS.list_tags;

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![entity_access::<E>(world, Self::NAME, &self.entity)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { entity, marker, max_items, kind: PhantomData } = authorized.operation;
        let tags = &world.iam.entity::<E>(&entity)?.profile().tags;
        let entries = tags.iter().map(|(key, value)| (key, (key.clone(), value.clone())));
        page(entries, marker.as_deref(), page_size(max_items)?).ok_or_else(bad_marker)
    }
}

/// `present` with `added`, if IAM takes them. Keys that differ in case alone are one key.
pub(super) fn checked(
    present: BTreeMap<String, String>,
    added: &[(String, String)],
) -> Result<BTreeMap<String, String>, Refusal> {
    for (at, (key, value)) in added.iter().enumerate() {
        check_length("key", key, 1, LONGEST_KEY)?;
        check_length("value", value, 0, LONGEST_VALUE)?;
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid(format!("Tag key '{key}' is invalid. Tag keys cannot start with 'aws:'.")));
        }
        if added[..at].iter().any(|(other, _)| other.eq_ignore_ascii_case(key)) {
            return Err(invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive."));
        }
    }
    let mut joined = present;
    joined.retain(|key, _| !added.iter().any(|(new, _)| new.eq_ignore_ascii_case(key)));
    joined.extend(added.iter().cloned());
    if joined.len() > MOST_TAGS {
        return Err(limit("The number of tags has reached the maximum limit."));
    }
    Ok(joined)
}

fn check_length(member: &str, text: &str, shortest: usize, longest: usize) -> Result<(), Refusal> {
    let length = text.chars().count();
    let rule = if length < shortest {
        format!("greater than or equal to {shortest}")
    } else if length > longest {
        format!("less than or equal to {longest}")
    } else {
        return Ok(());
    };
    Err(validation(format!(
        "1 validation error detected: Value '{text}' at 'tags.member.{member}' failed to satisfy constraint: Member must have length {rule}"
    )))
}
