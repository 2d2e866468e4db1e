//! StopServiceDeployment.

use super::LifecycleStage;
use super::describe_history::{Kind, on_record};
use super::service_deployment::{ServiceDeploymentStatus, StopKind};
use crate::arn::Arn;
use crate::ecs::scheduler;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Ends a service deployment that is under way. The scheduler begins to do so when it next looks.
#[derive(Clone, Debug)]
pub struct StopServiceDeployment {
    /// `serviceDeploymentArn`.
    pub arn: String,
    /// `stopType`.
    pub kind: StopKind,
}

impl Operation for StopServiceDeployment {
    /// The service deployment's ARN.
    type Output = Arn;
    const NAME: &'static str = "ecs:StopServiceDeployment";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![on_record(world, Self::NAME, &self.arn, Kind::Deployment)?])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Arn, Refusal> {
        let Self { arn, kind } = authorized.operation;
        let now = world.now;
        let not_found = || Refusal::fault("ServiceDeploymentNotFoundException", "Service deployment not found.");
        let key = world.ecs.service_deployment(&arn).map(|(service, _)| service.key.clone()).ok_or_else(not_found)?;
        let mut history = world.ecs.services.get_mut(&key).into_iter().flat_map(|service| &mut service.history);
        let entry = history.find(|entry| entry.arn.as_str() == arn).ok_or_else(not_found)?;
        // What is cleaned up has nothing to go back to; what goes back already is let do so.
        let cleaning = entry.lifecycle_stage == Some(LifecycleStage::CleanUp.as_str());
        if cleaning && entry.status == ServiceDeploymentStatus::InProgress {
            let message = "The service deployment is in the CLEAN_UP lifecycle stage and cannot be stopped.";
            return Err(Refusal::fault("ConflictException", message));
        }
        if !entry.request(kind, now) {
            let message =
                format!("The service deployment is in the {} state and cannot be stopped.", entry.status.as_str());
            return Err(Refusal::fault("ConflictException", message));
        }
        let arn = entry.arn.clone();
        scheduler::poke(world, &key);
        Ok(arn)
    }
}
