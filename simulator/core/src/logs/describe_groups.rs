//! DescribeLogGroups.

use super::{GROUP_NAME, Group, INVALID, Stream, bad_token, group_arn, group_resource};
use crate::arn::Arn;
use crate::constraint::{check_range, violation};
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// Lists log groups by name.
#[derive(Clone, Debug, Default)]
pub struct DescribeLogGroups {
    /// Only groups whose name begins so.
    pub prefix: Option<String>,
    /// Only groups whose name contains this. Not together with `prefix`.
    pub pattern: Option<String>,
    /// Only groups with these names: up to 50. Not together with `prefix` or `pattern`.
    pub names: Vec<String>,
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
    /// Bytes of all its lines; none where groups were looked for by a pattern, which leaves it out (recorded by LocalStack).
    pub stored_bytes: Option<u64>,
}

impl Operation for DescribeLogGroups {
    type Output = Page<GroupDescription>;
    const NAME: &'static str = "logs:DescribeLogGroups";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, group_resource(world, ""))])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        check(&authorized.operation)?;
        let DescribeLogGroups { prefix, pattern, names, limit, next_token } = authorized.operation;
        let limit = limit.unwrap_or(50);
        check_range(INVALID, "limit", limit, 1, 50)?;
        let limit = usize::try_from(limit).expect("checked to lie in 1 to 50");
        let described = world
            .logs
            .groups
            .iter()
            .filter(|(name, _)| names.is_empty() || names.contains(name))
            .filter(|(name, _)| prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix)))
            .filter(|(name, _)| pattern.as_ref().is_none_or(|pattern| name.contains(pattern)))
            .map(|(name, group)| (name, describe(world, name, group, pattern.is_none())));
        page(described, next_token.as_deref(), limit).ok_or_else(bad_token)
    }
}

fn check(operation: &DescribeLogGroups) -> Result<(), Refusal> {
    let DescribeLogGroups { prefix, pattern, names, limit: _, next_token: _ } = operation;
    if prefix.is_some() && pattern.is_some() {
        let message = "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.";
        return Err(Refusal::fault(INVALID, message));
    }
    if !names.is_empty() && (prefix.is_some() || pattern.is_some()) {
        let message = "LogGroup identifiers and LogGroup name prefix or pattern are mutually exclusive parameters.";
        return Err(Refusal::fault(INVALID, message));
    }
    if names.len() > 50 {
        let (written, rule) = (format!("[{}]", names.join(", ")), "Member must have length less than or equal to 50");
        return Err(violation(INVALID, &written, "logGroupIdentifiers", rule));
    }
    match prefix {
        Some(prefix) => GROUP_NAME.called("logGroupNamePrefix").check(INVALID, prefix),
        None => Ok(()),
    }
}

fn describe(world: &World, name: &str, group: &Group, with_bytes: bool) -> GroupDescription {
    let Group { created, retention_days, tags: _, streams } = group;
    GroupDescription {
        name: name.to_owned(),
        arn: group_arn(world, name),
        created: *created,
        retention_days: *retention_days,
        stored_bytes: with_bytes.then(|| streams.values().map(Stream::stored_bytes).sum()),
    }
}
