//! DeleteTaskDefinitions.

use std::sync::Arc;

use super::catalogue::names_revision;
use super::{DefinitionStatus, TaskDefinition};
use crate::arn::Arn;
use crate::ecs::access;
use crate::ecs::cluster::Failure;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Deletes revisions that are INACTIVE. What runs goes on; nothing that there is names them any more, and their numbers are not given
/// again.
#[derive(Clone, Debug)]
pub struct DeleteTaskDefinitions {
    /// `taskDefinitions`: `family:revision` or ARNs, at most 10.
    pub task_definitions: Vec<String>,
}

/// The ARN of the revision that `reference` names, whether it exists or not.
fn arn(world: &World, reference: &str) -> Arn {
    let name = reference.rsplit_once("task-definition/").map_or(reference, |(_, name)| name);
    Arn::new("ecs", &world.region, &world.account, &format!("task-definition/{name}"))
}

impl Operation for DeleteTaskDefinitions {
    type Output = (Vec<Arc<TaskDefinition>>, Vec<Failure>);
    const NAME: &'static str = "ecs:DeleteTaskDefinitions";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let access = |reference: &String| {
            let access = Access::new(Self::NAME, arn(world, reference).as_str());
            match world.ecs.definition(reference) {
                Some(definition) => access::on_tagged(access, &definition.tags),
                None => access,
            }
        };
        Ok(self.task_definitions.iter().map(access).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let asked = authorized.operation.task_definitions;
        // The bounds are the model's; the texts about them are ours.
        let invalid = |message: &str| Err(Refusal::fault("InvalidParameterException", message));
        if asked.is_empty() {
            return invalid("taskDefinitions can not be empty.");
        }
        if asked.len() > 10 {
            return invalid("taskDefinitions can have at most 10 items.");
        }
        if !asked.iter().all(|reference| names_revision(reference)) {
            return Err(Refusal::fault("ClientException", "Invalid revision number. Number: null"));
        }
        let now = world.now;
        let (mut deleted, mut failures) = (Vec::new(), Vec::new());
        for reference in &asked {
            let found = world.ecs.definition(reference);
            let Some((family, revision, status)) =
                found.map(|found| (found.family.clone(), found.revision, found.status()))
            else {
                failures.push(Failure { arn: arn(world, reference), reason: "MISSING" });
                continue;
            };
            if status == DefinitionStatus::Active {
                let reason = "The specified task definition is still in ACTIVE status. Please deregister the target and try again.";
                failures.push(Failure { arn: arn(world, reference), reason });
                continue;
            }
            let place = usize::try_from(revision - 1).expect("a revision's place fits usize");
            let slot = &mut world.ecs.definitions.get_mut(&family).expect("the family was just found")[place];
            Arc::make_mut(slot).delete_requested_at.get_or_insert(now);
            deleted.push(Arc::clone(slot));
        }
        Ok((deleted, failures))
    }
}
