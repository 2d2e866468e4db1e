//! New versions of parameters.

use std::collections::{BTreeMap, BTreeSet};

use super::{INVALID, Kind, Parameter, PutParameter, Tier, Version};
use crate::id::{IdKind, IdStream};
use crate::operation::Caller;
use crate::refusal::Refusal;
use crate::world::World;

/// Most parameters of the standard tier.
const MOST_STANDARD: usize = 10_000;
/// Most parameters of the advanced tier.
const MOST_ADVANCED: usize = 100_000;
/// Most versions of a parameter: the oldest goes when another comes.
const MOST_VERSIONS: usize = 100;
const LONGEST_STANDARD: usize = 4096;
const LONGEST_ADVANCED: usize = 8192;

/// The answer to [`PutParameter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PutParameterOutput {
    /// `Version`.
    pub version: u64,
    /// `Tier`.
    pub tier: Tier,
}

/// Carries `operation` out for `caller`.
pub(super) fn put(world: &mut World, operation: PutParameter, caller: &Caller) -> Result<PutParameterOutput, Refusal> {
    let PutParameter { name, value, kind, description, overwrite, tier, tags } = operation;
    let present = world.ssm.parameters.get(&name);
    if present.is_some() && !overwrite {
        let message =
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.";
        return Err(Refusal::fault("ParameterAlreadyExists", message));
    }
    let before = present.map(Parameter::latest);
    let kind = kind_after(kind, before.map(|(_, version)| version.kind))?;
    let tier = tier_after(tier, before.map(|(_, version)| version.tier), value.expose().chars().count())?;
    let number = before.map_or(1, |(number, _)| number + 1);
    let description = description.or_else(|| before.and_then(|(_, version)| version.description.clone()));
    match present {
        Some(parameter) if parameter.versions.len() >= MOST_VERSIONS => keep_labelled(&name, parameter)?,
        Some(_) => {}
        None => check_room(&world.ssm.parameters, tier)?,
    }
    let ciphertext = (kind == Kind::SecureString).then(|| ciphertext(&mut world.ids));
    let version = Version {
        value,
        ciphertext,
        kind,
        description,
        tier,
        modified: world.now,
        modified_by: caller.arn.to_string(),
        labels: BTreeSet::new(),
    };
    let parameter = world.ssm.parameters.entry(name).or_default();
    if parameter.versions.len() >= MOST_VERSIONS {
        parameter.versions.pop_first();
    }
    parameter.versions.insert(number, version);
    if number == 1 {
        parameter.tags = tags;
    }
    Ok(PutParameterOutput { version: number, tier })
}

/// Something to show in place of an encrypted value. It holds nothing of the value, so that nobody has to be trusted with it.
pub(super) fn ciphertext(ids: &mut IdStream) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    format!("AQICAHh{}==", ids.text(IdKind::Secret, ALPHABET, 151))
}

fn kind_after(asked: Option<Kind>, before: Option<Kind>) -> Result<Kind, Refusal> {
    match (asked, before) {
        (Some(asked), Some(before)) if asked != before => {
            let message = "Parameter Store doesn't support changing a parameter type in a hierarchy. For example, you can't change a parameter from a String type to a SecureString type. You must create a new, unique parameter.";
            Err(Refusal::fault("HierarchyTypeMismatchException", message))
        }
        (Some(kind), _) | (None, Some(kind)) => Ok(kind),
        (None, None) => Err(Refusal::fault(INVALID, "A parameter type is required when you create a parameter.")),
    }
}

/// The tier of a value of `length` characters. The advanced tier cannot be left.
fn tier_after(asked: Option<Option<Tier>>, before: Option<Tier>, length: usize) -> Result<Tier, Refusal> {
    let tier = match (asked, before) {
        (Some(Some(Tier::Standard)), Some(Tier::Advanced)) => {
            let message = "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter. Be aware that standard parameters have a value limit of 4096 characters.";
            return Err(Refusal::fault(INVALID, message));
        }
        (_, Some(Tier::Advanced)) | (Some(Some(Tier::Advanced)), _) => Tier::Advanced,
        (Some(None), _) if length > LONGEST_STANDARD => Tier::Advanced,
        (Some(None | Some(Tier::Standard)) | None, _) => Tier::Standard,
    };
    match tier {
        Tier::Standard if length > LONGEST_STANDARD => {
            let message = "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html";
            Err(Refusal::fault(INVALID, message))
        }
        Tier::Advanced if length > LONGEST_ADVANCED => {
            let message = "Advanced tier parameters support a maximum parameter value of 8192 characters.";
            Err(Refusal::fault(INVALID, message))
        }
        Tier::Standard | Tier::Advanced => Ok(tier),
    }
}

/// The oldest version can go only if it has no label.
fn keep_labelled(name: &str, parameter: &Parameter) -> Result<(), Refusal> {
    match parameter.versions.first_key_value() {
        Some((oldest, version)) if !version.labels.is_empty() => {
            let message = format!(
                "You attempted to create a new version of {name} by calling the PutParameter API with the overwrite flag. Version {oldest}, the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again."
            );
            Err(Refusal::fault("ParameterMaxVersionLimitExceeded", message))
        }
        Some(_) | None => Ok(()),
    }
}

fn check_room(parameters: &BTreeMap<String, Parameter>, tier: Tier) -> Result<(), Refusal> {
    let most = match tier {
        Tier::Standard => MOST_STANDARD,
        Tier::Advanced => MOST_ADVANCED,
    };
    // Fewer of all tiers together are fewer of this one.
    if parameters.len() < most
        || parameters.values().filter(|parameter| parameter.latest().1.tier == tier).count() < most
    {
        return Ok(());
    }
    let message = "You have exceeded the number of parameters for this Amazon Web Services account. Delete one or more parameters and try again.";
    Err(Refusal::fault("ParameterLimitExceeded", message))
}
