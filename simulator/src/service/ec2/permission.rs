//! Permissions: one protocol and range of ports with all its peers.

use serde_json::{Map, Value, json};
use simulator_core::ec2::{GroupPeer, IpPermission, Peer, Ports, Protocol, RangePeer, Rule};
use simulator_core::{AccountId, Refusal};

use crate::wire::Input;

/// Takes `IpPermissions`, or the one permission whose members stand in the request itself.
pub(super) fn read(input: &mut Input) -> Result<Vec<IpPermission>, Refusal> {
    let mut permissions: Vec<IpPermission> =
        input.structures("IpPermissions")?.into_iter().map(listed).collect::<Result<_, _>>()?;
    if let Some(protocol) = input.text("IpProtocol")? {
        let range = input.text("CidrIp")?.map(|cidr| RangePeer { cidr, description: None });
        let name = input.text("SourceSecurityGroupName")?;
        let group = name.map(|name| GroupPeer { name: Some(name), ..GroupPeer::default() });
        permissions.push(IpPermission {
            protocol,
            from_port: input.integer("FromPort")?,
            to_port: input.integer("ToPort")?,
            groups: group.into_iter().collect(),
            ranges: range.into_iter().collect(),
        });
    }
    Ok(permissions)
}

fn listed(mut input: Input) -> Result<IpPermission, Refusal> {
    let mut ranges = Vec::new();
    for (list, member) in [("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6")] {
        for mut range in input.structures(list)? {
            let cidr = range.required(member, "MissingParameter")?;
            ranges.push(RangePeer { cidr, description: range.text("Description")? });
            range.finish()?;
        }
    }
    let mut groups = Vec::new();
    for mut group in input.structures("Groups")? {
        // Whose group it is and where follows from its id.
        group.text("UserId")?;
        group.text("VpcId")?;
        let (id, name) = (group.text("GroupId")?, group.text("GroupName")?);
        groups.push(GroupPeer { id, name, description: group.text("Description")? });
        group.finish()?;
    }
    let permission = IpPermission {
        protocol: input.required("IpProtocol", "MissingParameter")?,
        from_port: input.integer("FromPort")?,
        to_port: input.integer("ToPort")?,
        groups,
        ranges,
    };
    input.finish()?;
    Ok(permission)
}

/// The rules as answers write them together: those of one protocol and one range of ports make one permission.
pub(super) fn written<'r>(rules: impl Iterator<Item = &'r Rule>, owner: &AccountId) -> Value {
    let mut permissions: Vec<(Protocol, Option<Ports>, Peers)> = Vec::new();
    for rule in rules {
        let known =
            permissions.iter().position(|(protocol, ports, _)| (*protocol, *ports) == (rule.protocol, rule.ports));
        let at = known.unwrap_or_else(|| {
            permissions.push((rule.protocol, rule.ports, Peers::default()));
            permissions.len() - 1
        });
        permissions[at].2.add(rule, owner);
    }
    let write = |(protocol, ports, peers): (Protocol, Option<Ports>, Peers)| {
        let mut permission = Map::new();
        permission.insert("ipProtocol".to_owned(), json!(protocol.to_string()));
        if let Some(Ports { from, to }) = ports {
            permission.insert("fromPort".to_owned(), json!(from));
            permission.insert("toPort".to_owned(), json!(to));
        }
        let Peers { groups, ranges, ranges_of_6 } = peers;
        permission.insert("groups".to_owned(), Value::Array(groups));
        permission.insert("ipRanges".to_owned(), Value::Array(ranges));
        permission.insert("ipv6Ranges".to_owned(), Value::Array(ranges_of_6));
        permission.insert("prefixListIds".to_owned(), json!([]));
        Value::Object(permission)
    };
    permissions.into_iter().map(write).collect()
}

/// The peers of one permission.
#[derive(Default)]
struct Peers {
    groups: Vec<Value>,
    ranges: Vec<Value>,
    ranges_of_6: Vec<Value>,
}

impl Peers {
    fn add(&mut self, rule: &Rule, owner: &AccountId) {
        let mut peer = Map::new();
        let list = match &rule.peer {
            Peer::Group(id) => {
                peer.insert("userId".to_owned(), json!(owner.to_string()));
                peer.insert("groupId".to_owned(), json!(id));
                &mut self.groups
            }
            Peer::Range(range) if range.is_ipv4() => {
                peer.insert("cidrIp".to_owned(), json!(range.to_string()));
                &mut self.ranges
            }
            Peer::Range(range) => {
                peer.insert("cidrIpv6".to_owned(), json!(range.to_string()));
                &mut self.ranges_of_6
            }
        };
        peer.extend(rule.description.as_ref().map(|text| ("description".to_owned(), json!(text))));
        list.push(Value::Object(peer));
    }
}
