//! Secrets Manager: secrets with versions, as a deploy reads them.
//!
//! Deliberately absent: rotation, replication, resource policies and binary values. Nothing here prints a value.

mod create;
mod describe;
mod read;
mod remove;
mod tag;
#[cfg(test)]
mod tests;
mod write;

use std::collections::{BTreeMap, BTreeSet};

pub use create::{CreateSecret, CreateSecretOutput};
pub use describe::{DescribeSecret, ListSecrets, SecretDescription};
pub use read::{GetSecretValue, SecretValue};
pub use remove::{DeleteSecret, DeleteSecretOutput, RestoreSecret};
pub use tag::{TagResource, UntagResource};
pub use write::{PutSecretValue, PutSecretValueOutput};

use crate::arn::Arn;
pub use crate::iam::Secret as Value;
use crate::id::{IdKind, IdStream};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// Everything Secrets Manager knows of the account.
#[derive(Clone, Debug, Default)]
pub struct State {
    secrets: BTreeMap<String, Secret>,
}

/// A secret.
#[derive(Clone, Debug)]
struct Secret {
    arn: Arn,
    description: Option<String>,
    kms_key: Option<String>,
    tags: BTreeMap<String, String>,
    created: Timestamp,
    changed: Timestamp,
    deleted: Option<Timestamp>,
    versions: BTreeMap<String, Version>,
}

/// One value that a secret has or had.
#[derive(Clone, Debug)]
struct Version {
    value: Value,
    stages: BTreeSet<String>,
    created: Timestamp,
}

const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";
const INVALID: &str = "InvalidParameterException";

impl State {
    /// The tags of the secret with the ARN `arn`.
    pub(crate) fn tags(&self, arn: &str) -> Option<&BTreeMap<String, String>> {
        let (name, _suffix) = arn.splitn(7, ':').nth(6)?.rsplit_once('-')?;
        self.secrets.get(name).filter(|secret| secret.arn.as_str() == arn).map(|secret| &secret.tags)
    }

    fn named(&self, name: &str) -> Result<&Secret, Refusal> {
        self.secrets.get(name).ok_or_else(not_found)
    }

    fn named_mut(&mut self, name: &str) -> Result<&mut Secret, Refusal> {
        self.secrets.get_mut(name).ok_or_else(not_found)
    }
}

impl Secret {
    /// The version that carries `stage`.
    fn staged(&self, stage: &str) -> Option<(&String, &Version)> {
        self.versions.iter().find(|(_, version)| version.stages.contains(stage))
    }

    /// Gives the version `id` the label `stage`, which no other version keeps. The version that was current becomes the
    /// previous one.
    fn promote(&mut self, id: &str, stage: &str) {
        let before = self.staged(stage).map(|(id, _)| id.clone()).filter(|before| before != id);
        if let (CURRENT, Some(before)) = (stage, &before) {
            self.unlabel(PREVIOUS);
            self.label(before, PREVIOUS);
        }
        self.unlabel(stage);
        self.label(id, stage);
    }

    fn unlabel(&mut self, stage: &str) {
        for version in self.versions.values_mut() {
            version.stages.remove(stage);
        }
    }

    fn label(&mut self, id: &str, stage: &str) {
        if let Some(version) = self.versions.get_mut(id) {
            version.stages.insert(stage.to_owned());
        }
    }

    /// Refuses what may not be done to a secret that waits for its deletion.
    fn living(&self, doing: &str) -> Result<(), Refusal> {
        match self.deleted {
            None => Ok(()),
            Some(_) => {
                let message = format!("You can't perform this operation on the secret because {doing}");
                Err(Refusal::fault("InvalidRequestException", message))
            }
        }
    }
}

const MARKED: &str = "it was marked for deletion.";

/// The name of the secret that `id` means: its name, its ARN, or its ARN without the suffix of six characters or with
/// question marks in its place.
#[must_use]
pub fn find(world: &World, id: &str) -> Option<String> {
    let prefix = arn_prefix(world);
    let Some(named) = id.strip_prefix(&prefix) else {
        return world.secrets.secrets.contains_key(id).then(|| id.to_owned());
    };
    let whole = |name: &str| world.secrets.secrets.get(name).is_some_and(|secret| secret.arn.as_str() == id);
    let parted = named.rsplit_once('-').filter(|(_, suffix)| suffix.len() == 6);
    match parted {
        Some((name, _)) if whole(name) => Some(name.to_owned()),
        Some((name, "??????")) if world.secrets.secrets.contains_key(name) => Some(name.to_owned()),
        _ => world.secrets.secrets.contains_key(named).then(|| named.to_owned()),
    }
}

/// What calls about the secret `id` are authorised against: its ARN, or for a secret that there is not, the ARN it would have
/// but for the suffix.
fn resource(world: &World, id: &str) -> String {
    match find(world, id).and_then(|name| world.secrets.secrets.get(&name)) {
        Some(secret) => secret.arn.as_str().to_owned(),
        None if id.starts_with("arn:") => id.to_owned(),
        None => format!("{}{id}", arn_prefix(world)),
    }
}

/// [`find`], or AWS's refusal.
fn require(world: &World, id: &str) -> Result<String, Refusal> {
    find(world, id).ok_or_else(not_found)
}

fn arn_prefix(world: &World) -> String {
    format!("arn:aws:secretsmanager:{}:{}:secret:", world.region, world.account)
}

fn not_found() -> Refusal {
    Refusal::fault("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

/// The id of a new version: the token that the client sent, or a new one.
fn version_id(ids: &mut IdStream, token: Option<String>) -> Result<String, Refusal> {
    let Some(token) = token else {
        let part = |ids: &mut IdStream, length| ids.hex(IdKind::Secret, length);
        let parts = [8, 4, 4, 4, 12].map(|length| part(ids, length));
        return Ok(parts.join("-"));
    };
    if (32..=64).contains(&token.len()) {
        Ok(token)
    } else {
        Err(Refusal::fault(INVALID, "ClientRequestToken must be 32-64 characters long."))
    }
}

/// The limits on a value (botocore, `SecretStringType`). The refusal does not repeat the value.
fn check_value(value: &Value) -> Result<(), Refusal> {
    if (1..=65_536).contains(&value.expose().len()) {
        Ok(())
    } else {
        Err(Refusal::fault(INVALID, "SecretString must have between 1 and 65536 bytes."))
    }
}
