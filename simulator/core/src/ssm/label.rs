//! Labels of versions: LabelParameterVersion, UnlabelParameterVersion. A label is on one version of a parameter at most.

use super::read::no_version;
use super::{INVALID, resource};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Most labels of a version.
const MOST_LABELS: usize = 10;

/// Puts labels on a version; another version that has one of them loses it.
#[derive(Clone, Debug)]
pub struct LabelParameterVersion {
    /// `Name`.
    pub name: String,
    /// `ParameterVersion`; the latest by default.
    pub version: Option<u64>,
    /// `Labels`.
    pub labels: Vec<String>,
}

/// The answer to [`LabelParameterVersion`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// `ParameterVersion`.
    pub version: u64,
    /// `InvalidLabels`: those that no version can have.
    pub invalid: Vec<String>,
}

impl Operation for LabelParameterVersion {
    type Output = Labelled;
    const NAME: &'static str = "ssm:LabelParameterVersion";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, resource(world, &self.name))])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { name, version, labels } = authorized.operation;
        check(&labels)?;
        let parameter = world.ssm.named_mut(&name)?;
        let number = version.unwrap_or_else(|| parameter.latest().0);
        let present = parameter.versions.get(&number).ok_or_else(|| no_version(number, &name))?;
        let (valid, invalid): (Vec<String>, Vec<String>) = labels.into_iter().partition(|label| is_valid(label));
        if present.labels.union(&valid.iter().cloned().collect()).count() > MOST_LABELS {
            let message = "A parameter version can have a maximum of ten labels.";
            return Err(Refusal::fault("ParameterVersionLabelLimitExceeded", message));
        }
        for label in &valid {
            for version in parameter.versions.values_mut() {
                version.labels.remove(label);
            }
        }
        if let Some(version) = parameter.versions.get_mut(&number) {
            version.labels.extend(valid);
        }
        Ok(Labelled { version: number, invalid })
    }
}

/// Takes labels off a version.
#[derive(Clone, Debug)]
pub struct UnlabelParameterVersion {
    /// `Name`.
    pub name: String,
    /// `ParameterVersion`.
    pub version: u64,
    /// `Labels`.
    pub labels: Vec<String>,
}

/// The answer to [`UnlabelParameterVersion`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlabelled {
    /// `RemovedLabels`.
    pub removed: Vec<String>,
    /// `InvalidLabels`: those that the version did not have.
    pub invalid: Vec<String>,
}

impl Operation for UnlabelParameterVersion {
    type Output = Unlabelled;
    const NAME: &'static str = "ssm:UnlabelParameterVersion";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, resource(world, &self.name))])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { name, version: number, labels } = authorized.operation;
        check(&labels)?;
        let versions = &mut world.ssm.named_mut(&name)?.versions;
        let version = versions.get_mut(&number).ok_or_else(|| no_version(number, &name))?;
        let (removed, invalid) = labels.into_iter().partition(|label| version.labels.remove(label));
        Ok(Unlabelled { removed, invalid })
    }
}

fn check(labels: &[String]) -> Result<(), Refusal> {
    let rule = "Member must satisfy constraint: [Member must have length less than or equal to 100, Member must have length greater than or equal to 1]";
    let short = (1..=MOST_LABELS).contains(&labels.len());
    if short && labels.iter().all(|label| (1..=100).contains(&label.chars().count())) {
        return Ok(());
    }
    let message = format!(
        "1 validation error detected: Value '[{}]' at 'labels' failed to satisfy constraint: {rule}",
        labels.join(", ")
    );
    Err(Refusal::fault(INVALID, message))
}

/// Letters, digits and `.-_`; no digit, `aws` or `ssm` at the beginning (botocore, `LabelParameterVersion`).
fn is_valid(label: &str) -> bool {
    let lower = label.to_ascii_lowercase();
    let reserved = lower.starts_with("aws") || lower.starts_with("ssm");
    let begins_well = !label.starts_with(|c: char| c.is_ascii_digit());
    !reserved && begins_well && label.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
}
