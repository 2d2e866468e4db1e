//! Reading values: GetParameter, GetParameters, GetParametersByPath, and what ECS injects into containers.

use super::filter::{self, ParameterFilter};
use super::{Kind, Parameter, State, Version, arn, bad_token, name, not_found, resource};
use crate::constraint::{check_range, violation};
use crate::iam::Secret;
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// A parameter with its value, which is not printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundParameter {
    /// `Name`.
    pub name: String,
    /// `ARN`.
    pub arn: String,
    /// `Type`.
    pub kind: Kind,
    /// `Value`: of a SecureString what its encryption looks like, unless its decryption was asked for.
    pub value: Secret,
    /// `Version`.
    pub version: u64,
    /// `Selector`: the version or label that the request named, with its colon.
    pub selector: Option<String>,
    /// `LastModifiedDate`.
    pub modified: Timestamp,
}

/// Reads one parameter, by its name or ARN, and of it the latest version or the one with a number or label (`NAME:3`, `NAME:prod`).
#[derive(Clone, Debug)]
pub struct GetParameter {
    /// `Name`.
    pub name: String,
    /// `WithDecryption`.
    pub decrypt: bool,
}

impl Operation for GetParameter {
    type Output = FoundParameter;
    const NAME: &'static str = "ssm:GetParameter";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, resource(world, &self.name))])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { name, decrypt } = authorized.operation;
        find(world, &name, decrypt)
    }
}

/// Reads up to ten parameters. Those that are not there are named, and no error.
#[derive(Clone, Debug)]
pub struct GetParameters {
    /// `Names`, as of [`GetParameter`].
    pub names: Vec<String>,
    /// `WithDecryption`.
    pub decrypt: bool,
}

/// The answer to [`GetParameters`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundParameters {
    /// `Parameters`.
    pub found: Vec<FoundParameter>,
    /// `InvalidParameters`: the names that no parameter has.
    pub unknown: Vec<String>,
}

impl Operation for GetParameters {
    type Output = FoundParameters;
    const NAME: &'static str = "ssm:GetParameters";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(self.names.iter().map(|name| Access::new(Self::NAME, resource(world, name))).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { mut names, decrypt } = authorized.operation;
        check_count(&names)?;
        names.sort();
        names.dedup();
        let (mut found, mut unknown) = (Vec::new(), Vec::new());
        for name in names {
            match find(world, &name, decrypt) {
                Ok(parameter) => found.push(parameter),
                Err(_) => unknown.push(name),
            }
        }
        Ok(FoundParameters { found, unknown })
    }
}

/// Reads the parameters under a path, page by page.
#[derive(Clone, Debug, Default)]
pub struct GetParametersByPath {
    /// `Path`.
    pub path: String,
    /// `Recursive`: those below the next level too.
    pub recursive: bool,
    /// `ParameterFilters`: `Type`, `KeyId` and `Label`.
    pub filters: Vec<ParameterFilter>,
    /// `WithDecryption`.
    pub decrypt: bool,
    /// `MaxResults`: 1 to 10.
    pub limit: Option<i64>,
    /// `NextToken`.
    pub next_token: Option<String>,
}

impl Operation for GetParametersByPath {
    type Output = Page<FoundParameter>;
    const NAME: &'static str = "ssm:GetParametersByPath";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let path = arn(world, self.path.trim_end_matches('/'));
        Ok(vec![Access::new(Self::NAME, path).with("ssm:Recursive", self.recursive.to_string())])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { path, recursive, filters, decrypt, limit, next_token } = authorized.operation;
        name::check_path(&path)?;
        filter::check_by_path(&filters)?;
        let limit = limit.unwrap_or(10);
        check_range(super::INVALID, "maxResults", limit, 1, 10)?;
        let limit = usize::try_from(limit).expect("checked to lie in 1 to 10");
        let below = world.ssm.parameters.iter().filter(|(name, _)| name::lies_under(name, &path, recursive));
        let found = below.filter_map(|(name, parameter)| {
            // A label chooses the version that has it.
            let (number, version) = filter::labelled(parameter, &filters)?;
            let fits = filter::fits(name, parameter, version, &filters);
            fits.then(|| (name, show(world, name, number, version, None, decrypt)))
        });
        page(found, next_token.as_deref(), limit).ok_or_else(bad_token)
    }
}

