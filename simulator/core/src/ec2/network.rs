//! The network of a first-time account: a default VPC with a subnet in each availability zone, open to the internet.

use std::collections::BTreeMap;

use super::cidr::Cidr;
use super::rule::{Peer, Protocol, Rule};
use super::{SecurityGroup, State, draw_id};
use crate::arn::{AccountId, Region};
use crate::id::IdStream;
use crate::world::World;

/// A VPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vpc {
    /// `vpc-…`.
    pub id: String,
    /// Its addresses.
    pub cidr: String,
    /// Whether it is the default one.
    pub is_default: bool,
    /// `dopt-…`.
    pub dhcp_options: String,
    /// `vpc-cidr-assoc-…`.
    pub association: String,
    /// The account.
    pub owner: AccountId,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// `subnet-…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The VPC.
    pub vpc: String,
    /// Its addresses.
    pub cidr: String,
    /// Addresses that are left.
    pub available: u32,
    /// Such as `eu-central-1a`.
    pub zone: String,
    /// Such as `euc1-az1`.
    pub zone_id: String,
    /// The account.
    pub owner: AccountId,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A route table. The one there is is its VPC's main one: to the VPC itself, and to the internet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteTable {
    /// `rtb-…`.
    pub id: String,
    /// The VPC.
    pub vpc: String,
    /// The VPC's addresses, which stay inside.
    pub local: String,
    /// The gateway that everything else goes to.
    pub gateway: String,
    /// `rtbassoc-…`: what makes it the main one.
    pub association: String,
    /// The account.
    pub owner: AccountId,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// An internet gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InternetGateway {
    /// `igw-…`.
    pub id: String,
    /// The VPC it is attached to.
    pub vpc: String,
    /// The account.
    pub owner: AccountId,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

const VPC_CIDR: &str = "172.31.0.0/16";
/// Letters of the zones, and the addresses of their subnets.
const ZONES: [(char, &str); 3] = [('a', "172.31.0.0/20"), ('b', "172.31.16.0/20"), ('c', "172.31.32.0/20")];
/// Addresses of a /20 without the five that AWS keeps.
const SUBNET_ADDRESSES: u32 = 4096 - 5;

impl State {
    /// The network of a first-time account: a default VPC with a subnet in each availability zone.
    #[must_use]
    pub fn first_time(ids: &mut IdStream, account: &AccountId, region: &Region) -> Self {
        let vpc = Vpc {
            id: draw_id(ids, "vpc"),
            cidr: VPC_CIDR.to_owned(),
            is_default: true,
            dhcp_options: draw_id(ids, "dopt"),
            association: draw_id(ids, "vpc-cidr-assoc"),
            owner: account.clone(),
            tags: BTreeMap::new(),
        };
        let gateway = InternetGateway {
            id: draw_id(ids, "igw"),
            vpc: vpc.id.clone(),
            owner: account.clone(),
            tags: BTreeMap::new(),
        };
        let routes = RouteTable {
            id: draw_id(ids, "rtb"),
            vpc: vpc.id.clone(),
            local: VPC_CIDR.to_owned(),
            gateway: gateway.id.clone(),
            association: draw_id(ids, "rtbassoc"),
            owner: account.clone(),
            tags: BTreeMap::new(),
        };
        let prefix = zone_id_prefix(region);
        let subnets = ZONES.iter().enumerate().map(|(at, (letter, cidr))| {
            let id = draw_id(ids, "subnet");
            Subnet {
                arn: format!("arn:aws:ec2:{region}:{account}:subnet/{id}"),
                id,
                vpc: vpc.id.clone(),
                cidr: (*cidr).to_owned(),
                available: SUBNET_ADDRESSES,
                zone: format!("{region}{letter}"),
                zone_id: format!("{prefix}-az{}", at + 1),
                owner: account.clone(),
                tags: BTreeMap::new(),
            }
        });
        let subnets = subnets.map(|subnet| (subnet.id.clone(), subnet)).collect();
        let mut state = Self {
            subnets,
            route_tables: BTreeMap::from([(routes.id.clone(), routes)]),
            gateways: BTreeMap::from([(gateway.id.clone(), gateway)]),
            groups: BTreeMap::new(),
            rules: BTreeMap::new(),
            held: BTreeMap::new(),
            vpcs: BTreeMap::new(),
        };
        let group = SecurityGroup {
            id: draw_id(ids, "sg"),
            name: "default".to_owned(),
            description: "default VPC security group".to_owned(),
            vpc: vpc.id.clone(),
            owner: account.clone(),
            tags: BTreeMap::new(),
        };
        state.add_rule(ids, &group.id, false, Peer::Group(group.id.clone()));
        state.add_rule(ids, &group.id, true, Peer::everywhere());
        state.groups.insert(group.id.clone(), group);
        state.vpcs.insert(vpc.id.clone(), vpc);
        state
    }

