//! Tags of users, roles, managed policies, identity providers and instance profiles.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::marker::PhantomData;

use super::State;
use super::entity::{Entity, entity_access};
use super::validate::{bad_marker, invalid, limit, page_size, validation};
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::world::World;

const MOST_TAGS: usize = 50;
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

/// The kinds of thing in IAM that carry tags. What the trait is made of can be named in IAM's own files alone.
pub trait Tagged: Debug + Sized + 'static {
    /// The IAM actions that tag, untag and list the tags of the kind.
    const TAGGING: Tagging;

    /// `action` on the thing called `name`, with the keys that tell of it.
    fn access(world: &World, action: &'static str, name: &str) -> Access;

    /// The tags of the thing called `name`.
    ///
    /// # Errors
    /// `NoSuchEntity`.
    fn tags<'s>(state: &'s State, name: &str) -> Result<&'s BTreeMap<String, String>, Refusal>;

    /// The same to be changed.
    ///
    /// # Errors
    /// `NoSuchEntity`.
    fn tags_mut<'s>(state: &'s mut State, name: &str) -> Result<&'s mut BTreeMap<String, String>, Refusal>;
}

/// The IAM actions about the tags of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Tagging {
    pub(super) tag: &'static str,
    pub(super) untag: &'static str,
    pub(super) list: &'static str,
}

impl<E: Entity> Tagged for E {
    const TAGGING: Tagging = E::ACTIONS.tagging;

    fn access(world: &World, action: &'static str, name: &str) -> Access {
        entity_access::<E>(world, action, name)
    }

    fn tags<'s>(state: &'s State, name: &str) -> Result<&'s BTreeMap<String, String>, Refusal> {
        state.entity::<E>(name).map(|entity| &entity.profile().tags)
    }

    fn tags_mut<'s>(state: &'s mut State, name: &str) -> Result<&'s mut BTreeMap<String, String>, Refusal> {
        state.entity_mut::<E>(name).map(|entity| &mut entity.profile_mut().tags)
    }
}

/// Adds tags to a thing, or changes their values (`TagUser`, `TagRole`, `TagPolicy`, …).
#[derive(Clone, Debug)]
pub struct TagEntity<E> {
    entity: String,
    tags: Vec<(String, String)>,
    kind: PhantomData<E>,
}

impl<E> TagEntity<E> {
    /// Tags the thing called `entity`: a name or, of policies and identity providers, an ARN.
    #[must_use]
    pub fn new(entity: String, tags: Vec<(String, String)>) -> Self {
        Self { entity, tags, kind: PhantomData }
    }
}

impl<E: Tagged> Operation for TagEntity<E> {
    type Output = ();
    const NAME: &'static str = E::TAGGING.tag;

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let tags = self.tags.iter().cloned().collect();
        Ok(vec![E::access(world, Self::NAME, &self.entity).tagging(&tags)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { entity, tags, kind: PhantomData } = authorized.operation;
        let present = E::tags_mut(&mut world.iam, &entity)?;
        *present = checked(present.clone(), &tags)?;
        Ok(())
    }
}

/// Removes tags from a thing (`UntagUser`, `UntagRole`, …).
#[derive(Clone, Debug)]
pub struct UntagEntity<E> {
    entity: String,
    keys: Vec<String>,
    kind: PhantomData<E>,
}

impl<E> UntagEntity<E> {
    /// Removes the tags `keys` of the thing called `entity`.
    #[must_use]
    pub fn new(entity: String, keys: Vec<String>) -> Self {
        Self { entity, keys, kind: PhantomData }
    }
}

impl<E: Tagged> Operation for UntagEntity<E> {
    type Output = ();
    const NAME: &'static str = E::TAGGING.untag;

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![E::access(world, Self::NAME, &self.entity).tag_keys(&self.keys)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { entity, keys, kind: PhantomData } = authorized.operation;
        let tags = E::tags_mut(&mut world.iam, &entity)?;
        tags.retain(|key, _| !keys.iter().any(|removed| removed.eq_ignore_ascii_case(key)));
        Ok(())
    }
}

/// Lists the tags of a thing (`ListUserTags`, `ListRoleTags`, …).
#[derive(Clone, Debug)]
pub struct ListTags<E> {
    entity: String,
    marker: Option<String>,
    max_items: Option<i64>,
    kind: PhantomData<E>,
}

impl<E> ListTags<E> {
    /// Lists those of the thing called `entity`.
    #[must_use]
    pub fn new(entity: String, marker: Option<String>, max_items: Option<i64>) -> Self {
        Self { entity, marker, max_items, kind: PhantomData }
    }
}

impl<E: Tagged> Operation for ListTags<E> {
    type Output = Page<(String, String)>;
    const NAME: &'static str = E::TAGGING.list;

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![E::access(world, Self::NAME, &self.entity)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { entity, marker, max_items, kind: PhantomData } = authorized.operation;
        let tags = E::tags(&world.iam, &entity)?;
        let entries = tags.iter().map(|(key, value)| (key, (key.clone(), value.clone())));
        page(entries, marker.as_deref(), page_size(max_items)?).ok_or_else(bad_marker)
    }
}

/// `present` with `added`, if IAM takes them. Keys that differ in case alone are one key.
pub(crate) fn checked(
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
