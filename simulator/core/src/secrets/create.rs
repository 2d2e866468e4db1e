//! Making secrets.

use std::collections::{BTreeMap, BTreeSet};

use super::{CURRENT, INVALID, Secret, Value, Version, arn_prefix, check_value, tag, version_id};
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
    /// The KMS key that encrypts it; none means AWS's own.
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
        let resource = format!("{}{}-??????", arn_prefix(world), self.name);
        let mut accesses =
            vec![Access::new(Self::NAME, &resource).with("secretsmanager:Name", &self.name).tagging(&self.tags)];
        if !self.tags.is_empty() {
            accesses.push(Access::new("secretsmanager:TagResource", &resource).tagging(&self.tags));
        }
        Ok(accesses)
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { name, value, description, kms_key, tags, token, suffix } = authorized.operation;
        check_name(&name)?;
        tag::check(&tags)?;
        if let Some(value) = &value {
            check_value(value)?;
        }
        if let Some(secret) = world.secrets.secrets.get(&name) {
            return again(&name, secret, token.as_deref(), value.as_ref());
        }
        let suffix = suffix.unwrap_or_else(|| draw_suffix(&mut world.ids));
        let arn: Arn = format!("{}{name}-{suffix}", arn_prefix(world)).parse().expect("begins as an ARN");
        let version_id = value.is_some().then(|| version_id(&mut world.ids, token)).transpose()?;
        let now = world.now;
        let stages = BTreeSet::from([CURRENT.to_owned()]);
        let versions = version_id.clone().zip(value).map(|(id, value)| (id, Version { value, stages, created: now }));
        let secret = Secret {
            arn: arn.clone(),
            description,
            kms_key,
            tags,
            created: now,
            changed: now,
            deleted: None,
            versions: versions.into_iter().collect(),
        };
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
    if secret.deleted.is_some() {
        let message = "You can't create this secret because a secret with this name is already scheduled for deletion.";
        return Err(Refusal::fault("InvalidRequestException", message));
    }
    let repeated = token.and_then(|token| secret.versions.get_key_value(token));
    match repeated {
        Some((id, version)) if Some(&version.value) == value => {
            Ok(CreateSecretOutput { arn: secret.arn.clone(), name: name.to_owned(), version_id: Some(id.clone()) })
        }
        Some(_) | None => {
            let message = format!("The operation failed because the secret {name} already exists.");
            Err(Refusal::fault("ResourceExistsException", message))
        }
    }
}

fn check_name(name: &str) -> Result<(), Refusal> {
    let valid = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-!".contains(c);
    if !name.is_empty() && name.len() <= 512 && name.chars().all(valid) {
        return Ok(());
    }
    let message =
        "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!";
    Err(Refusal::fault(INVALID, message))
}

fn draw_suffix(ids: &mut IdStream) -> String {
    ids.text(IdKind::Secret, SUFFIX_ALPHABET, 6)
}
