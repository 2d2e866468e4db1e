//! Changing rules that are there: ModifySecurityGroupRules, and descriptions by UpdateSecurityGroupRuleDescriptionsIngress and -Egress.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use super::authorize::{Direction, check_quota};
use super::permission::{GroupPeer, IpPermission, RangePeer, checked_description};
use super::rule::{Peer, Rule};
use super::security_group::{GroupRef, group_access};
use super::{State, access, missing};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// What a rule is to say. Source: botocore ec2, `SecurityGroupRuleRequest`: exactly one peer, of the kind that the rule has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleChange {
    /// `IpProtocol`.
    pub protocol: String,
    /// `FromPort`.
    pub from_port: Option<i64>,
    /// `ToPort`.
    pub to_port: Option<i64>,
    /// `CidrIpv4`.
    pub ipv4: Option<String>,
    /// `CidrIpv6`.
    pub ipv6: Option<String>,
    /// `ReferencedGroupId`.
    pub group: Option<String>,
    /// `Description`.
    pub description: Option<String>,
}

/// Changes rules of a group: all of them or none.
#[derive(Clone, Debug)]
pub struct ModifySecurityGroupRules {
    /// `GroupId`.
    pub group: String,
    /// `SecurityGroupRules`: ids, and what the rules are to say.
    pub rules: Vec<(String, RuleChange)>,
}

impl Operation for ModifySecurityGroupRules {
    type Output = ();
    const NAME: &'static str = "ec2:ModifySecurityGroupRules";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let group = group_access(world, Self::NAME, &GroupRef::Id(self.group.clone()))?;
        let rule = |(id, _): &(String, RuleChange)| access(world, Self::NAME, &format!("security-group-rule/{id}"));
        Ok([group].into_iter().chain(self.rules.iter().map(rule)).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { group, rules } = authorized.operation;
        let state = &mut world.ec2;
        let group = state.find_group(Some(&group), None)?.id.clone();
        if rules.is_empty() {
            return Err(missing("SecurityGroupRule"));
        }
        let mut after: BTreeMap<String, Rule> =
            state.rules_of(&group).map(|rule| (rule.id.clone(), rule.clone())).collect();
        for (id, change) in rules {
            let before = after.get(&id).ok_or_else(|| no_rule(&id))?;
            let changed = state.changed(before, change)?;
            if let Some(double) = after.values().find(|other| other.id != id && other.same(&changed)) {
                let message = format!("the specified rule \"{double}\" already exists");
                return Err(Refusal::fault("InvalidPermission.Duplicate", message));
            }
            after.insert(id, changed);
        }
        for egress in [false, true] {
            check_quota(after.values().filter(|rule| rule.egress == egress))?;
        }
        state.rules.extend(after);
        Ok(())
    }
}

impl State {
    /// `rule` as it is after `change`.
    fn changed(&self, rule: &Rule, change: RuleChange) -> Result<Rule, Refusal> {
        let RuleChange { protocol, from_port, to_port, ipv4, ipv6, group, description } = change;
        let given = [
            ("IPv4 CIDR", "an IPv4 CIDR", &ipv4),
            ("IPv6 CIDR", "an IPv6 CIDR", &ipv6),
            ("referenced group id", "a referenced group id", &group),
        ];
        let kind = match &rule.peer {
            Peer::Range(range) if range.is_ipv4() => "IPv4 CIDR",
            Peer::Range(_) => "IPv6 CIDR",
            Peer::Group(_) => "referenced group id",
        };
        if let Some((_, other, _)) = given.iter().find(|(name, _, value)| *name != kind && value.is_some()) {
            let message = format!("You may not specify {other} for an existing {kind} rule.");
            return Err(Refusal::fault("InvalidParameterValue", message));
        }
        let ranges = ipv4.or(ipv6).into_iter().map(|cidr| RangePeer { cidr, description: description.clone() });
        let groups =
            group.into_iter().map(|id| GroupPeer { id: Some(id), name: None, description: description.clone() });
        let permission =
            IpPermission { protocol, from_port, to_port, groups: groups.collect(), ranges: ranges.collect() };
        let mut rules = self.rules_for(&rule.group, rule.egress, vec![permission], &rule.tags)?;
        let changed = rules.pop().ok_or_else(|| missing("cidrIpv4"))?;
        Ok(Rule { id: rule.id.clone(), ..changed })
    }
}

/// Changes descriptions of a group's rules, which are named by their ids or by what they say: all of them or none.
#[derive(Clone, Debug)]
pub struct UpdateRuleDescriptions<D> {
    /// The group.
    pub group: GroupRef,
    /// The rules by what they say, with their new descriptions.
    pub permissions: Vec<IpPermission>,
    /// Ids and new descriptions.
    pub descriptions: Vec<(String, Option<String>)>,
    direction: PhantomData<D>,
}

impl<D> UpdateRuleDescriptions<D> {
    /// Describes rules of `group` anew. A description that is not given is taken away.
    #[must_use]
    pub fn new(group: GroupRef, permissions: Vec<IpPermission>, descriptions: Vec<(String, Option<String>)>) -> Self {
        Self { group, permissions, descriptions, direction: PhantomData }
    }
}

impl<D: Direction> Operation for UpdateRuleDescriptions<D> {
    type Output = ();
    const NAME: &'static str = D::DESCRIBE_ANEW;

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![group_access(world, Self::NAME, &self.group)?])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { group, permissions, descriptions, direction: PhantomData } = authorized.operation;
        let state = &mut world.ec2;
        let group = state.group(&group)?.id.clone();
        let mut described = Vec::new();
        match (permissions.is_empty(), descriptions.is_empty()) {
            (true, true) => return Err(missing("ipPermissions")),
            (false, false) => {
                let message =
                    "The parameter ipPermissions cannot be used with the parameter SecurityGroupRuleDescription";
                return Err(Refusal::fault("InvalidParameterCombination", message));
            }
            (true, false) => {
                for (id, description) in descriptions {
                    let rule = state.rules.get(&id).filter(|rule| rule.group == group && rule.egress == D::EGRESS);
                    rule.ok_or_else(|| no_rule(&id))?;
                    described.push((id, checked_description(description)?));
                }
            }
            (false, true) => {
                for wanted in state.rules_for(&group, D::EGRESS, permissions, &BTreeMap::new())? {
                    let rule = state.rules_of(&group).find(|rule| rule.same(&wanted)).ok_or_else(|| {
                        let message = "The specified rule does not exist in this security group.";
                        Refusal::fault("InvalidPermission.NotFound", message)
                    })?;
                    described.push((rule.id.clone(), wanted.description));
                }
            }
        }
        for (id, description) in described {
            state.rules.get_mut(&id).expect("it was just found").description = description;
        }
        Ok(())
    }
}

fn no_rule(id: &str) -> Refusal {
    let message = format!("The security group rule ID '{id}' does not exist");
    Refusal::fault("InvalidSecurityGroupRuleId.NotFound", message)
}
