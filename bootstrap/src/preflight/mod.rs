//! What an account must have around a project before anything is written: ways in and out of its network, and room under its
//! quotas. All of it is asked for at once, beside the project's own resources, and all that is missing is told at once.
//!
//! - [`surroundings`]: what is asked of the account
//! - [`quota`]: how many things of a kind the account may have
//!
//! Who the account is, which region it is and how long policies are is known before that
//! ([`Contradiction`](crate::desired::Contradiction)); whose the names are that are wanted, and which service-linked roles are
//! missing, is the plan's to say.

pub mod quota;
pub mod surroundings;

pub use quota::Count;
pub use surroundings::{Endpoint, Route, RouteTable, Surroundings};
pub(crate) use surroundings::{grants, look};

use crate::desired::Desired;
use crate::observe::Observed;
use crate::resource::network::NetworkState;
use crate::resource::{Kind, ResourceId, State};
use crate::task_definition::reference::SecretReference;

/// Something that the account lacks, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// Nothing from the internet can reach the network.
    #[error(
        "VPC `{vpc}` has no internet gateway, so that nothing can reach the load balancer; `aws ec2 create-internet-gateway` and `attach-internet-gateway` give it one, `create-route` a route to it"
    )]
    NoGateway {
        /// The VPC.
        vpc: String,
    },
    /// The load balancer would be put into subnets that requests do not reach.
    #[error(
        "{} no route to the VPC's internet gateway, so that nothing can reach the load balancer there; `aws ec2 create-route --destination-cidr-block 0.0.0.0/0 --gateway-id igw-...` on route table `{table}` adds it", subnets_have(.subnets)
    )]
    NotPublic {
        /// The subnets.
        subnets: Vec<String>,
        /// The route table that they share.
        table: String,
    },
    /// Tasks would find no way to what they need to start.
    #[error(
        "{} no route to the internet and no VPC endpoint for {}, so that no task can start there; add the route, or make the endpoints", subnets_have(.subnets), .services.join(", ")
    )]
    NoWayOut {
        /// The subnets.
        subnets: Vec<String>,
        /// The services that tasks there cannot reach, as names of endpoints end.
        services: Vec<&'static str>,
    },
    /// The account may not have as many things of a kind.
    #[error(
        "the account has {present} of {limit} {what}, and {needed} more would be made; delete some, or ask for more (Service Quotas, `{service}`)"
    )]
    Quota {
        /// Of what, in the plural.
        what: &'static str,
        /// The service whose quota it is.
        service: &'static str,
        /// How many there are.
        present: u64,
        /// How many there may be.
        limit: u64,
        /// How many more are needed.
        needed: u64,
    },
}

/// Everything that the account lacks around the project. What has not been looked at is not missed.
#[must_use]
pub fn preflight(desired: &Desired, observed: &Observed) -> Vec<Obstacle> {
    let Some(surroundings) = &observed.surroundings else { return Vec::new() };
    let mut obstacles = Vec::new();
    if let Some(State::Network(network)) = observed.found.get(&ResourceId::new(Kind::Vpc, "")) {
        obstacles.extend(network_obstacles(desired, network, surroundings));
    }
    obstacles.extend(quota::exceeded(desired, observed, &surroundings.counts));
    obstacles
}

/// An internet-facing load balancer takes subnets with a route to an internet gateway (Elastic Load Balancing user guide,
/// "Subnets for your load balancer"). Tasks pull from ECR, whose layers are in S3, and send to CloudWatch Logs before the app
/// runs (ECS developer guide, "Task networking for Fargate").
fn network_obstacles(desired: &Desired, network: &NetworkState, surroundings: &Surroundings) -> Vec<Obstacle> {
    let Some(vpc) = network.default_vpc.clone() else { return Vec::new() };
    let has_gateway = surroundings.gateways.contains(&vpc);
    let mut obstacles = Vec::new();
    if !has_gateway {
        obstacles.push(Obstacle::NoGateway { vpc: vpc.clone() });
    }
    for subnet in network.by_zone().into_values() {
        let table = surroundings.table_of(&vpc, subnet);
        if has_gateway && !table.is_some_and(RouteTable::is_public) {
            let table = table.map_or_else(|| "none".to_owned(), |table| table.id.clone());
            join(&mut obstacles, Obstacle::NotPublic { subnets: vec![subnet.to_owned()], table });
        }
        if !table.is_some_and(RouteTable::has_way_out) {
            let reaches = |service: &&'static str| surroundings.reaches(&vpc, table, service);
            let services: Vec<&'static str> =
                needed_to_start(desired).into_iter().filter(|service| !reaches(service)).collect();
            if !services.is_empty() {
                join(&mut obstacles, Obstacle::NoWayOut { subnets: vec![subnet.to_owned()], services });
            }
        }
    }
    obstacles
}

/// What the start of a task reaches, as names of VPC endpoints end.
fn needed_to_start(desired: &Desired) -> Vec<&'static str> {
    let mut services = vec!["ecr.api", "ecr.dkr", "s3"];
    services.extend((!desired.log_groups.is_empty()).then_some("logs"));
    let reads = |wanted: fn(&SecretReference) -> bool| desired.secrets.iter().any(wanted);
    services.extend(reads(|secret| matches!(secret, SecretReference::Secret { .. })).then_some("secretsmanager"));
    services.extend(reads(|secret| !matches!(secret, SecretReference::Secret { .. })).then_some("ssm"));
    services
}

/// Says the same of several subnets once.
fn join(obstacles: &mut Vec<Obstacle>, next: Obstacle) {
    for earlier in obstacles.iter_mut() {
        match (earlier, &next) {
            (Obstacle::NotPublic { subnets, table }, Obstacle::NotPublic { subnets: more, table: other })
                if table == other =>
            {
                subnets.extend(more.iter().cloned());
                return;
            }
            (Obstacle::NoWayOut { subnets, services }, Obstacle::NoWayOut { subnets: more, services: others })
                if services == others =>
            {
                subnets.extend(more.iter().cloned());
                return;
            }
            _ => {}
        }
    }
    obstacles.push(next);
}

fn subnets_have(subnets: &[String]) -> String {
    match subnets {
        [one] => format!("subnet `{one}` has"),
        several => format!(
            "subnets {} have",
            several.iter().map(|subnet| format!("`{subnet}`")).collect::<Vec<_>>().join(", ")
        ),
    }
}

#[cfg(test)]
mod tests;
