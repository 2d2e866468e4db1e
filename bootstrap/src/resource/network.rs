//! The network that everything goes into: the region's default VPC and one subnet in each availability zone. It is looked
//! at and never changed.

use std::collections::BTreeMap;
use std::fmt;

use aws_sdk_ec2::types::Filter;

use super::managed::{Alteration, Hands, Managed, Sight};
use super::{Kind, Owner, ResourceId};
use crate::config::name::ProjectName;
use crate::connect::Account;
use crate::fault::{CallError, Called};
use crate::identifiers::{Identifiers, Made};
use crate::location::Location;
use crate::plan::{Blocker, Draft, Needs};
use crate::policy::{Action, Statement};

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

/// The region's default network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DefaultNetwork;

/// Nothing is ever changed about the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {}

const SEEN: &str = "no describing action of EC2 has a resource type";
static DESCRIBE: [Action; 2] =
    [Action::everywhere("ec2:DescribeSubnets", SEEN), Action::everywhere("ec2:DescribeVpcs", SEEN)];

impl NetworkState {
    /// The subnets of the default VPC, one for each availability zone, in the order of the zones' names.
    pub(crate) fn by_zone(&self) -> BTreeMap<&str, &str> {
        let own = self.subnets.iter().filter(|subnet| Some(&subnet.vpc_id) == self.default_vpc.as_ref());
        own.map(|subnet| (subnet.zone.as_str(), subnet.id.as_str())).collect()
    }
}

impl Managed for DefaultNetwork {
    type State = NetworkState;
    type Change = Change;
    const OWNED_BY_CI: &'static [&'static str] = &[];

    fn id(&self) -> ResourceId {
        ResourceId::new(Kind::Vpc, "")
    }

    async fn observe(&self, sight: &Sight<'_>) -> Result<Option<NetworkState>, CallError> {
        let (default_vpc, subnets) =
            futures_util::try_join!(default_vpc(sight.account), default_subnets(sight.account))?;
        Ok(Some(NetworkState { default_vpc, subnets }))
    }

    fn owner(_: &mut NetworkState) -> Option<&mut Owner> {
        None
    }

    fn identify(&self, state: &NetworkState, known: &mut Identifiers) {
        let by_zone = state.by_zone();
        if let Some(vpc) = &state.default_vpc
            && by_zone.len() >= ZONES_NEEDED
        {
            known.names.insert(self.id(), vpc.clone());
            known.subnet_ids = by_zone.into_values().map(str::to_owned).collect();
        }
    }

    fn compare(&self, found: Option<&NetworkState>, _: &Identifiers, draft: &mut Draft) {
        let Some((found, vpc_id)) = found.and_then(|found| Some((found, found.default_vpc.clone()?))) else {
            draft.block(Blocker::NoDefaultVpc);
            return;
        };
        let zones = found.by_zone().len();
        if zones < ZONES_NEEDED {
            draft.block(Blocker::TooFewZones { vpc_id, zones, needed: ZONES_NEEDED });
        }
    }

    fn adopt(&self) -> Option<Change> {
        None
    }

    fn take_away(&self, _: &NetworkState, _: &mut Draft) {}

    fn grants(&self, _: &ProjectName, _: &Location) -> Vec<Statement> {
        vec![Statement {
            sid: "Look",
            purposes: vec!["Find the default VPC and its subnets."],
            actions: DESCRIBE.iter().collect(),
            resources: vec![],
            conditions: vec![],
        }]
    }
}

impl Alteration for Change {
    fn resource(&self) -> ResourceId {
        match *self {}
    }

    fn needs(&self) -> Needs {
        match *self {}
    }

    fn loses(&self) -> Option<&'static str> {
        match *self {}
    }

    async fn make(&self, _: &Hands<'_>) -> Result<Made, CallError> {
        match *self {}
    }
}

impl fmt::Display for Change {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
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
