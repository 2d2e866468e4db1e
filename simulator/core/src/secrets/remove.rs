//! Deleting secrets, at once or after a time of grace.

use std::time::Duration;

use super::{INVALID, require, resource};
use crate::arn::Arn;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// Deletes a secret.
#[derive(Clone, Debug)]
pub struct DeleteSecret {
    /// Name or ARN of the secret.
    pub secret_id: String,
    /// Days of grace: 7 to 30. Not together with `force`.
    pub recovery_days: Option<i64>,
    /// Whether it goes at once.
    pub force: bool,
}

/// The answer to [`DeleteSecret`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteSecretOutput {
    /// The secret's ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// When it is gone.
    pub gone: Timestamp,
}

/// Takes back a deletion within its time of grace.
#[derive(Clone, Debug)]
pub struct RestoreSecret {
    /// Name or ARN of the secret.
    pub secret_id: String,
}

impl Operation for DeleteSecret {
    type Output = DeleteSecretOutput;
    const NAME: &'static str = "secretsmanager:DeleteSecret";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let access = Access::new(Self::NAME, resource(world, &self.secret_id));
        Ok(vec![access.with("secretsmanager:SecretId", &self.secret_id)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { secret_id, recovery_days, force } = authorized.operation;
        if force && recovery_days.is_some() {
            let message = "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.";
            return Err(Refusal::fault(INVALID, message));
        }
        let days = match u32::try_from(recovery_days.unwrap_or(30)) {
            Ok(days @ 7..=30) => days,
            Ok(_) | Err(_) => {
                let message = "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).";
                return Err(Refusal::fault(INVALID, message));
            }
        };
        let name = require(world, &secret_id)?;
        let now = world.now;
        let secret = world.secrets.named_mut(&name)?;
        let arn = secret.arn.clone();
        if force {
            world.secrets.secrets.remove(&name);
            return Ok(DeleteSecretOutput { arn, name, gone: now });
        }
        secret.living("it was already scheduled for deletion.")?;
        secret.deleted = Some(now);
        let gone = now + Duration::from_secs(86_400) * days;
        Ok(DeleteSecretOutput { arn, name, gone })
    }
}

impl Operation for RestoreSecret {
    type Output = (Arn, String);
    const NAME: &'static str = "secretsmanager:RestoreSecret";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let access = Access::new(Self::NAME, resource(world, &self.secret_id));
        Ok(vec![access.with("secretsmanager:SecretId", &self.secret_id)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let name = require(world, &authorized.operation.secret_id)?;
        let secret = world.secrets.named_mut(&name)?;
        secret.deleted = None;
        Ok((secret.arn.clone(), name))
    }
}
