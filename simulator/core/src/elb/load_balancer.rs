//! Load balancers: CreateLoadBalancer, DescribeLoadBalancers.

use std::collections::{BTreeMap, BTreeSet};

use super::balancer_attribute::BalancerAttributes;
use super::quota;
use super::tag::{on_create, tagged};
use super::window::Window;
use crate::arn::Arn;
use crate::id::IdKind;
use crate::operation::{Access, Authorized, Operation};
use crate::page::Page;
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// An application load balancer. It is active from the moment it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadBalancer {
    /// `loadbalancer/app/NAME/ID`.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// `DNSName`.
    pub dns_name: String,
    /// `Scheme`: `internet-facing` or `internal`.
    pub scheme: String,
    /// `VpcId`.
    pub vpc: String,
    /// Its subnets, and the availability zone of each.
    pub subnets: Vec<(String, String)>,
    /// Its security groups.
    pub security_groups: Vec<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// `CreatedTime`.
    pub created_at: Timestamp,
    /// Its attributes.
    pub attributes: BalancerAttributes,
}

/// Makes an application load balancer.
#[derive(Clone, Debug)]
pub struct CreateLoadBalancer {
    /// `Name`.
    pub name: String,
    /// `Subnets`.
    pub subnets: Vec<String>,
    /// `SecurityGroups`.
    pub security_groups: Vec<String>,
    /// `Scheme`; `internet-facing` by default.
    pub scheme: Option<String>,
    /// `Tags`.
    pub tags: BTreeMap<String, String>,
}

