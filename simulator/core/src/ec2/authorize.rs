//! Adding rules to security groups.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::marker::PhantomData;

use super::permission::IpPermission;
use super::rule::{Peer, Rule};
use super::security_group::{GroupRef, group_access};
use super::tag::check_tags;
use super::{access, draw_id};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Most rules of a group in one direction, of either version of IP. A rule about a group counts as one of both (VPC guide, quotas).
const PER_DIRECTION: usize = 60;

/// Which way traffic goes: [`Ingress`] or [`Egress`].
pub trait Direction: Debug + Sized + 'static {
    /// Whether it leaves.
    const EGRESS: bool;
    /// The action that adds rules.
    const AUTHORIZE: &'static str;
    /// The action that removes rules.
    const REVOKE: &'static str;
    /// The action that changes descriptions of rules.
    const DESCRIBE_ANEW: &'static str;
    /// What `ec2:CreateAction` says of tags on new rules.
    const CREATE_ACTION: &'static str;
}

/// Traffic that comes in.
#[derive(Clone, Copy, Debug)]
pub enum Ingress {}

/// Traffic that goes out.
#[derive(Clone, Copy, Debug)]
pub enum Egress {}

impl Direction for Ingress {
    const EGRESS: bool = false;
    const AUTHORIZE: &'static str = "ec2:AuthorizeSecurityGroupIngress";
    const REVOKE: &'static str = "ec2:RevokeSecurityGroupIngress";
    const DESCRIBE_ANEW: &'static str = "ec2:UpdateSecurityGroupRuleDescriptionsIngress";
    const CREATE_ACTION: &'static str = "AuthorizeSecurityGroupIngress";
}

impl Direction for Egress {
    const EGRESS: bool = true;
    const AUTHORIZE: &'static str = "ec2:AuthorizeSecurityGroupEgress";
    const REVOKE: &'static str = "ec2:RevokeSecurityGroupEgress";
    const DESCRIBE_ANEW: &'static str = "ec2:UpdateSecurityGroupRuleDescriptionsEgress";
    const CREATE_ACTION: &'static str = "AuthorizeSecurityGroupEgress";
}

/// Adds rules to a group: all of them or none.
#[derive(Clone, Debug)]
pub struct AuthorizeSecurityGroup<D> {
    group: GroupRef,
    permissions: Vec<IpPermission>,
    tags: BTreeMap<String, String>,
    direction: PhantomData<D>,
}

/// Adds rules for traffic that comes in.
pub type AuthorizeIngress = AuthorizeSecurityGroup<Ingress>;
/// Adds rules for traffic that goes out.
pub type AuthorizeEgress = AuthorizeSecurityGroup<Egress>;

impl<D> AuthorizeSecurityGroup<D> {
    /// Lets the group have what `permissions` say; the new rules get `tags`.
    #[must_use]
    pub fn new(group: GroupRef, permissions: Vec<IpPermission>, tags: BTreeMap<String, String>) -> Self {
        Self { group, permissions, tags, direction: PhantomData }
    }
}

impl<D: Direction> Operation for AuthorizeSecurityGroup<D> {
    /// The new rules.
    type Output = Vec<Rule>;
    const NAME: &'static str = D::AUTHORIZE;

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let mut accesses = vec![group_access(world, Self::NAME, &self.group)?];
        if !self.tags.is_empty() {
            let rule = |action| access(world, action, "security-group-rule/*").tagging(&self.tags);
            accesses.push(rule(Self::NAME));
            accesses.push(rule("ec2:CreateTags").with("ec2:CreateAction", D::CREATE_ACTION));
        }
        Ok(accesses)
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { group, permissions, tags, direction: PhantomData } = authorized.operation;
        check_tags(&tags)?;
        let state = &mut world.ec2;
        let id = state.group(&group)?.id.clone();
        let mut rules = state.rules_for(&id, D::EGRESS, permissions, &tags)?;
        let present: Vec<&Rule> = state.rules_of(&id).filter(|rule| rule.egress == D::EGRESS).collect();
        if let Some(double) = rules.iter().find(|rule| present.iter().any(|present| present.same(rule))) {
            let message = format!("the specified rule \"{double}\" already exists");
            return Err(Refusal::fault("InvalidPermission.Duplicate", message));
        }
        check_quota(present.into_iter().chain(&rules))?;
        for rule in &mut rules {
            rule.id = draw_id(&mut world.ids, "sgr");
            world.ec2.rules.insert(rule.id.clone(), rule.clone());
        }
        Ok(rules)
    }
}

/// Refuses more rules in one direction than a group can have.
pub(super) fn check_quota<'r>(rules: impl Iterator<Item = &'r Rule>) -> Result<(), Refusal> {
    let (mut of_4, mut of_6) = (0, 0);
    for rule in rules {
        match &rule.peer {
            Peer::Range(range) if range.is_ipv4() => of_4 += 1,
            Peer::Range(_) => of_6 += 1,
            Peer::Group(_) => {
                of_4 += 1;
                of_6 += 1;
            }
        }
    }
    if of_4.max(of_6) > PER_DIRECTION {
        let message = "The maximum number of rules per security group has been reached.";
        return Err(Refusal::fault("RulesPerSecurityGroupLimitExceeded", message));
    }
    Ok(())
}
