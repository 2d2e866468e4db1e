//! Versions of managed policies. The default one counts.

use super::managed_policy::{PolicyVersion, checked, no_policy};
use super::validate::{bad_marker, conflict, limit, no_such, page_size};
use super::{State, aws_managed};
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

const MOST_VERSIONS: usize = 5;

/// A version as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVersionDescription {
    /// Its id, such as `v2`.
    pub id: String,
    /// Whether it is the one that counts.
    pub is_default: bool,
    /// When it was made.
    pub created: Timestamp,
    /// The document.
    pub document: String,
}

/// Adds a version to a managed policy.
#[derive(Clone, Debug)]
pub struct CreatePolicyVersion {
    /// The policy's ARN.
    pub arn: String,
    /// The document.
    pub document: String,
    /// Whether it counts from now on.
    pub set_as_default: bool,
}

impl Operation for CreatePolicyVersion {
    type Output = PolicyVersionDescription;
    const NAME: &'static str = "iam:CreatePolicyVersion";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, &self.arn)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { arn, document, set_as_default } = authorized.operation;
        let now = world.now;
        let policy = world.iam.own_policy_mut(&arn)?;
        let version = checked(document)?;
        if policy.versions.len() >= MOST_VERSIONS {
            return Err(limit(format!(
                "A managed policy can have up to {MOST_VERSIONS} versions. Before you create a new version, you must delete an existing version."
            )));
        }
        let number = policy.newest + 1;
        let document = version.text.clone();
        policy.newest = number;
        policy.versions.insert(number, PolicyVersion { policy: version, created: now });
        if set_as_default {
            policy.default = number;
            policy.updated = now;
        }
        Ok(PolicyVersionDescription { id: format!("v{number}"), is_default: set_as_default, created: now, document })
    }
}

/// Describes a version of a managed policy.
#[derive(Clone, Debug)]
pub struct GetPolicyVersion {
    /// The policy's ARN.
    pub arn: String,
    /// The version, such as `v1`.
    pub version: String,
}

impl Operation for GetPolicyVersion {
    type Output = PolicyVersionDescription;
    const NAME: &'static str = "iam:GetPolicyVersion";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, &self.arn)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { arn, version } = authorized.operation;
        let versions = versions(&world.iam, &arn)?;
        versions.into_iter().find(|found| found.id == version).ok_or_else(|| no_version(&arn, &version))
    }
}

/// Lists the versions of a managed policy, the oldest first.
#[derive(Clone, Debug)]
pub struct ListPolicyVersions {
    /// The policy's ARN.
    pub arn: String,
    /// Where the page before ended.
    pub marker: Option<String>,
    /// Most versions of a page: 1 to 1000.
    pub max_items: Option<i64>,
}

impl Operation for ListPolicyVersions {
    type Output = Page<PolicyVersionDescription>;
    const NAME: &'static str = "iam:ListPolicyVersions";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, &self.arn)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { arn, marker, max_items } = authorized.operation;
        let versions = versions(&world.iam, &arn)?.into_iter().enumerate();
        let keyed = versions.map(|(at, version)| (format!("{at:03}"), version));
        page(keyed, marker.as_deref(), page_size(max_items)?).ok_or_else(bad_marker)
    }
}

/// Deletes a version that does not count.
#[derive(Clone, Debug)]
pub struct DeletePolicyVersion {
    /// The policy's ARN.
    pub arn: String,
    /// The version, such as `v1`.
    pub version: String,
}

impl Operation for DeletePolicyVersion {
    type Output = ();
    const NAME: &'static str = "iam:DeletePolicyVersion";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, &self.arn)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { arn, version } = authorized.operation;
        let policy = world.iam.own_policy_mut(&arn)?;
        let number = number(&version).filter(|number| policy.versions.contains_key(number));
        let number = number.ok_or_else(|| no_version(&arn, &version))?;
        if number == policy.default {
            return Err(conflict("Cannot delete the default version of a policy."));
        }
        policy.versions.remove(&number);
        Ok(())
    }
}

/// Chooses the version that counts.
#[derive(Clone, Debug)]
pub struct SetDefaultPolicyVersion {
    /// The policy's ARN.
    pub arn: String,
    /// The version, such as `v1`.
    pub version: String,
}

impl Operation for SetDefaultPolicyVersion {
    type Output = ();
    const NAME: &'static str = "iam:SetDefaultPolicyVersion";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, &self.arn)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { arn, version } = authorized.operation;
        let now = world.now;
        let policy = world.iam.own_policy_mut(&arn)?;
        let number = number(&version).filter(|number| policy.versions.contains_key(number));
        policy.default = number.ok_or_else(|| no_version(&arn, &version))?;
        policy.updated = now;
        Ok(())
    }
}

/// All versions of the policy, the account's or AWS's.
fn versions(state: &State, arn: &str) -> Result<Vec<PolicyVersionDescription>, Refusal> {
    if let Some(policy) = state.policies.get(arn) {
        let described = policy.versions.iter().map(|(number, version)| PolicyVersionDescription {
            id: format!("v{number}"),
            is_default: *number == policy.default,
            created: version.created,
            document: version.policy.text.clone(),
        });
        return Ok(described.collect());
    }
    let policy = aws_managed::get(arn).ok_or_else(|| no_policy(arn))?;
    Ok(vec![PolicyVersionDescription {
        id: policy.version.to_owned(),
        is_default: true,
        created: policy.created,
        document: policy.text.to_owned(),
    }])
}

fn number(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.parse().ok()
}

fn no_version(arn: &str, version: &str) -> Refusal {
    no_such(format!("Policy {arn} version {version} does not exist or is not attachable."))
}
