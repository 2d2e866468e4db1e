//! Describing secrets without their values.

use std::collections::{BTreeMap, BTreeSet};

use super::{INVALID, Secret, require, resource};
use crate::arn::Arn;
use crate::constraint::check_range;
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// Describes one secret.
#[derive(Clone, Debug)]
pub struct DescribeSecret {
    /// Name or ARN of the secret.
    pub secret_id: String,
}

/// Lists secrets by name.
#[derive(Clone, Debug, Default)]
pub struct ListSecrets {
    /// Whether secrets that wait for their deletion are listed too.
    pub with_deleted: bool,
    /// Most secrets of a page: 1 to 100.
    pub limit: Option<i64>,
    /// Where the page before ended.
    pub next_token: Option<String>,
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
    /// The KMS key that encrypts it; none means AWS's own.
    pub kms_key: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub changed: Timestamp,
    /// When it was marked for deletion.
    pub deleted: Option<Timestamp>,
    /// The labels of its versions, by id.
    pub versions: BTreeMap<String, BTreeSet<String>>,
}

impl Operation for DescribeSecret {
    type Output = SecretDescription;
    const NAME: &'static str = "secretsmanager:DescribeSecret";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let access = Access::new(Self::NAME, resource(world, &self.secret_id));
        Ok(vec![access.with("secretsmanager:SecretId", &self.secret_id)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let name = require(world, &authorized.operation.secret_id)?;
        world.secrets.named(&name).map(|secret| describe(&name, secret))
    }
}

impl Operation for ListSecrets {
    type Output = Page<SecretDescription>;
    const NAME: &'static str = "secretsmanager:ListSecrets";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { with_deleted, limit, next_token } = authorized.operation;
        let limit = limit.unwrap_or(100);
        check_range(INVALID, "MaxResults", limit, 1, 100)?;
        let limit = usize::try_from(limit).expect("checked to lie in 1 to 100");
        let listed = world.secrets.secrets.iter().filter(|(_, secret)| with_deleted || secret.deleted.is_none());
        page(listed.map(|(name, secret)| (name, describe(name, secret))), next_token.as_deref(), limit)
            .ok_or_else(|| Refusal::fault("InvalidNextTokenException", "The NextToken value is invalid."))
    }
}

fn describe(name: &str, secret: &Secret) -> SecretDescription {
    let Secret { arn, description, kms_key, tags, created, changed, deleted, versions } = secret;
    SecretDescription {
        arn: arn.clone(),
        name: name.to_owned(),
        description: description.clone(),
        kms_key: kms_key.clone(),
        tags: tags.clone(),
        created: *created,
        changed: *changed,
        deleted: *deleted,
        versions: versions
            .iter()
            .filter(|(_, version)| !version.stages.is_empty())
            .map(|(id, version)| (id.clone(), version.stages.clone()))
            .collect(),
    }
}
