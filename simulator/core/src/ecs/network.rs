//! Where tasks are put in the account's network (`networkConfiguration.awsvpcConfiguration`).

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
    let _ = world;
    Ok(())
}
