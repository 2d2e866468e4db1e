//! Network interfaces: those of tasks in `awsvpc` mode and of load balancers. They are not kept: whoever has one says so, and it comes
//! and goes with them.
//!
//! Descriptions, requesters and attachments are those that AWS gives such interfaces: `arn:aws:ecs:…:attachment/…` of a task,
//! `ELB app/NAME/ID` of a load balancer, which has one in each of its subnets.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::describe_network::Query;
use super::filter::Filterable;
use super::listing;
use super::network::Subnet;
use crate::arn::AccountId;
use crate::ecs::task::{Task, TaskStatus};
use crate::elb::LoadBalancer;
use crate::id::mix;
use crate::operation::{Access, Authorized, Operation};
use crate::page::Page;
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkInterface {
    /// `eni-…`.
    pub id: String,
    /// `eni-attach-…`.
    pub attachment: String,
    /// When it was attached.
    pub attached_at: Timestamp,
    /// Whether it is attached, or being so.
    pub attached: bool,
    /// Who attached it: the account, or `amazon-elb`.
    pub attached_by: String,
    /// Where on its instance it is attached.
    pub device_index: u32,
    /// What it is for.
    pub description: String,
    /// Its security groups: ids and names.
    pub groups: Vec<(String, String)>,
    /// Its hardware address.
    pub mac: String,
    /// Its address, once it has one. That of a task is where the task is really reached.
    pub address: Option<IpAddr>,
    /// The address at which the internet reaches it. There is no internet here: it is the same.
    pub public_address: Option<IpAddr>,
    /// The subnet.
    pub subnet: String,
    /// The VPC.
    pub vpc: String,
    /// The subnet's availability zone.
    pub zone: String,
    /// The zone's id.
    pub zone_id: String,
    /// The account.
    pub owner: AccountId,
    /// On whose behalf it was made: the account, or `amazon-elb`.
    pub requester: String,
}

/// Describes network interfaces.
#[derive(Clone, Debug, Default)]
pub struct DescribeNetworkInterfaces(pub Query);

impl Operation for DescribeNetworkInterfaces {
    type Output = Page<NetworkInterface>;
    const NAME: &'static str = "ec2:DescribeNetworkInterfaces";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(listing(world, Self::NAME))
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let query = authorized.operation.0;
        query.answer(&interfaces(world), "InvalidNetworkInterfaceID.NotFound", "networkInterface ID")
    }
}

/// Every network interface of the account, by id.
pub(super) fn interfaces(world: &World) -> BTreeMap<String, NetworkInterface> {
    let of_tasks = world.ecs().tasks().into_iter().filter_map(|task| of_task(world, task));
    let of_balancers = world.elb().load_balancers().flat_map(|balancer| of_balancer(world, balancer));
    of_tasks.chain(of_balancers).map(|interface| (interface.id.clone(), interface)).collect()
}

/// How many addresses of each subnet network interfaces have.
pub(super) fn taken(world: &World) -> BTreeMap<String, u32> {
    let mut taken = BTreeMap::new();
    for interface in interfaces(world).into_values() {
        *taken.entry(interface.subnet).or_insert(0) += 1;
    }
    taken
}

/// The id of the network interface of `task`, while it has one.
#[must_use]
pub fn task_interface(task: &Task) -> Option<String> {
    (task.last_status != TaskStatus::Stopped)
        .then(|| format!("eni-{}", digits(&task.attachment.to_string(), "eni", 17)))
}

fn of_task(world: &World, task: &Task) -> Option<NetworkInterface> {
    let id = task_interface(task)?;
    let Subnet { id: subnet, vpc, zone, zone_id, .. } = world.subnet(task.subnet.as_deref()?)?;
    let (region, account) = (&world.region, &world.account);
    let seed = task.attachment.to_string();
    Some(NetworkInterface {
        id,
        attachment: format!("eni-attach-{}", digits(&seed, "attach", 17)),
        attached_at: task.created_at,
        attached: task.address.is_some(),
        attached_by: account.to_string(),
        device_index: 1,
        description: format!("arn:aws:ecs:{region}:{account}:attachment/{seed}"),
        groups: named(world, &task.origin.security_groups),
        mac: mac(&seed),
        address: task.address,
        public_address: task.address.filter(|_| task.origin.network.public_ip),
        subnet: subnet.clone(),
        vpc: vpc.clone(),
        zone: zone.clone(),
        zone_id: zone_id.clone(),
        owner: account.clone(),
        requester: account.to_string(),
    })
}

