//! ContinueServiceDeployment: what becomes of a deployment that a hook has paused.
//!
//! Source: botocore ecs; the texts are those of the developer guide, troubleshooting-blue-green.

use super::hook::HookAction;
use super::{Service, ServiceKey};
use crate::ecs::scheduler;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Continues a deployment that waits at a PAUSE hook, or rolls it back.
#[derive(Clone, Debug)]
pub struct ContinueServiceDeployment {
    /// `serviceDeploymentArn`.
    pub service_deployment: String,
    /// `hookId`.
    pub hook: String,
    /// `action`, CONTINUE unless given.
    pub action: HookAction,
}

/// `service-deployment/CLUSTER/SERVICE/ID` of a deployment of `service`. The form of the id is uncertain (`facts/aws.md` 9): here it is
/// the deployment's number.
pub(in crate::ecs) fn deployment_arn(service: &Service, deployment: &str) -> String {
    of_deployment(service, "service-deployment", deployment)
}

/// `service-revision/CLUSTER/SERVICE/ID` of a deployment of `service`; the id is the deployment's number.
pub(in crate::ecs) fn revision_arn(service: &Service, deployment: &str) -> String {
    of_deployment(service, "service-revision", deployment)
}

fn of_deployment(service: &Service, kind: &str, deployment: &str) -> String {
    let number = deployment.trim_start_matches("ecs-svc/");
    format!("{}/{number}", service.arn.as_str().replacen(":service/", &format!(":{kind}/"), 1))
}

impl Operation for ContinueServiceDeployment {
    type Output = String;
    const NAME: &'static str = "ecs:ContinueServiceDeployment";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, &self.service_deployment)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<String, Refusal> {
        let Self { service_deployment, hook, action } = authorized.operation;
        let invalid = |message: &str| Refusal::fault("InvalidParameterException", message);
        let mut parts = hook.splitn(3, '-');
        if parts.next() != Some("ecs") || parts.any(str::is_empty) || hook.split('-').count() < 3 {
            return Err(invalid("Invalid hookId: hookId must follow the format: ecs-{hookType}-{id}"));
        }
        let (key, place) = find(world, &service_deployment).ok_or_else(|| {
            Refusal::fault("ServiceDeploymentNotFoundException", "The service deployment does not exist.")
        })?;
        if world.ecs.services[&key].shifting() != Some(place) {
            let message = "Continuing a service deployment is not allowed for service deployment in terminal states.";
            return Err(invalid(message));
        }
        if !scheduler::continue_hook(world, &key, &hook, action) {
            let message =
                "Provided hookId is either completed, unavailable, or not associated with the given Resource ARN";
            return Err(invalid(message));
        }
        Ok(service_deployment)
    }
}

fn find(world: &World, arn: &str) -> Option<(ServiceKey, usize)> {
    world.ecs.services.iter().find_map(|(key, service)| {
        let is_it = |id: &str| deployment_arn(service, id) == arn;
        let place = service.deployments.iter().position(|deployment| is_it(&deployment.id))?;
        Some((key.clone(), place))
    })
}
