//! Making secrets.

use std::collections::BTreeMap;

use super::version::{token_in_use, version_id};
use super::{Secret, Value, check_description, check_key, name, tag};
use crate::arn::Arn;
use crate::id::{IdKind, IdStream};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

const SUFFIX_ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// Makes a secret.
#[derive(Clone, Debug, Default)]
pub struct CreateSecret {
    /// Its name.
    pub name: String,
    /// Its first value.
    pub value: Option<Value>,
    /// What it is for.
    pub description: Option<String>,
    /// The KMS key that encrypts it, which can only be AWS's own.
    pub kms_key: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The first version's id, which makes a repeated request harmless.
    pub token: Option<String>,
    /// The six characters at the end of the ARN, so that a rehearsal's secret has the ARN that the user's files name. Not on
    /// the wire: AWS draws them.
    pub suffix: Option<String>,
}

/// The answer to [`CreateSecret`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateSecretOutput {
    /// The secret's ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// The first version's id, if it has a value.
    pub version_id: Option<String>,
}

impl Operation for CreateSecret {
    type Output = CreateSecretOutput;
    const NAME: &'static str = "secretsmanager:CreateSecret";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        // The suffix is not drawn yet; policies for it are written with `-??????` or `-*`, which this satisfies.
        let resource = format!("{}{}-??????", name::arn_prefix(world), self.name);
        let mut create = Access::new(Self::NAME, &resource).with("secretsmanager:Name", &self.name);
        if let Some(description) = &self.description {
            create = create.with("secretsmanager:Description", description);
        }
        if let Some(key) = &self.kms_key {
            create = create.with("secretsmanager:KmsKeyId", key);
        }
        let mut accesses = vec![create.tagging(&self.tags)];
        if !self.tags.is_empty() {
            accesses.push(Access::new("secretsmanager:TagResource", &resource).tagging(&self.tags));
        }
        Ok(accesses)
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { name, value, description, kms_key, tags, token, suffix } = authorized.operation;
        name::check(&name)?;
        check_description(description.as_ref())?;
        check_key(kms_key.as_ref())?;
        tag::check(&tags)?;
        if let Some(value) = &value {
            value.check()?;
        }
        let now = world.now;
        if let Some(secret) = world.secrets.secrets.get(&name).filter(|secret| !secret.is_gone(now)) {
            return again(&name, secret, token.as_deref(), value.as_ref());
        }
        let suffix = suffix.unwrap_or_else(|| draw_suffix(&mut world.ids));
        let arn: Arn = format!("{}{name}-{suffix}", name::arn_prefix(world)).parse().expect("begins as an ARN");
        let version_id = value.is_some().then(|| version_id(&mut world.ids, token)).transpose()?;
        let mut secret = Secret {
            arn: arn.clone(),
            description: description.filter(|text| !text.is_empty()),
            tags: (!tags.is_empty()).then_some(tags),
            created: now,
            changed: now,
            deletion: None,
            policy: None,
            versions: BTreeMap::new(),
        };
        if let Some((id, value)) = version_id.as_ref().zip(value) {
            secret.add(id, value, &[], now)?;
        }
        world.secrets.secrets.insert(name.clone(), secret);
        Ok(CreateSecretOutput { arn, name, version_id })
    }
}

/// A request for a name that is taken: answered as the first time if it is the same request.
fn again(
    name: &str,
    secret: &Secret,
    token: Option<&str>,
    value: Option<&Value>,
) -> Result<CreateSecretOutput, Refusal> {
    if secret.deletion.is_some() {
        let message = "You can't create this secret because a secret with this name is already scheduled for deletion.";
        return Err(Refusal::fault("InvalidRequestException", message));
    }
    match token.and_then(|token| secret.versions.get_key_value(token)) {
        Some((id, version)) if Some(&version.value) == value => {
            Ok(CreateSecretOutput { arn: secret.arn.clone(), name: name.to_owned(), version_id: Some(id.clone()) })
        }
        Some((id, _)) => Err(token_in_use(id, secret)),
        None => {
            let message = format!("The operation failed because the secret {name} already exists.");
            Err(Refusal::fault("ResourceExistsException", message))
        }
    }
}

fn draw_suffix(ids: &mut IdStream) -> String {
    ids.text(IdKind::Secret, SUFFIX_ALPHABET, 6)
}
