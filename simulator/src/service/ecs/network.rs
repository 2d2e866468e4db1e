//! `networkConfiguration` on the wire.

use serde_json::{Value, json};
use simulator_core::Refusal;
use simulator_core::ecs::network::Network;

use super::INVALID;
use crate::wire::Input;

/// Reads `networkConfiguration.awsvpcConfiguration`.
pub(super) fn decode(input: &mut Input) -> Result<Option<Network>, Refusal> {
    let Some(mut configuration) = input.structure("networkConfiguration")? else { return Ok(None) };
    let network = match configuration.structure("awsvpcConfiguration")? {
        None => None,
        Some(mut vpc) => {
            let public_ip = match vpc.text("assignPublicIp")?.as_deref() {
                None | Some("DISABLED") => false,
                Some("ENABLED") => true,
                Some(other) => return Err(Refusal::fault(INVALID, format!("Invalid value for assignPublicIp: {other}"))),
            };
            let network = Network {
                subnets: vpc.texts("subnets")?,
                security_groups: vpc.texts("securityGroups")?,
                public_ip,
            };
            vpc.finish()?;
            Some(network)
        }
    };
    configuration.finish()?;
    Ok(network)
}

/// Writes it.
pub(super) fn encode(network: &Network) -> Value {
    let Network { subnets, security_groups, public_ip } = network;
    json!({"awsvpcConfiguration": {
        "subnets": subnets,
        "securityGroups": security_groups,
        "assignPublicIp": if *public_ip { "ENABLED" } else { "DISABLED" },
    }})
}
