//! Describing secrets without their values.

use std::collections::{BTreeMap, BTreeSet};

use super::version::Version;
use super::{Deletion, Secret, access, name};
use crate::arn::Arn;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// Describes one secret.
#[derive(Clone, Debug)]
pub struct DescribeSecret {
    /// Name or ARN of the secret.
    pub secret_id: String,
}

/// A secret as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretDescription {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its tags; none if it never had one.
    pub tags: Option<BTreeMap<String, String>>,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub changed: Timestamp,
    /// The day on which a value of it was last read.
    pub accessed: Option<Timestamp>,
    /// When it was marked for deletion.
    pub deleted: Option<Timestamp>,
    /// The labels of its versions that have some, by id.
    pub versions: BTreeMap<String, BTreeSet<String>>,
}

impl Operation for DescribeSecret {
    type Output = SecretDescription;
    const NAME: &'static str = "secretsmanager:DescribeSecret";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![access(world, Self::NAME, &self.secret_id)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let name = name::require(world, &authorized.operation.secret_id)?;
        world.secrets.named(&name).map(|secret| describe(&name, secret))
    }
}

/// The secret called `name`, described.
pub(super) fn describe(name: &str, secret: &Secret) -> SecretDescription {
    let Secret { arn, description, tags, created, changed, deletion, policy: _, versions } = secret;
    SecretDescription {
        arn: arn.clone(),
        name: name.to_owned(),
        description: description.clone(),
        tags: tags.clone(),
        created: *created,
        changed: *changed,
        accessed: accessed(versions),
        deleted: deletion.map(|Deletion { asked, grace: _ }| asked),
        versions: versions
            .iter()
            .filter(|(_, version)| !version.stages.is_empty())
            .map(|(id, version)| (id.clone(), version.stages.clone()))
            .collect(),
    }
}

/// The day on which one of `versions` was last read.
pub(super) fn accessed(versions: &BTreeMap<String, Version>) -> Option<Timestamp> {
    versions.values().filter_map(|version| version.accessed).max()
}
