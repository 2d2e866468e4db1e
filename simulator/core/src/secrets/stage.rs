//! UpdateSecretVersionStage: a label moves from one version to another.

use super::version::{CURRENT, check_stages};
use super::{INVALID, Secret, SecretName, access};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Puts a label on a version, takes it off one, or both.
#[derive(Clone, Debug, Default)]
pub struct UpdateSecretVersionStage {
    /// Name or ARN of the secret.
    pub secret_id: String,
    /// The label.
    pub stage: String,
    /// The version that has it and shall lose it.
    pub remove_from: Option<String>,
    /// The version that shall have it.
    pub move_to: Option<String>,
}

impl Operation for UpdateSecretVersionStage {
    type Output = SecretName;
    const NAME: &'static str = "secretsmanager:UpdateSecretVersionStage";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![access(world, Self::NAME, &self.secret_id).with("secretsmanager:VersionStage", &self.stage)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<SecretName, Refusal> {
        let Self { secret_id, stage, remove_from, move_to } = authorized.operation;
        check_stages(std::slice::from_ref(&stage))?;
        let now = world.now;
        let (name, secret) = world.living_secret(&secret_id)?;
        for id in [&remove_from, &move_to].into_iter().flatten() {
            if !secret.versions.contains_key(id) {
                let message = format!("Secrets Manager can't find the specified secret value for VersionId: {id}");
                return Err(Refusal::fault("ResourceNotFoundException", message));
            }
        }
        check(secret, &stage, remove_from.as_ref(), move_to.as_ref())?;
        match move_to {
            Some(id) => secret.promote(&id, &stage),
            None => secret.unlabel(&stage),
        }
        secret.changed = now;
        Ok(SecretName { arn: secret.arn.clone(), name })
    }
}

/// Whether the label `stage` may move so. Which words AWS has for the first three refusals is known from others' reports of them.
fn check(secret: &Secret, stage: &str, from: Option<&String>, to: Option<&String>) -> Result<(), Refusal> {
    let holder = secret.staged(stage).map(|(id, _)| id);
    let message = match (from, to, holder) {
        (Some(_), None, _) if stage == CURRENT => {
            "You can only move staging label AWSCURRENT to a different secret version. It can’t be completely removed."
                .to_owned()
        }
        (None, Some(to), Some(holder)) if holder != to => format!(
            "The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to version {holder}, so you must explicitly reference that version in RemoveFromVersionId."
        ),
        (Some(from), _, _) if holder != Some(from) => format!(
            "When you move staging label {stage}, if you specify RemoveFromVersionId, it must be set to the version that currently has the staging label {stage}."
        ),
        (None, None, _) => "You must provide either MoveToVersionId or RemoveFromVersionId.".to_owned(),
        (Some(_), _, _) | (None, Some(_), _) => return Ok(()),
    };
    Err(Refusal::fault(INVALID, message))
}
