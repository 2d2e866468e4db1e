//! The EC2 security groups and their inbound rules. What may go out is left as AWS makes it: everything.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU16;

use aws_sdk_ec2::types::{Filter, IpPermission, IpRange, ResourceType, Tag, TagSpecification, UserIdGroupPair};

use super::{Kind, OWNER_TAG, Owner, ResourceId};
use crate::config::name::ProjectName;
use crate::connect::Account;
use crate::fault::{CallError, Called, sent};
use crate::identifiers::{Identifiers, Made};
use crate::plan::{Change, Draft};

const ANYWHERE: &str = "0.0.0.0/0";

/// A security group that should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityGroup {
    /// Its name.
    pub name: String,
    /// What it says it is for; EC2 requires a description.
    pub description: &'static str,
    /// The inbound rules that it should have.
    pub ingress: Vec<IngressRule>,
}

/// An inbound rule for one TCP port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngressRule {
    /// The port.
    pub port: NonZeroU16,
    /// Who may reach it.
    pub from: Source,
}

/// Who may reach a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Everybody, over IPv4. Default VPCs have no IPv6 addresses.
    Anywhere,
    /// The members of a security group of the same project, by the group's name.
    Group(String),
}

/// A security group that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityGroupState {
    /// Its id.
    pub id: String,
    /// Its name, which is unique within its VPC only.
    pub name: String,
    /// The VPC that it belongs to.
    pub vpc_id: String,
    /// Whom it belongs to.
    pub owner: Owner,
    /// What it lets in.
    pub ingress: BTreeSet<Permission>,
}

/// One thing that a security group lets in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// `tcp`, `udp`, `icmp`, a protocol's number, or `-1` for all.
    pub protocol: String,
    /// The first port, where the protocol has ports.
    pub from_port: Option<i32>,
    /// The last port, where the protocol has ports.
    pub to_port: Option<i32>,
    /// From where: a range of addresses, or the id of a security group or prefix list.
    pub source: String,
}

impl SecurityGroup {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::SecurityGroup, &self.name)
    }

    /// Compares the group with the one that is there. `all` are the groups found in the VPC, which the rules refer to.
    pub(crate) fn plan(&self, vpc_id: &str, all: &[SecurityGroupState], draft: &mut Draft) {
        let in_vpc = |name: &str| all.iter().find(|group| group.name == name && group.vpc_id == vpc_id);
        let authorize = |rules| Change::AuthorizeIngress { group: self.name.clone(), rules };
        let Some(found) = in_vpc(&self.name) else {
            let group = self.clone();
            draft.create(Change::CreateSecurityGroup { group, vpc_id: vpc_id.to_owned() }, self.description);
            if !self.ingress.is_empty() {
                draft.create(authorize(self.ingress.clone()), "nothing gets in without it");
            }
            return;
        };
        let mut unexpected = found.ingress.clone();
        let mut missing = Vec::new();
        for rule in &self.ingress {
            let source = match &rule.from {
                Source::Anywhere => Some(ANYWHERE.to_owned()),
                Source::Group(name) => in_vpc(name).map(|group| group.id.clone()),
            };
            let there = source.is_some_and(|source| unexpected.remove(&rule.permission(source)));
            if !there {
                missing.push(rule.clone());
            }
        }
        if !missing.is_empty() {
            draft.add(&found.owner, self.id(), authorize(missing), "nothing gets in without it");
        }
        if found.owner == Owner::Ours {
            for permission in unexpected {
                draft.drift(self.id(), "inbound rules", "nothing else", &permission.to_string());
            }
        }
    }

    pub(crate) async fn create(
        &self,
        account: &Account,
        vpc_id: &str,
        project: &ProjectName,
    ) -> Result<Made, CallError> {
        const OPERATION: &str = "ec2:CreateSecurityGroup";
        let tag = Tag::builder().key(OWNER_TAG).value(project.as_str()).build();
        let tags = TagSpecification::builder().resource_type(ResourceType::SecurityGroup).tags(tag).build();
        let answer = account
            .ec2
            .create_security_group()
            .group_name(&self.name)
            .description(self.description)
            .vpc_id(vpc_id)
            .tag_specifications(tags)
            .send()
            .await
            .called(OPERATION, &self.id())?;
        Ok(Made::SecurityGroup {
            name: self.name.clone(),
            id: sent(answer.group_id, "groupId", OPERATION, &self.id())?,
        })
    }
}

