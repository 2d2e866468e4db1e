//! The account's attributes, and the Regions.

use serde_json::{Value, json};
use simulator_core::ec2::{DescribeAccountAttributes, DescribeRegions, RegionDescription};
use simulator_core::{Home, Refusal};

use super::filters;
use crate::wire::Input;

pub(super) fn describe_regions(input: &mut Input, _: &Home) -> Result<DescribeRegions, Refusal> {
    Ok(DescribeRegions {
        names: input.texts("RegionName")?,
        all: input.boolean("AllRegions")?.unwrap_or(false),
        filters: filters(input)?,
    })
}

pub(super) fn regions(regions: Vec<RegionDescription>, _: &Home) -> Value {
    let region = |RegionDescription { name, endpoint, opt_in }: &RegionDescription| json!({ "regionName": name, "regionEndpoint": endpoint, "optInStatus": opt_in });
    json!({ "regionInfo": regions.iter().map(region).collect::<Vec<_>>() })
}

pub(super) fn describe(input: &mut Input, _: &Home) -> Result<DescribeAccountAttributes, Refusal> {
    Ok(DescribeAccountAttributes { names: input.texts("AttributeName")? })
}

pub(super) fn attributes(attributes: Vec<(&'static str, String)>, _: &Home) -> Value {
    let attribute = |(name, value): &(&str, String)| json!({ "attributeName": name, "attributeValueSet": [{ "attributeValue": value }] });
    json!({ "accountAttributeSet": attributes.iter().map(attribute).collect::<Vec<_>>() })
}
