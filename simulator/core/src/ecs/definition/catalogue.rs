//! Reading and withdrawing task definitions: DescribeTaskDefinition, ListTaskDefinitions, DeregisterTaskDefinition.

use std::sync::Arc;

use super::{DefinitionStatus, TaskDefinition};
use crate::ecs::State;
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::world::World;

impl State {
    /// The task definition that `reference` names: `family`, `family:revision`, or an ARN ending in either. A bare family is its
    /// latest ACTIVE revision; an explicit revision may be INACTIVE.
    pub(crate) fn definition(&self, reference: &str) -> Option<&Arc<TaskDefinition>> {
        let name = reference.rsplit_once("task-definition/").map_or(reference, |(_, name)| name);
        match name.rsplit_once(':') {
            Some((family, revision)) => {
                let revision: usize = revision.parse().ok()?;
                self.definitions.get(family)?.get(revision.checked_sub(1)?)
            }
            None => self.definitions.get(name)?.iter().rev().find(|definition| definition.deregistered_at.is_none()),
        }
    }

    /// The same for a new task, service or deployment, which need an ACTIVE one.
    ///
    /// # Errors
    /// AWS's `ClientException`.
    pub(crate) fn usable_definition(&self, reference: &str) -> Result<&Arc<TaskDefinition>, Refusal> {
        let found =
            self.definition(reference).ok_or_else(|| Refusal::fault("ClientException", "TaskDefinition not found."))?;
        if found.deregistered_at.is_some() {
            return Err(Refusal::fault("ClientException", "TaskDefinition is inactive"));
        }
        Ok(found)
    }
}

/// Describes one revision.
#[derive(Clone, Debug)]
pub struct DescribeTaskDefinition {
    /// `taskDefinition`: family, `family:revision`, or ARN.
    pub task_definition: String,
    /// Whether `include` asks for TAGS.
    pub with_tags: bool,
}

/// The answer to [`DescribeTaskDefinition`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// The revision.
    pub definition: Arc<TaskDefinition>,
    /// Whether its tags were asked for.
    pub with_tags: bool,
}

impl Operation for DescribeTaskDefinition {
    type Output = Described;
    const NAME: &'static str = "ecs:DescribeTaskDefinition";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Described, Refusal> {
        let Self { task_definition, with_tags } = authorized.operation;
        let found = world.ecs.definition(&task_definition);
        let definition =
            found.ok_or_else(|| Refusal::fault("ClientException", "Unable to describe task definition."))?;
        Ok(Described { definition: Arc::clone(definition), with_tags })
    }
}

/// Lists the ARNs of revisions, by family and revision.
#[derive(Clone, Debug)]
pub struct ListTaskDefinitions {
    /// `familyPrefix`: in truth the whole family's name.
    pub family: Option<String>,
    /// `status`; ACTIVE by default.
    pub status: DefinitionStatus,
    /// Whether `sort` is DESC.
    pub descending: bool,
    /// `maxResults`, 100 by default.
    pub limit: usize,
    /// `nextToken`.
    pub token: Option<String>,
}

impl Operation for ListTaskDefinitions {
    type Output = Page<String>;
    const NAME: &'static str = "ecs:ListTaskDefinitions";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Page<String>, Refusal> {
        let asked = authorized.operation;
        let mut arns: Vec<String> = world
            .ecs
            .definitions
            .iter()
            .filter(|(family, _)| asked.family.as_ref().is_none_or(|wanted| wanted == *family))
            .flat_map(|(_, revisions)| revisions)
            .filter(|definition| definition.status() == asked.status)
            .map(|definition| definition.arn.to_string())
            .collect();
        if asked.descending {
            arns.reverse();
        }
        // Pages are cut by place: the order is not that of the text (revision 10 comes after 9).
        let keyed = arns.into_iter().enumerate().map(|(place, arn)| (format!("{place:08}"), arn));
        page(keyed, asked.token.as_deref(), asked.limit)
            .ok_or_else(|| Refusal::fault("InvalidParameterException", "Invalid token."))
    }
}

/// Whether a reference by name or ARN says which revision it means.
pub(super) fn names_revision(reference: &str) -> bool {
    reference.rsplit_once("task-definition/").map_or(reference, |(_, name)| name).contains(':')
}

/// Makes a revision INACTIVE: what runs goes on, nothing new may use it.
#[derive(Clone, Debug)]
pub struct DeregisterTaskDefinition {
    /// `taskDefinition`: `family:revision` or ARN.
    pub task_definition: String,
}

impl Operation for DeregisterTaskDefinition {
    type Output = Arc<TaskDefinition>;
    const NAME: &'static str = "ecs:DeregisterTaskDefinition";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let reference = authorized.operation.task_definition;
        if !names_revision(&reference) {
            return Err(Refusal::fault("ClientException", "Invalid revision number. Number: null"));
        }
        let found = world.ecs.definition(&reference).map(|definition| (definition.family.clone(), definition.revision));
        let (family, revision) =
            found.ok_or_else(|| Refusal::fault("ClientException", "The specified task definition does not exist."))?;
        let now = world.now;
        let place = usize::try_from(revision - 1).expect("a revision's place fits usize");
        let slot = &mut world.ecs.definitions.get_mut(&family).expect("the family was just found")[place];
        Arc::make_mut(slot).deregistered_at.get_or_insert(now);
        Ok(Arc::clone(slot))
    }
}
