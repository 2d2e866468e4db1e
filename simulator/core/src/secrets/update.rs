//! UpdateSecret: another description, another value, or both.

use super::version::{token_in_use, version_id};
use super::{Value, access, check_description, check_key};
use crate::arn::Arn;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Changes a secret.
#[derive(Clone, Debug, Default)]
pub struct UpdateSecret {
    /// Name or ARN of the secret.
    pub secret_id: String,
    /// What it is for.
    pub description: Option<String>,
    /// The KMS key that encrypts it, which can only be AWS's own.
    pub kms_key: Option<String>,
    /// A value, which becomes the current one.
    pub value: Option<Value>,
    /// The new version's id. No version may have it yet.
    pub token: Option<String>,
}

/// The answer to [`UpdateSecret`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateSecretOutput {
    /// The secret's ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// The new version's id, if there is a new value.
    pub version_id: Option<String>,
}

impl Operation for UpdateSecret {
    type Output = UpdateSecretOutput;
    const NAME: &'static str = "secretsmanager:UpdateSecret";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let mut update = access(world, Self::NAME, &self.secret_id);
        if let Some(description) = &self.description {
            update = update.with("secretsmanager:Description", description);
        }
        if let Some(key) = &self.kms_key {
            update = update.with("secretsmanager:KmsKeyId", key);
        }
        Ok(vec![update])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { secret_id, description, kms_key, value, token } = authorized.operation;
        check_description(description.as_ref())?;
        check_key(kms_key.as_ref())?;
        if let Some(value) = &value {
            value.check()?;
        }
        let now = world.now;
        let version_id = value.is_some().then(|| version_id(&mut world.ids, token)).transpose()?;
        let (name, secret) = world.living_secret(&secret_id)?;
        if let Some((id, value)) = version_id.as_ref().zip(value) {
            if secret.versions.contains_key(id) {
                return Err(token_in_use(id, secret));
            }
            secret.add(id, value, &[], now)?;
        }
        if let Some(description) = description {
            secret.description = Some(description).filter(|text| !text.is_empty());
        }
        secret.changed = now;
        Ok(UpdateSecretOutput { arn: secret.arn.clone(), name, version_id })
    }
}
