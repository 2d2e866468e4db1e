//! Which connections the security groups let through between two places in a VPC, and what is missing where they do not.
//!
//! A place is known by its groups and by the range of addresses that it lies in, not by its address: in a rehearsal containers have
//! addresses of the engine's, and a rule about a subnet means the subnet all the same.

use std::fmt;

use super::State;
use super::cidr::Cidr;
use super::rule::{Peer, Ports, Protocol, Rule};
use crate::world::World;

/// A network interface, as rules see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place<'a> {
    /// Ids of its security groups. Without any, nothing of its own holds traffic back.
    pub groups: &'a [String],
    /// The range that its address lies in: its subnet's, or the VPC's where that is all that is known.
    pub range: Option<Cidr>,
}

/// A rule that a connection would need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingRule {
    /// Whether it is about what goes out of the one that asks; else it is about what comes in to the one that is asked.
    pub outbound: bool,
    /// The groups that could have it, by id and name.
    pub of: Vec<(String, String)>,
    /// The other end's groups, by id and name.
    pub peer: Vec<(String, String)>,
    /// The TCP port.
    pub port: u16,
}

/// Both ends of a range of TCP ports.
pub type PortRange = (u16, u16);

impl World {
    /// The rules that `from` lacks in order to open a TCP connection to `port` of `to`: one that lets it out of `from`'s groups, one that
    /// lets it into `to`'s. None where it may. Groups are stateful, so answers need no rule (`facts/aws.md` 7).
    #[must_use]
    pub fn missing_rules(&self, from: Place<'_>, to: Place<'_>, port: u16) -> Vec<MissingRule> {
        let open = |own: Place<'_>, egress, peer: Place<'_>| {
            own.groups.is_empty()
                || self.ec2.open(own, egress, peer).iter().any(|(first, last)| (*first..=*last).contains(&port))
        };
        let named = |place: Place<'_>| {
            let name = |id: &String| self.ec2.groups.get(id).map(|group| group.name.clone()).unwrap_or_default();
            place.groups.iter().map(|id| (id.clone(), name(id))).collect::<Vec<_>>()
        };
        let mut missing = Vec::new();
        for (outbound, own, peer) in [(true, from, to), (false, to, from)] {
            if !open(own, outbound, peer) {
                missing.push(MissingRule { outbound, of: named(own), peer: named(peer), port });
            }
        }
        missing
    }

    /// The TCP ports of `to` that `from` may open connections to.
    #[must_use]
    pub fn open_ports(&self, from: Place<'_>, to: Place<'_>) -> Vec<PortRange> {
        let all = vec![(0, u16::MAX)];
        let side = |own: Place<'_>, egress, peer| {
            if own.groups.is_empty() { all.clone() } else { self.ec2.open(own, egress, peer) }
        };
        let (out, inward) = (side(from, true, to), side(to, false, from));
        let both =
            |(a, b): &PortRange, (c, d): &PortRange| Some((*a.max(c), *b.min(d))).filter(|(first, last)| first <= last);
        let mut ports: Vec<PortRange> =
            out.iter().flat_map(|one| inward.iter().filter_map(move |other| both(one, other))).collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    /// The ranges of addresses, and the TCP ports there, that what has `groups` may open connections to.
    #[must_use]
    pub fn open_ranges(&self, groups: &[String]) -> Vec<(Cidr, PortRange)> {
        let rules = self.ec2.rules.values().filter(|rule| rule.egress && groups.contains(&rule.group));
        let range = |rule: &Rule| match rule.peer {
            Peer::Range(range) => rule.tcp_ports().map(|ports| (range, ports)),
            Peer::Group(_) => None,
        };
        rules.filter_map(range).collect()
    }
}

impl State {
    /// The TCP ports that the rules of `own`'s groups allow with `peer`.
    fn open(&self, own: Place<'_>, egress: bool, peer: Place<'_>) -> Vec<PortRange> {
        let rules = self.rules.values().filter(|rule| rule.egress == egress && own.groups.contains(&rule.group));
        rules.filter(|rule| rule.means(peer)).filter_map(Rule::tcp_ports).collect()
    }
}

impl Rule {
    /// The TCP ports that it is about.
    fn tcp_ports(&self) -> Option<PortRange> {
        match (self.protocol, self.ports) {
            (Protocol::All, _) | (Protocol::Tcp, None) => Some((0, u16::MAX)),
            (Protocol::Tcp, Some(Ports { from, to })) => Some((u16::try_from(from).ok()?, u16::try_from(to).ok()?)),
            (Protocol::Udp | Protocol::Icmp | Protocol::Icmpv6 | Protocol::Number(_), _) => None,
        }
    }

    /// Whether it is about `peer`. A rule about addresses is if it is about all that the peer may have.
    fn means(&self, peer: Place<'_>) -> bool {
        match &self.peer {
            Peer::Group(group) => peer.groups.contains(group),
            Peer::Range(range) => peer.range.map_or(range.is_everywhere(), |lies_in| range.covers(&lies_in)),
        }
    }
}

impl fmt::Display for MissingRule {
    /// Which group lacks which rule, as a sentence without a period.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { outbound, of, peer, port } = self;
        let list = |groups: &[(String, String)]| {
            let named = groups.iter().map(|(_, name)| format!("`{name}`"));
            named.collect::<Vec<_>>().join(", ")
        };
        match of.as_slice() {
            [_] => write!(f, "the security group {} has no", list(of))?,
            _ => write!(f, "none of the security groups {} has an", list(of))?,
        }
        let (direction, preposition) = if *outbound { ("outbound", "to") } else { ("inbound", "from") };
        write!(f, " {direction} rule for TCP port {port} {preposition} ")?;
        if peer.is_empty() { f.write_str("what has no security group") } else { f.write_str(&list(peer)) }
    }
}

#[cfg(test)]
mod tests;
