//! Listener rules: CreateRule, DescribeRules, ModifyRule, DeleteRule, and the default rule that every listener has.
//!
//! Source: botocore elbv2, the shapes of these operations; texts that it does not give are ours.

use std::collections::BTreeMap;

use super::association::{self, Check};
use super::forward::{Condition, Forwarding, Share};
use super::load_balancer::fault;
use super::quota;
use super::tag::{on_create, on_tagged, tagged};
use super::window::Window;
use crate::arn::Arn;
use crate::effect::Effect;
use crate::id::IdKind;
use crate::operation::{Access, Authorized, Operation};
use crate::page::Page;
use crate::refusal::Refusal;
use crate::world::World;

/// A rule of a listener that forwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `listener-rule/app/NAME/LOAD-BALANCER-ID/LISTENER-ID/ID`.
    pub arn: Arn,
    /// Its listener.
    pub listener: Arn,
    /// When it is tried.
    pub priority: Priority,
    /// All must hold; the default rule has none.
    pub conditions: Vec<Condition>,
    /// The forward action.
    pub shares: Vec<Share>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// `Priority`: the lowest number is tried first, the default rule last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// 1 to 50,000.
    At(u32),
    /// The listener's default action.
    Default,
}

/// A rule for `listener` that exists from now on.
pub(super) fn add(
    world: &mut World,
    listener: &Arn,
    priority: Priority,
    conditions: Vec<Condition>,
    shares: Vec<Share>,
    tags: BTreeMap<String, String>,
) -> Rule {
    let id = world.ids.hex(IdKind::LoadBalancer, 16);
    let resource = listener.resource().replacen("listener/", "listener-rule/", 1);
    let arn = super::load_balancer::arn(world, &format!("{resource}/{id}"));
    let rule = Rule { arn: arn.clone(), listener: listener.clone(), priority, conditions, shares, tags };
    world.elb.rules.insert(arn, rule.clone());
    rule
}

/// The rules of `listener` as they are tried.
pub(super) fn forwardings(world: &World, listener: &Arn) -> Vec<Forwarding> {
    let rules = world.elb.rules_of(listener).into_iter();
    rules.map(|rule| Forwarding { conditions: rule.conditions.clone(), shares: rule.shares.clone() }).collect()
}

/// The rules of `listener` have changed.
pub(super) fn changed(world: &mut World, listener: &Arn) {
    association::follow(world);
    let rules = forwardings(world, listener);
    world.want(Effect::Forward { listener: listener.clone(), rules });
}

/// Spreads the requests of the rule `arn` over `shares` from now on, whichever rule it is. A rule that is gone stays so.
pub(crate) fn spread(world: &mut World, arn: &Arn, shares: Vec<Share>) {
    let Some(rule) = world.elb.rules.get_mut(arn).filter(|rule| rule.shares != shares) else { return };
    rule.shares = shares;
    let listener = rule.listener.clone();
    changed(world, &listener);
}

/// Makes a rule.
#[derive(Clone, Debug)]
pub struct CreateRule {
    /// `ListenerArn`.
    pub listener: String,
    /// `Priority`.
    pub priority: u32,
    /// `Conditions`.
    pub conditions: Vec<Condition>,
    /// The forward action: target groups and their weights.
    pub forward: Vec<(String, u32)>,
    /// `Tags`.
    pub tags: BTreeMap<String, String>,
}

impl Operation for CreateRule {
    type Output = Rule;
    const NAME: &'static str = "elasticloadbalancing:CreateRule";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let create = tagged(Access::new(Self::NAME, &self.listener), &self.tags);
        let existing = self.listener.parse().ok().and_then(|arn: Arn| world.elb.listeners.get(&arn));
        let create = existing.map_or(create.clone(), |listener| on_tagged(create, &listener.tags));
        let rule = format!("{}/*", self.listener.replacen(":listener/", ":listener-rule/", 1));
        let tag = rule.parse().ok().and_then(|arn| on_create(&arn, "CreateRule", &self.tags));
        Ok([create].into_iter().chain(tag).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Rule, Refusal> {
        let Self { listener, priority, conditions, forward, tags } = authorized.operation;
        let listener = listener.parse().ok().and_then(|arn: Arn| world.elb.listeners.get(&arn));
        let listener = listener.ok_or_else(|| fault("ListenerNotFound", "One or more listeners not found"))?;
        let (listener, load_balancer) = (listener.arn.clone(), listener.load_balancer.clone());
        check_priority(priority)?;
        if world.elb.rules_of(&listener).iter().any(|rule| rule.priority == Priority::At(priority)) {
            return Err(fault("PriorityInUse", format!("Priority '{priority}' is currently in use")));
        }
        check_conditions(&conditions)?;
        let shares = association::check(world, &Check { load_balancer: &load_balancer, forward: &forward })?;
        quota::room(added_to(world, &load_balancer), quota::RULES, "TooManyRules", "rules for this load balancer")?;
        let rule = add(world, &listener, Priority::At(priority), conditions, shares, tags);
        changed(world, &listener);
        Ok(rule)
    }
}

/// Describes rules: of one listener, or those of some ARNs.
#[derive(Clone, Debug, Default)]
pub struct DescribeRules {
    /// `ListenerArn`.
    pub listener: Option<String>,
    /// `RuleArns`.
    pub arns: Vec<String>,
    /// The page.
    pub window: Window,
}

impl Operation for DescribeRules {
    type Output = Page<Rule>;
    const NAME: &'static str = "elasticloadbalancing:DescribeRules";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { listener, arns, window } = authorized.operation;
        let found: Vec<Rule> = match (listener, arns.is_empty()) {
            (Some(listener), true) => {
                let known = listener.parse().ok().filter(|arn| world.elb.listeners.contains_key(arn));
                let listener = known.ok_or_else(|| fault("ListenerNotFound", "One or more listeners not found"))?;
                world.elb.rules_of(&listener).into_iter().cloned().collect()
            }
            (None, false) => {
                let find = |text: &String| known(world, text).map(|arn| world.elb.rules[&arn].clone());
                arns.iter().map(find).collect::<Result<_, Refusal>>()?
            }
            (Some(_), false) | (None, true) => {
                return Err(fault("ValidationError", "You must specify either listener ARN or rule ARNs"));
            }
        };
        // The page's keys count the rules, which have an order of their own.
        let numbered = found.into_iter().enumerate().collect();
        let Page { items, next } = window.of(numbered, |(place, _)| format!("{place:06}"))?;
        Ok(Page { items: items.into_iter().map(|(_, rule)| rule).collect(), next })
    }
}

