//! The rules of one task's network, as `iptables-restore` reads them.

use std::fmt::{Display, Write};
use std::net::{IpAddr, Ipv4Addr};

use simulator_core::World;
use simulator_core::ec2::{Place, PortRange};
use simulator_core::ecs::Task;
use simulator_core::effect::TaskId;

/// Something in the network that is no task, such as the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resident {
    /// Its address in the rehearsal's network.
    pub address: Ipv4Addr,
    /// Ids of its security groups; without any, nothing holds traffic to it back.
    pub groups: Vec<String>,
}

/// Where every set of rules begins. What a task's containers say to one another stays on loopback.
const HEAD: &str = "*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n-A OUTPUT -o lo -j ACCEPT\n";

/// The rules of the network of the task `id`: to each other task and each of `residents` the ports that the groups of both allow, to the
/// rest of `network` nothing, and to everywhere else what the task's own groups allow. A task without groups of its own has its
/// instance's, of which nothing is known: it is let through. None for a task that the account does not know.
pub(super) fn of(world: &World, id: &TaskId, residents: &[Resident], network: &str) -> Option<String> {
    let own = world.ecs().task(id)?;
    let here = place(world, own);
    if here.groups.is_empty() {
        return Some(format!("{HEAD}COMMIT\n"));
    }
    let mut text = HEAD.to_owned();
    let others = world.ecs().tasks().into_iter().filter(|task| task.id != *id && task.stopped_at.is_none());
    for other in others {
        if let Some(IpAddr::V4(address)) = other.address {
            for ports in world.open_ports(here, place(world, other)) {
                accept(&mut text, address, ports);
            }
        }
    }
    for Resident { address, groups } in residents {
        // Somewhere in the VPC is all that is known of it.
        let there = Place { groups, range: world.default_vpc_range() };
        for ports in world.open_ports(here, there) {
            accept(&mut text, address, ports);
        }
        // Dropped by a rule of its own, which counts.
        drop_to(&mut text, Some(&address));
    }
    drop_to(&mut text, Some(&network));
    for (range, ports) in world.open_ranges(&own.origin.security_groups) {
        if range.is_ipv4() {
            accept(&mut text, range, ports);
        }
    }
    drop_to(&mut text, None);
    text.push_str("COMMIT\n");
    Some(text)
}

/// Lets connections out to these ports of `destination`.
fn accept(text: &mut String, destination: impl Display, (first, last): PortRange) {
    writeln!(text, "-A OUTPUT -p tcp --syn -d {destination} --dport {first}:{last} -j ACCEPT")
        .expect("writing into memory cannot fail");
}

/// Lets no further connections out to `destination`, or anywhere.
fn drop_to(text: &mut String, destination: Option<&dyn Display>) {
    let to = destination.map(|destination| format!(" -d {destination}")).unwrap_or_default();
    writeln!(text, "-A OUTPUT -p tcp --syn{to} -j DROP").expect("writing into memory cannot fail");
}

/// Where a task stands in the account's network.
fn place<'a>(world: &World, task: &'a Task) -> Place<'a> {
    let subnet = task.subnet.as_deref().and_then(|id| world.subnet(id));
    Place { groups: &task.origin.security_groups, range: subnet.and_then(|subnet| subnet.cidr.parse().ok()) }
}
