//! Where tasks are put in the account's network (`networkConfiguration.awsvpcConfiguration`).

use std::collections::BTreeSet;

use super::LaunchType;
use super::definition::{NetworkMode, TaskDefinition};
use crate::refusal::Refusal;
use crate::world::World;

/// `awsvpcConfiguration`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Network {
    /// `subnets`, at most 16.
    pub subnets: Vec<String>,
    /// `securityGroups`, at most 5.
    pub security_groups: Vec<String>,
    /// `assignPublicIp`; DISABLED by default.
    pub public_ip: bool,
}

/// Whether tasks of `definition` can run on Fargate in `network`.
///
/// # Errors
/// AWS's `InvalidParameterException`.
pub(super) fn check(world: &World, definition: &TaskDefinition, network: Option<&Network>) -> Result<(), Refusal> {
    let invalid = |message: &str| Err(Refusal::fault("InvalidParameterException", message));
    if !definition.compatibilities().contains(&LaunchType::Fargate) {
        return invalid("Task definition does not support launch_type FARGATE.");
    }
    match (definition.network_mode, network) {
        (NetworkMode::Awsvpc, None) => {
            return invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
        }
        (NetworkMode::Awsvpc, Some(network)) => {
            if network.subnets.is_empty() {
                return invalid("subnets can not be empty.");
            }
            if network.subnets.len() > 16 {
                return invalid("subnets can have at most 16 items.");
            }
            if network.security_groups.len() > 5 {
                return invalid("securityGroups can have at most 5 items.");
            }
        }
        (NetworkMode::Bridge | NetworkMode::Host | NetworkMode::None, _) => {}
    }
    network.map_or(Ok(()), |network| check_ids(world, network))
}

/// Whether what `network` names exists, in one VPC.
fn check_ids(world: &World, network: &Network) -> Result<(), Refusal> {
    let invalid = |message: String| Err(Refusal::fault("InvalidParameterException", message));
    let mut vpcs = BTreeSet::new();
    for id in &network.subnets {
        let Some(subnet) = world.subnet(id) else {
            return invalid(format!(
                "Error retrieving subnet information for [{id}]: The subnet ID '{id}' does not exist \
                 (ErrorCode: InvalidSubnetID.NotFound)"
            ));
        };
        vpcs.insert(&subnet.vpc);
    }
    for id in &network.security_groups {
        let Some(group) = world.security_group(id) else {
            return invalid(format!(
                "Error retrieving security group information for [{id}]: The security group '{id}' does not exist \
                 (ErrorCode: InvalidGroup.NotFound)"
            ));
        };
        if !vpcs.contains(&group.vpc) {
            return invalid(format!("The security group {id} and the subnets are not in the same VPC."));
        }
    }
    if vpcs.len() > 1 {
        return invalid("The subnets are not in the same VPC.".to_owned());
    }
    Ok(())
}

/// The security groups of a task in `network`: the VPC's own where none is named.
pub(super) fn security_groups(world: &World, network: &Network) -> Vec<String> {
    if !network.security_groups.is_empty() {
        return network.security_groups.clone();
    }
    let vpc = network.subnets.first().and_then(|subnet| world.subnet(subnet)).map(|subnet| &subnet.vpc);
    let group = vpc.and_then(|vpc| world.default_security_group(vpc));
    group.map(|group| group.id.clone()).into_iter().collect()
}
