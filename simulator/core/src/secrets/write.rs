//! New values of secrets.

use std::collections::BTreeSet;

use super::version::{check_stages, token_in_use, version_id};
use super::{Value, access, name};
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
        Ok(vec![access(world, Self::NAME, &self.secret_id)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { secret_id, value, token, stages } = authorized.operation;
        value.check()?;
        check_stages(&stages)?;
        name::require(world, &secret_id)?;
        let now = world.now;
        let version_id = version_id(&mut world.ids, token)?;
        let (name, secret) = world.living_secret(&secret_id)?;
        match secret.versions.get(&version_id) {
            Some(version) if version.value != value => return Err(token_in_use(&version_id, secret)),
            // The same request again does nothing (botocore, `PutSecretValue`).
            Some(_) => {}
            None => secret.add(&version_id, value, &stages, now)?,
        }
        let stages = secret.versions[&version_id].stages.clone();
        Ok(PutSecretValueOutput { arn: secret.arn.clone(), name, version_id, stages })
    }
}
