//! Task sets, as far as their refusals go: CreateTaskSet, DescribeTaskSets, UpdateTaskSet, DeleteTaskSet,
//! UpdateServicePrimaryTaskSet.
//!
//! Task sets belong to the EXTERNAL controller, which is not simulated, and to CodeDeploy, which makes them itself. So a service here has
//! one task set that can be described if CodeDeploy deploys it, and nobody but CodeDeploy may change it.

use std::convert::Infallible;

use super::access;
use super::cluster::Failure;
use super::service::{Controller, ServiceKey, ServiceStatus, key_of, on_service};
use crate::arn::Arn;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// A service in which task sets are asked for.
#[derive(Clone, Debug)]
pub struct InService {
    /// `cluster`: name or ARN.
    pub cluster: String,
    /// `service`: name or ARN.
    pub service: String,
}

impl InService {
    fn key(&self) -> ServiceKey {
        key_of(Some(&self.cluster), &self.service)
    }

    /// The service's key and controller.
    fn found(&self, world: &World) -> Result<(ServiceKey, Controller), Refusal> {
        world.ecs.cluster(Some(&self.cluster))?;
        let key = self.key();
        let not_found = || Refusal::fault("ServiceNotFoundException", "Service not found.");
        let service = world.ecs.services.get(&key).ok_or_else(not_found)?;
        if service.status != ServiceStatus::Active {
            return Err(Refusal::fault("ServiceNotActiveException", "Service was not ACTIVE."));
        }
        let controller = service.controller;
        Ok((key, controller))
    }

    /// The refusal of whatever would change a task set. The texts are ours; that CodeDeploy's are its own follows AWS's texts about
    /// services (`facts/aws.md` 2.5).
    fn unchangeable<T>(&self, world: &World, what: &str) -> Result<T, Refusal> {
        let (_, controller) = self.found(world)?;
        let controller = controller.as_str();
        let message = match controller {
            "CODE_DEPLOY" => format!(
                "{what} on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment."
            ),
            _ => format!(
                "{what} on services with an {controller} deployment controller. Use the EXTERNAL deployment controller."
            ),
        };
        Err(Refusal::fault("InvalidParameterException", message))
    }

    /// `action` on a task set of the service.
    fn access(&self, world: &World, action: &'static str, task_set: &str) -> Access {
        let key = self.key();
        let service =
            Arn::new("ecs", &world.region, &world.account, &format!("service/{}/{}", key.cluster, key.service));
        let cluster = super::cluster::cluster_arn(world, &key.cluster);
        Access::new(action, arn(world, &key, task_set).as_str())
            .with("ecs:cluster", cluster.as_str())
            .with("ecs:service", service.as_str())
    }
}

/// The ARN of a task set: `task-set/CLUSTER/SERVICE/ecs-svc/ID`.
fn arn(world: &World, key: &ServiceKey, reference: &str) -> Arn {
    let id = reference.rsplit_once(&format!("/{}/", key.service)).map_or(reference, |(_, id)| id);
    Arn::new("ecs", &world.region, &world.account, &format!("task-set/{}/{}/{id}", key.cluster, key.service))
}

/// Makes a task set, which is not possible here.
#[derive(Clone, Debug)]
pub struct CreateTaskSet {
    /// The service.
    pub at: InService,
    /// `taskDefinition`.
    pub task_definition: String,
}

impl Operation for CreateTaskSet {
    /// It is always refused.
    type Output = Infallible;
    const NAME: &'static str = "ecs:CreateTaskSet";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let definition = world.ecs.usable_definition(&self.task_definition)?;
        let create = self.at.access(world, Self::NAME, "*").with("ecs:task-definition", definition.arn.as_str());
        let roles = [&definition.task_role, &definition.execution_role].into_iter().flatten();
        Ok([create].into_iter().chain(roles.map(|role| access::pass_role(role))).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Infallible, Refusal> {
        authorized.operation.at.unchangeable(world, "Unable to create a task set")
    }
}

/// Describes the task sets of a service.
#[derive(Clone, Debug)]
pub struct DescribeTaskSets {
    /// The service.
    pub at: InService,
    /// `taskSets`: ids or ARNs; all by default.
    pub task_sets: Vec<String>,
}

impl Operation for DescribeTaskSets {
    /// The service; the ids of its deployments that were found; those that were not.
    type Output = (ServiceKey, Vec<String>, Vec<Failure>);
    const NAME: &'static str = "ecs:DescribeTaskSets";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        if self.task_sets.is_empty() {
            return Ok(vec![self.at.access(world, Self::NAME, "*")]);
        }
        Ok(self.task_sets.iter().map(|id| self.at.access(world, Self::NAME, id)).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { at, task_sets } = authorized.operation;
        let (key, controller) = at.found(world)?;
        if controller == Controller::Ecs {
            return at.unchangeable(world, "Unable to describe task sets");
        }
        let of = |reference: &str| arn(world, &key, reference);
        let has = world.ecs().deployments_of(&world.ecs.services[&key]).map(|deployment| deployment.id.clone());
        let has: Vec<String> = has.collect();
        let asked = |id: &String| task_sets.is_empty() || task_sets.iter().any(|one| of(one) == of(id));
        let found: Vec<String> = has.iter().filter(|id| asked(id)).cloned().collect();
        let absent = task_sets.iter().filter(|one| !has.iter().any(|id| of(one) == of(id)));
        let failures = absent.map(|one| Failure { arn: of(one), reason: "MISSING" }).collect();
        Ok((key, found, failures))
    }
}

/// Scales a task set, which is not possible here.
#[derive(Clone, Debug)]
pub struct UpdateTaskSet {
    /// The service.
    pub at: InService,
    /// `taskSet`.
    pub task_set: String,
}

impl Operation for UpdateTaskSet {
    /// It is always refused.
    type Output = Infallible;
    const NAME: &'static str = "ecs:UpdateTaskSet";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![self.at.access(world, Self::NAME, &self.task_set)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Infallible, Refusal> {
        authorized.operation.at.unchangeable(world, "Unable to update a task set")
    }
}

/// Deletes a task set, which is not possible here.
#[derive(Clone, Debug)]
pub struct DeleteTaskSet {
    /// The service.
    pub at: InService,
    /// `taskSet`.
    pub task_set: String,
}

impl Operation for DeleteTaskSet {
    /// It is always refused.
    type Output = Infallible;
    const NAME: &'static str = "ecs:DeleteTaskSet";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![self.at.access(world, Self::NAME, &self.task_set)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Infallible, Refusal> {
        authorized.operation.at.unchangeable(world, "Unable to delete a task set")
    }
}

/// Says which task set serves, which is not possible here.
#[derive(Clone, Debug)]
pub struct UpdateServicePrimaryTaskSet {
    /// The service.
    pub at: InService,
}

impl Operation for UpdateServicePrimaryTaskSet {
    /// It is always refused.
    type Output = Infallible;
    const NAME: &'static str = "ecs:UpdateServicePrimaryTaskSet";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![on_service(world, Self::NAME, &self.at.key())])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Infallible, Refusal> {
        authorized.operation.at.unchangeable(world, "Unable to update the primary task set")
    }
}