/// Changes a rule. What is not given stays as it is.
#[derive(Clone, Debug)]
pub struct ModifyRule {
    /// `RuleArn`.
    pub rule: String,
    /// `Conditions`.
    pub conditions: Option<Vec<Condition>>,
    /// The forward action: target groups and their weights.
    pub forward: Option<Vec<(String, u32)>>,
}

impl Operation for ModifyRule {
    type Output = Rule;
    const NAME: &'static str = "elasticloadbalancing:ModifyRule";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![on_rule(world, Self::NAME, &self.rule)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Rule, Refusal> {
        let Self { rule, conditions, forward } = authorized.operation;
        let arn = known(world, &rule)?;
        let mut rule = world.elb.rules[&arn].clone();
        if rule.priority == Priority::Default {
            return Err(fault("OperationNotPermitted", format!("Default rule '{arn}' cannot be modified")));
        }
        if let Some(conditions) = conditions {
            check_conditions(&conditions)?;
            rule.conditions = conditions;
        }
        if let Some(forward) = forward {
            let load_balancer = world.elb.listeners[&rule.listener].load_balancer.clone();
            rule.shares = association::check(world, &Check { load_balancer: &load_balancer, forward: &forward })?;
        }
        world.elb.rules.insert(arn, rule.clone());
        changed(world, &rule.listener);
        Ok(rule)
    }
}

/// Removes a rule.
#[derive(Clone, Debug)]
pub struct DeleteRule {
    /// `RuleArn`.
    pub rule: String,
}

impl Operation for DeleteRule {
    type Output = ();
    const NAME: &'static str = "elasticloadbalancing:DeleteRule";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![on_rule(world, Self::NAME, &self.rule)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let arn = known(world, &authorized.operation.rule)?;
        if world.elb.rules[&arn].priority == Priority::Default {
            return Err(fault("OperationNotPermitted", format!("Default rule '{arn}' cannot be deleted")));
        }
        if let Some(rule) = world.elb.rules.remove(&arn) {
            changed(world, &rule.listener);
        }
        Ok(())
    }
}

/// Rules of a load balancer that are not its listeners' default ones.
fn added_to(world: &World, load_balancer: &Arn) -> usize {
    let rules = world.elb.rules.values().filter(|rule| rule.priority != Priority::Default);
    let listener = |rule: &Rule| world.elb.listeners.get(&rule.listener);
    rules.filter(|rule| listener(rule).is_some_and(|listener| listener.load_balancer == *load_balancer)).count()
}

pub(super) fn check_priority(priority: u32) -> Result<(), Refusal> {
    if (1..=50_000).contains(&priority) {
        return Ok(());
    }
    Err(fault("ValidationError", format!("Priority '{priority}' must be between 1 and 50000")))
}

fn on_rule(world: &World, action: &'static str, rule: &str) -> Access {
    let access = Access::new(action, rule);
    let existing = rule.parse().ok().and_then(|arn: Arn| world.elb.rules.get(&arn));
    existing.map_or(access.clone(), |rule| on_tagged(access, &rule.tags))
}

fn known(world: &World, text: &str) -> Result<Arn, Refusal> {
    let found = text.parse().ok().filter(|arn| world.elb.rules.contains_key(arn));
    found.ok_or_else(|| fault("RuleNotFound", "One or more rules not found"))
}

/// A rule has one to five values in its conditions, each of at most 128 characters; a header's name has at most 40.
fn check_conditions(conditions: &[Condition]) -> Result<(), Refusal> {
    let invalid = |message: String| Err(fault("ValidationError", message));
    let values: Vec<&String> = conditions.iter().flat_map(Condition::values).collect();
    if conditions.iter().any(|condition| condition.values().is_empty()) || values.is_empty() {
        return invalid("A condition value must be specified".to_owned());
    }
    if values.len() > quota::CONDITION_VALUES {
        return invalid("A rule can have at most '5' condition values".to_owned());
    }
    if let Some(long) = values.iter().find(|value| value.is_empty() || value.chars().count() > 128) {
        return invalid(format!("Condition value '{long}' must have between 1 and 128 characters"));
    }
    for field in ["path-pattern", "host-header"] {
        if conditions.iter().filter(|condition| condition.field() == field).count() > 1 {
            return invalid(format!("Rule cannot have more than one '{field}' condition"));
        }
    }
    for condition in conditions {
        match condition {
            Condition::Header { name, .. } if name.is_empty() || name.len() > 40 => {
                return invalid(format!("Header name '{name}' must have between 1 and 40 characters"));
            }
            Condition::Header { .. } | Condition::Path(_) | Condition::Host(_) => {}
        }
    }
    Ok(())
}