impl IngressRule {
    fn permission(&self, source: String) -> Permission {
        let port = Some(i32::from(self.port.get()));
        Permission { protocol: "tcp".to_owned(), from_port: port, to_port: port, source }
    }
}

/// Lets in what the rules say, in one call.
pub(crate) async fn authorize(
    account: &Account,
    group: &str,
    rules: &[IngressRule],
    identifiers: &Identifiers,
) -> Result<(), CallError> {
    const OPERATION: &str = "ec2:AuthorizeSecurityGroupIngress";
    let resource = ResourceId::new(Kind::Ingress, group);
    let mut request = account
        .ec2
        .authorize_security_group_ingress()
        .group_id(identifiers.security_group(group, OPERATION, &resource)?);
    for rule in rules {
        let port = i32::from(rule.port.get());
        let permission = IpPermission::builder().ip_protocol("tcp").from_port(port).to_port(port);
        let permission = match &rule.from {
            Source::Anywhere => permission.ip_ranges(IpRange::builder().cidr_ip(ANYWHERE).build()),
            Source::Group(name) => {
                let id = identifiers.security_group(name, OPERATION, &resource)?;
                permission.user_id_group_pairs(UserIdGroupPair::builder().group_id(id).build())
            }
        };
        request = request.ip_permissions(permission.build());
    }
    request.send().await.called(OPERATION, &resource).map(drop)
}

/// The security groups of the given names, in whatever VPC.
pub(crate) async fn observe(
    account: &Account,
    wanted: &[SecurityGroup],
    project: &ProjectName,
) -> Result<Vec<SecurityGroupState>, CallError> {
    let names = wanted.iter().map(|group| group.name.clone()).collect();
    let filter = Filter::builder().name("group-name").set_values(Some(names)).build();
    let mut pages = account.ec2.describe_security_groups().filters(filter).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.called("ec2:DescribeSecurityGroups", &ResourceId::new(Kind::SecurityGroup, ""))?;
        for group in page.security_groups() {
            let (Some(id), Some(name), Some(vpc_id)) = (group.group_id(), group.group_name(), group.vpc_id()) else {
                continue;
            };
            found.push(SecurityGroupState {
                id: id.to_owned(),
                name: name.to_owned(),
                vpc_id: vpc_id.to_owned(),
                owner: Owner::of(group.tags().iter().map(|tag| (tag.key(), tag.value())), project),
                ingress: group.ip_permissions().iter().flat_map(permissions).collect(),
            });
        }
    }
    Ok(found)
}

/// Takes apart what EC2 puts together: one permission for each source.
fn permissions(grouped: &IpPermission) -> Vec<Permission> {
    let addresses = grouped.ip_ranges().iter().filter_map(IpRange::cidr_ip);
    let addresses6 = grouped.ipv6_ranges().iter().filter_map(|range| range.cidr_ipv6());
    let groups = grouped.user_id_group_pairs().iter().filter_map(UserIdGroupPair::group_id);
    let prefixes = grouped.prefix_list_ids().iter().filter_map(|list| list.prefix_list_id());
    addresses
        .chain(addresses6)
        .chain(groups)
        .chain(prefixes)
        .map(|source| Permission {
            protocol: grouped.ip_protocol().unwrap_or("-1").to_owned(),
            from_port: grouped.from_port(),
            to_port: grouped.to_port(),
            source: source.to_owned(),
        })
        .collect()
}

impl fmt::Display for IngressRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.from {
            Source::Anywhere => write!(f, "tcp {} from anywhere", self.port),
            Source::Group(name) => write!(f, "tcp {} from security group `{name}`", self.port),
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { protocol, from_port, to_port, source } = self;
        let protocol = if protocol == "-1" { "everything" } else { protocol };
        match (from_port, to_port) {
            (Some(from), Some(to)) if from == to => write!(f, "{protocol} {from} from {source}"),
            (Some(from), Some(to)) => write!(f, "{protocol} {from} to {to} from {source}"),
            _ => write!(f, "{protocol} from {source}"),
        }
    }
}
