//! VPCs, subnets, zones, routes.

use serde_json::{Value, json};
use simulator_core::ec2::{
    AvailabilityZone, DescribeAvailabilityZones, DescribeInternetGateways, DescribeRouteTables, DescribeSubnets,
    DescribeVpcEndpoints, DescribeVpcs, InternetGateway, Query, RouteTable, Subnet, Vpc, VpcEndpoint,
};
use simulator_core::{Home, Page, Refusal};

use super::tag::written;
use super::{filters, listing};
use crate::wire::Input;

pub(super) fn describe_vpcs(input: &mut Input, _: &Home) -> Result<DescribeVpcs, Refusal> {
    query(input, "VpcId").map(DescribeVpcs)
}

pub(super) fn vpcs(page: Page<Vpc>, _: &Home) -> Value {
    let vpcs = page.items.iter().map(|vpc| {
        let Vpc { id, cidr, is_default, dhcp_options, association, owner, tags } = vpc;
        json!({
            "vpcId": id,
            "ownerId": owner.to_string(),
            "state": "available",
            "cidrBlock": cidr,
            "cidrBlockAssociationSet": [{
                "cidrBlock": cidr,
                "associationId": association,
                "cidrBlockState": { "state": "associated" },
            }],
            "dhcpOptionsId": dhcp_options,
            "instanceTenancy": "default",
            "isDefault": is_default,
            "tagSet": written(tags),
        })
    });
    listing("vpcSet", vpcs.collect(), page.next)
}

pub(super) fn describe_subnets(input: &mut Input, _: &Home) -> Result<DescribeSubnets, Refusal> {
    query(input, "SubnetId").map(DescribeSubnets)
}

pub(super) fn subnets(page: Page<Subnet>, _: &Home) -> Value {
    let subnets = page.items.iter().map(|subnet| {
        let Subnet { id, arn, vpc, cidr, available, zone, zone_id, owner, tags } = subnet;
        json!({
            "subnetId": id,
            "subnetArn": arn,
            "vpcId": vpc,
            "ownerId": owner.to_string(),
            "state": "available",
            "cidrBlock": cidr,
            "availableIpAddressCount": available,
            "availabilityZone": zone,
            "availabilityZoneId": zone_id,
            "defaultForAz": true,
            "mapPublicIpOnLaunch": true,
            "mapCustomerOwnedIpOnLaunch": false,
            "assignIpv6AddressOnCreation": false,
            "ipv6CidrBlockAssociationSet": [],
            "enableDns64": false,
            "ipv6Native": false,
            "privateDnsNameOptionsOnLaunch": {
                "hostnameType": "ip-name",
                "enableResourceNameDnsARecord": false,
                "enableResourceNameDnsAAAARecord": false,
            },
            "tagSet": written(tags),
        })
    });
    listing("subnetSet", subnets.collect(), page.next)
}

pub(super) fn describe_route_tables(input: &mut Input, _: &Home) -> Result<DescribeRouteTables, Refusal> {
    query(input, "RouteTableId").map(DescribeRouteTables)
}

pub(super) fn route_tables(page: Page<RouteTable>, _: &Home) -> Value {
    let tables = page.items.iter().map(|table| {
        let RouteTable { id, vpc, local, gateway, association, owner, tags } = table;
        json!({
            "routeTableId": id,
            "vpcId": vpc,
            "ownerId": owner.to_string(),
            "associationSet": [{
                "main": true,
                "routeTableAssociationId": association,
                "routeTableId": id,
                "associationState": { "state": "associated" },
            }],
            "routeSet": [
                {
                    "destinationCidrBlock": local,
                    "gatewayId": "local",
                    "origin": "CreateRouteTable",
                    "state": "active",
                },
                {
                    "destinationCidrBlock": "0.0.0.0/0",
                    "gatewayId": gateway,
                    "origin": "CreateRoute",
                    "state": "active",
                },
            ],
            "propagatingVgwSet": [],
            "tagSet": written(tags),
        })
    });
    listing("routeTableSet", tables.collect(), page.next)
}

pub(super) fn describe_gateways(input: &mut Input, _: &Home) -> Result<DescribeInternetGateways, Refusal> {
    query(input, "InternetGatewayId").map(DescribeInternetGateways)
}

pub(super) fn gateways(page: Page<InternetGateway>, _: &Home) -> Value {
    let gateways = page.items.iter().map(|gateway| {
        let InternetGateway { id, vpc, owner, tags } = gateway;
        json!({
            "internetGatewayId": id,
            "ownerId": owner.to_string(),
            "attachmentSet": [{ "vpcId": vpc, "state": "available" }],
            "tagSet": written(tags),
        })
    });
    listing("internetGatewaySet", gateways.collect(), page.next)
}

pub(super) fn describe_endpoints(input: &mut Input, _: &Home) -> Result<DescribeVpcEndpoints, Refusal> {
    query(input, "VpcEndpointId").map(DescribeVpcEndpoints)
}

pub(super) fn endpoints(page: Page<VpcEndpoint>, _: &Home) -> Value {
    let endpoints = page.items.iter().map(|endpoint| match *endpoint {});
    listing("vpcEndpointSet", endpoints.collect(), page.next)
}

pub(super) fn describe_zones(input: &mut Input, _: &Home) -> Result<DescribeAvailabilityZones, Refusal> {
    // Zones that must be opted into, which this asks for besides, are none.
    input.boolean("AllAvailabilityZones")?;
    let (names, ids) = (input.texts("ZoneName")?, input.texts("ZoneId")?);
    Ok(DescribeAvailabilityZones { names, ids, filters: filters(input)? })
}

pub(super) fn zones(zones: Vec<AvailabilityZone>, _: &Home) -> Value {
    let zones = zones.into_iter().map(|AvailabilityZone { name, id, region }| {
        json!({
            "zoneName": name,
            "zoneId": id,
            "zoneState": "available",
            "zoneType": "availability-zone",
            "regionName": region,
            "groupName": format!("{region}-zg-1"),
            "networkBorderGroup": region,
            "optInStatus": "opt-in-not-required",
            "messageSet": [],
        })
    });
    listing("availabilityZoneInfo", zones.collect(), None)
}

fn query(input: &mut Input, ids: &str) -> Result<Query, Refusal> {
    Ok(Query {
        ids: input.texts(ids)?,
        filters: filters(input)?,
        next_token: input.text("NextToken")?,
        limit: input.integer("MaxResults")?,
    })
}
