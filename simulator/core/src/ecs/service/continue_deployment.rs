//! ContinueServiceDeployment: what becomes of a deployment that a hook has paused.
//!
//! Source: botocore ecs; the texts are those of the developer guide, troubleshooting-blue-green.

use super::describe_history::{Kind, on_record};
use super::hook::HookAction;
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

impl Operation for ContinueServiceDeployment {
    type Output = String;
    const NAME: &'static str = "ecs:ContinueServiceDeployment";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![on_record(world, Self::NAME, &self.service_deployment, Kind::Deployment)?])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<String, Refusal> {
        let Self { service_deployment, hook, action } = authorized.operation;
        let invalid = |message: &str| Refusal::fault("InvalidParameterException", message);
        let mut parts = hook.splitn(3, '-');
        if parts.next() != Some("ecs") || parts.any(str::is_empty) || hook.split('-').count() < 3 {
            return Err(invalid("Invalid hookId: hookId must follow the format: ecs-{hookType}-{id}"));
        }
        let (service, entry) = world.ecs.service_deployment(&service_deployment).ok_or_else(|| {
            Refusal::fault("ServiceDeploymentNotFoundException", "The service deployment does not exist.")
        })?;
        let (key, shifting) = (service.key.clone(), service.shifting());
        if shifting.is_none_or(|place| service.deployments[place].id != entry.deployment) {
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
