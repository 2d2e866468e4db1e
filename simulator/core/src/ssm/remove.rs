//! Deleting parameters: DeleteParameter, DeleteParameters.

use super::read::check_count;
use super::{name, not_found, resource};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Deletes a parameter with all its versions.
#[derive(Clone, Debug)]
pub struct DeleteParameter {
    /// `Name`.
    pub name: String,
}

impl Operation for DeleteParameter {
    type Output = ();
    const NAME: &'static str = "ssm:DeleteParameter";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, resource(world, &self.name))])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let name = authorized.operation.name;
        name::check_reference(&name)?;
        let removed = world.ssm.parameters.remove(&name);
        removed.map(|_| ()).ok_or_else(not_found)
    }
}

/// Deletes up to ten parameters.
#[derive(Clone, Debug)]
pub struct DeleteParameters {
    /// `Names`.
    pub names: Vec<String>,
}

/// The answer to [`DeleteParameters`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedParameters {
    /// `DeletedParameters`.
    pub deleted: Vec<String>,
    /// `InvalidParameters`: the names that no parameter had.
    pub unknown: Vec<String>,
}

impl Operation for DeleteParameters {
    type Output = DeletedParameters;
    const NAME: &'static str = "ssm:DeleteParameters";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(self.names.iter().map(|name| Access::new(Self::NAME, resource(world, name))).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let names = authorized.operation.names;
        check_count(&names)?;
        let parameters = &mut world.ssm.parameters;
        let (deleted, unknown) = names.into_iter().partition(|name| parameters.remove(name).is_some());
        Ok(DeletedParameters { deleted, unknown })
    }
}
