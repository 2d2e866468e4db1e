//! The order of rules: SetRulePriorities. All rules of one request take their new places at the same time.

use std::collections::{BTreeMap, BTreeSet};

use super::load_balancer::fault;
use super::lookup::on;
use super::rule::{self, Priority, Rule};
use crate::arn::Arn;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Changes the priorities of rules: all of them or none.
#[derive(Clone, Debug)]
pub struct SetRulePriorities {
    /// `RulePriorities`: the rule's ARN and its priority.
    pub priorities: Vec<(String, u32)>,
}

impl Operation for SetRulePriorities {
    /// The rules.
    type Output = Vec<Rule>;
    const NAME: &'static str = "elasticloadbalancing:SetRulePriorities";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(self.priorities.iter().map(|(rule, _)| on(world, Self::NAME, rule)).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Vec<Rule>, Refusal> {
        let priorities = authorized.operation.priorities;
        let mut places: BTreeMap<Arn, u32> = BTreeMap::new();
        for (text, priority) in &priorities {
            let rule = world.elb.named_rule(text)?;
            if rule.priority == Priority::Default {
                let message = format!("Priority of default rule '{}' cannot be modified", rule.arn);
                return Err(fault("OperationNotPermitted", message));
            }
            rule::check_priority(*priority)?;
            if places.insert(rule.arn.clone(), *priority).is_some() {
                let message = format!("Rule '{}' is specified more than once", rule.arn);
                return Err(fault("ValidationError", message));
            }
        }
        let listeners: BTreeSet<Arn> = places.keys().map(|arn| world.elb.rules[arn].listener.clone()).collect();
        for listener in &listeners {
            let mut seen = BTreeSet::new();
            for rule in world.elb.rules_of(listener) {
                let priority = places.get(&rule.arn).map_or(rule.priority, |priority| Priority::At(*priority));
                if let (false, Priority::At(priority)) = (seen.insert(priority), priority) {
                    return Err(fault("PriorityInUse", format!("Priority '{priority}' is currently in use")));
                }
            }
        }
        for (arn, priority) in &places {
            world.elb.rules.get_mut(arn).expect("it was just found").priority = Priority::At(*priority);
        }
        for listener in &listeners {
            rule::changed(world, listener);
        }
        let moved = priorities.iter().filter_map(|(text, _)| world.elb.named_rule(text).ok());
        Ok(moved.cloned().collect())
    }
}
