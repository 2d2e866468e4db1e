//! Policies that live in a user or a role.

use std::marker::PhantomData;

use super::entity::{Entity, PolicyText, entity_access};
use super::policy::Document;
use super::service_linked_role::check_modifiable_entity;
use super::validate::{POLICY_NAME, bad_marker, check_document, limit, no_such, page_size, weight};
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::world::World;

/// Writes an inline policy of a user or role (`PutUserPolicy`, `PutRolePolicy`).
#[derive(Clone, Debug)]
pub struct PutInlinePolicy<E> {
    entity: String,
    policy: String,
    document: String,
    kind: PhantomData<E>,
}

impl<E> PutInlinePolicy<E> {
    /// Writes the policy `policy` of the user or role `entity`.
    #[must_use]
    pub fn new(entity: String, policy: String, document: String) -> Self {
        Self { entity, policy, document, kind: PhantomData }
    }
}

impl<E: Entity> Operation for PutInlinePolicy<E> {
    type Output = ();
    const NAME: &'static str = E::ACTIONS.put_policy;

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![entity_access::<E>(world, Self::NAME, &self.entity)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { entity, policy, document: text, kind: PhantomData } = authorized.operation;
        POLICY_NAME.check(&policy)?;
        check_document(&text)?;
        check_modifiable_entity::<E>(&world.iam, &entity)?;
        let profile = world.iam.entity_mut::<E>(&entity)?.profile_mut();
        let document = Document::identity(&text)?;
        let others = profile.inline.iter().filter(|(name, _)| **name != policy).map(|(_, other)| weight(&other.text));
        let most = E::RULES.inline_size;
        if others.sum::<usize>() + weight(&text) > most {
            let noun = E::NOUN;
            return Err(limit(format!("Maximum policy size of {most} bytes exceeded for {noun} {entity}")));
        }
        profile.inline.insert(policy, PolicyText { text, document });
        Ok(())
    }
}

/// Reads an inline policy of a user or role (`GetUserPolicy`, `GetRolePolicy`).
#[derive(Clone, Debug)]
pub struct GetInlinePolicy<E> {
    entity: String,
    policy: String,
    kind: PhantomData<E>,
}

impl<E> GetInlinePolicy<E> {
    /// Reads the policy `policy` of the user or role `entity`.
    #[must_use]
    pub fn new(entity: String, policy: String) -> Self {
        Self { entity, policy, kind: PhantomData }
    }
}

/// An inline policy as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlinePolicy {
    /// The user or role.
    pub entity: String,
    /// The policy's name.
    pub policy: String,
    /// The document.
    pub document: String,
}

impl<E: Entity> Operation for GetInlinePolicy<E> {
    type Output = InlinePolicy;
    const NAME: &'static str = E::ACTIONS.get_policy;

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![entity_access::<E>(world, Self::NAME, &self.entity)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { entity, policy, kind: PhantomData } = authorized.operation;
        let inline = &world.iam.entity::<E>(&entity)?.profile().inline;
        let document = inline.get(&policy).ok_or_else(|| no_policy::<E>(&policy))?.text.clone();
        Ok(InlinePolicy { entity, policy, document })
    }
}

/// Deletes an inline policy of a user or role (`DeleteUserPolicy`, `DeleteRolePolicy`).
#[derive(Clone, Debug)]
pub struct DeleteInlinePolicy<E> {
    entity: String,
    policy: String,
    kind: PhantomData<E>,
}

impl<E> DeleteInlinePolicy<E> {
    /// Deletes the policy `policy` of the user or role `entity`.
    #[must_use]
    pub fn new(entity: String, policy: String) -> Self {
        Self { entity, policy, kind: PhantomData }
    }
}

impl<E: Entity> Operation for DeleteInlinePolicy<E> {
    type Output = ();
    const NAME: &'static str = E::ACTIONS.delete_policy;

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![entity_access::<E>(world, Self::NAME, &self.entity)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { entity, policy, kind: PhantomData } = authorized.operation;
        check_modifiable_entity::<E>(&world.iam, &entity)?;
        let inline = &mut world.iam.entity_mut::<E>(&entity)?.profile_mut().inline;
        inline.remove(&policy).map(|_| ()).ok_or_else(|| no_policy::<E>(&policy))
    }
}

/// Lists the names of a user's or role's inline policies (`ListUserPolicies`, `ListRolePolicies`).
#[derive(Clone, Debug)]
pub struct ListInlinePolicies<E> {
    entity: String,
    marker: Option<String>,
    max_items: Option<i64>,
    kind: PhantomData<E>,
}

impl<E> ListInlinePolicies<E> {
    /// Lists those of the user or role `entity`.
    #[must_use]
    pub fn new(entity: String, marker: Option<String>, max_items: Option<i64>) -> Self {
        Self { entity, marker, max_items, kind: PhantomData }
    }
}

impl<E: Entity> Operation for ListInlinePolicies<E> {
    type Output = Page<String>;
    const NAME: &'static str = E::ACTIONS.list_policies;

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![entity_access::<E>(world, Self::NAME, &self.entity)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { entity, marker, max_items, kind: PhantomData } = authorized.operation;
        let names = world.iam.entity::<E>(&entity)?.profile().inline.keys();
        page(names.map(|name| (name, name.clone())), marker.as_deref(), page_size(max_items)?).ok_or_else(bad_marker)
    }
}

fn no_policy<E: Entity>(policy: &str) -> Refusal {
    no_such(format!("The {} policy with name {policy} cannot be found.", E::NOUN))
}
