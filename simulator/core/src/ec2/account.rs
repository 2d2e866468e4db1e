//! What an account is told of itself and of the Regions: DescribeAccountAttributes, DescribeRegions.

use super::filter::{Filter, Filterable, check_known, select};
use super::listing;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Regions that every account has. Source: botocore, `endpoints.json`, and the account management guide, "Regions that are enabled by
/// default".
const REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// Regions that an account must opt into, as a first-time account has not.
const OPT_IN_REGIONS: [&str; 17] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
];

/// Describes Regions. They are not paged.
#[derive(Clone, Debug, Default)]
pub struct DescribeRegions {
    /// `RegionNames`: only these, all of which must exist.
    pub names: Vec<String>,
    /// `AllRegions`: those too that the account has not opted into.
    pub all: bool,
    /// What they must be like.
    pub filters: Vec<Filter>,
}

/// A Region as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionDescription {
    /// Such as `eu-central-1`.
    pub name: String,
    /// Where EC2 answers in it.
    pub endpoint: String,
    /// `opt-in-not-required`, `opted-in` or `not-opted-in`.
    pub opt_in: &'static str,
}

impl Operation for DescribeRegions {
    type Output = Vec<RegionDescription>;
    const NAME: &'static str = "ec2:DescribeRegions";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(listing(world, Self::NAME))
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { names, all, filters } = authorized.operation;
        check_known::<RegionDescription>(&filters)?;
        let own = world.region.to_string();
        let describe = |name: &str, opt_in: &'static str| RegionDescription {
            name: name.to_owned(),
            endpoint: format!("ec2.{name}.amazonaws.com"),
            opt_in,
        };
        let mut regions: Vec<RegionDescription> =
            REGIONS.iter().map(|name| describe(name, "opt-in-not-required")).collect();
        // Whoever uses a Region has opted into it.
        let opted_in = |name: &str| if name == own { "opted-in" } else { "not-opted-in" };
        regions.extend(OPT_IN_REGIONS.iter().map(|name| describe(name, opted_in(name))));
        if !regions.iter().any(|region| region.name == own) {
            regions.push(describe(&own, "opted-in"));
        }
        regions.sort_by(|one, other| one.name.cmp(&other.name));
        if let Some(name) = names.iter().find(|name| !regions.iter().any(|region| region.name == **name)) {
            let message = format!("Invalid region provided [{name}]");
            return Err(Refusal::fault("InvalidParameterValue", message));
        }
        let listed = |region: &RegionDescription| {
            let asked = names.contains(&region.name);
            asked || (names.is_empty() && (all || region.opt_in != "not-opted-in"))
        };
        regions.retain(|region| listed(region) && select(region, &filters));
        Ok(regions)
    }
}

impl Filterable for RegionDescription {
    const FILTERS: &'static [&'static str] = &["endpoint", "opt-in-status", "region-name"];

    fn values(&self, name: &str) -> Vec<String> {
        match name {
            "endpoint" => vec![self.endpoint.clone()],
            "opt-in-status" => vec![self.opt_in.to_owned()],
            "region-name" => vec![self.name.clone()],
            _ => Vec::new(),
        }
    }
}

/// Describes what the account may have and has by default. Source: botocore ec2, the documentation of the operation.
#[derive(Clone, Debug, Default)]
pub struct DescribeAccountAttributes {
    /// `AttributeNames`; empty means all.
    pub names: Vec<String>,
}

impl Operation for DescribeAccountAttributes {
    /// Names and values.
    type Output = Vec<(&'static str, String)>;
    const NAME: &'static str = "ec2:DescribeAccountAttributes";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(listing(world, Self::NAME))
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let names = authorized.operation.names;
        let default_vpc = world.ec2.default_vpc().map_or_else(|| "none".to_owned(), |vpc| vpc.id.clone());
        let mut attributes = vec![
            ("supported-platforms", "VPC".to_owned()),
            ("vpc-max-security-groups-per-interface", "5".to_owned()),
            ("max-elastic-ips", "5".to_owned()),
            ("max-instances", "20".to_owned()),
            ("vpc-max-elastic-ips", "5".to_owned()),
            ("default-vpc", default_vpc),
        ];
        if let Some(name) = names.iter().find(|name| !attributes.iter().any(|(known, _)| known == name)) {
            let message = format!("Value ({name}) for parameter attributeName is invalid. Unknown attribute.");
            return Err(Refusal::fault("InvalidParameterValue", message));
        }
        attributes.retain(|(known, _)| names.is_empty() || names.iter().any(|name| name == known));
        Ok(attributes)
    }
}
