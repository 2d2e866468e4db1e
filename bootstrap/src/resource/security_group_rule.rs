//! What a security group lets in and out, as the project wants it and as EC2 tells it.

use std::fmt;
use std::num::NonZeroU16;

use aws_sdk_ec2::types::IpPermission;

use super::{Kind, ResourceId};
use crate::config::ssh::{Reason, SshSource};
use crate::identifiers::Identifiers;

pub(super) const ANYWHERE: &str = "0.0.0.0/0";
pub(super) const ANYWHERE6: &str = "::/0";

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
    /// Addresses that the configuration names, with the reason that it gives.
    Named(SshSource),
    /// The members of a security group of the same project, by the group's name.
    Group(String),
}

/// One thing that a security group lets in or out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// `tcp`, `udp`, `icmp`, a protocol's number, or `-1` for all.
    pub protocol: String,
    /// The first port, where the protocol has ports.
    pub from_port: Option<i32>,
    /// The last port, where the protocol has ports.
    pub to_port: Option<i32>,
    /// From where, or where to: a range of addresses, or the id of a security group or prefix list.
    pub source: String,
}

impl Source {
    /// What EC2 calls it; none if that is not known.
    pub(super) fn name(&self, known: &Identifiers) -> Option<String> {
        match self {
            Self::Anywhere => Some(ANYWHERE.to_owned()),
            Self::Named(source) => Some(source.from.to_string()),
            Self::Group(name) => known.get(&ResourceId::new(Kind::SecurityGroup, name)).map(str::to_owned),
        }
    }

    /// Why it is let in, where the configuration says so.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::Named(source) => source.reason.as_ref().map(Reason::as_str),
            Self::Anywhere | Self::Group(_) => None,
        }
    }

    /// The security group, if it is one.
    pub(super) fn group(&self) -> Option<ResourceId> {
        match self {
            Self::Anywhere | Self::Named(_) => None,
            Self::Group(name) => Some(ResourceId::new(Kind::SecurityGroup, name)),
        }
    }
}

impl Permission {
    /// What lets everything out over one version of IP.
    pub(crate) fn everything_to(addresses: &str) -> Self {
        Self { protocol: "-1".to_owned(), from_port: None, to_port: None, source: addresses.to_owned() }
    }

    /// The permission in words, as of what is let out.
    pub(super) fn outward(&self) -> String {
        self.words("to")
    }

    fn words(&self, preposition: &str) -> String {
        let Self { protocol, from_port, to_port, source } = self;
        let protocol = if protocol == "-1" { "everything" } else { protocol };
        match (from_port, to_port) {
            (Some(from), Some(to)) if from == to => format!("{protocol} {from} {preposition} {source}"),
            (Some(from), Some(to)) => format!("{protocol} {from} to {to} {preposition} {source}"),
            _ => format!("{protocol} {preposition} {source}"),
        }
    }
}

impl IngressRule {
    pub(crate) fn permission(&self, source: String) -> Permission {
        let port = Some(i32::from(self.port.get()));
        Permission { protocol: "tcp".to_owned(), from_port: port, to_port: port, source }
    }
}

/// Takes apart what EC2 puts together: one permission for each source, with what is said of it.
pub(super) fn permissions(grouped: &IpPermission) -> Vec<(Permission, Option<String>)> {
    let addresses = grouped.ip_ranges().iter().map(|range| (range.cidr_ip(), range.description()));
    let addresses6 = grouped.ipv6_ranges().iter().map(|range| (range.cidr_ipv6(), range.description()));
    let groups = grouped.user_id_group_pairs().iter().map(|pair| (pair.group_id(), pair.description()));
    let prefixes = grouped.prefix_list_ids().iter().map(|list| (list.prefix_list_id(), list.description()));
    let protocol = grouped.ip_protocol().unwrap_or("-1");
    // Where all protocols are meant, ports mean nothing.
    let has_ports = protocol != "-1";
    let permission = |(source, description): (Option<&str>, Option<&str>)| {
        let permission = Permission {
            protocol: protocol.to_owned(),
            from_port: grouped.from_port().filter(|_| has_ports),
            to_port: grouped.to_port().filter(|_| has_ports),
            source: source?.to_owned(),
        };
        Some((permission, description.map(str::to_owned)))
    };
    addresses.chain(addresses6).chain(groups).chain(prefixes).filter_map(permission).collect()
}

/// The description of a permission, where it has one.
pub(super) fn described((permission, description): (Permission, Option<String>)) -> Option<(Permission, String)> {
    Some((permission, description.filter(|text| !text.is_empty())?))
}

impl fmt::Display for IngressRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.from {
            Source::Anywhere => write!(f, "tcp {} from anywhere", self.port),
            Source::Named(source) => {
                write!(f, "tcp {} from {}", self.port, source.from)?;
                self.from.reason().map_or(Ok(()), |reason| write!(f, " ({reason})"))
            }
            Source::Group(name) => write!(f, "tcp {} from security group `{name}`", self.port),
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words("from"))
    }
}
