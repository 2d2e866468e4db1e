//! Security groups.

use std::collections::BTreeMap;

use super::filter::{Filter, Filterable, check_known, select, tag_values};
use super::rule::{Peer, Rule};
use super::tag::check_tags;
use super::{State, access, arn, bad_token, draw_id, existing, listing, missing, page_size};
use crate::arn::AccountId;
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::world::World;

/// Most groups of a VPC.
const PER_VPC: usize = 2500;

/// A security group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroup {
    /// `sg-…`.
    pub id: String,
    /// Its name, unique in the VPC.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The VPC.
    pub vpc: String,
    /// The account.
    pub owner: AccountId,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// Names a group by its id, or by its name in the default VPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupRef {
    /// By its id.
    Id(String),
    /// By its name.
    Name(String),
}

impl GroupRef {
    /// Reads `GroupId` and `GroupName`, of which a request must have one.
    ///
    /// # Errors
    /// AWS's complaint that there is neither.
    pub fn parse(id: Option<String>, name: Option<String>) -> Result<Self, Refusal> {
        match (id, name) {
            (Some(id), _) => Ok(Self::Id(id)),
            (None, Some(name)) => Ok(Self::Name(name)),
            (None, None) => Err(missing("groupName or groupId")),
        }
    }
}

impl State {
    pub(super) fn group(&self, group: &GroupRef) -> Result<&SecurityGroup, Refusal> {
        match group {
            GroupRef::Id(id) => self.find_group(Some(id), None),
            GroupRef::Name(name) => self.find_group(None, Some(name)),
        }
    }

    /// The group with this id, or with this name in the default VPC.
    pub(super) fn find_group(&self, id: Option<&str>, name: Option<&str>) -> Result<&SecurityGroup, Refusal> {
        let vpc = self.default_vpc().map(|vpc| vpc.id.as_str()).unwrap_or_default();
        let (found, asked) = match (id, name) {
            (Some(id), _) => {
                if !id.starts_with("sg-") {
                    let message = format!("Invalid id: \"{id}\" (expecting \"sg-...\")");
                    return Err(Refusal::fault("InvalidGroupId.Malformed", message));
                }
                (self.groups.get(id), id)
            }
            (None, Some(name)) => (self.groups.values().find(|group| group.vpc == vpc && group.name == name), name),
            (None, None) => return Err(missing("groupName or groupId")),
        };
        found.ok_or_else(|| {
            Refusal::fault("InvalidGroup.NotFound", format!("The security group '{asked}' does not exist"))
        })
    }

    /// The rules of a group, in the order of their ids.
    pub(super) fn rules_of<'s>(&'s self, group: &'s str) -> impl Iterator<Item = &'s Rule> {
        self.rules.values().filter(move |rule| rule.group == group)
    }
}

/// What a call about one group is authorised against.
pub(super) fn group_access(world: &World, action: &'static str, group: &GroupRef) -> Result<Access, Refusal> {
    let id = match (group, world.ec2.group(group)) {
        (_, Ok(found)) => found.id.clone(),
        // A group that is not there is refused only to those who may know.
        (GroupRef::Id(id), Err(_)) => id.clone(),
        (GroupRef::Name(_), Err(_)) => "*".to_owned(),
    };
    Ok(existing(world, action, "security-group", &id))
}

/// Makes a security group: nothing may come in, everything may go out.
#[derive(Clone, Debug, Default)]
pub struct CreateSecurityGroup {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The VPC; none means the default one.
    pub vpc: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// The answer to [`CreateSecurityGroup`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateSecurityGroupOutput {
    /// `sg-…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl CreateSecurityGroup {
    fn vpc<'w>(&'w self, world: &'w World) -> Option<&'w str> {
        self.vpc.as_deref().or_else(|| world.ec2.default_vpc().map(|vpc| vpc.id.as_str()))
    }
}

