//! Deleting: DeleteLoadBalancer, DeleteListener, DeleteTargetGroup.
//!
//! Source: botocore elbv2, the documentation and the errors of these operations. A load balancer or target group that is not there
//! counts as deleted; a listener that is not there is an error.

use super::association;
use super::load_balancer::fault;
use super::lookup::{balancer_arn, group_arn, on};
use crate::arn::Arn;
use crate::effect::Effect;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Deletes a load balancer with its listeners. Its target groups stay.
#[derive(Clone, Debug)]
pub struct DeleteLoadBalancer {
    /// `LoadBalancerArn`.
    pub load_balancer: String,
}

impl Operation for DeleteLoadBalancer {
    type Output = ();
    const NAME: &'static str = "elasticloadbalancing:DeleteLoadBalancer";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![on(world, Self::NAME, &self.load_balancer)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let arn = balancer_arn(&authorized.operation.load_balancer)?;
        let Some(balancer) = world.elb.balancers.get(&arn) else { return Ok(()) };
        if balancer.attributes.deletion_protection {
            let message = format!("Load balancer '{arn}' cannot be deleted because deletion protection is enabled");
            return Err(fault("OperationNotPermitted", message));
        }
        let listeners = world.elb.listeners.values().filter(|listener| listener.load_balancer == arn);
        let listeners: Vec<Arn> = listeners.map(|listener| listener.arn.clone()).collect();
        for listener in listeners {
            close(world, &listener);
        }
        if let Some(balancer) = world.elb.balancers.remove(&arn) {
            world.release_security_groups(&balancer.security_groups);
        }
        association::follow(world);
        Ok(())
    }
}

/// Deletes a listener with its rules: its port is closed.
#[derive(Clone, Debug)]
pub struct DeleteListener {
    /// `ListenerArn`.
    pub listener: String,
}

impl Operation for DeleteListener {
    type Output = ();
    const NAME: &'static str = "elasticloadbalancing:DeleteListener";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![on(world, Self::NAME, &self.listener)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let arn = world.elb.named_listener(&authorized.operation.listener)?.arn.clone();
        close(world, &arn);
        association::follow(world);
        Ok(())
    }
}

/// Deletes a target group that no rule forwards to.
#[derive(Clone, Debug)]
pub struct DeleteTargetGroup {
    /// `TargetGroupArn`.
    pub target_group: String,
}

impl Operation for DeleteTargetGroup {
    type Output = ();
    const NAME: &'static str = "elasticloadbalancing:DeleteTargetGroup";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![on(world, Self::NAME, &self.target_group)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let arn = group_arn(&authorized.operation.target_group)?;
        let mut shares = world.elb.rules.values().flat_map(|rule| &rule.shares);
        if shares.any(|share| share.target_group == arn) {
            let message = format!("Target group '{arn}' is currently in use by a listener or a rule");
            return Err(fault("ResourceInUse", message));
        }
        let Some(group) = world.elb.groups.remove(&arn) else { return Ok(()) };
        world.elb.stale.remove(&arn);
        for mut registered in group.targets.into_values() {
            world.elb.agenda.cancel(&mut registered.due);
        }
        Ok(())
    }
}

/// Forgets `listener` and its rules, and closes its port.
fn close(world: &mut World, listener: &Arn) {
    world.elb.rules.retain(|_, rule| rule.listener != *listener);
    if world.elb.listeners.remove(listener).is_some() {
        world.want(Effect::StopListening { listener: listener.clone() });
    }
}
