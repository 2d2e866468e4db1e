//! Listeners: CreateListener, DescribeListeners.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::association::{self, Check};
use super::load_balancer::fault;
use super::quota;
use super::rule::{self, Priority};
use super::tag::{on_create, on_tagged, tagged};
use super::window::Window;
use crate::arn::Arn;
use crate::effect::Effect;
use crate::id::IdKind;
use crate::operation::{Access, Authorized, Operation};
use crate::page::Page;
use crate::refusal::Refusal;
use crate::world::World;

/// An HTTP listener. Its default action is its default rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// `listener/app/NAME/LOAD-BALANCER-ID/ID`.
    pub arn: Arn,
    /// Its load balancer.
    pub load_balancer: Arn,
    /// `Port`.
    pub port: u16,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Where it is reached on this machine, which AWS knows nothing of.
    pub reach: Reach,
}

/// Where a listener is reached on the machine that simulates it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It has no port yet.
    Coming,
    /// Here.
    At(SocketAddr),
    /// It could not be given a port, for this reason.
    Nowhere(String),
}

/// Makes a listener.
#[derive(Clone, Debug)]
pub struct CreateListener {
    /// `LoadBalancerArn`.
    pub load_balancer: String,
    /// `Port`.
    pub port: u16,
    /// The default action: target groups and their weights.
    pub forward: Vec<(String, u32)>,
    /// `Tags`.
    pub tags: BTreeMap<String, String>,
}

impl Operation for CreateListener {
    type Output = Listener;
    const NAME: &'static str = "elasticloadbalancing:CreateListener";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let create = tagged(Access::new(Self::NAME, &self.load_balancer), &self.tags)
            .with("elasticloadbalancing:ListenerProtocol", "HTTP");
        let existing = world.elb.balancers.values().find(|balancer| balancer.arn.as_str() == self.load_balancer);
        let create = match existing {
            Some(balancer) => on_tagged(create, &balancer.tags),
            None => create,
        };
        let listener = format!("{}/*", self.load_balancer.replacen(":loadbalancer/", ":listener/", 1));
        let tag = listener.parse().ok().and_then(|arn| on_create(&arn, "CreateListener", &self.tags));
        Ok([create].into_iter().chain(tag).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Listener, Refusal> {
        let Self { load_balancer, port, forward, tags } = authorized.operation;
        let find = |text: &str| text.parse::<Arn>().ok();
        let load_balancer = find(&load_balancer)
            .filter(|arn| world.elb.balancers.contains_key(arn))
            .ok_or_else(|| fault("LoadBalancerNotFound", "One or more load balancers not found"))?;
        let shares = association::check(world, &Check { load_balancer: &load_balancer, forward: &forward })?;
        taken(world, &load_balancer, port)?;
        let present = world.elb.listeners.values().filter(|listener| listener.load_balancer == load_balancer).count();
        quota::room(present, quota::LISTENERS, "TooManyListeners", "listeners for this load balancer")?;
        let id = world.ids.hex(IdKind::LoadBalancer, 16);
        let resource = load_balancer.resource().replacen("loadbalancer/", "listener/", 1);
        let arn = super::load_balancer::arn(world, &format!("{resource}/{id}"));
        let listener = Listener { arn: arn.clone(), load_balancer, port, tags, reach: Reach::Coming };
        world.elb.listeners.insert(arn.clone(), listener.clone());
        rule::add(world, &arn, Priority::Default, Vec::new(), shares, BTreeMap::new());
        let rules = rule::forwardings(world, &arn);
        world.want(Effect::Listen { listener: arn, rules, port });
        association::follow(world);
        Ok(listener)
    }
}

/// Refuses a second listener on the port `port` of a load balancer.
pub(super) fn taken(world: &World, load_balancer: &Arn, port: u16) -> Result<(), Refusal> {
    let mut listeners = world.elb.listeners.values();
    if listeners.any(|listener| listener.load_balancer == *load_balancer && listener.port == port) {
        let message = format!("A listener already exists on this port for this load balancer '{load_balancer}'");
        return Err(fault("DuplicateListener", message));
    }
    Ok(())
}

/// A driver has opened a port for a listener, or could not.
pub(crate) fn observe_listening(world: &mut World, listener: &Arn, reach: Reach) {
    if let Some(listener) = world.elb.listeners.get_mut(listener) {
        listener.reach = reach;
    }
}

/// Describes listeners: of one load balancer, or those of some ARNs.
#[derive(Clone, Debug, Default)]
pub struct DescribeListeners {
    /// `LoadBalancerArn`.
    pub load_balancer: Option<String>,
    /// `ListenerArns`.
    pub arns: Vec<String>,
    /// The page.
    pub window: Window,
}

impl Operation for DescribeListeners {
    type Output = Page<Listener>;
    const NAME: &'static str = "elasticloadbalancing:DescribeListeners";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { load_balancer, arns, window } = authorized.operation;
        let listeners = || world.elb.listeners.values();
        if !arns.iter().all(|arn| listeners().any(|listener| listener.arn.as_str() == arn)) {
            return Err(fault("ListenerNotFound", "One or more listeners not found"));
        }
        if let Some(arn) = &load_balancer
            && !world.elb.balancers.keys().any(|balancer| balancer.as_str() == arn)
        {
            return Err(fault("LoadBalancerNotFound", "One or more load balancers not found"));
        }
        let wanted = |listener: &&Listener| {
            (arns.is_empty() || arns.iter().any(|arn| arn == listener.arn.as_str()))
                && load_balancer.as_ref().is_none_or(|arn| listener.load_balancer.as_str() == arn)
        };
        window.of(listeners().filter(wanted).cloned().collect(), |listener| listener.arn.to_string())
    }
}