fn of_balancer<'w>(world: &'w World, balancer: &'w LoadBalancer) -> impl Iterator<Item = NetworkInterface> + 'w {
    const REQUESTER: &str = "amazon-elb";
    let resource = balancer.arn.resource();
    let name = resource.strip_prefix("loadbalancer/").unwrap_or(resource);
    balancer.subnets.iter().filter_map(move |(subnet, _)| {
        let Subnet { id: subnet, vpc, zone, zone_id, .. } = world.subnet(subnet)?;
        let seed = format!("{name}/{subnet}");
        Some(NetworkInterface {
            id: format!("eni-{}", digits(&seed, "eni", 17)),
            attachment: format!("eni-attach-{}", digits(&seed, "attach", 17)),
            attached_at: balancer.created_at,
            attached: true,
            attached_by: REQUESTER.to_owned(),
            device_index: 1,
            description: format!("ELB {name}"),
            groups: named(world, &balancer.security_groups),
            mac: mac(&seed),
            // Its listeners are on loopback, wherever it is in the VPC.
            address: None,
            public_address: None,
            subnet: subnet.clone(),
            vpc: vpc.clone(),
            zone: zone.clone(),
            zone_id: zone_id.clone(),
            owner: world.account.clone(),
            requester: REQUESTER.to_owned(),
        })
    })
}

fn named(world: &World, groups: &[String]) -> Vec<(String, String)> {
    let name = |id: &String| world.security_group(id).map(|group| group.name.clone()).unwrap_or_default();
    groups.iter().map(|id| (id.clone(), name(id))).collect()
}

/// A locally administered address.
fn mac(seed: &str) -> String {
    let digits = digits(seed, "mac", 10);
    let pairs: Vec<&str> = (0..10).step_by(2).map(|at| &digits[at..at + 2]).collect();
    format!("02:{}", pairs.join(":"))
}

/// The first `count` (up to 32) hexadecimal digits of what `seed` and `purpose` stand for, always the same.
fn digits(seed: &str, purpose: &str, count: usize) -> String {
    let half = |start: u64| purpose.bytes().chain(seed.bytes()).fold(start, |state, byte| mix(state ^ u64::from(byte)));
    let mut digits = format!("{:016x}{:016x}", half(1), half(2));
    digits.truncate(count);
    digits
}

impl Filterable for NetworkInterface {
    const FILTERS: &'static [&'static str] = &[
        "addresses.primary",
        "addresses.private-ip-address",
        "association.public-ip",
        "attachment.attachment-id",
        "attachment.instance-owner-id",
        "attachment.status",
        "availability-zone",
        "availability-zone-id",
        "description",
        "group-id",
        "group-name",
        "interface-type",
        "mac-address",
        "network-interface-id",
        "owner-id",
        "private-ip-address",
        "requester-id",
        "requester-managed",
        "status",
        "subnet-id",
        "tag-key",
        "vpc-id",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        let written = |address: &Option<IpAddr>| address.iter().map(ToString::to_string).collect();
        match name {
            "addresses.primary" | "requester-managed" => vec!["true".to_owned()],
            "addresses.private-ip-address" | "private-ip-address" => written(&self.address),
            "association.public-ip" => written(&self.public_address),
            "attachment.attachment-id" => vec![self.attachment.clone()],
            "attachment.instance-owner-id" => vec![self.attached_by.clone()],
            "attachment.status" => vec![if self.attached { "attached" } else { "attaching" }.to_owned()],
            "availability-zone" => vec![self.zone.clone()],
            "availability-zone-id" => vec![self.zone_id.clone()],
            "description" => vec![self.description.clone()],
            "group-id" => self.groups.iter().map(|(id, _)| id.clone()).collect(),
            "group-name" => self.groups.iter().map(|(_, name)| name.clone()).collect(),
            "interface-type" => vec!["interface".to_owned()],
            "mac-address" => vec![self.mac.clone()],
            "network-interface-id" => vec![self.id.clone()],
            "owner-id" => vec![self.owner.to_string()],
            "requester-id" => vec![self.requester.clone()],
            "status" => vec!["in-use".to_owned()],
            "subnet-id" => vec![self.subnet.clone()],
            "vpc-id" => vec![self.vpc.clone()],
            _ => Vec::new(),
        }
    }
}
