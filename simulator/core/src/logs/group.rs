//! Log groups.

use std::collections::BTreeMap;

use super::{GROUP_NAME, Group, INVALID, State, bad_token, group_arn, group_resource, tag};
use crate::arn::Arn;
use crate::constraint::check_range;
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::time::Timestamp;
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
        GROUP_NAME.check(INVALID, &group)?;
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
        world.logs.group_mut(&authorized.operation.group)?.retention_days = None;
        Ok(())
    }
}

/// Lists log groups by name.
#[derive(Clone, Debug, Default)]
pub struct DescribeLogGroups {
    /// Only groups whose name begins so.
    pub prefix: Option<String>,
    /// Only groups whose name contains this, whatever the case. Not together with `prefix`.
    pub pattern: Option<String>,
    /// Most groups of a page: 1 to 50.
    pub limit: Option<i64>,
    /// Where the page before ended.
    pub next_token: Option<String>,
}

/// A log group as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDescription {
    /// Its name.
    pub name: String,
    /// Its ARN without the trailing `:*`.
    pub arn: Arn,
    /// When it was made.
    pub created: Timestamp,
    /// For how many days lines are kept; none means for ever.
    pub retention_days: Option<u32>,
    /// Bytes of all its lines.
    pub stored_bytes: u64,
}

impl Operation for DescribeLogGroups {
    type Output = Page<GroupDescription>;
    const NAME: &'static str = "logs:DescribeLogGroups";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, group_resource(world, ""))])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { prefix, pattern, limit, next_token } = authorized.operation;
        if prefix.is_some() && pattern.is_some() {
            let message = "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.";
            return Err(Refusal::fault(INVALID, message));
        }
        let limit = limit.unwrap_or(50);
        check_range(INVALID, "limit", limit, 1, 50)?;
        let pattern = pattern.map(|pattern| pattern.to_lowercase());
        let described = world
            .logs
            .groups
            .iter()
            .filter(|(name, _)| prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix)))
            .filter(|(name, _)| pattern.as_ref().is_none_or(|pattern| name.to_lowercase().contains(pattern)))
            .map(|(name, group)| (name, describe(world, name, group)));
        let limit = usize::try_from(limit).expect("checked to lie in 1 to 50");
        page(described, next_token.as_deref(), limit).ok_or_else(bad_token)
    }
}

fn describe(world: &World, name: &str, group: &Group) -> GroupDescription {
    let Group { created, retention_days, tags: _, streams } = group;
    GroupDescription {
        name: name.to_owned(),
        arn: group_arn(world, name),
        created: *created,
        retention_days: *retention_days,
        stored_bytes: streams.values().map(super::Stream::stored_bytes).sum(),
    }
}
