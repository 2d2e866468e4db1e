//! Permissions as requests write them: one protocol and range of ports, any number of peers.

use std::collections::BTreeMap;

use super::rule::{Peer, Ports, Protocol, Rule};
use super::{State, missing};
use crate::refusal::Refusal;

/// A permission of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IpPermission {
    /// A protocol's name or number.
    pub protocol: String,
    /// The first port, or ICMP's type.
    pub from_port: Option<i64>,
    /// The last port, or ICMP's code.
    pub to_port: Option<i64>,
    /// Peers by their groups.
    pub groups: Vec<GroupPeer>,
    /// Peers by their addresses, of either version.
    pub ranges: Vec<RangePeer>,
}

/// A group whose members are peers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupPeer {
    /// The group's id.
    pub id: Option<String>,
    /// Its name, in the default VPC.
    pub name: Option<String>,
    /// What the rule is for.
    pub description: Option<String>,
}

/// Addresses of peers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RangePeer {
    /// Such as `10.0.0.0/8`.
    pub cidr: String,
    /// What the rule is for.
    pub description: Option<String>,
}

impl State {
    /// The rules that a request's permissions mean for the group `group`. They have no ids yet.
    pub(super) fn rules_for(
        &self,
        group: &str,
        egress: bool,
        permissions: Vec<IpPermission>,
        tags: &BTreeMap<String, String>,
    ) -> Result<Vec<Rule>, Refusal> {
        if permissions.is_empty() {
            return Err(missing("ipPermissions"));
        }
        let mut rules: Vec<Rule> = Vec::new();
        for permission in permissions {
            let protocol = Protocol::parse(&permission.protocol).ok_or_else(|| bad_protocol(&permission.protocol))?;
            let ports = ports(protocol, permission.from_port, permission.to_port)?;
            let peers = self.peers(group, permission)?;
            if peers.is_empty() {
                return Err(missing("ipRanges"));
            }
            for (peer, description) in peers {
                let rule = Rule {
                    id: String::new(),
                    group: group.to_owned(),
                    egress,
                    protocol,
                    ports,
                    peer,
                    description,
                    tags: tags.clone(),
                };
                if rules.iter().any(|other| other.same(&rule)) {
                    let message = "The same permission must not appear multiple times";
                    return Err(Refusal::fault("InvalidParameterValue", message));
                }
                rules.push(rule);
            }
        }
        Ok(rules)
    }

    fn peers(&self, group: &str, permission: IpPermission) -> Result<Vec<(Peer, Option<String>)>, Refusal> {
        let mut peers = Vec::new();
        for RangePeer { cidr, description } in permission.ranges {
            let range = cidr
                .parse()
                .map_err(|()| Refusal::fault("InvalidParameterValue", format!("CIDR block {cidr} is malformed")))?;
            peers.push((Peer::Range(range), checked_description(description)?));
        }
        for GroupPeer { id, name, description } in permission.groups {
            let found = self.find_group(id.as_deref(), name.as_deref())?;
            if found.vpc != self.groups[group].vpc {
                let message = "You have specified two resources that belong to different networks.";
                return Err(Refusal::fault("InvalidGroup.NotFound", message));
            }
            peers.push((Peer::Group(found.id.clone()), checked_description(description)?));
        }
        Ok(peers)
    }
}

fn bad_protocol(protocol: &str) -> Refusal {
    let message = format!("Invalid value '{protocol}' for IP protocol. Unknown protocol.");
    Refusal::fault("InvalidParameterValue", message)
}

fn ports(protocol: Protocol, from: Option<i64>, to: Option<i64>) -> Result<Option<Ports>, Refusal> {
    let wrong = |message: String| Err(Refusal::fault("InvalidParameterValue", message));
    match protocol {
        // Ports that come with other protocols are let go, as EC2 does.
        Protocol::All | Protocol::Number(_) => Ok(None),
        Protocol::Icmp | Protocol::Icmpv6 => {
            let in_range = |value: i64| i32::try_from(value).ok().filter(|value| (-1..=255).contains(value));
            match (in_range(from.unwrap_or(-1)), in_range(to.unwrap_or(-1))) {
                (Some(from), Some(to)) => Ok(Some(Ports { from, to })),
                _ => wrong("ICMP type and code must lie between -1 and 255".to_owned()),
            }
        }
        Protocol::Tcp | Protocol::Udp => {
            let (Some(from), Some(to)) = (from, to) else {
                let absent = if from.is_none() { "fromPort" } else { "toPort" };
                return Err(missing(absent));
            };
            let in_range = |value: i64| i32::try_from(value).ok().filter(|value| (0..=65_535).contains(value));
            match (in_range(from), in_range(to)) {
                (None, _) => wrong(format!("TCP/UDP port ({from}) out of range")),
                (_, None) => wrong(format!("TCP/UDP port ({to}) out of range")),
                (Some(from), Some(to)) if from > to => wrong(format!("Invalid TCP/UDP port range ({from}:{to})")),
                (Some(from), Some(to)) => Ok(Some(Ports { from, to })),
            }
        }
    }
}

pub(super) fn checked_description(description: Option<String>) -> Result<Option<String>, Refusal> {
    let sound = |text: &String| text.len() <= 255 && text.chars().all(super::security_group::allowed);
    match description.filter(|text| !text.is_empty()) {
        Some(text) if !sound(&text) => {
            let message = "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*";
            Err(Refusal::fault("InvalidParameterValue", message))
        }
        checked => Ok(checked),
    }
}
