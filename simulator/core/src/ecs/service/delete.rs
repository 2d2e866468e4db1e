//! DeleteService.

use super::update::{on_service, service_key};
use super::{ServiceKey, ServiceStatus};
use crate::ecs::scheduler;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Deletes a service. While tasks of it are not being stopped yet it is DRAINING; then it is INACTIVE, can still be described, and its name
/// is free.
#[derive(Clone, Debug)]
pub struct DeleteService {
    /// `cluster`: name or ARN.
    pub cluster: Option<String>,
    /// `service`: name or ARN.
    pub service: String,
    /// `force`: also if it is scaled above zero.
    pub force: bool,
}

impl Operation for DeleteService {
    type Output = ServiceKey;
    const NAME: &'static str = "ecs:DeleteService";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![on_service(world, Self::NAME, &service_key(self.cluster.as_deref(), &self.service))])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<ServiceKey, Refusal> {
        let Self { cluster, service, force } = authorized.operation;
        let key = service_key(cluster.as_deref(), &service);
        world.ecs.cluster(Some(&key.cluster))?;
        let there = world.ecs.services.get_mut(&key).filter(|service| service.status != ServiceStatus::Inactive);
        let service = there.ok_or_else(|| Refusal::fault("ServiceNotFoundException", "Service not found."))?;
        if service.desired > 0 && !force {
            let message = "The service cannot be stopped while it is scaled above 0.";
            return Err(Refusal::fault("InvalidParameterException", message));
        }
        service.status = ServiceStatus::Draining;
        service.desired = 0;
        service.steady_since = None;
        scheduler::end_if_drained(world, &key);
        scheduler::poke(world, &key);
        Ok(key)
    }
}
