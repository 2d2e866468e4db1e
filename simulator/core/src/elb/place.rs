//! Moving a load balancer: SetSecurityGroups, SetSubnets. Both replace what there was.

use super::load_balancer::{groups, place};
use super::lookup::on;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Gives a load balancer other security groups.
#[derive(Clone, Debug)]
pub struct SetSecurityGroups {
    /// `LoadBalancerArn`.
    pub load_balancer: String,
    /// `SecurityGroups`.
    pub security_groups: Vec<String>,
}

impl Operation for SetSecurityGroups {
    /// The groups that it has now.
    type Output = Vec<String>;
    const NAME: &'static str = "elasticloadbalancing:SetSecurityGroups";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let named = |access: Access, group| access.with("elasticloadbalancing:SecurityGroup", group);
        Ok(vec![self.security_groups.iter().fold(on(world, Self::NAME, &self.load_balancer), named)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Vec<String>, Refusal> {
        let Self { load_balancer, security_groups } = authorized.operation;
        let balancer = world.elb.named_balancer(&load_balancer)?;
        let (arn, vpc) = (balancer.arn.clone(), balancer.vpc.clone());
        if security_groups.is_empty() {
            let message = "At least one security group must be specified";
            return Err(Refusal::fault("InvalidConfigurationRequest", message));
        }
        let security_groups = groups(world, &vpc, security_groups)?;
        let balancer = world.elb.balancers.get_mut(&arn).expect("it was just found");
        let before = std::mem::replace(&mut balancer.security_groups, security_groups.clone());
        world.hold_security_groups(&security_groups);
        world.release_security_groups(&before);
        Ok(security_groups)
    }
}

/// Puts a load balancer into other subnets of its VPC.
#[derive(Clone, Debug)]
pub struct SetSubnets {
    /// `LoadBalancerArn`.
    pub load_balancer: String,
    /// `Subnets`, or those that `SubnetMappings` name.
    pub subnets: Vec<String>,
}

impl Operation for SetSubnets {
    /// The subnets that it has now, and the availability zone of each.
    type Output = Vec<(String, String)>;
    const NAME: &'static str = "elasticloadbalancing:SetSubnets";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let named = |access: Access, subnet| access.with("elasticloadbalancing:Subnet", subnet);
        Ok(vec![self.subnets.iter().fold(on(world, Self::NAME, &self.load_balancer), named)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { load_balancer, subnets } = authorized.operation;
        let balancer = world.elb.named_balancer(&load_balancer)?;
        let (arn, former) = (balancer.arn.clone(), balancer.vpc.clone());
        let (vpc, subnets) = place(world, &subnets)?;
        if vpc != former {
            let message = "The subnets must belong to the VPC of the load balancer";
            return Err(Refusal::fault("InvalidConfigurationRequest", message));
        }
        let balancer = world.elb.balancers.get_mut(&arn).expect("it was just found");
        balancer.subnets.clone_from(&subnets);
        Ok(subnets)
    }
}
