//! Tags of EC2 resources.

use std::collections::BTreeMap;

use super::filter::{Filter, Filterable, check_known, select};
use super::{State, bad_token, existing, listing, page_size};
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::world::World;

const MOST_TAGS: usize = 50;

/// Adds tags to resources, or changes their values.
#[derive(Clone, Debug)]
pub struct CreateTags {
    /// Ids of the resources.
    pub resources: Vec<String>,
    /// The tags.
    pub tags: BTreeMap<String, String>,
}

/// Removes tags from resources.
#[derive(Clone, Debug)]
pub struct DeleteTags {
    /// Ids of the resources.
    pub resources: Vec<String>,
    /// Keys, and the values that the tags must have to be removed; empty means all tags.
    pub tags: BTreeMap<String, Option<String>>,
}

/// Lists tags.
#[derive(Clone, Debug, Default)]
pub struct DescribeTags {
    /// What they must be like.
    pub filters: Vec<Filter>,
    /// Where the page before ended.
    pub next_token: Option<String>,
    /// Most tags of a page: 5 to 1000.
    pub limit: Option<i64>,
}

/// A tag as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagDescription {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Id of the resource.
    pub resource: String,
    /// Such as `security-group`.
    pub resource_type: &'static str,
}

impl Operation for CreateTags {
    type Output = ();
    const NAME: &'static str = "ec2:CreateTags";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        accesses(world, Self::NAME, &self.resources, |access| access.tagging(&self.tags))
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { resources, tags } = authorized.operation;
        if tags.is_empty() {
            return Err(super::missing("Tag"));
        }
        check_tags(&tags)?;
        for id in &resources {
            let mut joined = world.ec2.tags_of(id).ok_or_else(|| unknown(id))?.clone();
            joined.extend(tags.clone());
            check_tags(&joined)?;
        }
        for id in resources {
            let present = world.ec2.tags_of_mut(&id).expect("looked up just now");
            present.extend(tags.clone());
        }
        Ok(())
    }
}

impl Operation for DeleteTags {
    type Output = ();
    const NAME: &'static str = "ec2:DeleteTags";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let valued: BTreeMap<String, String> =
            self.tags.iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?))).collect();
        let keys: Vec<String> = self.tags.keys().filter(|key| !valued.contains_key(*key)).cloned().collect();
        accesses(world, Self::NAME, &self.resources, |access| access.tagging(&valued).tag_keys(&keys))
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { resources, tags } = authorized.operation;
        if let Some(id) = resources.iter().find(|id| world.ec2.tags_of(id).is_none()) {
            return Err(unknown(id));
        }
        for id in resources {
            let present = world.ec2.tags_of_mut(&id).expect("looked up just now");
            present.retain(|key, value| {
                let named = tags.get(key).is_some_and(|wanted| wanted.as_ref().is_none_or(|wanted| wanted == value));
                !tags.is_empty() && !named
            });
        }
        Ok(())
    }
}

impl Operation for DescribeTags {
    type Output = Page<TagDescription>;
    const NAME: &'static str = "ec2:DescribeTags";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(listing(world, Self::NAME))
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { filters, next_token, limit } = authorized.operation;
        check_known::<TagDescription>(&filters)?;
        let tags = world.ec2.all_tags().into_iter().filter(|tag| select(tag, &filters));
        let keyed = tags.map(|tag| (format!("{} {}", tag.resource, tag.key), tag));
        page(keyed, next_token.as_deref(), page_size(limit)?).ok_or_else(bad_token)
    }
}

impl Filterable for TagDescription {
    const FILTERS: &'static [&'static str] = &["key", "resource-id", "resource-type", "value"];

    fn values(&self, name: &str) -> Vec<String> {
        match (name, name.strip_prefix("tag:")) {
            ("key", _) => vec![self.key.clone()],
            ("resource-id", _) => vec![self.resource.clone()],
            ("resource-type", _) => vec![self.resource_type.to_owned()],
            ("value", _) => vec![self.value.clone()],
            (_, Some(key)) if key == self.key => vec![self.value.clone()],
            _ => Vec::new(),
        }
    }
}

impl State {
    /// Every tag, in the order of resources and keys.
    fn all_tags(&self) -> Vec<TagDescription> {
        let ids = self.vpcs.keys().chain(self.subnets.keys()).chain(self.route_tables.keys());
        let ids = ids.chain(self.gateways.keys()).chain(self.groups.keys()).chain(self.rules.keys());
        let mut tags: Vec<TagDescription> = ids
            .filter_map(|id| Some((id, resource_type(id)?, self.tags_of(id)?)))
            .flat_map(|(id, resource_type, tags)| {
                tags.iter().map(move |(key, value)| TagDescription {
                    key: key.clone(),
                    value: value.clone(),
                    resource: id.clone(),
                    resource_type,
                })
            })
            .collect();
        tags.sort_by(|one, other| (&one.resource, &one.key).cmp(&(&other.resource, &other.key)));
        tags
    }
}

fn accesses(
    world: &World,
    action: &'static str,
    resources: &[String],
    complete: impl Fn(Access) -> Access,
) -> Result<Vec<Access>, Refusal> {
    if resources.is_empty() {
        return Err(super::missing("resourceIdSet"));
    }
    let one = |id: &String| {
        let kind = resource_type(id).ok_or_else(|| unknown(id))?;
        Ok(complete(existing(world, action, kind, id)))
    };
    resources.iter().map(one).collect()
}

/// What kind of resource an id names.
fn resource_type(id: &str) -> Option<&'static str> {
    Some(match id.split('-').next()? {
        "vpc" => "vpc",
        "subnet" => "subnet",
        "rtb" => "route-table",
        "igw" => "internet-gateway",
        "sg" => "security-group",
        "sgr" => "security-group-rule",
        _ => return None,
    })
}

fn unknown(id: &str) -> Refusal {
    let message = |what: &str| format!("The {what} '{id}' does not exist");
    match resource_type(id) {
        Some("vpc") => Refusal::fault("InvalidVpcID.NotFound", message("vpc ID")),
        Some("subnet") => Refusal::fault("InvalidSubnetID.NotFound", message("subnet ID")),
        Some("route-table") => Refusal::fault("InvalidRouteTableID.NotFound", message("routeTable ID")),
        Some("internet-gateway") => Refusal::fault("InvalidInternetGatewayID.NotFound", message("internetGateway ID")),
        Some("security-group") => Refusal::fault("InvalidGroup.NotFound", message("security group")),
        Some(_) => Refusal::fault("InvalidSecurityGroupRuleId.NotFound", message("security group rule ID")),
        None => Refusal::fault("InvalidID", format!("The ID '{id}' is not valid")),
    }
}

/// The limits on a resource's tags.
pub(super) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
    if tags.len() > MOST_TAGS {
        let message = format!("The maximum number of Tags for a resource has been reached: {MOST_TAGS}");
        return Err(Refusal::fault("TagLimitExceeded", message));
    }
    for (key, value) in tags {
        if key.starts_with("aws:") {
            let message = format!(
                "Value ( {key} ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal use"
            );
            return Err(Refusal::fault("InvalidParameterValue", message));
        }
        if !(1..=128).contains(&key.chars().count()) {
            let message = "Tag key exceeds the maximum length of 128 characters";
            return Err(Refusal::fault("InvalidParameterValue", message));
        }
        if value.chars().count() > 256 {
            let message = "Tag value exceeds the maximum length of 256 characters";
            return Err(Refusal::fault("InvalidParameterValue", message));
        }
    }
    Ok(())
}
