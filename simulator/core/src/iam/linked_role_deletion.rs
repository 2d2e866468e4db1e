//! Deleting service-linked roles, which a service must agree to. It does so once it uses the role no longer; here it says at once
//! what AWS says after some seconds.

use super::entity::{Entity, entity_access};
use super::service_linked_role::is_linked;
use super::validate::{invalid, no_such};
use super::{Role, State};
use crate::arn::Arn;
use crate::id::IdKind;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;
use crate::{ecs, elb};

/// What became of a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletionStatus {
    /// What uses the role still; nothing if it is deleted.
    pub usage: Vec<Arn>,
    /// Why it was not deleted.
    pub reason: Option<String>,
}

/// Asks for the deletion of a service-linked role. Answers the task's id.
#[derive(Clone, Debug)]
pub struct DeleteServiceLinkedRole {
    /// The role's name.
    pub name: String,
}

impl Operation for DeleteServiceLinkedRole {
    type Output = String;
    const NAME: &'static str = "iam:DeleteServiceLinkedRole";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![entity_access::<Role>(world, Self::NAME, &self.name)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { name } = authorized.operation;
        let role = world.iam.entity::<Role>(&name)?;
        if !is_linked(role) {
            return Err(no_such(format!("The role with name {name} cannot be found.")));
        }
        let service = role.profile().path.trim_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        let usage = users_of(world, &service);
        let reason = (!usage.is_empty())
            .then(|| "A service-linked role cannot be deleted while the linked service's resources use it.".to_owned());
        let id = world.ids.hex(IdKind::Principal, 32);
        let id = format!("{}-{}-{}-{}-{}", &id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]);
        let task = format!("task{}{name}/{id}", role_path(&world.iam, &name));
        if usage.is_empty() {
            world.iam.roles.remove(&name);
        }
        world.iam.deletions.insert(task.clone(), DeletionStatus { usage, reason });
        Ok(task)
    }
}

fn role_path(state: &State, name: &str) -> String {
    state.roles.get(name).map_or_else(|| "/".to_owned(), |role| role.profile().path.clone())
}

/// What keeps a service from giving its role up: ECS its clusters, Elastic Load Balancing its load balancers (their guides,
/// "Deleting the service-linked role").
fn users_of(world: &World, service: &str) -> Vec<Arn> {
    match service {
        "ecs.amazonaws.com" => ecs::active_clusters(world),
        "elasticloadbalancing.amazonaws.com" => elb::balancers(world),
        _ => Vec::new(),
    }
}

/// Asks what became of a deletion.
#[derive(Clone, Debug)]
pub struct GetServiceLinkedRoleDeletionStatus {
    /// The task's id.
    pub task: String,
}

impl Operation for GetServiceLinkedRoleDeletionStatus {
    type Output = DeletionStatus;
    const NAME: &'static str = "iam:GetServiceLinkedRoleDeletionStatus";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let name = self.task.rsplit('/').nth(1).unwrap_or("*");
        Ok(vec![entity_access::<Role>(world, Self::NAME, name)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { task } = authorized.operation;
        if !task.starts_with("task/aws-service-role/") {
            return Err(invalid(format!("Invalid deletion task id: {task}")));
        }
        let status = world.iam.deletions.get(&task).cloned();
        status.ok_or_else(|| no_such(format!("The deletion task with id {task} cannot be found.")))
    }
}