impl Operation for CreateSecurityGroup {
    type Output = CreateSecurityGroupOutput;
    const NAME: &'static str = "ec2:CreateSecurityGroup";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let group = || access(world, Self::NAME, "security-group/*").tagging(&self.tags);
        let mut accesses = vec![group()];
        if let Some(vpc) = self.vpc(world) {
            accesses.push(existing(world, Self::NAME, "vpc", vpc));
        }
        if !self.tags.is_empty() {
            let tag = Access { action: "ec2:CreateTags", ..group() };
            accesses.push(tag.with("ec2:CreateAction", "CreateSecurityGroup"));
        }
        Ok(accesses)
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let operation = authorized.operation;
        let vpc = operation.vpc(world).map(str::to_owned);
        let Self { name, description, vpc: _, tags } = operation;
        let name = name.trim_end().to_owned();
        check_name(&name)?;
        check_description(&description)?;
        check_tags(&tags)?;
        let vpc = vpc.ok_or_else(|| Refusal::fault("VPCIdNotSpecified", "No default VPC for this user"))?;
        let State { vpcs, groups, .. } = &world.ec2;
        if !vpcs.contains_key(&vpc) {
            return Err(Refusal::fault("InvalidVpcID.NotFound", format!("The vpc ID '{vpc}' does not exist")));
        }
        if groups.values().any(|group| group.vpc == vpc && group.name == name) {
            let message = format!("The security group '{name}' already exists for VPC '{vpc}'");
            return Err(Refusal::fault("InvalidGroup.Duplicate", message));
        }
        if groups.values().filter(|group| group.vpc == vpc).count() >= PER_VPC {
            let message = "The maximum number of security groups for this VPC has been reached.";
            return Err(Refusal::fault("SecurityGroupLimitExceeded", message));
        }
        let id = draw_id(&mut world.ids, "sg");
        let owner = world.account.clone();
        let group = SecurityGroup { id: id.clone(), name, description, vpc, owner, tags: tags.clone() };
        world.ec2.groups.insert(id.clone(), group);
        world.ec2.add_rule(&mut world.ids, &id, true, Peer::everywhere());
        let arn = arn(world, &format!("security-group/{id}"));
        Ok(CreateSecurityGroupOutput { id, arn, tags })
    }
}

/// Describes security groups with their rules.
#[derive(Clone, Debug, Default)]
pub struct DescribeSecurityGroups {
    /// Only those with these ids, all of which must exist.
    pub ids: Vec<String>,
    /// Only those with these names in the default VPC, all of which must exist.
    pub names: Vec<String>,
    /// What they must be like.
    pub filters: Vec<Filter>,
    /// Where the page before ended.
    pub next_token: Option<String>,
    /// Most groups of a page: 5 to 1000.
    pub limit: Option<i64>,
}

impl Operation for DescribeSecurityGroups {
    type Output = Page<(SecurityGroup, Vec<Rule>)>;
    const NAME: &'static str = "ec2:DescribeSecurityGroups";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(listing(world, Self::NAME))
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { ids, names, filters, next_token, limit } = authorized.operation;
        check_known::<Described<'_>>(&filters)?;
        let state = &world.ec2;
        let mut wanted = Vec::new();
        for id in &ids {
            wanted.push(state.find_group(Some(id), None)?.id.as_str());
        }
        for name in &names {
            wanted.push(state.find_group(None, Some(name))?.id.as_str());
        }
        let chosen = state.groups.values().filter(|group| wanted.is_empty() || wanted.contains(&group.id.as_str()));
        let described = chosen.map(|group| Described { group, rules: state.rules_of(&group.id).collect() });
        let found = described
            .filter(|described| select(described, &filters))
            .map(|Described { group, rules }| (&group.id, (group.clone(), rules.into_iter().cloned().collect())));
        page(found, next_token.as_deref(), page_size(limit)?).ok_or_else(bad_token)
    }
}

struct Described<'s> {
    group: &'s SecurityGroup,
    rules: Vec<&'s Rule>,
}

