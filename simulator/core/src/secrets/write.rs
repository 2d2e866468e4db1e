//! New values of secrets.

use std::collections::BTreeSet;

use super::{CURRENT, MARKED, Value, Version, check_value, require, resource, version_id};
use crate::arn::Arn;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Gives a secret a new value.
#[derive(Clone, Debug)]
pub struct PutSecretValue {
    /// Name or ARN of the secret.
    pub secret_id: String,
    /// The value.
    pub value: Value,
    /// The version's id, which makes a repeated request harmless.
    pub token: Option<String>,
    /// Its labels; empty means `AWSCURRENT`.
    pub stages: Vec<String>,
}

/// The answer to [`PutSecretValue`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutSecretValueOutput {
    /// The secret's ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// The new version's id.
    pub version_id: String,
    /// The new version's labels.
    pub stages: BTreeSet<String>,
}

impl Operation for PutSecretValue {
    type Output = PutSecretValueOutput;
    const NAME: &'static str = "secretsmanager:PutSecretValue";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let access = Access::new(Self::NAME, resource(world, &self.secret_id));
        Ok(vec![access.with("secretsmanager:SecretId", &self.secret_id)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { secret_id, value, token, stages } = authorized.operation;
        check_value(&value)?;
        let name = require(world, &secret_id)?;
        let now = world.now;
        let version_id = version_id(&mut world.ids, token)?;
        let secret = world.secrets.named_mut(&name)?;
        secret.living(MARKED)?;
        match secret.versions.get(&version_id) {
            Some(version) if version.value != value => {
                let message = "You can't use ClientRequestToken because that value is already in use for a version of the secret and that version has a different value.";
                return Err(Refusal::fault("ResourceExistsException", message));
            }
            Some(_) => {}
            None => {
                secret.versions.insert(version_id.clone(), Version { value, stages: BTreeSet::new(), created: now });
            }
        }
        let stages = if stages.is_empty() { vec![CURRENT.to_owned()] } else { stages };
        for stage in &stages {
            secret.promote(&version_id, stage);
        }
        secret.changed = now;
        let stages = secret.versions[&version_id].stages.clone();
        Ok(PutSecretValueOutput { arn: secret.arn.clone(), name, version_id, stages })
    }
}
