//! Capacity providers: PutClusterCapacityProviders, DescribeCapacityProviders, and the strategies that choose among them.
//!
//! FARGATE and FARGATE_SPOT are in every account. Others stand for EC2 instances, of which the account has none: making one is not
//! simulated, so none can be named.

use std::collections::BTreeMap;

use super::LaunchType;
use super::cluster::{self, Cluster, ClusterDescription, Failure};
use super::cluster_configuration::on_cluster;
use crate::arn::Arn;
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::world::World;

/// The capacity providers that every account has.
const BUILT_IN: [&str; 2] = ["FARGATE", "FARGATE_SPOT"];

/// Most capacity providers in one strategy (BOTO CapacityProviderStrategy).
const MOST_IN_STRATEGY: usize = 20;

/// One of `capacityProviderStrategy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrategyItem {
    /// `capacityProvider`.
    pub provider: String,
    /// `weight`: its share of the tasks beyond the base, 0 to 1000.
    pub weight: u32,
    /// `base`: so many tasks at least, 0 to 100,000.
    pub base: u32,
}

/// The short name in a capacity provider's name or ARN.
fn provider_name(reference: &str) -> &str {
    reference.rsplit_once("capacity-provider/").map_or(reference, |(_, name)| name)
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::fault("InvalidParameterException", message)
}

/// The short names of capacity providers given by name or ARN.
pub(super) fn names(references: &[String]) -> Vec<String> {
    references.iter().map(|reference| provider_name(reference).to_owned()).collect()
}

/// Whether there is such a capacity provider.
pub(super) fn check_providers(providers: &[String]) -> Result<(), Refusal> {
    match providers.iter().find(|provider| !BUILT_IN.contains(&provider_name(provider))) {
        Some(absent) => Err(invalid(format!("The specified capacity provider '{absent}' was not found."))),
        None => Ok(()),
    }
}

/// Whether `strategy` can be used in a cluster with these `providers` (BOTO CapacityProviderStrategyItem). That about providers which
/// the cluster lacks is AWS's text; the others are ours.
pub(super) fn check_strategy(strategy: &[StrategyItem], providers: &[String]) -> Result<(), Refusal> {
    if strategy.len() > MOST_IN_STRATEGY {
        return Err(invalid(format!("A capacity provider strategy can have at most {MOST_IN_STRATEGY} providers.")));
    }
    for item in strategy {
        let name = provider_name(&item.provider);
        if !providers.iter().any(|provider| provider_name(provider) == name) {
            return Err(invalid(
                "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the \
                 cluster. Associate the capacity provider with the cluster and try again.",
            ));
        }
        if item.weight > 1000 || item.base > 100_000 {
            return Err(invalid("A weight must be between 0 and 1000, a base between 0 and 100000."));
        }
    }
    if strategy.iter().filter(|item| item.base > 0).count() > 1 {
        return Err(invalid("Only one capacity provider in a capacity provider strategy can have a base defined."));
    }
    if !strategy.is_empty() && strategy.iter().all(|item| item.weight == 0) {
        return Err(invalid("At least one capacity provider in a strategy must have a weight greater than 0."));
    }
    Ok(())
}

/// What tasks run on: a launch type, and the strategy by which their capacity providers are chosen, if they are.
///
/// A strategy and a launch type exclude one another; without either the cluster's default strategy is used, and without that the launch
/// type is EC2 (BOTO RunTask, CreateService).
///
/// # Errors
/// AWS's `InvalidParameterException`.
pub(super) fn chosen(
    cluster: &Cluster,
    launch_type: Option<LaunchType>,
    asked: &[StrategyItem],
) -> Result<(LaunchType, Vec<StrategyItem>), Refusal> {
    match launch_type {
        Some(_) if !asked.is_empty() => Err(invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        )),
        Some(launch_type) => Ok((launch_type, Vec::new())),
        None => {
            let strategy = if asked.is_empty() { &cluster.default_strategy } else { asked };
            check_strategy(strategy, &cluster.providers)?;
            // Every provider that there can be is one of Fargate's.
            let launch_type = if strategy.is_empty() { LaunchType::Ec2 } else { LaunchType::Fargate };
            Ok((launch_type, strategy.to_vec()))
        }
    }
}

/// The provider of the next task where `running` says how many there are of each: the base comes first, then the one that is furthest
/// below its share. None without a strategy.
#[must_use]
pub fn next_provider<'a>(strategy: &'a [StrategyItem], running: &BTreeMap<&str, u32>) -> Option<&'a str> {
    let of = |item: &StrategyItem| running.get(provider_name(&item.provider)).copied().unwrap_or_default();
    if let Some(item) = strategy.iter().find(|item| of(item) < item.base) {
        return Some(provider_name(&item.provider));
    }
    // Compared as fractions: tasks beyond the base, by weight.
    let load = |item: &StrategyItem| u64::from(of(item).saturating_sub(item.base));
    let weighted = strategy.iter().filter(|item| item.weight > 0);
    let least =
        weighted.min_by(|a, b| ((load(a) + 1) * u64::from(b.weight)).cmp(&((load(b) + 1) * u64::from(a.weight))));
    least.map(|item| provider_name(&item.provider))
}

/// Says which capacity providers a cluster has, and its default strategy.
#[derive(Clone, Debug, Default)]
pub struct PutClusterCapacityProviders {
    /// `cluster`: name or ARN.
    pub cluster: String,
    /// `capacityProviders`.
    pub providers: Vec<String>,
    /// `defaultCapacityProviderStrategy`.
    pub strategy: Vec<StrategyItem>,
}

