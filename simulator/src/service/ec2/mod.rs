//! EC2 on the wire. Members have the names that the botocore model gives them there: requests those of the form
//! (`TagSpecification`, `IpPermissions`, `Groups`), answers those of the XML (`securityGroupInfo`, `ipPermissions`).

mod account;
mod interface;
mod network;
mod permission;
mod rule;
mod security_group;
mod tag;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};
use simulator_core::ec2::{Attempt, Filter};
use simulator_core::{Home, Operation, Refusal};

use super::{Protocol, Service};
use crate::wire::{self, Input, Row};

/// The operations of EC2 that are simulated.
#[must_use]
pub fn service() -> Service {
    Service {
        signing_name: "ec2",
        protocol: Protocol::Ec2Query { namespace: "http://ec2.amazonaws.com/doc/2016-11-15/" },
        operations: vec![
            row("DescribeVpcs", network::describe_vpcs, network::vpcs),
            row("DescribeSubnets", network::describe_subnets, network::subnets),
            row("DescribeAvailabilityZones", network::describe_zones, network::zones),
            row("DescribeNetworkInterfaces", interface::describe, interface::described),
            row("DescribeRegions", account::describe_regions, account::regions),
            row("DescribeAccountAttributes", account::describe, account::attributes),
            row("DescribeRouteTables", network::describe_route_tables, network::route_tables),
            row("DescribeInternetGateways", network::describe_gateways, network::gateways),
            row("DescribeVpcEndpoints", network::describe_endpoints, network::endpoints),
            row("CreateSecurityGroup", security_group::create, security_group::created),
            row("DescribeSecurityGroups", security_group::describe, security_group::described),
            row("GetSecurityGroupsForVpc", security_group::get_for_vpc, security_group::of_vpc),
            row("DescribeSecurityGroupReferences", security_group::references, security_group::referred),
            row("DeleteSecurityGroup", security_group::delete, security_group::deleted),
            row("AuthorizeSecurityGroupIngress", rule::authorize_ingress, rule::authorized),
            row("AuthorizeSecurityGroupEgress", rule::authorize_egress, rule::authorized),
            row("RevokeSecurityGroupIngress", rule::revoke_ingress, rule::revoked),
            row("RevokeSecurityGroupEgress", rule::revoke_egress, rule::revoked),
            row("ModifySecurityGroupRules", rule::modify, rule::changed),
            row("UpdateSecurityGroupRuleDescriptionsIngress", rule::describe_ingress_anew, rule::changed),
            row("UpdateSecurityGroupRuleDescriptionsEgress", rule::describe_egress_anew, rule::changed),
            row("DescribeSecurityGroupRules", rule::describe, rule::described),
            row("CreateTags", tag::create, tag::done),
            row("DeleteTags", tag::delete, tag::done),
            row("DescribeTags", tag::describe, tag::described),
        ],
    }
}

/// The row of operation `O`, which like all of EC2's takes `DryRun` besides.
fn row<O>(
    name: &'static str,
    decode: fn(&mut Input, &Home) -> Result<O, Refusal>,
    encode: fn(O::Output, &Home) -> Value,
) -> Row
where
    O: Operation<Output: Send + 'static> + Send + 'static,
{
    let attempt = move |input: &mut Input, home: &Home| {
        let dry_run = input.boolean("DryRun")?.unwrap_or(false);
        Ok(Attempt { operation: decode(input, home)?, dry_run })
    };
    wire::row(name, attempt, encode)
}

/// Takes `Filter`.
fn filters(input: &mut Input) -> Result<Vec<Filter>, Refusal> {
    let read = |mut filter: Input| {
        let name = filter.required("Name", "MissingParameter")?;
        let values = filter.texts("Value")?;
        filter.finish()?;
        Ok(Filter { name, values })
    };
    input.structures("Filter")?.into_iter().map(read).collect()
}

/// An answer that holds a list under `name`, and where the next page begins.
fn listing(name: &str, items: Vec<Value>, next: Option<String>) -> Value {
    let mut answer = Map::new();
    answer.insert(name.to_owned(), Value::Array(items));
    answer.extend(next.map(|next| ("nextToken".to_owned(), json!(next))));
    Value::Object(answer)
}
