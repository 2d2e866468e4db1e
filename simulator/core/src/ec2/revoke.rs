//! Removing rules from security groups.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use super::authorize::Direction;
use super::missing;
use super::permission::IpPermission;
use super::rule::Rule;
use super::security_group::{GroupRef, group_access};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Removes rules of a group, by their ids or by what they say: all of them or none.
#[derive(Clone, Debug)]
pub struct RevokeSecurityGroup<D> {
    group: GroupRef,
    permissions: Vec<IpPermission>,
    rule_ids: Vec<String>,
    direction: PhantomData<D>,
}

impl<D> RevokeSecurityGroup<D> {
    /// Takes from the group what `permissions` say and the rules `rule_ids`.
    #[must_use]
    pub fn new(group: GroupRef, permissions: Vec<IpPermission>, rule_ids: Vec<String>) -> Self {
        Self { group, permissions, rule_ids, direction: PhantomData }
    }
}

/// The answer to [`RevokeSecurityGroup`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokeOutput {
    /// The rules that are gone.
    pub revoked: Vec<Rule>,
}

impl<D: Direction> Operation for RevokeSecurityGroup<D> {
    type Output = RevokeOutput;
    const NAME: &'static str = D::REVOKE;

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![group_access(world, Self::NAME, &self.group)?])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { group, permissions, rule_ids, direction: PhantomData } = authorized.operation;
        let state = &mut world.ec2;
        let group = state.group(&group)?.id.clone();
        if permissions.is_empty() && rule_ids.is_empty() {
            return Err(missing("ipPermissions"));
        }
        let mut gone = Vec::new();
        for id in rule_ids {
            let rule = state.rules.get(&id).filter(|rule| rule.group == group && rule.egress == D::EGRESS);
            gone.push(rule.cloned().ok_or_else(|| {
                let message = format!("The security group rule ID '{id}' does not exist");
                Refusal::fault("InvalidSecurityGroupRuleId.NotFound", message)
            })?);
        }
        if !permissions.is_empty() {
            for wanted in state.rules_for(&group, D::EGRESS, permissions, &BTreeMap::new())? {
                let rule = state.rules_of(&group).find(|rule| rule.same(&wanted));
                gone.push(rule.cloned().ok_or_else(|| {
                    let message = "The specified rule does not exist in this security group.";
                    Refusal::fault("InvalidPermission.NotFound", message)
                })?);
            }
        }
        for rule in &gone {
            state.rules.remove(&rule.id);
        }
        Ok(RevokeOutput { revoked: gone })
    }
}