impl Operation for PutClusterCapacityProviders {
    type Output = ClusterDescription;
    const NAME: &'static str = "ecs:PutClusterCapacityProviders";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let put = on_cluster(world, Self::NAME, &self.cluster);
        Ok(vec![with_providers(put, world, self.providers.iter())])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<ClusterDescription, Refusal> {
        let Self { cluster, providers, strategy } = authorized.operation;
        let there = world.ecs.cluster(Some(&cluster))?;
        check_providers(&providers)?;
        check_strategy(&strategy, &providers)?;
        let name = there.name.clone();
        let dropped = |provider: &str| !providers.iter().any(|kept| provider_name(kept) == provider);
        let in_use = world.ecs.tasks.iter().any(|task| {
            let uses = task.origin.provider.as_deref().is_some_and(dropped);
            task.origin.cluster == name && task.last_status != super::TaskStatus::Stopped && uses
        });
        if in_use {
            let message = "The specified capacity provider is in use and cannot be removed.";
            return Err(Refusal::fault("ResourceInUseException", message));
        }
        let providers = names(&providers);
        world.ecs.change_cluster(&cluster, |cluster| {
            cluster.providers = providers;
            cluster.default_strategy = strategy;
        })
    }
}

/// `access` with the condition key of the capacity providers that a request names.
pub(super) fn with_providers<'a>(
    mut access: Access,
    world: &World,
    providers: impl Iterator<Item = &'a String>,
) -> Access {
    for provider in providers {
        access = access.with("ecs:capacity-provider", provider_arn(world, provider_name(provider)).as_str());
    }
    access
}

fn provider_arn(world: &World, name: &str) -> Arn {
    Arn::new("ecs", &world.region, &world.account, &format!("capacity-provider/{name}"))
}

/// Describes capacity providers: all, those that are named, or those of a cluster.
#[derive(Clone, Debug, Default)]
pub struct DescribeCapacityProviders {
    /// `capacityProviders`: names or ARNs, at most 100.
    pub providers: Vec<String>,
    /// `cluster`: only those that it has.
    pub cluster: Option<String>,
    /// `maxResults`, 1 to 10, which it is by default.
    pub limit: usize,
    /// `nextToken`.
    pub token: Option<String>,
}

/// A capacity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapacityProvider {
    /// `capacity-provider/NAME`.
    pub arn: Arn,
    /// `name`, which for those of Fargate is also the type.
    pub name: &'static str,
}

impl Operation for DescribeCapacityProviders {
    type Output = (Page<CapacityProvider>, Vec<Failure>);
    const NAME: &'static str = "ecs:DescribeCapacityProviders";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let access = |name: &str| Access::new(Self::NAME, provider_arn(world, name).as_str());
        if self.providers.is_empty() {
            return Ok(vec![access("*")]);
        }
        Ok(self.providers.iter().map(|provider| access(provider_name(provider))).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let asked = authorized.operation;
        if asked.providers.len() > 100 {
            return Err(invalid("capacityProviders can contain at most 100 items."));
        }
        let of_cluster = asked.cluster.as_deref().map(|cluster| world.ecs.cluster(Some(cluster))).transpose()?;
        let named = |name: &str| asked.providers.iter().any(|provider| provider_name(provider) == name);
        let shown = |name: &&str| {
            (asked.providers.is_empty() || named(name))
                && of_cluster.is_none_or(|cluster: &cluster::Cluster| cluster.providers.iter().any(|had| had == name))
        };
        let found = BUILT_IN.into_iter().filter(shown);
        let found = found.map(|name| (name, CapacityProvider { arn: provider_arn(world, name), name }));
        let found = page(found, asked.token.as_deref(), asked.limit).ok_or_else(|| invalid("Invalid token."))?;
        let absent = asked.providers.iter().map(|provider| provider_name(provider));
        let absent = absent.filter(|name| !BUILT_IN.contains(name));
        let failures = absent.map(|name| Failure { arn: provider_arn(world, name), reason: "MISSING" }).collect();
        Ok((found, failures))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// BOTO CapacityProviderStrategyItem: with weights 1 and 4, one task of the first for every four of the second, beyond the base.
    #[test]
    fn tasks_are_spread_by_base_and_weight() {
        let item = |provider: &str, weight, base| StrategyItem { provider: provider.to_owned(), weight, base };
        for (strategy, tasks, expected) in [
            (vec![item("FARGATE", 1, 0), item("FARGATE_SPOT", 4, 0)], 10, [2, 8]),
            (vec![item("FARGATE", 1, 2), item("FARGATE_SPOT", 1, 0)], 6, [4, 2]),
            (vec![item("FARGATE", 0, 1), item("FARGATE_SPOT", 1, 0)], 5, [1, 4]),
            (vec![item("FARGATE", 1, 0)], 3, [3, 0]),
            (vec![], 3, [0, 0]),
        ] {
            let mut running = BTreeMap::new();
            for _ in 0..tasks {
                if let Some(provider) = next_provider(&strategy, &running) {
                    let provider = BUILT_IN.into_iter().find(|name| *name == provider).expect("one of Fargate's");
                    *running.entry(provider).or_default() += 1;
                }
            }
            let counted = BUILT_IN.map(|provider| running.get(provider).copied().unwrap_or_default());
            assert_eq!(counted, expected, "{strategy:?}");
        }
    }
}
