//! The EC2 security groups and their inbound rules. What may go out is left as AWS makes it: everything.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU16;

use aws_sdk_ec2::types::{Filter, IpPermission, IpRange, UserIdGroupPair};

use super::managed::{Managed, Sight};
use super::network::DefaultNetwork;
pub use super::security_group_change::Change;
use super::{Kind, OWNER_TAG, Owner, ResourceId};
use crate::config::name::ProjectName;
use crate::fault::{CallError, Called};
use crate::identifiers::Identifiers;
use crate::location::Location;
use crate::plan::Draft;
use crate::policy::{Action, Condition, Statement};

pub(super) const ANYWHERE: &str = "0.0.0.0/0";

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

const GROUP: &[&str] = &["security-group/", "vpc/"];
const OWN_GROUP: &[&str] = &["security-group/"];
static DESCRIBE: [Action; 2] = [
    Action::everywhere("ec2:DescribeNetworkInterfaces", "no describing action of EC2 has a resource type"),
    Action::everywhere("ec2:DescribeSecurityGroups", "no describing action of EC2 has a resource type"),
];
static CREATE: Action = Action::on("ec2:CreateSecurityGroup", GROUP);
static CREATE_TAGS: Action = Action::on("ec2:CreateTags", OWN_GROUP);
static OWN: [Action; 3] = [
    Action::on("ec2:AuthorizeSecurityGroupIngress", OWN_GROUP),
    Action::on("ec2:DeleteSecurityGroup", OWN_GROUP),
    Action::on("ec2:RevokeSecurityGroupIngress", OWN_GROUP),
];

impl SecurityGroup {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::SecurityGroup, &self.name)
    }

    /// What its inbound rules are called in plans and errors.
    #[must_use]
    pub fn ingress_id(&self) -> ResourceId {
        ResourceId::new(Kind::Ingress, &self.name)
    }
}

