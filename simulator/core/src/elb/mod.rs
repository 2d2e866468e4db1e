//! Elastic Load Balancing v2: load balancers, listeners, target groups, and the health and routing of targets.
//!
//! In reading order: what can be made ([`target_group`], [`load_balancer`], [`listener`], [`rule`], [`tag`]), changed ([`modify`], [`place`],
//! [`priority`], [`attribute`], [`balancer_attribute`], [`listener_attribute`]) and deleted ([`delete`]), how much of it ([`quota`]), how requests are spread
//! ([`forward`], [`association`]), what is registered ([`target`], [`registration`]), when a target is healthy ([`health`]), and the loop
//! that probes and routes ([`probing`]).
//!
//! Deliberately absent: network and gateway load balancers, HTTPS, actions other than forwarding.

mod association;
pub mod attribute;
pub mod balancer_attribute;
pub mod delete;
pub mod forward;
pub mod health;
pub mod listener;
pub mod listener_attribute;
pub mod load_balancer;
mod lookup;
pub mod modify;
pub mod place;
pub mod priority;
mod probing;
pub mod quota;
pub mod registration;
pub mod rule;
pub mod tag;
pub mod target;
pub mod target_group;
#[cfg(test)]
mod tests;
mod window;

use std::collections::{BTreeMap, BTreeSet};

pub use attribute::{DescribeTargetGroupAttributes, ModifyTargetGroupAttributes};
pub use balancer_attribute::{BalancerAttributes, DescribeLoadBalancerAttributes, ModifyLoadBalancerAttributes};
pub use delete::{DeleteListener, DeleteLoadBalancer, DeleteTargetGroup};
pub use forward::{Condition, Forwarding, Share};
pub use health::{Reason, TargetState};
pub use listener::{CreateListener, DescribeListeners, Listener, Reach};
pub use listener_attribute::{DescribeListenerAttributes, ModifyListenerAttributes};
pub use load_balancer::{CreateLoadBalancer, DescribeLoadBalancers, LoadBalancer};
pub use modify::{ModifyListener, ModifyTargetGroup};
pub use place::{SetSecurityGroups, SetSubnets};
pub use priority::SetRulePriorities;
pub use quota::DescribeAccountLimits;
pub use registration::{DeregisterTargets, RegisterTargets, TargetName};
pub use rule::{CreateRule, DeleteRule, DescribeRules, ModifyRule, Priority, Rule};
pub use tag::{AddTags, DescribeTags, RemoveTags};
pub use target::{DescribeTargetHealth, TargetDescription};
pub use target_group::{CreateTargetGroup, DescribeTargetGroups, HealthCheck, TargetGroup};
pub use window::Window;

pub(crate) use listener::observe_listening;
pub(crate) use probing::{is_stale, observe_drained, observe_probed, reroute_stale, settle};
pub(crate) use rule::spread;
pub(crate) use target::{deregister, register};

use crate::agenda::Agenda;
use crate::arn::Arn;
use crate::effect::Target;
use crate::event::Sequence;
use crate::time::Timestamp;
use crate::world::World;

/// Everything ELB knows of the account.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub(super) balancers: BTreeMap<Arn, LoadBalancer>,
    pub(super) listeners: BTreeMap<Arn, Listener>,
    pub(super) rules: BTreeMap<Arn, Rule>,
    pub(super) groups: BTreeMap<Arn, TargetGroup>,
    pub(super) agenda: Agenda<Timer>,
    /// Target groups whose requests may have to go elsewhere.
    stale: BTreeSet<Arn>,
    /// Targets whose state changed since ECS last looked, and the entry of the trace that tells of it.
    changed: BTreeMap<(Arn, Target), Sequence>,
}

/// What can be due.
#[derive(Clone, Debug)]
pub(super) enum Timer {
    /// The next probe of a target.
    Probe(Target, Arn),
    /// The end of the waiting for an answer that no security group lets through.
    Unanswered(Target, Arn),
    /// The end of a target's deregistration delay.
    Drained(Target, Arn),
}

/// The load balancers of the account.
pub(crate) fn balancers(world: &World) -> Vec<Arn> {
    world.elb.balancers.keys().cloned().collect()
}

impl State {
    /// The target group with this ARN.
    #[must_use]
    pub fn target_group(&self, arn: &Arn) -> Option<&TargetGroup> {
        self.groups.get(arn)
    }

    /// Takes the targets whose state changed since the last call.
    pub(crate) fn take_changed(&mut self) -> BTreeMap<(Arn, Target), Sequence> {
        std::mem::take(&mut self.changed)
    }

    /// Has `timer` set off at `at`, in place of what its target has waited for so far.
    fn set(&mut self, timer: Timer, at: Timestamp) {
        let (Timer::Probe(target, group) | Timer::Unanswered(target, group) | Timer::Drained(target, group)) = &timer;
        let registered = self.groups.get_mut(group).and_then(|group| group.targets.get_mut(target));
        if let Some(registered) = registered {
            self.agenda.set(&mut registered.due, timer, at);
        }
    }

    /// When the next step is due without any observation.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.agenda.next()
    }
}

impl World {
    /// The load balancers, target groups and listeners of the account, for reading.
    #[must_use]
    pub const fn elb(&self) -> &State {
        &self.elb
    }
}

impl State {
    /// Every target group, by ARN.
    pub fn target_groups(&self) -> impl Iterator<Item = &TargetGroup> {
        self.groups.values()
    }

    /// The rule with this ARN.
    #[must_use]
    pub fn rule(&self, arn: &Arn) -> Option<&Rule> {
        self.rules.get(arn)
    }

    /// The rules of the listener `listener` as they are tried: the last is its default rule.
    #[must_use]
    pub fn rules_of(&self, listener: &Arn) -> Vec<&Rule> {
        let mut rules: Vec<&Rule> = self.rules.values().filter(|rule| rule.listener == *listener).collect();
        rules.sort_by_key(|rule| rule.priority);
        rules
    }

    /// Every load balancer, by ARN.
    pub fn load_balancers(&self) -> impl Iterator<Item = &LoadBalancer> {
        self.balancers.values()
    }

    /// Every listener, by ARN.
    pub fn listeners(&self) -> impl Iterator<Item = &Listener> {
        self.listeners.values()
    }
}