impl Operation for CreateLoadBalancer {
    type Output = LoadBalancer;
    const NAME: &'static str = "elasticloadbalancing:CreateLoadBalancer";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let resource = arn(world, &format!("loadbalancer/app/{}/*", self.name));
        let mut create = tagged(Access::new(Self::NAME, resource.as_str()), &self.tags)
            .with("elasticloadbalancing:Scheme", self.scheme.as_deref().unwrap_or("internet-facing"));
        for group in &self.security_groups {
            create = create.with("elasticloadbalancing:SecurityGroup", group);
        }
        for subnet in &self.subnets {
            create = create.with("elasticloadbalancing:Subnet", subnet);
        }
        Ok([create].into_iter().chain(on_create(&resource, "CreateLoadBalancer", &self.tags)).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<LoadBalancer, Refusal> {
        let Self { name, subnets, security_groups, scheme, tags } = authorized.operation;
        check_name("Load balancer", &name)?;
        let scheme = scheme.unwrap_or_else(|| "internet-facing".to_owned());
        if !["internet-facing", "internal"].contains(&scheme.as_str()) {
            return Err(fault("ValidationError", format!("Scheme '{scheme}' is not valid")));
        }
        let (vpc, subnets) = place(world, &subnets)?;
        let security_groups = groups(world, &vpc, security_groups)?;
        if let Some(existing) = world.elb.balancers.values().find(|balancer| balancer.name == name) {
            if existing.scheme == scheme && existing.subnets == subnets && existing.security_groups == security_groups {
                return Ok(existing.clone());
            }
            let message = format!("A load balancer with the same name '{name}' exists, but with different settings");
            return Err(fault("DuplicateLoadBalancerName", message));
        }
        quota::room(world.elb.balancers.len(), quota::BALANCERS, "TooManyLoadBalancers", "load balancers")?;
        let id = world.ids.hex(IdKind::LoadBalancer, 16);
        let host = world.ids.text(IdKind::LoadBalancer, b"0123456789", 10);
        let balancer = LoadBalancer {
            arn: arn(world, &format!("loadbalancer/app/{name}/{id}")),
            dns_name: format!("{name}-{host}.{}.elb.amazonaws.com", world.region),
            name,
            scheme,
            vpc,
            subnets,
            security_groups,
            tags,
            created_at: world.now,
            attributes: BalancerAttributes::default(),
        };
        world.hold_security_groups(&balancer.security_groups);
        world.elb.balancers.insert(balancer.arn.clone(), balancer.clone());
        Ok(balancer)
    }
}

/// The VPC of `subnets`, and their zones: two at least, as an application load balancer needs.
pub(super) fn place(world: &World, subnets: &[String]) -> Result<(String, Vec<(String, String)>), Refusal> {
    let mut zones = Vec::new();
    let mut vpcs = BTreeSet::new();
    for id in subnets {
        let not_found = || fault("SubnetNotFound", format!("The subnet ID '{id}' does not exist"));
        let subnet = world.subnet(id).ok_or_else(not_found)?;
        vpcs.insert(subnet.vpc.clone());
        zones.push((id.clone(), subnet.zone.clone()));
    }
    let distinct: BTreeSet<&String> = zones.iter().map(|(_, zone)| zone).collect();
    if distinct.len() < 2 {
        let message = "At least two subnets in two different Availability Zones must be specified";
        return Err(fault("ValidationError", message));
    }
    if distinct.len() < zones.len() {
        let message = "A load balancer cannot be attached to multiple subnets in the same Availability Zone";
        return Err(fault("InvalidConfigurationRequest", message));
    }
    match (vpcs.pop_first(), vpcs.pop_first()) {
        (Some(vpc), None) => Ok((vpc, zones)),
        (_, _) => Err(fault("InvalidConfigurationRequest", "All subnets must belong to the same VPC")),
    }
}

/// The security groups asked for, or the VPC's own.
pub(super) fn groups(world: &World, vpc: &str, asked: Vec<String>) -> Result<Vec<String>, Refusal> {
    if asked.is_empty() {
        return Ok(world.default_security_group(vpc).map(|group| group.id.clone()).into_iter().collect());
    }
    match asked.iter().find(|id| world.security_group(id).is_none_or(|group| group.vpc != vpc)) {
        Some(id) => Err(fault("InvalidSecurityGroup", format!("The security group '{id}' does not exist"))),
        None => Ok(asked),
    }
}

/// Describes load balancers: all, or those of some ARNs or names.
#[derive(Clone, Debug, Default)]
pub struct DescribeLoadBalancers {
    /// `LoadBalancerArns`.
    pub arns: Vec<String>,
    /// `Names`.
    pub names: Vec<String>,
    /// The page.
    pub window: Window,
}

impl Operation for DescribeLoadBalancers {
    type Output = Page<LoadBalancer>;
    const NAME: &'static str = "elasticloadbalancing:DescribeLoadBalancers";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { arns, names, window } = authorized.operation;
        let balancers = || world.elb.balancers.values();
        if let Some(arn) = arns.iter().find(|arn| !balancers().any(|balancer| balancer.arn.as_str() == **arn)) {
            return Err(fault("LoadBalancerNotFound", format!("Load balancer '{arn}' not found")));
        }
        if !names.iter().all(|name| balancers().any(|balancer| balancer.name == *name)) {
            return Err(fault("LoadBalancerNotFound", format!("Load balancers '[{}]' not found", names.join(", "))));
        }
        let wanted = |balancer: &&LoadBalancer| {
            (arns.is_empty() || arns.iter().any(|arn| arn == balancer.arn.as_str()))
                && (names.is_empty() || names.contains(&balancer.name))
        };
        window.of(balancers().filter(wanted).cloned().collect(), |balancer| balancer.arn.to_string())
    }
}

/// The ARN of `resource`.
pub(super) fn arn(world: &World, resource: &str) -> Arn {
    Arn::new("elasticloadbalancing", &world.region, &world.account, resource)
}

/// An error of ELB's.
pub(super) fn fault(code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::fault(code, message)
}

/// Names of load balancers and target groups: at most 32 letters, digits and hyphens, no hyphen at either end.
pub(super) fn check_name(what: &str, name: &str) -> Result<(), Refusal> {
    if name.is_empty() || name.len() > 32 {
        return Err(fault("ValidationError", format!("{what} name '{name}' cannot be longer than '32' characters")));
    }
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        let message =
            format!("{what} name '{name}' can only contain characters that are alphanumeric characters and hyphens(-)");
        return Err(fault("ValidationError", message));
    }
    if name.starts_with('-') || name.ends_with('-') {
        return Err(fault("ValidationError", format!("{what} name '{name}' cannot begin or end with a hyphen(-)")));
    }
    Ok(())
}
