//! Target groups: CreateTargetGroup, DescribeTargetGroups.

use std::collections::BTreeMap;
use std::time::Duration;

use super::health::{Reason, TargetState, Thresholds, codes};
use super::load_balancer::fault;
use super::quota;
use super::tag::{on_create, tagged};
use super::target::Registered;
use super::window::Window;
use crate::arn::Arn;
use crate::effect::Target;
use crate::id::IdKind;
use crate::operation::{Access, Authorized, Operation};
use crate::page::Page;
use crate::refusal::Refusal;
use crate::world::World;

/// A target group of type `ip` that is spoken to over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetGroup {
    /// `targetgroup/NAME/ID`.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// `Port`, for targets registered without one.
    pub port: u16,
    /// `VpcId`.
    pub vpc: String,
    /// `TargetType`.
    pub target_type: TargetType,
    /// How its targets are probed.
    pub health_check: HealthCheck,
    /// `deregistration_delay.timeout_seconds`, 300 s by default.
    pub deregistration_delay: Duration,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The load balancer whose listener forwards to it, if one does.
    pub load_balancer: Option<Arn>,
    pub(super) targets: BTreeMap<Target, Registered>,
    pub(super) routed: Vec<Target>,
}

/// `TargetType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetType {
    /// Addresses, as tasks in `awsvpc` mode need.
    Ip,
    /// EC2 instances, of which the account has none.
    Instance,
}

impl TargetType {
    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::Instance => "instance",
        }
    }
}

/// How targets are probed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// `HealthCheckPath`, `/` by default.
    pub path: String,
    /// `HealthCheckIntervalSeconds`, 30 by default.
    pub interval: Duration,
    /// `HealthCheckTimeoutSeconds`, 5 by default.
    pub timeout: Duration,
    /// `HealthyThresholdCount`, 5 by default.
    pub healthy_threshold: u32,
    /// `UnhealthyThresholdCount`, 2 by default.
    pub unhealthy_threshold: u32,
    /// `Matcher.HttpCode`, `200` by default.
    pub matcher: String,
}

impl Default for HealthCheck {
    fn default() -> Self {
        Self {
            path: "/".to_owned(),
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(5),
            healthy_threshold: 5,
            unhealthy_threshold: 2,
            matcher: "200".to_owned(),
        }
    }
}

impl HealthCheck {
    pub(super) const fn thresholds(&self) -> Thresholds {
        Thresholds { healthy: self.healthy_threshold, unhealthy: self.unhealthy_threshold }
    }

    pub(super) fn check(&self) -> Result<(), Refusal> {
        for (what, value, lowest, highest) in [
            ("Health check interval", self.interval.as_secs(), 5, 300),
            ("Health check timeout", self.timeout.as_secs(), 2, 120),
            ("Healthy threshold count", u64::from(self.healthy_threshold), 2, 10),
            ("Unhealthy threshold count", u64::from(self.unhealthy_threshold), 2, 10),
        ] {
            if !(lowest..=highest).contains(&value) {
                return Err(fault("ValidationError", format!("{what} must be between {lowest} and {highest}")));
            }
        }
        if self.interval <= self.timeout {
            return Err(fault("ValidationError", "Health check interval must be greater than the timeout."));
        }
        if !self.path.starts_with('/') || self.path.len() > 1024 {
            return Err(fault(
                "ValidationError",
                format!("Health check path '{}' must begin with a '/' character", self.path),
            ));
        }
        let inside = |(low, high): &(u16, u16)| low <= high && (200..=499).contains(low) && (200..=499).contains(high);
        if !codes(&self.matcher).is_some_and(|ranges| ranges.iter().all(inside)) {
            let message =
                format!("Health check matcher HTTP code '{}' must be within '200-499' inclusive", self.matcher);
            return Err(fault("ValidationError", message));
        }
        Ok(())
    }
}

impl TargetGroup {
    /// The target called `target` as it is now.
    #[must_use]
    pub fn target(&self, target: &Target) -> Option<super::TargetDescription> {
        self.targets.get(target).map(|registered| registered.describe(target))
    }

    /// The state of the target called `target`, and why.
    pub(crate) fn health_of(&self, target: &Target) -> Option<(TargetState, Option<&Reason>)> {
        self.targets.get(target).map(|registered| (registered.health.state, registered.health.reason.as_ref()))
    }

