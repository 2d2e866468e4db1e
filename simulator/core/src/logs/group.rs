//! Log groups.

use std::collections::BTreeMap;

use super::{GROUP_NAME, Group, INVALID, State, check_length, group_arn, group_resource, tag};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// The retention periods that AWS offers, in days.
const RETENTION_DAYS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// Makes a log group.
#[derive(Clone, Debug, Default)]
pub struct CreateLogGroup {
    /// Its name.
    pub group: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Operation for CreateLogGroup {
    type Output = ();
    const NAME: &'static str = "logs:CreateLogGroup";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let mut accesses = vec![Access::new(Self::NAME, group_resource(world, &self.group)).tagging(&self.tags)];
        if !self.tags.is_empty() {
            accesses.push(Access::new("logs:TagResource", group_arn(world, &self.group).as_str()).tagging(&self.tags));
        }
        Ok(accesses)
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { group, tags } = authorized.operation;
        check_length(&group)?;
        GROUP_NAME.check(INVALID, &group)?;
        if group.starts_with("aws/") {
            return Err(Refusal::fault(INVALID, "Log group names can't start with the string aws/"));
        }
        tag::check(&tags)?;
        let created = world.now;
        let State { groups } = &mut world.logs;
        if groups.contains_key(&group) {
            return Err(Refusal::fault("ResourceAlreadyExistsException", "The specified log group already exists"));
        }
        groups.insert(group, Group { created, retention_days: None, tags, streams: BTreeMap::new() });
        Ok(())
    }
}

/// Removes a log group and all its streams.
#[derive(Clone, Debug)]
pub struct DeleteLogGroup {
    /// Its name.
    pub group: String,
}

impl Operation for DeleteLogGroup {
    type Output = ();
    const NAME: &'static str = "logs:DeleteLogGroup";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, group_resource(world, &self.group))])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let group = authorized.operation.group;
        GROUP_NAME.check(INVALID, &group)?;
        world.logs.groups.remove(&group).map(|_| ()).ok_or_else(super::no_group)
    }
}

/// Sets for how many days a group keeps its lines.
#[derive(Clone, Debug)]
pub struct PutRetentionPolicy {
    /// The group.
    pub group: String,
    /// Days; one of the periods that AWS offers.
    pub days: i64,
}

impl Operation for PutRetentionPolicy {
    type Output = ();
    const NAME: &'static str = "logs:PutRetentionPolicy";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, group_resource(world, &self.group))])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { group, days } = authorized.operation;
        GROUP_NAME.check(INVALID, &group)?;
        let offered = u32::try_from(days).ok().filter(|days| RETENTION_DAYS.contains(days));
        let days = offered.ok_or_else(|| {
            Refusal::fault(INVALID, format!("1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]"))
        })?;
        world.logs.group_mut(&group)?.retention_days = Some(days);
        Ok(())
    }
}

/// Lets a group keep its lines for ever.
#[derive(Clone, Debug)]
pub struct DeleteRetentionPolicy {
    /// The group.
    pub group: String,
}

impl Operation for DeleteRetentionPolicy {
    type Output = ();
    const NAME: &'static str = "logs:DeleteRetentionPolicy";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, group_resource(world, &self.group))])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let group = authorized.operation.group;
        GROUP_NAME.check(INVALID, &group)?;
        world.logs.group_mut(&group)?.retention_days = None;
        Ok(())
    }
}