impl Filterable for Described<'_> {
    const FILTERS: &'static [&'static str] = &[
        "description",
        "egress.ip-permission.cidr",
        "egress.ip-permission.from-port",
        "egress.ip-permission.group-id",
        "egress.ip-permission.ipv6-cidr",
        "egress.ip-permission.protocol",
        "egress.ip-permission.to-port",
        "egress.ip-permission.user-id",
        "group-id",
        "group-name",
        "ip-permission.cidr",
        "ip-permission.from-port",
        "ip-permission.group-id",
        "ip-permission.ipv6-cidr",
        "ip-permission.protocol",
        "ip-permission.to-port",
        "ip-permission.user-id",
        "owner-id",
        "tag-key",
        "vpc-id",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        let SecurityGroup { id, name: group_name, description, vpc, owner, tags } = self.group;
        let (egress, field) = match name.strip_prefix("egress.") {
            Some(field) => (true, field),
            None => (false, name),
        };
        let rules = self.rules.iter().filter(|rule| rule.egress == egress);
        let ranges = |peer: &Peer, of_4: bool| match peer {
            Peer::Range(range) => (range.is_ipv4() == of_4).then(|| range.to_string()),
            Peer::Group(_) => None,
        };
        let groups = |peer: &Peer| match peer {
            Peer::Group(id) => Some(id.clone()),
            Peer::Range(_) => None,
        };
        match field {
            "description" => vec![description.clone()],
            "group-id" => vec![id.clone()],
            "group-name" => vec![group_name.clone()],
            "owner-id" => vec![owner.to_string()],
            "vpc-id" => vec![vpc.clone()],
            "ip-permission.cidr" => rules.filter_map(|rule| ranges(&rule.peer, true)).collect(),
            "ip-permission.ipv6-cidr" => rules.filter_map(|rule| ranges(&rule.peer, false)).collect(),
            "ip-permission.group-id" => rules.filter_map(|rule| groups(&rule.peer)).collect(),
            "ip-permission.user-id" => rules.filter_map(|rule| groups(&rule.peer)).map(|_| owner.to_string()).collect(),
            "ip-permission.protocol" => rules.map(|rule| rule.protocol.to_string()).collect(),
            "ip-permission.from-port" => {
                rules.filter_map(|rule| rule.ports).map(|ports| ports.from.to_string()).collect()
            }
            "ip-permission.to-port" => rules.filter_map(|rule| rule.ports).map(|ports| ports.to.to_string()).collect(),
            other => tag_values(tags, other),
        }
    }
}

/// Deletes a security group that nothing uses.
#[derive(Clone, Debug)]
pub struct DeleteSecurityGroup {
    /// The group.
    pub group: GroupRef,
}

impl Operation for DeleteSecurityGroup {
    /// The group's id.
    type Output = String;
    const NAME: &'static str = "ec2:DeleteSecurityGroup";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![group_access(world, Self::NAME, &self.group)?])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let state = &mut world.ec2;
        let group = state.group(&authorized.operation.group)?.clone();
        let id = group.id;
        if group.name == "default" {
            let message = format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user");
            return Err(Refusal::fault("CannotDelete", message));
        }
        let held = state.held.get(&id).is_some_and(|holders| *holders > 0);
        let referenced = state.rules.values().any(|rule| rule.group != id && rule.peer == Peer::Group(id.clone()));
        if held || referenced {
            return Err(Refusal::fault("DependencyViolation", format!("resource {id} has a dependent object")));
        }
        state.groups.remove(&id);
        state.rules.retain(|_, rule| rule.group != id);
        Ok(id)
    }
}

/// Characters of names and descriptions.
pub(super) fn allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c)
}

fn check_name(name: &str) -> Result<(), Refusal> {
    const SET: &str = "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*";
    let message = if name.eq_ignore_ascii_case("default") {
        return Err(Refusal::fault("InvalidGroup.Reserved", format!("The security group '{name}' is reserved")));
    } else if name.is_empty() || name.len() > 255 || !name.chars().all(allowed) {
        format!(
            "Invalid security group name. Valid names are non-empty strings less than 256 characters from the following set:  {SET}"
        )
    } else if name.to_ascii_lowercase().starts_with("sg-") {
        format!("Invalid security group name '{name}'. Group names may not be in the format sg-*.")
    } else {
        return Ok(());
    };
    Err(Refusal::fault("InvalidParameterValue", message))
}

fn check_description(description: &str) -> Result<(), Refusal> {
    if description.is_empty() {
        return Err(missing("GroupDescription"));
    }
    if description.len() <= 255 && description.chars().all(allowed) {
        return Ok(());
    }
    let message = "Invalid security group description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*";
    Err(Refusal::fault("InvalidParameterValue", message))
}
