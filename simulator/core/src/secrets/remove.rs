//! Deleting secrets, at once or after a time of grace.

use std::time::Duration;

use super::{Deletion, INVALID, SecretName, access, name};
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
        let mut delete = access(world, Self::NAME, &self.secret_id);
        delete = delete.with("secretsmanager:ForceDeleteWithoutRecovery", self.force.to_string());
        if let Some(days) = self.recovery_days {
            delete = delete.with("secretsmanager:RecoveryWindowInDays", days.to_string());
        }
        Ok(vec![delete])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { secret_id, recovery_days, force } = authorized.operation;
        let grace = grace(recovery_days, force)?;
        let now = world.now;
        let name = match name::require(world, &secret_id) {
            // Botocore, `ForceDeleteWithoutRecovery`: no matter whether it was there.
            Err(Refusal::Fault { code: "ResourceNotFoundException", .. }) if force => {
                let arn: Arn = name::resource(world, &secret_id).parse().map_err(|_| name::not_found())?;
                return Ok(DeleteSecretOutput { arn, name: secret_id, gone: now });
            }
            named => named?,
        };
        let secret = world.secrets.named_mut(&name)?;
        let arn = secret.arn.clone();
        if force {
            world.secrets.secrets.remove(&name);
            return Ok(DeleteSecretOutput { arn, name, gone: now });
        }
        if secret.deletion.is_some() {
            let message =
                "You can't perform this operation on the secret because it was already scheduled for deletion.";
            return Err(Refusal::fault("InvalidRequestException", message));
        }
        secret.deletion = Some(Deletion { asked: now, grace });
        Ok(DeleteSecretOutput { arn, name, gone: now + grace })
    }
}

fn grace(recovery_days: Option<i64>, force: bool) -> Result<Duration, Refusal> {
    if force && recovery_days.is_some() {
        let message = "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.";
        return Err(Refusal::fault(INVALID, message));
    }
    match u32::try_from(recovery_days.unwrap_or(30)) {
        Ok(days @ 7..=30) => Ok(Duration::from_secs(86_400) * days),
        Ok(_) | Err(_) => {
            let message = "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).";
            Err(Refusal::fault(INVALID, message))
        }
    }
}

impl Operation for RestoreSecret {
    type Output = SecretName;
    const NAME: &'static str = "secretsmanager:RestoreSecret";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![access(world, Self::NAME, &self.secret_id)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<SecretName, Refusal> {
        let name = name::require(world, &authorized.operation.secret_id)?;
        let secret = world.secrets.named_mut(&name)?;
        secret.deletion = None;
        Ok(SecretName { arn: secret.arn.clone(), name })
    }
}
