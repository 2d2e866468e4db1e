//! The network that everything goes into: the region's default VPC and one subnet in each availability zone. It is looked
//! at and never changed.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::Filter;

use super::{Kind, ResourceId};
use crate::connect::Account;
use crate::fault::{CallError, Called};
use crate::plan::{Blocker, Draft};

/// How many availability zones an application load balancer must have subnets in.
const ZONES_NEEDED: usize = 2;

/// What the region has by way of a default network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkState {
    /// The id of the default VPC.
    pub default_vpc: Option<String>,
    /// The default subnets of all VPCs.
    pub subnets: Vec<SubnetState>,
}

/// A subnet that AWS made with a default VPC.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SubnetState {
    /// Its id.
    pub id: String,
    /// The VPC that it belongs to.
    pub vpc_id: String,
    /// Its availability zone.
    pub zone: String,
}

/// The network to build in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// The VPC's id.
    pub vpc_id: String,
    /// The ids of its subnets, one for each availability zone, in the order of the zones' names.
    pub subnet_ids: Vec<String>,
}

pub(crate) async fn observe(account: &Account) -> Result<NetworkState, CallError> {
    let (default_vpc, subnets) = futures_util::try_join!(default_vpc(account), default_subnets(account))?;
    Ok(NetworkState { default_vpc, subnets })
}

async fn default_vpc(account: &Account) -> Result<Option<String>, CallError> {
    let filter = Filter::builder().name("is-default").values("true").build();
    let answer = account.ec2.describe_vpcs().filters(filter).send().await;
    let answer = answer.called("ec2:DescribeVpcs", &ResourceId::new(Kind::Vpc, ""))?;
    Ok(answer.vpcs().iter().find(|vpc| vpc.is_default() == Some(true)).and_then(|vpc| vpc.vpc_id().map(str::to_owned)))
}

async fn default_subnets(account: &Account) -> Result<Vec<SubnetState>, CallError> {
    let filter = Filter::builder().name("default-for-az").values("true").build();
    let answer = account.ec2.describe_subnets().filters(filter).send().await;
    let answer = answer.called("ec2:DescribeSubnets", &ResourceId::new(Kind::Subnets, ""))?;
    let of_zone = answer.subnets().iter().filter(|subnet| subnet.default_for_az() == Some(true));
    let mut subnets: Vec<SubnetState> = of_zone
        .filter_map(|subnet| {
            let (id, vpc_id, zone) = (subnet.subnet_id()?, subnet.vpc_id()?, subnet.availability_zone()?);
            Some(SubnetState { id: id.to_owned(), vpc_id: vpc_id.to_owned(), zone: zone.to_owned() })
        })
        .collect();
    subnets.sort();
    Ok(subnets)
}

/// The network to build in; none, with a blocker in the draft, where the region has no usable one.
pub(crate) fn plan(found: &NetworkState, draft: &mut Draft) -> Option<Network> {
    let Some(vpc_id) = found.default_vpc.clone() else {
        draft.block(Blocker::NoDefaultVpc);
        return None;
    };
    let own = found.subnets.iter().filter(|subnet| subnet.vpc_id == vpc_id);
    let by_zone: BTreeMap<&str, &str> = own.map(|subnet| (subnet.zone.as_str(), subnet.id.as_str())).collect();
    if by_zone.len() < ZONES_NEEDED {
        draft.block(Blocker::TooFewZones { vpc_id, zones: by_zone.len(), needed: ZONES_NEEDED });
        return None;
    }
    Some(Network { vpc_id, subnet_ids: by_zone.into_values().map(str::to_owned).collect() })
}
