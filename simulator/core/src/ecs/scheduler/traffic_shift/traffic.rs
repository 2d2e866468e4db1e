//! Where requests go: the weights of listener rules, and whether ECS may set them.
//!
//! Source: `facts/aws.md` 2.4; the texts are those of the developer guide, troubleshooting-blue-green.

use std::fmt;

use crate::arn::Arn;
use crate::ecs::service::{AdvancedConfiguration, Deployment, LoadBalancer, Percent, ServiceKey};
use crate::elb::{self, Priority, Share};
use crate::operation::Access;
use crate::refusal::{Denial, Refusal};
use crate::world::World;

/// Session name of ECS when it changes rules.
const SESSION: &str = "ECSNetworkingWithELB";

/// Whose requests move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Requests {
    Production,
    Test,
}

/// Why the rules cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// The role does not exist or does not trust ECS.
    Role(String),
    /// The role may not do it.
    Denied(Denial),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(role) => write!(
                f,
                "ECS was unable to manage the ELB resources due to missing permissions on ECS Infrastructure Role '{role}'."
            ),
            Self::Denied(denial) => write!(f, "{denial}"),
        }
    }
}

/// Gives the deployment at `place` this share of the requests, and the rest to the other target group. Whether ECS may is asked only
/// when `asking`: what has been shifted can always be shifted back.
pub(super) fn give(
    world: &mut World,
    key: &ServiceKey,
    place: usize,
    requests: Requests,
    share: Percent,
    asking: bool,
) -> Result<(), Obstacle> {
    let deployment = world.ecs.services[key].deployments[place].clone();
    for balancer in &deployment.load_balancers {
        let Some(advanced) = &balancer.advanced else { continue };
        let rule = match requests {
            Requests::Production => Some(&advanced.production_rule),
            Requests::Test => advanced.test_rule.as_ref(),
        };
        let Some(rule) = rule else { continue };
        if asking {
            may_change(world, &advanced.role, rule)?;
        }
        elb::spread(world, rule, shares(&deployment, balancer, advanced, share));
    }
    Ok(())
}

/// The weights that give `deployment` this share: in percent, or where that is not whole in tenths of a percent, which the greatest
/// weight (999) just allows. The two always add up to everything.
fn shares(
    deployment: &Deployment,
    balancer: &LoadBalancer,
    advanced: &AdvancedConfiguration,
    share: Percent,
) -> Vec<Share> {
    let unit = if share.tenths().is_multiple_of(10) { 10 } else { 1 };
    let weight = |percent: Percent| percent.tenths() / unit;
    let own = deployment.group_of(balancer);
    let of = |group: &Arn| Share {
        target_group: group.clone(),
        weight: weight(if group == own { share } else { share.rest() }),
    };
    vec![of(&balancer.target_group), of(&advanced.alternate)]
}

fn may_change(world: &mut World, role: &str, rule: &Arn) -> Result<(), Obstacle> {
    let caller = world.assume_for_service(role, "ecs.amazonaws.com", SESSION);
    let caller = caller.map_err(|_: Refusal| Obstacle::Role(role.to_owned()))?;
    let found = world.elb.rule(rule);
    let access = match found.filter(|rule| rule.priority == Priority::Default) {
        // A default rule is changed through its listener.
        Some(rule) => Access::new("elasticloadbalancing:ModifyListener", rule.listener.as_str()),
        None => Access::new("elasticloadbalancing:ModifyRule", rule.as_str()),
    };
    world.decide(&caller, &access).map(drop).map_err(Obstacle::Denied)
}

/// Why the rules of `deployment` cannot serve a shift of traffic, if they cannot.
pub(super) fn fault(world: &World, deployment: &Deployment) -> Option<String> {
    deployment
        .load_balancers
        .iter()
        .find_map(|balancer| fault_of(world, balancer))
        .map(|fault| format!("Service deployment rolled back because of invalid networking configuration{fault}"))
}

fn fault_of(world: &World, balancer: &LoadBalancer) -> Option<String> {
    let advanced = balancer.advanced.as_ref()?;
    let (primary, alternate) = (&balancer.target_group, &advanced.alternate);
    let production = &advanced.production_rule;
    let rule = |arn: &Arn| world.elb.rule(arn).map(|rule| rule.shares.as_slice()).unwrap_or_default();
    let of_test = advanced.test_rule.as_ref().map(&rule).unwrap_or_default();
    for group in [primary, alternate] {
        if !rule(production).iter().chain(of_test).any(|share| share.target_group == *group) {
            return Some(format!(
                ": Target group {group} is not associated with either productionListenerRule or testListenerRule."
            ));
        }
    }
    let serving: Vec<&Share> = rule(production).iter().filter(|share| share.weight > 0).collect();
    if let Some(other) = serving.iter().find(|share| ![primary, alternate].contains(&&share.target_group)) {
        let other = &other.target_group;
        return Some(format!(
            ". Production listener rule is forwarding traffic to unexpected target group {other}. Expected traffic to be forwarded \
             to either targetGroupArn: {primary} or alternateTargetGroupArn: {alternate}"
        ));
    }
    let count = serving.len();
    (count != 1).then(|| {
        format!(
            ". productionListenerRule {production} should have exactly one target group serving traffic but found {count} target \
             groups which are serving traffic"
        )
    })
}
