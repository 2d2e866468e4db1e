//! Which security groups a VPC has and who refers to them from other VPCs: GetSecurityGroupsForVpc, DescribeSecurityGroupReferences.

use super::describe_network::Query;
use super::filter::{Filter, Filterable, check_known, select, tag_values};
use super::security_group::{GroupRef, SecurityGroup, group_access};
use super::{bad_token, existing, page_size};
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::world::World;

/// Lists the security groups that network interfaces in a VPC can have.
#[derive(Clone, Debug, Default)]
pub struct GetSecurityGroupsForVpc {
    /// `VpcId`.
    pub vpc: String,
    /// What they must be like.
    pub filters: Vec<Filter>,
    /// Where the page before ended.
    pub next_token: Option<String>,
    /// Most groups of a page: 5 to 1000.
    pub limit: Option<i64>,
}

impl Operation for GetSecurityGroupsForVpc {
    type Output = Page<SecurityGroup>;
    const NAME: &'static str = "ec2:GetSecurityGroupsForVpc";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![existing(world, Self::NAME, "vpc", &self.vpc)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { vpc, filters, next_token, limit } = authorized.operation;
        check_known::<SecurityGroup>(&filters)?;
        // Refuses a VPC that is not there as DescribeVpcs does.
        let known = Query { ids: vec![vpc.clone()], ..Query::default() };
        known.answer(&world.ec2.vpcs, "InvalidVpcID.NotFound", "vpc ID")?;
        let groups = world.ec2.groups.iter().filter(|(_, group)| group.vpc == vpc && select(*group, &filters));
        let groups = groups.map(|(id, group)| (id, group.clone()));
        page(groups, next_token.as_deref(), page_size(limit)?).ok_or_else(bad_token)
    }
}

impl Filterable for SecurityGroup {
    const FILTERS: &'static [&'static str] =
        &["description", "group-id", "group-name", "owner-id", "primary-vpc-id", "tag-key"];

    fn values(&self, name: &str) -> Vec<String> {
        match name {
            "description" => vec![self.description.clone()],
            "group-id" => vec![self.id.clone()],
            "group-name" => vec![self.name.clone()],
            "owner-id" => vec![self.owner.to_string()],
            "primary-vpc-id" => vec![self.vpc.clone()],
            other => tag_values(&self.tags, other),
        }
    }
}

/// Says which VPCs on the other side of a peering refer to security groups. The account has no peerings, so none does; groups that
/// are not there are refused.
#[derive(Clone, Debug)]
pub struct DescribeSecurityGroupReferences {
    /// `GroupId`.
    pub groups: Vec<String>,
}

impl Operation for DescribeSecurityGroupReferences {
    type Output = ();
    const NAME: &'static str = "ec2:DescribeSecurityGroupReferences";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        self.groups.iter().map(|id| group_access(world, Self::NAME, &GroupRef::Id(id.clone()))).collect()
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let groups = authorized.operation.groups;
        if groups.is_empty() {
            return Err(super::missing("GroupId"));
        }
        groups.iter().try_for_each(|id| world.ec2.find_group(Some(id), None).map(|_| ()))
    }
}
