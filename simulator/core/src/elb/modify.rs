//! Changing listeners and target groups: ModifyListener, ModifyTargetGroup. What a request does not give stays as it is.

use std::time::Duration;

use super::association::{self, Check};
use super::listener::{Listener, Reach, taken};
use super::lookup::on;
use super::rule::{self, Priority};
use super::target;
use super::target_group::TargetGroup;
use crate::effect::Effect;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Changes a listener. One that gets another port is reached there alone from then on.
#[derive(Clone, Debug)]
pub struct ModifyListener {
    /// `ListenerArn`.
    pub listener: String,
    /// `Port`.
    pub port: Option<u16>,
    /// The default action: target groups and their weights.
    pub forward: Option<Vec<(String, u32)>>,
}

impl Operation for ModifyListener {
    type Output = Listener;
    const NAME: &'static str = "elasticloadbalancing:ModifyListener";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let access = on(world, Self::NAME, &self.listener);
        Ok(vec![access.with("elasticloadbalancing:ListenerProtocol", "HTTP")])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Listener, Refusal> {
        let Self { listener, port, forward } = authorized.operation;
        let before = world.elb.named_listener(&listener)?;
        let (arn, load_balancer) = (before.arn.clone(), before.load_balancer.clone());
        let port = port.filter(|port| *port != before.port);
        if let Some(port) = port {
            taken(world, &load_balancer, port)?;
        }
        let shares = match &forward {
            Some(forward) => Some(association::check(world, &Check { load_balancer: &load_balancer, forward })?),
            None => None,
        };
        if let Some(shares) = shares {
            let default = world.elb.rules_of(&arn).pop().filter(|rule| rule.priority == Priority::Default);
            let default = default.map(|rule| rule.arn.clone()).expect("every listener has a default rule");
            rule::spread(world, &default, shares);
        }
        if let (Some(port), Some(listener)) = (port, world.elb.listeners.get_mut(&arn)) {
            listener.port = port;
            listener.reach = Reach::Coming;
            let rules = rule::forwardings(world, &arn);
            world.want(Effect::StopListening { listener: arn.clone() });
            world.want(Effect::Listen { listener: arn.clone(), rules, port });
        }
        Ok(world.elb.listeners[&arn].clone())
    }
}

/// Changes how the targets of a group are probed. Targets keep the health they have.
#[derive(Clone, Debug, Default)]
pub struct ModifyTargetGroup {
    /// `TargetGroupArn`.
    pub target_group: String,
    /// `HealthCheckPath`.
    pub path: Option<String>,
    /// `HealthCheckIntervalSeconds`.
    pub interval: Option<Duration>,
    /// `HealthCheckTimeoutSeconds`.
    pub timeout: Option<Duration>,
    /// `HealthyThresholdCount`.
    pub healthy_threshold: Option<u32>,
    /// `UnhealthyThresholdCount`.
    pub unhealthy_threshold: Option<u32>,
    /// `Matcher.HttpCode`.
    pub matcher: Option<String>,
}

impl Operation for ModifyTargetGroup {
    type Output = TargetGroup;
    const NAME: &'static str = "elasticloadbalancing:ModifyTargetGroup";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![on(world, Self::NAME, &self.target_group)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<TargetGroup, Refusal> {
        let Self { target_group, path, interval, timeout, healthy_threshold, unhealthy_threshold, matcher } =
            authorized.operation;
        let group = world.elb.named_group(&target_group)?;
        let (arn, mut check) = (group.arn.clone(), group.health_check.clone());
        check.path = path.unwrap_or(check.path);
        check.interval = interval.unwrap_or(check.interval);
        check.timeout = timeout.unwrap_or(check.timeout);
        check.healthy_threshold = healthy_threshold.unwrap_or(check.healthy_threshold);
        check.unhealthy_threshold = unhealthy_threshold.unwrap_or(check.unhealthy_threshold);
        check.matcher = matcher.unwrap_or(check.matcher);
        check.check()?;
        let group = world.elb.groups.get_mut(&arn).expect("it was just found");
        let retimed = (group.health_check.interval, group.health_check.timeout) != (check.interval, check.timeout);
        group.health_check = check;
        let group = group.clone();
        if retimed {
            target::retime(world, &arn);
        }
        Ok(group)
    }
}
