//! Reading a secret's value.

use std::collections::BTreeSet;
use std::fmt;

use super::{CURRENT, MARKED, require, resource};
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
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue {
    /// The secret's ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// The value. Not in [`fmt::Debug`].
    pub secret_string: String,
    /// The version's id.
    pub version_id: String,
    /// Its labels.
    pub stages: BTreeSet<String>,
    /// When the version was made.
    pub created: Timestamp,
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { arn, name, secret_string: _, version_id, stages, created } = self;
        f.debug_struct("SecretValue")
            .field("arn", arn)
            .field("name", name)
            .field("version_id", version_id)
            .field("stages", stages)
            .field("created", created)
            .finish_non_exhaustive()
    }
}

impl Operation for GetSecretValue {
    type Output = SecretValue;
    const NAME: &'static str = "secretsmanager:GetSecretValue";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let mut access =
            Access::new(Self::NAME, resource(world, &self.secret_id)).with("secretsmanager:SecretId", &self.secret_id);
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
        let name = require(world, &secret_id)?;
        let secret = world.secrets.named(&name)?;
        secret.living(MARKED)?;
        let stage = version_stage.as_deref().unwrap_or(CURRENT);
        let found = match &version_id {
            Some(id) => secret
                .versions
                .get_key_value(id)
                .filter(|(_, version)| version_stage.as_ref().is_none_or(|stage| version.stages.contains(stage))),
            None => secret.staged(stage),
        };
        let (id, version) = found.ok_or_else(|| missing(version_id.as_deref(), stage))?;
        Ok(SecretValue {
            arn: secret.arn.clone(),
            name,
            secret_string: version.value.expose().to_owned(),
            version_id: id.clone(),
            stages: version.stages.clone(),
            created: version.created,
        })
    }
}

fn missing(version_id: Option<&str>, stage: &str) -> Refusal {
    let which = match version_id {
        Some(id) => format!("VersionId: {id}"),
        None => format!("staging label: {stage}"),
    };
    let message = format!("Secrets Manager can't find the specified secret value for {which}");
    Refusal::fault("ResourceNotFoundException", message)
}
