//! `loadBalancers[].advancedConfiguration`: the two target groups and the rules between which traffic shifts.
//!
//! Source: botocore ecs, `AdvancedConfiguration`; the texts are those of the developer guide's troubleshooting-blue-green, where it
//! has one, and ours otherwise.

use std::collections::BTreeSet;

use super::config::LoadBalancer;
use super::strategy::Strategy;
use crate::arn::Arn;
use crate::elb::target_group::TargetType;
use crate::refusal::Refusal;
use crate::world::World;

/// `advancedConfiguration`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdvancedConfiguration {
    /// `alternateTargetGroupArn`.
    pub alternate: Arn,
    /// `productionListenerRule`.
    pub production_rule: Arn,
    /// `testListenerRule`.
    pub test_rule: Option<Arn>,
    /// `roleArn`: the role with which ECS changes the rules.
    pub role: String,
}

/// Checks that `balancers` have what deployments of `strategy` need.
pub(super) fn check(world: &World, strategy: &Strategy, balancers: &[LoadBalancer]) -> Result<(), Refusal> {
    let advanced = balancers.iter().filter(|balancer| balancer.advanced.is_some()).count();
    if *strategy != Strategy::Rolling && advanced < balancers.len() {
        return Err(invalid(
            "advancedConfiguration field is required for all loadBalancers when using a non-ROLLING deployment strategy",
        ));
    }
    if advanced != 0 && advanced != balancers.len() {
        return Err(invalid(
            "Either all or none of the provided loadBalancers must have advancedConfiguration defined",
        ));
    }
    if matches!(strategy, Strategy::Linear { .. } | Strategy::Canary { .. }) && balancers.is_empty() {
        // The other way of having traffic to shift, Service Connect, is not simulated.
        let strategy = strategy.name().as_str();
        return Err(invalid(format!(
            "The deployment strategy {strategy} requires a load balancer or Service Connect."
        )));
    }
    let mut seen = BTreeSet::new();
    for balancer in balancers {
        let groups = [Some(&balancer.target_group), balancer.advanced.as_ref().map(|advanced| &advanced.alternate)];
        if let Some(twice) = groups.into_iter().flatten().find(|group| !seen.insert(*group)) {
            return Err(invalid(format!("Duplicate targetGroupArn found: {twice}")));
        }
        if let Some(advanced) = &balancer.advanced {
            advanced.check(world, &balancer.target_group)?;
        }
    }
    Ok(())
}

impl AdvancedConfiguration {
    fn check(&self, world: &World, target_group: &Arn) -> Result<(), Refusal> {
        let Self { alternate, production_rule, test_rule, role } = self;
        if test_rule.as_ref() == Some(production_rule) {
            return Err(invalid(format!(
                "The following rules cannot be used as both production and test listener rules: {production_rule}"
            )));
        }
        check_rule(world, "productionListenerRule", production_rule)?;
        if let Some(rule) = test_rule {
            check_rule(world, "testListenerRule", rule)?;
        }
        match world.elb.target_group(alternate) {
            None => {
                return Err(invalid(format!(
                    "The specified target group does not exist. (alternateTargetGroupArn {alternate})"
                )));
            }
            Some(group) if group.target_type == TargetType::Instance => {
                return Err(invalid(format!(
                    "The provided target group {alternate} has target type instance, which is incompatible with the awsvpc network \
                     mode specified in the task definition."
                )));
            }
            Some(_) => {}
        }
        let forwards = |group: &Arn| {
            let rule = world.elb.rule(production_rule);
            rule.is_some_and(|rule| rule.shares.iter().any(|share| share.target_group == *group))
        };
        if test_rule.is_none() && !(forwards(target_group) && forwards(alternate)) {
            return Err(invalid(
                "For Application LoadBalancer, testListenerRule is required when productionListenerRule is not associated with both \
                 targetGroup and alternateTargetGroup",
            ));
        }
        if role.is_empty() {
            return Err(invalid("roleArn of advancedConfiguration must be given."));
        }
        Ok(())
    }
}

fn check_rule(world: &World, what: &str, rule: &Arn) -> Result<(), Refusal> {
    if !rule.resource().starts_with("listener-rule/") {
        return Err(invalid(format!(
            "{what} has an invalid ARN format. Must be RuleArn for ALB or ListenerArn for NLB. Got: {rule}"
        )));
    }
    if world.elb.rule(rule).is_none() {
        return Err(invalid(format!("The specified listener rule does not exist. ({what} {rule})")));
    }
    Ok(())
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::fault("InvalidParameterException", message)
}