    /// Every registered target, draining ones included.
    pub fn targets(&self) -> impl Iterator<Item = super::TargetDescription> + '_ {
        self.targets.iter().map(|(target, registered)| registered.describe(target))
    }

    /// Whether `answer` passes its health check.
    #[must_use]
    pub fn accepts(&self, answer: &crate::observation::ProbeAnswer) -> bool {
        super::health::judge(&self.health_check.matcher, answer).is_ok()
    }

    /// Where the load balancer sends requests now.
    #[must_use]
    pub fn routed(&self) -> &[Target] {
        &self.routed
    }
}

/// Makes a target group.
#[derive(Clone, Debug)]
pub struct CreateTargetGroup {
    /// `Name`.
    pub name: String,
    /// `Port`.
    pub port: u16,
    /// `VpcId`.
    pub vpc: String,
    /// `TargetType`.
    pub target_type: TargetType,
    /// The health check.
    pub health_check: HealthCheck,
    /// `Tags`.
    pub tags: BTreeMap<String, String>,
}

impl Operation for CreateTargetGroup {
    type Output = TargetGroup;
    const NAME: &'static str = "elasticloadbalancing:CreateTargetGroup";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let resource = super::load_balancer::arn(world, &format!("targetgroup/{}/*", self.name));
        let create = tagged(Access::new(Self::NAME, resource.as_str()), &self.tags);
        Ok([create].into_iter().chain(on_create(&resource, "CreateTargetGroup", &self.tags)).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<TargetGroup, Refusal> {
        let Self { name, port, vpc, target_type, health_check, tags } = authorized.operation;
        super::load_balancer::check_name("Target group", &name)?;
        health_check.check()?;
        if world.vpc(&vpc).is_none() {
            return Err(fault("ValidationError", format!("The VPC ID '{vpc}' is not found")));
        }
        if let Some(existing) = world.elb.groups.values().find(|group| group.name == name) {
            let same = existing.port == port
                && existing.vpc == vpc
                && existing.target_type == target_type
                && existing.health_check == health_check;
            if same {
                return Ok(existing.clone());
            }
            let message = format!("A target group with the same name '{name}' exists, but with different settings");
            return Err(fault("DuplicateTargetGroupName", message));
        }
        quota::room(world.elb.groups.len(), quota::TARGET_GROUPS, "TooManyTargetGroups", "target groups")?;
        let id = world.ids.hex(IdKind::LoadBalancer, 16);
        let group = TargetGroup {
            arn: super::load_balancer::arn(world, &format!("targetgroup/{name}/{id}")),
            name,
            port,
            vpc,
            target_type,
            health_check,
            deregistration_delay: Duration::from_secs(300),
            tags,
            load_balancer: None,
            targets: BTreeMap::new(),
            routed: Vec::new(),
        };
        world.elb.groups.insert(group.arn.clone(), group.clone());
        Ok(group)
    }
}

/// Describes target groups: all, or those of some ARNs, names or of one load balancer.
#[derive(Clone, Debug, Default)]
pub struct DescribeTargetGroups {
    /// `TargetGroupArns`.
    pub arns: Vec<String>,
    /// `Names`.
    pub names: Vec<String>,
    /// `LoadBalancerArn`.
    pub load_balancer: Option<String>,
    /// The page.
    pub window: Window,
}

impl Operation for DescribeTargetGroups {
    type Output = Page<TargetGroup>;
    const NAME: &'static str = "elasticloadbalancing:DescribeTargetGroups";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { arns, names, load_balancer, window } = authorized.operation;
        let groups = || world.elb.groups.values();
        let all_found = arns.iter().all(|arn| groups().any(|group| group.arn.as_str() == arn))
            && names.iter().all(|name| groups().any(|group| group.name == *name));
        if !all_found {
            return Err(fault("TargetGroupNotFound", "One or more target groups not found"));
        }
        let wanted = |group: &&TargetGroup| {
            (arns.is_empty() || arns.iter().any(|arn| arn == group.arn.as_str()))
                && (names.is_empty() || names.contains(&group.name))
                && load_balancer
                    .as_ref()
                    .is_none_or(|arn| group.load_balancer.as_ref().is_some_and(|of| of.as_str() == arn))
        };
        window.of(groups().filter(wanted).cloned().collect(), |group| group.arn.to_string())
    }
}
