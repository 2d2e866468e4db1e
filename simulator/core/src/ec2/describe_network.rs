//! Describing the network.

use std::collections::BTreeMap;

use super::filter::{Filter, Filterable, check_known, select, tag_values};
use super::network::{InternetGateway, RouteTable, Subnet, Vpc};
use super::{bad_token, interface, listing, page_size};
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::world::World;

/// What listings of the network are asked for.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Only those with these ids, all of which must exist.
    pub ids: Vec<String>,
    /// What they must be like.
    pub filters: Vec<Filter>,
    /// Where the page before ended.
    pub next_token: Option<String>,
    /// Most entries of a page: 5 to 1000.
    pub limit: Option<i64>,
}

impl Query {
    /// The page of `all` that is asked for. `code` and `what` say that an id is not there.
    pub(super) fn answer<T: Filterable + Clone>(
        self,
        all: &BTreeMap<String, T>,
        code: &'static str,
        what: &str,
    ) -> Result<Page<T>, Refusal> {
        let Self { ids, filters, next_token, limit } = self;
        check_known::<T>(&filters)?;
        if let Some(id) = ids.iter().find(|id| !all.contains_key(*id)) {
            return Err(Refusal::fault(code, format!("The {what} '{id}' does not exist")));
        }
        let chosen = all.iter().filter(|(id, _)| ids.is_empty() || ids.contains(id));
        let found = chosen.filter(|(_, thing)| select(*thing, &filters)).map(|(id, thing)| (id, thing.clone()));
        page(found, next_token.as_deref(), page_size(limit)?).ok_or_else(bad_token)
    }
}

/// Describes VPCs.
#[derive(Clone, Debug, Default)]
pub struct DescribeVpcs(pub Query);

impl Operation for DescribeVpcs {
    type Output = Page<Vpc>;
    const NAME: &'static str = "ec2:DescribeVpcs";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(listing(world, Self::NAME))
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        authorized.operation.0.answer(&world.ec2.vpcs, "InvalidVpcID.NotFound", "vpc ID")
    }
}

/// Describes subnets.
#[derive(Clone, Debug, Default)]
pub struct DescribeSubnets(pub Query);

impl Operation for DescribeSubnets {
    type Output = Page<Subnet>;
    const NAME: &'static str = "ec2:DescribeSubnets";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(listing(world, Self::NAME))
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let mut page = authorized.operation.0.answer(&world.ec2.subnets, "InvalidSubnetID.NotFound", "subnet ID")?;
        let taken = interface::taken(world);
        for subnet in &mut page.items {
            let taken = taken.get(&subnet.id).copied().unwrap_or(0);
            subnet.available = subnet.available.saturating_sub(taken);
        }
        Ok(page)
    }
}

/// Describes route tables.
#[derive(Clone, Debug, Default)]
pub struct DescribeRouteTables(pub Query);

impl Operation for DescribeRouteTables {
    type Output = Page<RouteTable>;
    const NAME: &'static str = "ec2:DescribeRouteTables";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(listing(world, Self::NAME))
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        authorized.operation.0.answer(&world.ec2.route_tables, "InvalidRouteTableID.NotFound", "routeTable ID")
    }
}

/// Describes internet gateways.
#[derive(Clone, Debug, Default)]
pub struct DescribeInternetGateways(pub Query);

impl Operation for DescribeInternetGateways {
    type Output = Page<InternetGateway>;
    const NAME: &'static str = "ec2:DescribeInternetGateways";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(listing(world, Self::NAME))
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let gateways = &world.ec2.gateways;
        authorized.operation.0.answer(gateways, "InvalidInternetGatewayID.NotFound", "internetGateway ID")
    }
}

/// A VPC endpoint. Making one is not simulated, so that there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VpcEndpoint {}

/// Describes VPC endpoints.
#[derive(Clone, Debug, Default)]
pub struct DescribeVpcEndpoints(pub Query);

impl Operation for DescribeVpcEndpoints {
    type Output = Page<VpcEndpoint>;
    const NAME: &'static str = "ec2:DescribeVpcEndpoints";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(listing(world, Self::NAME))
    }

    fn perform(authorized: Authorized<Self>, _: &mut World) -> Result<Self::Output, Refusal> {
        // Source of the code: EC2 API reference, "Error codes".
        authorized.operation.0.answer(&BTreeMap::new(), "InvalidVpcEndpointId.NotFound", "Vpc Endpoint Id")
    }
}

/// Describes availability zones. They are not paged.
#[derive(Clone, Debug, Default)]
pub struct DescribeAvailabilityZones {
    /// Only those with these names, all of which must exist.
    pub names: Vec<String>,
    /// Only those with these ids, all of which must exist.
    pub ids: Vec<String>,
    /// What they must be like.
    pub filters: Vec<Filter>,
}

/// An availability zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AvailabilityZone {
    /// Such as `eu-central-1a`.
    pub name: String,
    /// Such as `euc1-az1`.
    pub id: String,
    /// The Region.
    pub region: String,
}

