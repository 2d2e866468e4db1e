//! Whether security groups let traffic through, and who holds them.

use std::net::IpAddr;

use super::State;
use super::rule::{Peer, Ports, Protocol, Rule};
use crate::world::World;

/// One end of a connection. Without security groups it lies outside the VPC, where nothing holds traffic back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Endpoint<'a> {
    /// Ids of its security groups.
    pub groups: &'a [String],
    /// Its address, where it is known.
    pub address: Option<IpAddr>,
}

impl World {
    /// Whether the security groups let `from` open a TCP connection to `port` of `to`: a rule of `from`'s groups must let it go
    /// out, and a rule of `to`'s groups must let it come in. Groups are stateful, so answers need no rule.
    #[must_use]
    pub fn reaches(&self, from: &Endpoint<'_>, to: &Endpoint<'_>, port: u16) -> bool {
        self.ec2.lets_reach(from, to, port)
    }

    /// From now on something (a task's network interface, a load balancer) has these security groups, which cannot be deleted
    /// meanwhile.
    pub fn hold_security_groups(&mut self, groups: &[String]) {
        for group in groups {
            match self.ec2.held.get_mut(group) {
                Some(holders) => *holders += 1,
                None => drop(self.ec2.held.insert(group.clone(), 1)),
            }
        }
    }

    /// What had these security groups is gone.
    pub fn release_security_groups(&mut self, groups: &[String]) {
        for group in groups {
            if let Some(holders) = self.ec2.held.get_mut(group) {
                *holders -= 1;
            }
        }
    }
}

impl State {
    /// As [`World::reaches`].
    pub(crate) fn lets_reach(&self, from: &Endpoint<'_>, to: &Endpoint<'_>, port: u16) -> bool {
        self.admits(from.groups, true, to, port) && self.admits(to.groups, false, from, port)
    }

    /// Whether a rule of one of `groups` allows traffic with `peer` on a TCP port.
    fn admits(&self, groups: &[String], egress: bool, peer: &Endpoint<'_>, port: u16) -> bool {
        if groups.is_empty() {
            return true;
        }
        let mut rules = self.rules.values().filter(|rule| rule.egress == egress && groups.contains(&rule.group));
        rules.any(|rule| rule.is_about(port) && rule.names(peer))
    }
}

impl Rule {
    fn is_about(&self, port: u16) -> bool {
        match self.protocol {
            Protocol::All => true,
            Protocol::Tcp => self.ports.is_none_or(|Ports { from, to }| (from..=to).contains(&i32::from(port))),
            Protocol::Udp | Protocol::Icmp | Protocol::Icmpv6 | Protocol::Number(_) => false,
        }
    }

    fn names(&self, peer: &Endpoint<'_>) -> bool {
        match &self.peer {
            Peer::Group(group) => peer.groups.contains(group),
            Peer::Range(range) => match peer.address {
                Some(address) => range.contains(address),
                None => range.is_everywhere(),
            },
        }
    }
}
