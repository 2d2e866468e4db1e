//! Settings of repositories.

use super::mutability::TagMutability;
use super::repository_access;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Sets whether image tags can be moved.
#[derive(Clone, Debug)]
pub struct PutImageTagMutability {
    /// The repository.
    pub repository: String,
    /// The setting.
    pub mutability: TagMutability,
}

/// Sets whether images are to be scanned when pushed, whatever the registry's rules say.
#[derive(Clone, Debug)]
pub struct PutImageScanningConfiguration {
    /// The repository.
    pub repository: String,
    /// The setting.
    pub scan_on_push: bool,
}

impl Operation for PutImageTagMutability {
    type Output = Self;
    const NAME: &'static str = "ecr:PutImageTagMutability";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let operation = authorized.operation;
        world.repository_mut(&operation.repository)?.mutability = operation.mutability.clone();
        Ok(operation)
    }
}

impl Operation for PutImageScanningConfiguration {
    type Output = Self;
    const NAME: &'static str = "ecr:PutImageScanningConfiguration";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let operation = authorized.operation;
        world.repository_mut(&operation.repository)?.scan_on_push = operation.scan_on_push;
        Ok(operation)
    }
}
