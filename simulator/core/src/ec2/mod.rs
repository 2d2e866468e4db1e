//! EC2: the network of the account. VPC, subnets, routes and security groups; no instances.
//!
//! Deliberately absent: making VPCs and subnets, network ACLs, prefix lists, VPC endpoints (the list of them is empty), peering, IPv6 in the VPC, tags of network interfaces.

mod account;
mod attempt;
mod authorize;
pub mod cidr;
mod describe_network;
mod describe_rules;
mod filter;
mod interface;
mod modify_rules;
mod network;
mod passage;
mod permission;
mod reach;
mod revoke;
mod rule;
mod security_group;
mod tag;
#[cfg(test)]
mod tests;
mod vpc_groups;

use std::collections::BTreeMap;

pub use account::{DescribeAccountAttributes, DescribeRegions, RegionDescription};
pub use attempt::Attempt;
pub use authorize::{AuthorizeEgress, AuthorizeIngress, AuthorizeSecurityGroup, Direction, Egress, Ingress};
pub use describe_network::{
    AvailabilityZone, DescribeAvailabilityZones, DescribeInternetGateways, DescribeRouteTables, DescribeSubnets,
    DescribeVpcEndpoints, DescribeVpcs, Query, VpcEndpoint,
};
pub use describe_rules::DescribeSecurityGroupRules;
pub use filter::Filter;
pub use interface::{DescribeNetworkInterfaces, NetworkInterface, task_interface};
pub use modify_rules::{ModifySecurityGroupRules, RuleChange, UpdateRuleDescriptions};
pub use network::{InternetGateway, RouteTable, Subnet, Vpc};
pub use passage::{MissingRule, Place, PortRange};
pub use permission::{GroupPeer, IpPermission, RangePeer};
pub use reach::Endpoint;
pub use revoke::{RevokeOutput, RevokeSecurityGroup};
pub use rule::{Peer, Ports, Protocol, Rule};
pub use security_group::{
    CreateSecurityGroup, CreateSecurityGroupOutput, DeleteSecurityGroup, DescribeSecurityGroups, GroupRef,
    SecurityGroup,
};
pub use tag::{CreateTags, DeleteTags, DescribeTags, TagDescription};
pub use vpc_groups::{DescribeSecurityGroupReferences, GetSecurityGroupsForVpc};

use crate::id::{IdKind, IdStream};
use crate::operation::Access;
use crate::refusal::Refusal;
use crate::world::World;

/// The account's network.
#[derive(Clone, Debug)]
pub struct State {
    vpcs: BTreeMap<String, Vpc>,
    subnets: BTreeMap<String, Subnet>,
    route_tables: BTreeMap<String, RouteTable>,
    gateways: BTreeMap<String, InternetGateway>,
    groups: BTreeMap<String, SecurityGroup>,
    rules: BTreeMap<String, Rule>,
    /// How many things outside EC2 hold each group: tasks' network interfaces, load balancers.
    held: BTreeMap<String, u64>,
}

/// A new id: `prefix` and 17 hexadecimal digits.
fn draw_id(ids: &mut IdStream, prefix: &str) -> String {
    format!("{prefix}-{}", ids.hex(IdKind::Network, 17))
}

/// The ARN of an EC2 resource.
fn arn(world: &World, resource: &str) -> String {
    format!("arn:aws:ec2:{}:{}:{resource}", world.region, world.account)
}

/// `action` on an EC2 resource such as `vpc/vpc-…`.
fn access(world: &World, action: &'static str, resource: &str) -> Access {
    Access::new(action, arn(world, resource)).with("ec2:Region", world.region.to_string())
}

/// The same for the resource `id` of the type `kind`, with the keys that tell what it is (service authorization reference).
fn existing(world: &World, action: &'static str, kind: &str, id: &str) -> Access {
    let access = access(world, action, &format!("{kind}/{id}"));
    let in_vpc = |access: Access, vpc: &str| access.with("ec2:Vpc", arn(world, &format!("vpc/{vpc}")));
    let State { subnets, route_tables, groups, .. } = &world.ec2;
    match kind {
        // Dedicated hosts are no part of this account.
        "vpc" => access.with("ec2:VpcID", id).with("ec2:Tenancy", "default"),
        "internet-gateway" => access.with("ec2:InternetGatewayID", id),
        "subnet" => match subnets.get(id) {
            Some(subnet) => in_vpc(access, &subnet.vpc)
                .with("ec2:SubnetID", id)
                .with("ec2:AvailabilityZone", &subnet.zone)
                .with("ec2:AvailabilityZoneId", &subnet.zone_id),
            None => access.with("ec2:SubnetID", id),
        },
        "route-table" => match route_tables.get(id) {
            Some(table) => in_vpc(access, &table.vpc).with("ec2:RouteTableID", id),
            None => access.with("ec2:RouteTableID", id),
        },
        "security-group" => match groups.get(id) {
            Some(group) => in_vpc(access, &group.vpc).with("ec2:SecurityGroupID", id),
            None => access.with("ec2:SecurityGroupID", id),
        },
        _ => access,
    }
}

/// A listing, which EC2 authorises on `*` alone.
fn listing(world: &World, action: &'static str) -> Vec<Access> {
    vec![Access::new(action, "*").with("ec2:Region", world.region.to_string())]
}

/// How many entries a page has: 5 to 1000; all where nobody says.
fn page_size(limit: Option<i64>) -> Result<usize, Refusal> {
    match limit.map(usize::try_from) {
        None => Ok(usize::MAX),
        Some(Ok(size @ 5..=1000)) => Ok(size),
        Some(Ok(_) | Err(_)) => {
            let limit = limit.unwrap_or_default();
            let message =
                format!("Value ( {limit} ) for parameter maxResults is invalid. Expecting a value between 5 and 1000.");
            Err(Refusal::fault("InvalidParameterValue", message))
        }
    }
}

fn bad_token() -> Refusal {
    Refusal::fault("InvalidPaginationToken", "The pagination token is invalid.")
}

/// AWS's complaint about a parameter that must be there.
fn missing(parameter: &str) -> Refusal {
    Refusal::fault("MissingParameter", format!("The request must contain the parameter {parameter}"))
}
