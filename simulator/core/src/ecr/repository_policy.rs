//! Policies of repositories, which take part in every decision about them.

use super::{invalid, repository_access};
use crate::iam::policy::Document;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

const LONGEST: usize = 10_240;

/// Gives a repository a policy.
#[derive(Clone, Debug)]
pub struct SetRepositoryPolicy {
    /// The repository.
    pub repository: String,
    /// The document.
    pub policy: String,
}

/// Reads a repository's policy.
#[derive(Clone, Debug)]
pub struct GetRepositoryPolicy {
    /// The repository.
    pub repository: String,
}

/// Takes a repository's policy away.
#[derive(Clone, Debug)]
pub struct DeleteRepositoryPolicy {
    /// The repository.
    pub repository: String,
}

/// A repository's policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryPolicy {
    /// The repository.
    pub repository: String,
    /// The document.
    pub policy: String,
}

impl Operation for SetRepositoryPolicy {
    type Output = RepositoryPolicy;
    const NAME: &'static str = "ecr:SetRepositoryPolicy";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repository, policy } = authorized.operation;
        let document = Document::resource(&policy).ok().filter(|_| policy.len() <= LONGEST);
        let document = document.ok_or_else(|| invalid("PolicyText", "Invalid repository policy provided"))?;
        world.repository_mut(&repository)?.policy = Some((policy.clone(), document));
        Ok(RepositoryPolicy { repository, policy })
    }
}

impl Operation for GetRepositoryPolicy {
    type Output = RepositoryPolicy;
    const NAME: &'static str = "ecr:GetRepositoryPolicy";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repository } = authorized.operation;
        match &world.repository(&repository)?.policy {
            Some((policy, _)) => Ok(RepositoryPolicy { policy: policy.clone(), repository }),
            None => Err(no_policy(world, &repository)),
        }
    }
}

impl Operation for DeleteRepositoryPolicy {
    type Output = RepositoryPolicy;
    const NAME: &'static str = "ecr:DeleteRepositoryPolicy";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repository } = authorized.operation;
        match world.repository_mut(&repository)?.policy.take() {
            Some((policy, _)) => Ok(RepositoryPolicy { repository, policy }),
            None => Err(no_policy(world, &repository)),
        }
    }
}

fn no_policy(world: &World, repository: &str) -> Refusal {
    let account = &world.account;
    let message = format!(
        "Repository policy does not exist for the repository with name '{repository}' in the registry with id '{account}'"
    );
    Refusal::fault("RepositoryPolicyNotFoundException", message)
}
