//! Lifecycle policies: validated and kept, not carried out.

use super::lifecycle_rule::check;
use super::{invalid, repository_access};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Gives a repository a lifecycle policy.
#[derive(Clone, Debug)]
pub struct PutLifecyclePolicy {
    /// The repository.
    pub repository: String,
    /// The document: 100 to 30,720 characters of JSON.
    pub policy: String,
}

/// Reads a repository's lifecycle policy.
#[derive(Clone, Debug)]
pub struct GetLifecyclePolicy {
    /// The repository.
    pub repository: String,
}

/// Takes a repository's lifecycle policy away.
#[derive(Clone, Debug)]
pub struct DeleteLifecyclePolicy {
    /// The repository.
    pub repository: String,
}

/// A repository's lifecycle policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecyclePolicy {
    /// The repository.
    pub repository: String,
    /// The document.
    pub policy: String,
}

impl Operation for PutLifecyclePolicy {
    type Output = LifecyclePolicy;
    const NAME: &'static str = "ecr:PutLifecyclePolicy";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repository, policy } = authorized.operation;
        match policy.chars().count() {
            0..100 => return Err(invalid("LifecyclePolicyText", "must have length greater than or equal to 100")),
            30_721.. => return Err(invalid("LifecyclePolicyText", "must have length less than or equal to 30720")),
            100..=30_720 => {}
        }
        check(&policy).map_err(|broken| {
            invalid("LifecyclePolicyText", &format!("Lifecycle policy validation failure: {broken}"))
        })?;
        world.repository_mut(&repository)?.lifecycle = Some(policy.clone());
        Ok(LifecyclePolicy { repository, policy })
    }
}

impl Operation for GetLifecyclePolicy {
    type Output = LifecyclePolicy;
    const NAME: &'static str = "ecr:GetLifecyclePolicy";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repository } = authorized.operation;
        match &world.repository(&repository)?.lifecycle {
            Some(policy) => Ok(LifecyclePolicy { policy: policy.clone(), repository }),
            None => Err(no_policy(world, &repository)),
        }
    }
}

impl Operation for DeleteLifecyclePolicy {
    type Output = LifecyclePolicy;
    const NAME: &'static str = "ecr:DeleteLifecyclePolicy";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repository } = authorized.operation;
        match world.repository_mut(&repository)?.lifecycle.take() {
            Some(policy) => Ok(LifecyclePolicy { repository, policy }),
            None => Err(no_policy(world, &repository)),
        }
    }
}

fn no_policy(world: &World, repository: &str) -> Refusal {
    let account = &world.account;
    let message = format!(
        "Lifecycle policy does not exist for the repository with name '{repository}' in the registry with id '{account}'"
    );
    Refusal::fault("LifecyclePolicyNotFoundException", message)
}
