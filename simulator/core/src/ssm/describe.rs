//! DescribeParameters: parameters without their values.

use super::filter::{self, ParameterFilter};
use super::{DEFAULT_KEY, INVALID, Kind, Parameter, Tier, arn, bad_token};
use crate::constraint::check_range;
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// Lists parameters by name.
#[derive(Clone, Debug, Default)]
pub struct DescribeParameters {
    /// `ParameterFilters`.
    pub filters: Vec<ParameterFilter>,
    /// `MaxResults`: 1 to 50.
    pub limit: Option<i64>,
    /// `NextToken`.
    pub next_token: Option<String>,
}

/// A parameter as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterDescription {
    /// `Name`.
    pub name: String,
    /// `ARN`.
    pub arn: String,
    /// `Type`.
    pub kind: Kind,
    /// `KeyId`, of a SecureString.
    pub key: Option<&'static str>,
    /// `LastModifiedDate`.
    pub modified: Timestamp,
    /// `LastModifiedUser`.
    pub modified_by: String,
    /// `Description`.
    pub description: Option<String>,
    /// `Version`.
    pub version: u64,
    /// `Tier`.
    pub tier: Tier,
}

impl Operation for DescribeParameters {
    type Output = Page<ParameterDescription>;
    const NAME: &'static str = "ssm:DescribeParameters";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        // No resource type (facts/iam-actions.json), and yet its denials name this one.
        let all = format!("arn:aws:ssm:{}:{}:*", world.region, world.account);
        Ok(vec![Access::new(Self::NAME, all)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { filters, limit, next_token } = authorized.operation;
        filter::check(&filters)?;
        let limit = limit.unwrap_or(50);
        check_range(INVALID, "maxResults", limit, 1, 50)?;
        let limit = usize::try_from(limit).expect("checked to lie in 1 to 50");
        let fitting = world.ssm.parameters.iter().filter(|(name, parameter)| {
            let (_, version) = parameter.latest();
            filter::fits(name, parameter, version, &filters)
        });
        let described = fitting.map(|(name, parameter)| (name, describe(world, name, parameter)));
        page(described, next_token.as_deref(), limit).ok_or_else(bad_token)
    }
}

fn describe(world: &World, name: &str, parameter: &Parameter) -> ParameterDescription {
    let (number, version) = parameter.latest();
    ParameterDescription {
        name: name.to_owned(),
        arn: arn(world, name),
        kind: version.kind,
        key: (version.kind == Kind::SecureString).then_some(DEFAULT_KEY),
        modified: version.modified,
        modified_by: version.modified_by.clone(),
        description: version.description.clone(),
        version: number,
        tier: version.tier,
    }
}
