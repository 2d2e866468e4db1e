//! The ways to name a secret.

use crate::refusal::Refusal;
use crate::world::World;

/// The name of the secret that `id` means: its name, its ARN, or its ARN without the suffix of six characters or with
/// question marks in its place. What ends as a suffix does is never taken for an ARN without one.
#[must_use]
pub fn find(world: &World, id: &str) -> Option<String> {
    let present = |name: &str| {
        let secret = world.secrets.secrets.get(name)?;
        (!secret.is_gone(world.now)).then_some((name.to_owned(), secret))
    };
    let Some(named) = id.strip_prefix(&arn_prefix(world)) else { return present(id).map(|(name, _)| name) };
    let found = match named.rsplit_once('-').filter(|(_, suffix)| suffix.len() == 6) {
        Some((name, "??????")) => present(name),
        Some((name, _)) => present(name).filter(|(_, secret)| secret.arn.as_str() == id),
        None => present(named),
    };
    found.map(|(name, _)| name)
}

/// [`find`], or AWS's refusal.
pub(super) fn require(world: &World, id: &str) -> Result<String, Refusal> {
    if !id.starts_with("arn:") {
        check(id)?;
    }
    find(world, id).ok_or_else(not_found)
}

/// What calls about the secret `id` are authorised against: its ARN, or for a secret that there is not, the ARN it would have
/// but for the suffix.
pub(super) fn resource(world: &World, id: &str) -> String {
    match find(world, id).and_then(|name| world.secrets.secrets.get(&name)) {
        Some(secret) => secret.arn.as_str().to_owned(),
        None if id.starts_with("arn:") => id.to_owned(),
        None => format!("{}{id}", arn_prefix(world)),
    }
}

pub(super) fn arn_prefix(world: &World) -> String {
    format!("arn:aws:secretsmanager:{}:{}:secret:", world.region, world.account)
}

/// Whether a secret can be called `name`. The code is none of the operations' own (recorded by LocalStack).
pub(super) fn check(name: &str) -> Result<(), Refusal> {
    let valid = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-!".contains(c);
    if !name.is_empty() && name.len() <= 512 && name.chars().all(valid) {
        return Ok(());
    }
    let message =
        "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!";
    Err(Refusal::fault("ValidationException", message))
}

pub(super) fn not_found() -> Refusal {
    Refusal::fault("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}
