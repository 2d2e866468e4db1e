//! Registering targets by hand: RegisterTargets, DeregisterTargets. ECS registers its tasks itself, without a call.

use std::net::IpAddr;

use super::load_balancer::fault;
use super::lookup::on;
use super::quota::TARGETS_PER_GROUP;
use super::target::{deregister, register};
use super::target_group::{TargetGroup, TargetType};
use crate::effect::Target;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// A target as a request names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetName {
    /// `Id`: an address, or the id of an instance.
    pub id: String,
    /// `Port`; none means the target group's own.
    pub port: Option<u16>,
}

impl TargetName {
    /// The target of `group` that is meant.
    ///
    /// # Errors
    /// AWS's `InvalidTarget` if it is no address; the account has no instances.
    pub(super) fn within(&self, group: &TargetGroup) -> Result<Target, Refusal> {
        let port = self.port.unwrap_or(group.port);
        match (group.target_type, self.id.parse()) {
            (TargetType::Ip, Ok(address)) => Ok(Target { address, port }),
            (TargetType::Ip, Err(_)) => {
                Err(fault("ValidationError", format!("The IP address '{}' is not valid", self.id)))
            }
            (TargetType::Instance, _) => {
                let message = format!("The following targets are not valid instances: '{}'", self.id);
                Err(fault("InvalidTarget", message))
            }
        }
    }
}

/// Registers targets: all of them or none.
#[derive(Clone, Debug)]
pub struct RegisterTargets {
    /// `TargetGroupArn`.
    pub target_group: String,
    /// `Targets`.
    pub targets: Vec<TargetName>,
}

impl Operation for RegisterTargets {
    type Output = ();
    const NAME: &'static str = "elasticloadbalancing:RegisterTargets";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![on(world, Self::NAME, &self.target_group)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { target_group, targets } = authorized.operation;
        let group = world.elb.named_group(&target_group)?;
        let arn = group.arn.clone();
        let targets = named(group, &targets)?;
        if let Some(target) = targets.iter().find(|target| !permitted(target.address)) {
            let message = format!(
                "The IP address '{}' is not within the address ranges that can be registered as targets",
                target.address
            );
            return Err(fault("InvalidTarget", message));
        }
        let new = targets.iter().filter(|target| group.target(target).is_none()).count();
        if group.targets.len() + new > TARGETS_PER_GROUP {
            return Err(fault("TooManyTargets", "The maximum number of targets per target group has been reached"));
        }
        for target in targets {
            let groups = world.ecs.groups_at(target.address);
            register(world, &arn, &target, groups);
        }
        Ok(())
    }
}

/// Takes targets out: they get no new requests, and are gone after the deregistration delay. One that is not registered counts as
/// taken out (facts/aws.md section 8).
#[derive(Clone, Debug)]
pub struct DeregisterTargets {
    /// `TargetGroupArn`.
    pub target_group: String,
    /// `Targets`.
    pub targets: Vec<TargetName>,
}

impl Operation for DeregisterTargets {
    type Output = ();
    const NAME: &'static str = "elasticloadbalancing:DeregisterTargets";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![on(world, Self::NAME, &self.target_group)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { target_group, targets } = authorized.operation;
        let group = world.elb.named_group(&target_group)?;
        let arn = group.arn.clone();
        let targets = named(group, &targets)?;
        deregister(world, &arn, &targets);
        Ok(())
    }
}

fn named(group: &TargetGroup, targets: &[TargetName]) -> Result<Vec<Target>, Refusal> {
    if targets.is_empty() {
        return Err(fault("ValidationError", "At least one target must be specified"));
    }
    targets.iter().map(|target| target.within(group)).collect()
}

/// Whether an address can be a target: those of the VPC, of RFC 1918 and of RFC 6598 (botocore, `TargetDescription$Id`).
fn permitted(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            address.is_private() || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(_) => false,
    }
}
