//! EC2 on the wire. Members have the names that the botocore model gives them there: requests those of the form
//! (`TagSpecification`, `IpPermissions`, `Groups`), answers those of the XML (`securityGroupInfo`, `ipPermissions`).

mod network;
mod permission;
mod rule;
mod security_group;
mod tag;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};
use simulator_core::Refusal;
use simulator_core::ec2::Filter;

use super::{Protocol, Service};
use crate::wire::{Input, row};

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
            row("DescribeRouteTables", network::describe_route_tables, network::route_tables),
            row("DescribeInternetGateways", network::describe_gateways, network::gateways),
            row("CreateSecurityGroup", security_group::create, security_group::created),
            row("DescribeSecurityGroups", security_group::describe, security_group::described),
            row("DeleteSecurityGroup", security_group::delete, security_group::deleted),
            row("AuthorizeSecurityGroupIngress", rule::authorize_ingress, rule::authorized),
            row("AuthorizeSecurityGroupEgress", rule::authorize_egress, rule::authorized),
            row("RevokeSecurityGroupIngress", rule::revoke_ingress, rule::revoked),
            row("RevokeSecurityGroupEgress", rule::revoke_egress, rule::revoked),
            row("DescribeSecurityGroupRules", rule::describe, rule::described),
            row("CreateTags", tag::create, tag::done),
            row("DeleteTags", tag::delete, tag::done),
            row("DescribeTags", tag::describe, tag::described),
        ],
    }
}

/// Takes `DryRun`. Only real runs are simulated.
fn real_run(input: &mut Input) -> Result<(), Refusal> {
    match input.boolean("DryRun")? {
        Some(true) => Err(Refusal::NotSimulated { what: format!("`DryRun` of {}", input.place()) }),
        Some(false) | None => Ok(()),
    }
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