impl Operation for DescribeAvailabilityZones {
    type Output = Vec<AvailabilityZone>;
    const NAME: &'static str = "ec2:DescribeAvailabilityZones";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(listing(world, Self::NAME))
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { names, ids, filters } = authorized.operation;
        check_known::<AvailabilityZone>(&filters)?;
        let mut zones: Vec<AvailabilityZone> = world
            .ec2
            .subnets
            .values()
            .map(|Subnet { zone, zone_id, .. }| AvailabilityZone {
                name: zone.clone(),
                id: zone_id.clone(),
                region: world.region.to_string(),
            })
            .collect();
        zones.sort_by(|one, other| one.name.cmp(&other.name));
        let known = |asked: &String| zones.iter().any(|zone| zone.name == *asked || zone.id == *asked);
        if let Some(asked) = names.iter().chain(&ids).find(|asked| !known(asked)) {
            let message = format!("Invalid availability zone: [{asked}]");
            return Err(Refusal::fault("InvalidParameterValue", message));
        }
        let all = names.is_empty() && ids.is_empty();
        zones.retain(|zone| all || names.contains(&zone.name) || ids.contains(&zone.id));
        zones.retain(|zone| select(zone, &filters));
        Ok(zones)
    }
}

impl Filterable for Vpc {
    const FILTERS: &'static [&'static str] = &[
        "cidr",
        "cidr-block-association.association-id",
        "cidr-block-association.cidr-block",
        "cidr-block-association.state",
        "dhcp-options-id",
        "is-default",
        "owner-id",
        "state",
        "tag-key",
        "vpc-id",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        match name {
            "cidr" | "cidr-block-association.cidr-block" => vec![self.cidr.clone()],
            "cidr-block-association.association-id" => vec![self.association.clone()],
            "cidr-block-association.state" => vec!["associated".to_owned()],
            "dhcp-options-id" => vec![self.dhcp_options.clone()],
            "is-default" => vec![self.is_default.to_string()],
            "owner-id" => vec![self.owner.to_string()],
            "state" => vec!["available".to_owned()],
            "vpc-id" => vec![self.id.clone()],
            other => tag_values(&self.tags, other),
        }
    }
}

impl Filterable for Subnet {
    const FILTERS: &'static [&'static str] = &[
        "availability-zone",
        "availability-zone-id",
        "availabilityZone",
        "availabilityZoneId",
        "cidr",
        "cidr-block",
        "cidrBlock",
        "default-for-az",
        "defaultForAz",
        "map-public-ip-on-launch",
        "owner-id",
        "state",
        "subnet-arn",
        "subnet-id",
        "tag-key",
        "vpc-id",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        match name {
            "availability-zone" | "availabilityZone" => vec![self.zone.clone()],
            "availability-zone-id" | "availabilityZoneId" => vec![self.zone_id.clone()],
            "cidr" | "cidr-block" | "cidrBlock" => vec![self.cidr.clone()],
            // Subnets of a default VPC are all of this kind.
            "default-for-az" | "defaultForAz" | "map-public-ip-on-launch" => vec!["true".to_owned()],
            "owner-id" => vec![self.owner.to_string()],
            "state" => vec!["available".to_owned()],
            "subnet-arn" => vec![self.arn.clone()],
            "subnet-id" => vec![self.id.clone()],
            "vpc-id" => vec![self.vpc.clone()],
            other => tag_values(&self.tags, other),
        }
    }
}

impl Filterable for RouteTable {
    const FILTERS: &'static [&'static str] = &[
        "association.main",
        "association.subnet-id",
        "owner-id",
        "route-table-id",
        "route.destination-cidr-block",
        "route.gateway-id",
        "tag-key",
        "vpc-id",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        match name {
            "association.main" => vec!["true".to_owned()],
            // Its subnets use it because it is the main one, without an association of their own.
            "association.subnet-id" => Vec::new(),
            "owner-id" => vec![self.owner.to_string()],
            "route-table-id" => vec![self.id.clone()],
            "route.destination-cidr-block" => vec![self.local.clone(), "0.0.0.0/0".to_owned()],
            "route.gateway-id" => vec!["local".to_owned(), self.gateway.clone()],
            "vpc-id" => vec![self.vpc.clone()],
            other => tag_values(&self.tags, other),
        }
    }
}

impl Filterable for InternetGateway {
    const FILTERS: &'static [&'static str] =
        &["attachment.state", "attachment.vpc-id", "internet-gateway-id", "owner-id", "tag-key"];

    fn values(&self, name: &str) -> Vec<String> {
        match name {
            "attachment.state" => vec!["available".to_owned()],
            "attachment.vpc-id" => vec![self.vpc.clone()],
            "internet-gateway-id" => vec![self.id.clone()],
            "owner-id" => vec![self.owner.to_string()],
            other => tag_values(&self.tags, other),
        }
    }
}

impl Filterable for VpcEndpoint {
    const FILTERS: &'static [&'static str] = &[
        "ip-address-type",
        "service-name",
        "service-region",
        "tag-key",
        "vpc-endpoint-id",
        "vpc-endpoint-state",
        "vpc-endpoint-type",
        "vpc-id",
    ];

    fn values(&self, _: &str) -> Vec<String> {
        match *self {}
    }
}

impl Filterable for AvailabilityZone {
    const FILTERS: &'static [&'static str] =
        &["opt-in-status", "region-name", "state", "zone-id", "zone-name", "zone-type"];

    fn values(&self, name: &str) -> Vec<String> {
        match name {
            "opt-in-status" => vec!["opt-in-not-required".to_owned()],
            "region-name" => vec![self.region.clone()],
            "state" => vec!["available".to_owned()],
            "zone-id" => vec![self.id.clone()],
            "zone-name" => vec![self.name.clone()],
            "zone-type" => vec!["availability-zone".to_owned()],
            _ => Vec::new(),
        }
    }
}
