//! Reading a secret's value.

use std::collections::BTreeSet;

use super::version::{CURRENT, Version};
use super::{Secret, Value, access};
use crate::arn::Arn;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// Reads a secret's value: of the version with an id, with a label, or of the current one.
#[derive(Clone, Debug, Default)]
pub struct GetSecretValue {
    /// Name or ARN of the secret; the suffix may be missing or written as question marks.
    pub secret_id: String,
    /// The version.
    pub version_id: Option<String>,
    /// The version's label.
    pub version_stage: Option<String>,
}

/// The answer to [`GetSecretValue`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretValue {
    /// The secret's ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// The value.
    pub value: Value,
    /// The version's id.
    pub version_id: String,
    /// Its labels.
    pub stages: BTreeSet<String>,
    /// When the version was made.
    pub created: Timestamp,
}

impl Operation for GetSecretValue {
    type Output = SecretValue;
    const NAME: &'static str = "secretsmanager:GetSecretValue";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let mut access = access(world, Self::NAME, &self.secret_id);
        if let Some(version) = &self.version_id {
            access = access.with("secretsmanager:VersionId", version);
        }
        let stage = self.version_stage.as_deref().or(self.version_id.is_none().then_some(CURRENT));
        if let Some(stage) = stage {
            access = access.with("secretsmanager:VersionStage", stage);
        }
        Ok(vec![access])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { secret_id, version_id, version_stage } = authorized.operation;
        let today = day(world.now);
        let (name, secret) = world.living_secret(&secret_id)?;
        let version_id = match version_id {
            Some(id) => {
                check_pair(secret, &id, version_stage.as_deref())?;
                id
            }
            None => by_stage(secret, version_stage.as_deref().unwrap_or(CURRENT))?,
        };
        let arn = secret.arn.clone();
        let version = secret.versions.get_mut(&version_id).ok_or_else(|| missing("VersionId", &version_id))?;
        version.accessed = Some(today);
        let Version { value, stages, created, accessed: _ } = version.clone();
        Ok(SecretValue { arn, name, value, version_id, stages, created })
    }
}

fn by_stage(secret: &Secret, stage: &str) -> Result<String, Refusal> {
    secret.staged(stage).map(|(id, _)| id.clone()).ok_or_else(|| missing("staging label", stage))
}

/// Whether the version `id` has the label `stage`, if one was named (text recorded by LocalStack).
fn check_pair(secret: &Secret, id: &str, stage: Option<&str>) -> Result<(), Refusal> {
    match (secret.versions.get(id), stage) {
        (Some(version), Some(stage)) if !version.stages.contains(stage) => {
            let message = "You provided a VersionStage that is not associated to the provided VersionId.";
            Err(Refusal::fault("InvalidRequestException", message))
        }
        (Some(_) | None, _) => Ok(()),
    }
}

fn missing(what: &str, which: &str) -> Refusal {
    let message = format!("Secrets Manager can't find the specified secret value for {what}: {which}");
    Refusal::fault("ResourceNotFoundException", message)
}

/// The beginning of the day of `at`: AWS tells no more of when a secret was read.
fn day(at: Timestamp) -> Timestamp {
    const DAY: u64 = 24 * 3600 * 1000;
    Timestamp::from_millis(at.as_millis() / DAY * DAY)
}
