//! Lifecycle policies. What they come to is in [`super::expiry`].

use super::expiry::Lifecycle;
use super::lifecycle_rule::Policy;
use super::{invalid, repository_access};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::time::Timestamp;
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
    /// When it was last carried out; none if it never was.
    pub evaluated_at: Option<Timestamp>,
}

impl Operation for PutLifecyclePolicy {
    type Output = LifecyclePolicy;
    const NAME: &'static str = "ecr:PutLifecyclePolicy";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![repository_access(world, Self::NAME, &self.repository)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repository, policy } = authorized.operation;
        let read = read(&policy)?;
        let (since, cause) = (world.now, world.cause());
        let lifecycle = Lifecycle { text: policy.clone(), policy: read, since, cause, due: None };
        world.repository_mut(&repository)?.lifecycle = Some(lifecycle);
        world.plan_lifecycle(&repository);
        Ok(LifecyclePolicy { repository, policy, evaluated_at: None })
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
            Some(lifecycle) => Ok(lifecycle.describe(world, &repository)),
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
            Some(lifecycle) => Ok(lifecycle.describe(world, &repository)),
            None => Err(no_policy(world, &repository)),
        }
    }
}

impl Lifecycle {
    fn describe(&self, world: &World, repository: &str) -> LifecyclePolicy {
        LifecyclePolicy {
            repository: repository.to_owned(),
            policy: self.text.clone(),
            evaluated_at: self.evaluated_at(world.now, world.timing.lifecycle_period),
        }
    }
}

/// Reads the policy `text`, or says what AWS says of it.
pub(super) fn read(text: &str) -> Result<Policy, Refusal> {
    match text.chars().count() {
        0..100 => return Err(invalid("LifecyclePolicyText", "must have length greater than or equal to 100")),
        30_721.. => return Err(invalid("LifecyclePolicyText", "must have length less than or equal to 30720")),
        100..=30_720 => {}
    }
    Policy::read(text)
        .map_err(|broken| invalid("LifecyclePolicyText", &format!("Lifecycle policy validation failure: {broken}")))
}

pub(super) fn no_policy(world: &World, repository: &str) -> Refusal {
    let account = &world.account;
    let message = format!(
        "Lifecycle policy does not exist for the repository with name '{repository}' in the registry with id '{account}'"
    );
    Refusal::fault("LifecyclePolicyNotFoundException", message)
}
