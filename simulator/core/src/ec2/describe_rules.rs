//! Describing rules one by one.

use super::filter::{Filter, Filterable, check_known, select, tag_values};
use super::rule::Rule;
use super::{bad_token, listing, page_size};
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::world::World;

/// Describes rules of security groups.
#[derive(Clone, Debug, Default)]
pub struct DescribeSecurityGroupRules {
    /// Only those with these ids, all of which must exist.
    pub ids: Vec<String>,
    /// What they must be like.
    pub filters: Vec<Filter>,
    /// Where the page before ended.
    pub next_token: Option<String>,
    /// Most rules of a page: 5 to 1000.
    pub limit: Option<i64>,
}

impl Operation for DescribeSecurityGroupRules {
    type Output = Page<Rule>;
    const NAME: &'static str = "ec2:DescribeSecurityGroupRules";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(listing(world, Self::NAME))
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { ids, filters, next_token, limit } = authorized.operation;
        check_known::<Rule>(&filters)?;
        let rules = &world.ec2.rules;
        if let Some(id) = ids.iter().find(|id| !rules.contains_key(*id)) {
            let message = format!("The security group rule ID '{id}' does not exist");
            return Err(Refusal::fault("InvalidSecurityGroupRuleId.NotFound", message));
        }
        let chosen = rules.iter().filter(|(id, _)| ids.is_empty() || ids.contains(id));
        let found = chosen.filter(|(_, rule)| select(*rule, &filters)).map(|(id, rule)| (id, rule.clone()));
        page(found, next_token.as_deref(), page_size(limit)?).ok_or_else(bad_token)
    }
}

impl Filterable for Rule {
    const FILTERS: &'static [&'static str] = &["group-id", "security-group-rule-id", "tag-key"];

    fn values(&self, name: &str) -> Vec<String> {
        match name {
            "group-id" => vec![self.group.clone()],
            "security-group-rule-id" => vec![self.id.clone()],
            other => tag_values(&self.tags, other),
        }
    }
}