    /// Lets a group have all traffic with `peer`.
    pub(super) fn add_rule(&mut self, ids: &mut IdStream, group: &str, egress: bool, peer: Peer) {
        let rule = Rule {
            id: draw_id(ids, "sgr"),
            group: group.to_owned(),
            egress,
            protocol: Protocol::All,
            ports: None,
            peer,
            description: None,
            tags: BTreeMap::new(),
        };
        self.rules.insert(rule.id.clone(), rule);
    }

    /// The VPC that requests without one mean.
    pub(super) fn default_vpc(&self) -> Option<&Vpc> {
        self.vpcs.values().find(|vpc| vpc.is_default)
    }

    /// The tags of the resource that an ARN's resource part names.
    pub(crate) fn tags(&self, resource: &str) -> Option<&BTreeMap<String, String>> {
        let (_, id) = resource.split_once('/')?;
        self.tags_of(id)
    }

    /// The tags of the resource with the id `id`.
    pub(super) fn tags_of(&self, id: &str) -> Option<&BTreeMap<String, String>> {
        match id.split('-').next()? {
            "vpc" => self.vpcs.get(id).map(|vpc| &vpc.tags),
            "subnet" => self.subnets.get(id).map(|subnet| &subnet.tags),
            "rtb" => self.route_tables.get(id).map(|table| &table.tags),
            "igw" => self.gateways.get(id).map(|gateway| &gateway.tags),
            "sg" => self.groups.get(id).map(|group| &group.tags),
            "sgr" => self.rules.get(id).map(|rule| &rule.tags),
            _ => None,
        }
    }

    pub(super) fn tags_of_mut(&mut self, id: &str) -> Option<&mut BTreeMap<String, String>> {
        match id.split('-').next()? {
            "vpc" => self.vpcs.get_mut(id).map(|vpc| &mut vpc.tags),
            "subnet" => self.subnets.get_mut(id).map(|subnet| &mut subnet.tags),
            "rtb" => self.route_tables.get_mut(id).map(|table| &mut table.tags),
            "igw" => self.gateways.get_mut(id).map(|gateway| &mut gateway.tags),
            "sg" => self.groups.get_mut(id).map(|group| &mut group.tags),
            "sgr" => self.rules.get_mut(id).map(|rule| &mut rule.tags),
            _ => None,
        }
    }
}

impl World {
    /// The subnet with the id `id`.
    #[must_use]
    pub fn subnet(&self, id: &str) -> Option<&Subnet> {
        self.ec2.subnets.get(id)
    }

    /// The addresses of the default VPC.
    #[must_use]
    pub fn default_vpc_range(&self) -> Option<Cidr> {
        self.ec2.default_vpc().and_then(|vpc| vpc.cidr.parse().ok())
    }

    /// The VPC with the id `id`.
    #[must_use]
    pub fn vpc(&self, id: &str) -> Option<&Vpc> {
        self.ec2.vpcs.get(id)
    }

    /// The security group that a VPC gives to whatever names none.
    #[must_use]
    pub fn default_security_group(&self, vpc: &str) -> Option<&SecurityGroup> {
        self.ec2.groups.values().find(|group| group.vpc == vpc && group.name == "default")
    }

    /// The security group with the id `id`.
    #[must_use]
    pub fn security_group(&self, id: &str) -> Option<&SecurityGroup> {
        self.ec2.groups.get(id)
    }
}

/// `euc1` of `eu-central-1`, `apse2` of `ap-southeast-2`.
fn zone_id_prefix(region: &Region) -> String {
    let directions = [("north", "n"), ("south", "s"), ("east", "e"), ("west", "w"), ("central", "c")];
    let shorten = |part: &str| {
        let mut short = String::new();
        let mut rest = part;
        while let Some((name, letter)) = directions.iter().find(|(name, _)| rest.starts_with(name)) {
            short.push_str(letter);
            rest = &rest[name.len()..];
        }
        short + rest
    };
    let region = region.to_string();
    let mut parts = region.split('-');
    let area = parts.next().unwrap_or_default().to_owned();
    parts.fold(area, |prefix, part| prefix + &shorten(part))
}
