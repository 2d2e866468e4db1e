//! Systems Manager's Parameter Store: parameters with versions and labels, as a deploy reads them and as ECS injects them.
//!
//! Sources: botocore ssm and the Systems Manager guide, "Parameter Store". Deliberately absent: keys of one's own for SecureString,
//! allowed patterns, parameter policies, public parameters and parameters shared by other accounts. Nothing here prints a value.

mod change;
mod describe;
mod filter;
mod history;
mod label;
mod name;
mod put;
mod read;
mod remove;
mod tag;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use change::PutParameterOutput;
pub use describe::{DescribeParameters, ParameterDescription};
pub use filter::ParameterFilter;
pub use history::{GetParameterHistory, HistoryEntry};
pub use label::{LabelParameterVersion, Labelled, UnlabelParameterVersion, Unlabelled};
pub use put::PutParameter;
pub use read::{FoundParameter, FoundParameters, GetParameter, GetParameters, GetParametersByPath};
pub use remove::{DeleteParameter, DeleteParameters, DeletedParameters};
pub use tag::{AddTagsToResource, ListTagsForResource, ParameterByName, RemoveTagsFromResource};

pub(crate) use read::InjectParameter;

use crate::iam::Secret;
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// The parameters of the account, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    parameters: BTreeMap<String, Parameter>,
}

/// A parameter. It has one version at least.
#[derive(Clone, Debug, Default)]
struct Parameter {
    versions: BTreeMap<u64, Version>,
    tags: BTreeMap<String, String>,
}

/// What a parameter is or was.
#[derive(Clone, Debug)]
struct Version {
    value: Secret,
    /// What is shown of a SecureString to whoever does not ask for its decryption.
    ciphertext: Option<String>,
    kind: Kind,
    description: Option<String>,
    tier: Tier,
    modified: Timestamp,
    modified_by: String,
    labels: BTreeSet<String>,
}

/// `Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    String,
    /// Texts with commas between them.
    StringList,
    /// A text that is kept encrypted.
    SecureString,
}

impl Kind {
    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::StringList => "StringList",
            Self::SecureString => "SecureString",
        }
    }
}

/// `Tier`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// Values of up to 4,096 characters.
    Standard,
    /// Values of up to 8,192 characters.
    Advanced,
}

impl Tier {
    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Advanced => "Advanced",
        }
    }
}

/// The key of AWS's own that encrypts SecureStrings.
const DEFAULT_KEY: &str = "alias/aws/ssm";
const INVALID: &str = "ValidationException";

impl State {
    /// The tags of the parameter that an ARN's resource part names.
    pub(crate) fn tags(&self, resource: &str) -> Option<&BTreeMap<String, String>> {
        let path = resource.strip_prefix("parameter/")?;
        self.parameters.get(self.by_path(path)?).map(|parameter| &parameter.tags)
    }

    /// The name of the parameter that `reference` means: its name, or its ARN.
    fn find(&self, reference: &str) -> Option<&str> {
        match reference.split_once(":parameter/") {
            Some((_, path)) => self.by_path(path),
            None => self.parameters.get_key_value(reference).map(|(name, _)| name.as_str()),
        }
    }

    /// The name of the parameter whose ARN ends with `path`: ARNs leave out the slash that begins a name.
    fn by_path(&self, path: &str) -> Option<&str> {
        let found = self.parameters.get_key_value(path).or_else(|| self.parameters.get_key_value(&format!("/{path}")));
        found.map(|(name, _)| name.as_str())
    }

    fn named(&self, reference: &str) -> Result<(&str, &Parameter), Refusal> {
        name::check_reference(reference)?;
        let name = self.find(reference).ok_or_else(not_found)?;
        Ok((name, &self.parameters[name]))
    }

    fn named_mut(&mut self, reference: &str) -> Result<&mut Parameter, Refusal> {
        name::check_reference(reference)?;
        let name = self.find(reference).ok_or_else(not_found)?.to_owned();
        self.parameters.get_mut(&name).ok_or_else(not_found)
    }
}

impl Parameter {
    fn latest(&self) -> (u64, &Version) {
        let (number, version) = self.versions.last_key_value().expect("a parameter has a version");
        (*number, version)
    }
}

impl World {
    /// Puts the parameter that `reference` names (`/news/url`, or its ARN) as a SecureString, in place of the one that was there. It is
    /// whoever owns the simulated account who does so, without a call.
    pub fn put_parameter(&mut self, reference: &str, value: Secret) {
        let known = self.ssm.find(reference).map(str::to_owned);
        let name = known.unwrap_or_else(|| match reference.split_once(":parameter/") {
            Some((_, path)) if path.contains('/') => format!("/{path}"),
            Some((_, path)) => path.to_owned(),
            None => reference.to_owned(),
        });
        let version = Version {
            value,
            ciphertext: Some(change::ciphertext(&mut self.ids)),
            kind: Kind::SecureString,
            description: None,
            tier: Tier::Standard,
            modified: self.now,
            modified_by: format!("arn:aws:iam::{}:root", self.account),
            labels: BTreeSet::new(),
        };
        let parameter = self.ssm.parameters.entry(name).or_default();
        let number = parameter.versions.last_key_value().map_or(1, |(number, _)| number + 1);
        parameter.versions.insert(number, version);
    }
}

/// The ARN of the parameter `name`.
fn arn(world: &World, name: &str) -> String {
    format!("arn:aws:ssm:{}:{}:parameter/{}", world.region, world.account, name.trim_start_matches('/'))
}

/// What calls about the parameter `reference` are authorised against: its ARN without a version or label.
fn resource(world: &World, reference: &str) -> String {
    let (name, _) = read::selected(reference);
    if name.starts_with("arn:") { name.to_owned() } else { arn(world, name) }
}

/// AWS says no more than the code.
fn not_found() -> Refusal {
    Refusal::fault("ParameterNotFound", "")
}

fn bad_token() -> Refusal {
    Refusal::fault("InvalidNextToken", "The specified token isn't valid.")
}
