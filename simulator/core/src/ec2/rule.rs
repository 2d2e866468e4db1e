//! Rules of security groups.

use std::collections::BTreeMap;
use std::fmt;

use super::cidr::Cidr;

/// A rule: one protocol, one range of ports, one peer. Rules only allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `sgr-…`.
    pub id: String,
    /// The group it belongs to.
    pub group: String,
    /// Whether it is about traffic that leaves.
    pub egress: bool,
    /// The protocol.
    pub protocol: Protocol,
    /// The ports; of ICMP, type and code. None means all.
    pub ports: Option<Ports>,
    /// Whom traffic may come from or go to.
    pub peer: Peer,
    /// What it is for.
    pub description: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Rule {
    /// Whether both say the same. Descriptions do not count (facts/aws.md section 7).
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        let Self { id: _, group, egress, protocol, ports, peer, description: _, tags: _ } = self;
        (group, egress, protocol, ports, peer)
            == (&other.group, &other.egress, &other.protocol, &other.ports, &other.peer)
    }
}

/// An IP protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// Any, written `-1`.
    All,
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP.
    Icmp,
    /// ICMPv6.
    Icmpv6,
    /// By its number.
    Number(u8),
}

impl Protocol {
    /// Reads a protocol's name or number.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "-1" | "all" => Self::All,
            "tcp" | "6" => Self::Tcp,
            "udp" | "17" => Self::Udp,
            "icmp" | "1" => Self::Icmp,
            "icmpv6" | "58" => Self::Icmpv6,
            number => Self::Number(number.parse().ok()?),
        })
    }

    /// Whether it is ICMP of either version, where types and codes stand in place of ports.
    pub(super) fn is_icmp(self) -> bool {
        matches!(self, Self::Icmp | Self::Icmpv6)
    }
}

impl fmt::Display for Protocol {
    /// As answers write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("-1"),
            Self::Tcp => f.write_str("tcp"),
            Self::Udp => f.write_str("udp"),
            Self::Icmp => f.write_str("icmp"),
            Self::Icmpv6 => f.write_str("icmpv6"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

/// A range of ports; of ICMP, a type and a code, -1 meaning any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ports {
    /// The first, or ICMP's type.
    pub from: i32,
    /// The last, or ICMP's code.
    pub to: i32,
}

/// Whom traffic may come from or go to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// Addresses.
    Range(Cidr),
    /// The members of a security group, by its id.
    Group(String),
}

impl Peer {
    /// Every IPv4 address.
    pub(super) fn everywhere() -> Self {
        Self::Range(Cidr::IPV4)
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(range) => write!(f, "{range}"),
            Self::Group(id) => f.write_str(id),
        }
    }
}

impl fmt::Display for Rule {
    /// As EC2 names a rule in its messages: `peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "peer: {}, ", self.peer)?;
        match (self.protocol, self.ports) {
            (Protocol::All, _) => f.write_str("ALL, ALLOW"),
            (protocol, Some(Ports { from, to })) => {
                let name = protocol.to_string().to_uppercase();
                let (first, last) = if protocol.is_icmp() { ("type", "code") } else { ("from port", "to port") };
                write!(f, "{name}, {first}: {from}, {last}: {to}, ALLOW")
            }
            (protocol, None) => write!(f, "{}, ALLOW", protocol.to_string().to_uppercase()),
        }
    }
}
