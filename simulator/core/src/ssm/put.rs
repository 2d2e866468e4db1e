//! PutParameter: what is asked for, and whether it may be.

use std::collections::BTreeMap;

use super::change::{self, PutParameterOutput};
use super::{INVALID, Kind, Tier, arn, name, tag};
use crate::iam::Secret;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Makes a parameter, or gives one another value.
#[derive(Clone, Debug)]
pub struct PutParameter {
    /// `Name`.
    pub name: String,
    /// `Value`.
    pub value: Secret,
    /// `Type`; what there is already keeps its own.
    pub kind: Option<Kind>,
    /// `Description`.
    pub description: Option<String>,
    /// `Overwrite`: what there is already gets a new version.
    pub overwrite: bool,
    /// `Tier`; `Some(None)` leaves the choice to the size of the value (`Intelligent-Tiering`).
    pub tier: Option<Option<Tier>>,
    /// `Tags`.
    pub tags: BTreeMap<String, String>,
}

impl Operation for PutParameter {
    type Output = PutParameterOutput;
    const NAME: &'static str = "ssm:PutParameter";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let resource = arn(world, &self.name);
        let put = Access::new(Self::NAME, &resource).with("ssm:Overwrite", self.overwrite.to_string());
        let mut accesses = vec![put.tagging(&self.tags)];
        if !self.tags.is_empty() {
            accesses.push(Access::new("ssm:AddTagsToResource", resource).tagging(&self.tags));
        }
        Ok(accesses)
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Authorized { operation, caller, .. } = authorized;
        if operation.value.expose().is_empty() {
            let message = "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1.";
            return Err(Refusal::fault(INVALID, message));
        }
        if operation.description.as_ref().is_some_and(|text| text.chars().count() > 1024) {
            let message = "1 validation error detected: Value at 'description' failed to satisfy constraint: Member must have length less than or equal to 1024.";
            return Err(Refusal::fault(INVALID, message));
        }
        if operation.overwrite && !operation.tags.is_empty() {
            let message = "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.";
            return Err(Refusal::fault(INVALID, message));
        }
        name::check(&operation.name, &arn(world, &operation.name))?;
        tag::check(&operation.tags)?;
        change::put(world, operation, &caller)
    }
}