/// Reads the value of one parameter as ECS does for a container: `valueFrom` names it by name or ARN.
#[derive(Clone, Debug)]
pub(crate) struct InjectParameter {
    /// `valueFrom`.
    pub(crate) reference: String,
}

impl Operation for InjectParameter {
    type Output = Secret;
    const NAME: &'static str = "ssm:GetParameters";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, resource(world, &self.reference))])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Secret, Refusal> {
        find(world, &authorized.operation.reference, true).map(|found| found.value)
    }
}

/// What a request may name after a colon: a version or label. The colons of an ARN do not count.
pub(super) fn selected(reference: &str) -> (&str, Option<&str>) {
    let begin = reference.find(":parameter/").map_or(0, |at| at + ":parameter/".len());
    match reference[begin..].split_once(':') {
        Some((name, selector)) => (&reference[..begin + name.len()], Some(selector)),
        None => (reference, None),
    }
}

/// Refuses more names than ten, or none.
pub(super) fn check_count(names: &[String]) -> Result<(), Refusal> {
    let written = || format!("[{}]", names.join(", "));
    if names.is_empty() {
        return Err(violation(
            super::INVALID,
            &written(),
            "names",
            "Member must have length greater than or equal to 1",
        ));
    }
    if names.len() > 10 {
        return Err(violation(super::INVALID, &written(), "names", "Member must have length less than or equal to 10"));
    }
    Ok(())
}

fn find(world: &World, reference: &str, decrypt: bool) -> Result<FoundParameter, Refusal> {
    let (reference, selector) = selected(reference);
    let (name, parameter) = world.ssm.named(reference)?;
    let (number, version) = match selector {
        Some(selector) => State::select(name, parameter, selector)?,
        None => parameter.latest(),
    };
    Ok(show(world, name, number, version, selector, decrypt))
}

impl State {
    /// The version of `parameter` with the number or label `selector`.
    fn select<'p>(name: &str, parameter: &'p Parameter, selector: &str) -> Result<(u64, &'p Version), Refusal> {
        if let Ok(number) = selector.parse() {
            return match parameter.versions.get(&number) {
                Some(version) => Ok((number, version)),
                None => Err(no_version(number, name)),
            };
        }
        let labelled = parameter.versions.iter().find(|(_, version)| version.labels.contains(selector));
        labelled.map(|(number, version)| (*number, version)).ok_or_else(not_found)
    }
}

/// AWS's complaint that a parameter has no version `number`.
pub(super) fn no_version(number: u64, name: &str) -> Refusal {
    let message =
        format!("Systems Manager could not find version {number} of {name}. Verify the version and try again.");
    Refusal::fault("ParameterVersionNotFound", message)
}

fn show(
    world: &World,
    name: &str,
    number: u64,
    version: &Version,
    selector: Option<&str>,
    decrypt: bool,
) -> FoundParameter {
    FoundParameter {
        name: name.to_owned(),
        arn: arn(world, name),
        kind: version.kind,
        value: version.shown(decrypt),
        version: number,
        selector: selector.map(|selector| format!(":{selector}")),
        modified: version.modified,
    }
}

impl Version {
    /// The value as whoever may read the parameter sees it.
    pub(super) fn shown(&self, decrypt: bool) -> Secret {
        match &self.ciphertext {
            Some(ciphertext) if !decrypt => Secret::new(ciphertext),
            Some(_) | None => self.value.clone(),
        }
    }
}
