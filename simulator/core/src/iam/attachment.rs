//! Managed policies on users and roles.

use std::marker::PhantomData;

use super::entity::{Entity, entity_access};
use super::service_linked_role::check_modifiable_entity;
use super::validate::{bad_marker, limit, no_such, page_size};
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::world::World;

/// Attaches a managed policy to a user or role (`AttachUserPolicy`, `AttachRolePolicy`).
#[derive(Clone, Debug)]
pub struct AttachPolicy<E> {
    entity: String,
    policy_arn: String,
    kind: PhantomData<E>,
}

impl<E> AttachPolicy<E> {
    /// Attaches the policy `policy_arn` to the user or role `entity`.
    #[must_use]
    pub fn new(entity: String, policy_arn: String) -> Self {
        Self { entity, policy_arn, kind: PhantomData }
    }
}

impl<E: Entity> Operation for AttachPolicy<E> {
    type Output = ();
    const NAME: &'static str = E::ACTIONS.attach_policy;

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let access = entity_access::<E>(world, Self::NAME, &self.entity);
        Ok(vec![access.with("iam:PolicyARN", &self.policy_arn)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { entity, policy_arn, kind: PhantomData } = authorized.operation;
        check_modifiable_entity::<E>(&world.iam, &entity)?;
        world.iam.entity::<E>(&entity)?;
        world.iam.require_managed(&policy_arn)?;
        let attached = &mut world.iam.entity_mut::<E>(&entity)?.profile_mut().attached;
        let (most, quota) = E::RULES.attached;
        if !attached.contains(&policy_arn) && attached.len() >= most {
            return Err(limit(format!("Cannot exceed quota for {quota}: {most}")));
        }
        attached.insert(policy_arn);
        Ok(())
    }
}

/// Detaches a managed policy from a user or role (`DetachUserPolicy`, `DetachRolePolicy`).
#[derive(Clone, Debug)]
pub struct DetachPolicy<E> {
    entity: String,
    policy_arn: String,
    kind: PhantomData<E>,
}

impl<E> DetachPolicy<E> {
    /// Detaches the policy `policy_arn` from the user or role `entity`.
    #[must_use]
    pub fn new(entity: String, policy_arn: String) -> Self {
        Self { entity, policy_arn, kind: PhantomData }
    }
}

impl<E: Entity> Operation for DetachPolicy<E> {
    type Output = ();
    const NAME: &'static str = E::ACTIONS.detach_policy;

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let access = entity_access::<E>(world, Self::NAME, &self.entity);
        Ok(vec![access.with("iam:PolicyARN", &self.policy_arn)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { entity, policy_arn, kind: PhantomData } = authorized.operation;
        check_modifiable_entity::<E>(&world.iam, &entity)?;
        let attached = &mut world.iam.entity_mut::<E>(&entity)?.profile_mut().attached;
        if attached.remove(&policy_arn) { Ok(()) } else { Err(no_such(format!("Policy {policy_arn} was not found."))) }
    }
}

/// Lists the managed policies of a user or role (`ListAttachedUserPolicies`, `ListAttachedRolePolicies`).
#[derive(Clone, Debug)]
pub struct ListAttachedPolicies<E> {
    entity: String,
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<i64>,
    kind: PhantomData<E>,
}

impl<E> ListAttachedPolicies<E> {
    /// Lists those of the user or role `entity` whose path begins with `path_prefix`.
    #[must_use]
    pub fn new(entity: String, path_prefix: Option<String>, marker: Option<String>, max_items: Option<i64>) -> Self {
        Self { entity, path_prefix, marker, max_items, kind: PhantomData }
    }
}

/// A managed policy that a user or role has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedPolicy {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
}

impl<E: Entity> Operation for ListAttachedPolicies<E> {
    type Output = Page<AttachedPolicy>;
    const NAME: &'static str = E::ACTIONS.list_attached_policies;

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![entity_access::<E>(world, Self::NAME, &self.entity)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { entity, path_prefix, marker, max_items, kind: PhantomData } = authorized.operation;
        let attached = &world.iam.entity::<E>(&entity)?.profile().attached;
        let prefix = path_prefix.unwrap_or_else(|| "/".to_owned());
        let within = |arn: &String| arn.split_once(":policy").is_some_and(|(_, path)| path.starts_with(&prefix));
        let entries = attached.iter().filter(|arn| within(arn)).map(|arn| {
            let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
            (arn, AttachedPolicy { name, arn: arn.clone() })
        });
        page(entries, marker.as_deref(), page_size(max_items)?).ok_or_else(bad_marker)
    }
}
