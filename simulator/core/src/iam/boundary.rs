//! Permissions boundaries: managed policies that cap what a user's or role's other policies allow.

use std::marker::PhantomData;

use super::entity::{Entity, entity_access};
use super::service_linked_role::check_modifiable_entity;
use super::validate::no_such;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Sets a boundary (`PutUserPermissionsBoundary`, `PutRolePermissionsBoundary`).
#[derive(Clone, Debug)]
pub struct PutPermissionsBoundary<E> {
    entity: String,
    policy_arn: String,
    kind: PhantomData<E>,
}

impl<E> PutPermissionsBoundary<E> {
    /// Bounds the user or role `entity` by the policy `policy_arn`.
    #[must_use]
    pub fn new(entity: String, policy_arn: String) -> Self {
        Self { entity, policy_arn, kind: PhantomData }
    }
}

impl<E: Entity> Operation for PutPermissionsBoundary<E> {
    type Output = ();
    const NAME: &'static str = E::ACTIONS.put_boundary;

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let mut access = entity_access::<E>(world, Self::NAME, &self.entity);
        // What is asked for here is the new boundary, not the present one.
        access.context.remove("iam:PermissionsBoundary");
        Ok(vec![access.with("iam:PermissionsBoundary", &self.policy_arn)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { entity, policy_arn, kind: PhantomData } = authorized.operation;
        check_modifiable_entity::<E>(&world.iam, &entity)?;
        world.iam.entity::<E>(&entity)?;
        world.iam.require_managed(&policy_arn)?;
        world.iam.entity_mut::<E>(&entity)?.profile_mut().boundary = Some(policy_arn);
        Ok(())
    }
}

/// Takes a boundary away (`DeleteUserPermissionsBoundary`, `DeleteRolePermissionsBoundary`).
#[derive(Clone, Debug)]
pub struct DeletePermissionsBoundary<E> {
    entity: String,
    kind: PhantomData<E>,
}

impl<E> DeletePermissionsBoundary<E> {
    /// Takes the boundary of the user or role `entity` away.
    #[must_use]
    pub fn new(entity: String) -> Self {
        Self { entity, kind: PhantomData }
    }
}

impl<E: Entity> Operation for DeletePermissionsBoundary<E> {
    type Output = ();
    const NAME: &'static str = E::ACTIONS.delete_boundary;

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![entity_access::<E>(world, Self::NAME, &self.entity)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { entity, kind: PhantomData } = authorized.operation;
        check_modifiable_entity::<E>(&world.iam, &entity)?;
        let noun = E::NOUN;
        match world.iam.entity_mut::<E>(&entity)?.profile_mut().boundary.take() {
            Some(_) => Ok(()),
            None => Err(no_such(format!("{entity} {noun} does not have a permissions boundary"))),
        }
    }
}