impl Managed for SecurityGroup {
    type State = SecurityGroupState;
    type Change = Change;
    const OWNED_BY_CI: &'static [&'static str] = &[];

    fn id(&self) -> ResourceId {
        Self::id(self)
    }

    /// The groups that its rules name: EC2 deletes none that a rule of another names.
    fn needs(&self) -> Vec<ResourceId> {
        let sources = self.ingress.iter().filter_map(|rule| rule.from.group());
        sources.chain([DefaultNetwork.id()]).collect()
    }

    fn seen_through(&self) -> Option<ResourceId> {
        Some(DefaultNetwork.id())
    }

    async fn observe(&self, sight: &Sight<'_>) -> Result<Option<SecurityGroupState>, CallError> {
        let Some(vpc) = sight.known.vpc() else { return Ok(None) };
        let filter = |name: &str, value: &str| Filter::builder().name(name).values(value).build();
        let request = sight.account.ec2.describe_security_groups();
        let request = request.filters(filter("group-name", &self.name)).filters(filter("vpc-id", vpc));
        let answer = request.send().await.called("ec2:DescribeSecurityGroups", &Self::id(self))?;
        let found = answer.security_groups().iter().find_map(|group| Some((group.group_id()?, group)));
        Ok(found.map(|(id, group)| SecurityGroupState {
            id: id.to_owned(),
            owner: Owner::of(group.tags().iter().map(|tag| (tag.key(), tag.value())), sight.project),
            ingress: group.ip_permissions().iter().flat_map(permissions).collect(),
        }))
    }

    fn owner(state: &mut SecurityGroupState) -> Option<&mut Owner> {
        Some(&mut state.owner)
    }

    fn identify(&self, state: &SecurityGroupState, known: &mut Identifiers) {
        known.names.insert(Self::id(self), state.id.clone());
    }

    fn compare(&self, found: Option<&SecurityGroupState>, known: &Identifiers, draft: &mut Draft) {
        let Some(vpc_id) = known.vpc() else { return };
        let authorize = |rules| Change::Authorize { group: self.name.clone(), rules };
        let Some(found) = found else {
            draft.missing(Change::Create { group: self.clone(), vpc_id: vpc_id.to_owned() }, self.description);
            if !self.ingress.is_empty() {
                draft.missing(authorize(self.ingress.clone()), "nothing gets in without it");
            }
            return;
        };
        let mut unexpected = found.ingress.clone();
        let mut missing = Vec::new();
        for rule in &self.ingress {
            let source = match rule.from.group() {
                None => Some(ANYWHERE.to_owned()),
                Some(group) => known.get(&group).map(str::to_owned),
            };
            let there = source.is_some_and(|source| unexpected.remove(&rule.permission(source)));
            if !there {
                missing.push(rule.clone());
            }
        }
        if !missing.is_empty() {
            draft.missing(authorize(missing), "nothing gets in without it");
        }
        // What else somebody else's group lets in is their business.
        for permission in unexpected.into_iter().filter(|_| draft.is_ours()).collect::<Vec<_>>() {
            let shown = permission.to_string();
            let revoke = Change::Revoke { group: self.name.clone(), permission };
            draft.differs(revoke, "inbound rules", "nothing else", &shown);
        }
    }

    fn adopt(&self) -> Option<Change> {
        Some(Change::Tag { group: self.clone() })
    }

    fn take_away(&self, _: &SecurityGroupState, draft: &mut Draft) {
        draft.unwanted(Change::Delete { group: self.clone() }, self.description);
    }

    fn grants(&self, project: &ProjectName, location: &Location) -> Vec<Statement> {
        let groups = location.arn("ec2", "security-group/*");
        let requested = Condition {
            operator: "StringEquals",
            key: "aws:RequestTag/greenroom:project",
            values: vec![project.to_string()],
        };
        debug_assert!(requested.key.ends_with(OWNER_TAG), "the condition names the ownership tag");
        let tagged = Condition { key: "aws:ResourceTag/greenroom:project", ..requested.clone() };
        let on_creation = Condition {
            operator: "StringEquals",
            key: "ec2:CreateAction",
            values: vec!["CreateSecurityGroup".to_owned()],
        };
        vec![
            Statement {
                sid: "Look",
                purposes: vec!["Find the security groups, and what holds one that is to be deleted."],
                actions: DESCRIBE.iter().collect(),
                resources: vec![],
                conditions: vec![],
            },
            Statement {
                sid: "GroupsIn",
                purposes: vec!["Make security groups in a VPC of the account."],
                actions: vec![&CREATE],
                resources: vec![location.arn("ec2", "vpc/*")],
                conditions: vec![],
            },
            Statement {
                sid: "NewGroups",
                purposes: vec!["Make security groups that carry the project's tag. Their ids are AWS's to choose."],
                actions: vec![&CREATE],
                resources: vec![groups.clone()],
                conditions: vec![requested.clone()],
            },
            Statement {
                sid: "TagGroups",
                purposes: vec!["Tag security groups as they are made."],
                actions: vec![&CREATE_TAGS],
                resources: vec![groups.clone()],
                conditions: vec![on_creation, requested],
            },
            Statement {
                sid: "OwnGroups",
                purposes: vec!["Change and delete the security groups that carry the project's tag."],
                actions: OWN.iter().collect(),
                resources: vec![groups],
                conditions: vec![tagged],
            },
        ]
    }
}

impl Source {
    /// The security group, if it is one.
    pub(super) fn group(&self) -> Option<ResourceId> {
        match self {
            Self::Anywhere => None,
            Self::Group(name) => Some(ResourceId::new(Kind::SecurityGroup, name)),
        }
    }
}

impl IngressRule {
    fn permission(&self, source: String) -> Permission {
        let port = Some(i32::from(self.port.get()));
        Permission { protocol: "tcp".to_owned(), from_port: port, to_port: port, source }
    }
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
