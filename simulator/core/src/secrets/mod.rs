//! Secrets Manager: secrets with versions, as a deploy reads and writes them.
//!
//! Sources: botocore secretsmanager, the Secrets Manager guide, and what LocalStack's tests recorded from AWS. Deliberately
//! absent: rotation, replication, partners' secrets and KMS keys of one's own. Nothing here prints a value.

mod batch;
mod create;
mod describe;
mod filter;
mod list;
mod name;
mod policy;
mod read;
mod remove;
mod stage;
mod tag;
#[cfg(test)]
mod tests;
mod update;
mod value;
mod version;
mod versions;
mod write;

use std::collections::BTreeMap;
use std::time::Duration;

pub use batch::{BatchGetSecretValue, BatchSecretValues, Unread};
pub use create::{CreateSecret, CreateSecretOutput};
pub use describe::{DescribeSecret, SecretDescription};
pub use filter::SecretFilter;
pub use list::{ListSecrets, SecretOrder};
pub use name::find;
pub use policy::{DeleteResourcePolicy, GetResourcePolicy, PutResourcePolicy};
pub use read::{GetSecretValue, SecretValue};
pub use remove::{DeleteSecret, DeleteSecretOutput, RestoreSecret};
pub use stage::UpdateSecretVersionStage;
pub use tag::{TagResource, UntagResource};
pub use update::{UpdateSecret, UpdateSecretOutput};
pub use value::Value;
pub use versions::{ListSecretVersionIds, SecretVersions, VersionEntry};
pub use write::{PutSecretValue, PutSecretValueOutput};

use crate::arn::Arn;
use crate::iam::policy::Document;
use crate::operation::Access;
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;
use version::Version;

/// Everything Secrets Manager knows of the account.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// By name. A secret whose time of grace is over is among them until its name is used again: ask [`State::named`].
    secrets: BTreeMap<String, Secret>,
}

/// A secret.
#[derive(Clone, Debug)]
struct Secret {
    arn: Arn,
    description: Option<String>,
    /// None if it never had one.
    tags: Option<BTreeMap<String, String>>,
    created: Timestamp,
    changed: Timestamp,
    deletion: Option<Deletion>,
    /// The resource policy, as it was written and as it is understood.
    policy: Option<(String, Document)>,
    versions: BTreeMap<String, Version>,
}

/// That a secret waits for its deletion.
#[derive(Clone, Copy, Debug)]
struct Deletion {
    asked: Timestamp,
    grace: Duration,
}

/// What the answers about a secret have in common: `ARN` and `Name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretName {
    /// The secret's ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
}

const INVALID: &str = "InvalidParameterException";

impl State {
    /// The tags of the secret with the ARN `arn`.
    pub(crate) fn tags(&self, arn: &str) -> Option<&BTreeMap<String, String>> {
        self.with_arn(arn)?.tags.as_ref()
    }

    /// The resource policy of the secret with the ARN `arn`.
    pub(crate) fn policy(&self, arn: &str) -> Option<&Document> {
        self.with_arn(arn)?.policy.as_ref().map(|(_, document)| document)
    }

    fn with_arn(&self, arn: &str) -> Option<&Secret> {
        let (name, _suffix) = arn.splitn(7, ':').nth(6)?.rsplit_once('-')?;
        self.secrets.get(name).filter(|secret| secret.arn.as_str() == arn)
    }

    fn named(&self, name: &str) -> Result<&Secret, Refusal> {
        self.secrets.get(name).ok_or_else(name::not_found)
    }

    fn named_mut(&mut self, name: &str) -> Result<&mut Secret, Refusal> {
        self.secrets.get_mut(name).ok_or_else(name::not_found)
    }

    /// The secrets that there are at `now`, by name.
    fn present(&self, now: Timestamp) -> impl Iterator<Item = (&String, &Secret)> {
        self.secrets.iter().filter(move |(_, secret)| !secret.is_gone(now))
    }
}

impl Secret {
    /// Whether its time of grace is over. AWS deletes it some time after.
    fn is_gone(&self, now: Timestamp) -> bool {
        self.deletion.is_some_and(|Deletion { asked, grace }| now.since(asked) >= grace)
    }

    /// Refuses what may not be done to a secret that waits for its deletion.
    fn check_living(&self) -> Result<(), Refusal> {
        match self.deletion {
            None => Ok(()),
            Some(_) => {
                let message = "You can't perform this operation on the secret because it was marked for deletion.";
                Err(Refusal::fault("InvalidRequestException", message))
            }
        }
    }
}

impl World {
    /// The secret that `id` means, to change it.
    fn living_secret(&mut self, id: &str) -> Result<(String, &mut Secret), Refusal> {
        let name = name::require(self, id)?;
        let secret = self.secrets.named_mut(&name)?;
        secret.check_living()?;
        Ok((name, secret))
    }
}

/// `action` on the secret that `id` means, with the condition key that all such calls have.
fn access(world: &World, action: &'static str, id: &str) -> Access {
    Access::new(action, name::resource(world, id))
        .with("secretsmanager:SecretId", id)
        .with("secretsmanager:SecretPrimaryRegion", world.region.to_string())
}

/// The limits on a description (botocore, `DescriptionType`).
fn check_description(description: Option<&String>) -> Result<(), Refusal> {
    if description.is_none_or(|text| text.chars().count() <= 2048) {
        return Ok(());
    }
    Err(Refusal::fault(INVALID, "Description must have at most 2048 characters."))
}

/// Takes the key that a request names, which can only be AWS's own: the others are KMS's, which is not simulated.
fn check_key(key: Option<&String>) -> Result<(), Refusal> {
    match key {
        Some(key) if !key.is_empty() && key.rsplit(':').next() != Some("alias/aws/secretsmanager") => {
            Err(Refusal::NotSimulated { what: format!("the KMS key `{key}` of a secret") })
        }
        Some(_) | None => Ok(()),
    }
}
