//! What tasks have in common that are launched for one reason.

use std::collections::BTreeMap;
use std::sync::Arc;

use smol_str::SmolStr;

use super::Overrides;
use crate::arn::Arn;
use crate::ecs::network::{self, Network};
use crate::ecs::service::ServiceKey;
use crate::world::World;

/// What a task has in common with those that were launched with it. They share it: a service may have very many.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The cluster's name.
    pub cluster: String,
    /// What RunTask changed in the task definition.
    pub overrides: Overrides,
    /// `group`: `service:NAME`, or `family:FAMILY` by default.
    pub group: String,
    /// `startedBy`; for a service's task its deployment's id.
    pub started_by: Option<SmolStr>,
    /// The service it belongs to.
    pub service: Option<ServiceKey>,
    /// Its place in the network.
    pub network: Network,
    /// Its security groups, the VPC's own included where none was named.
    pub security_groups: Arc<[String]>,
    /// The capacity provider that was chosen for it, if one was.
    pub provider: Option<SmolStr>,
    /// `enableExecuteCommand`.
    pub execute_command: bool,
    /// `tags`.
    pub tags: BTreeMap<String, String>,
    /// What a task's ARN begins with, up to its id.
    pub(in crate::ecs) prefix: String,
}

impl Origin {
    /// What is launched now, in `network`, has in common.
    pub(in crate::ecs) fn new(world: &World, cluster: &str, group: String, network: Network) -> Self {
        Self {
            cluster: cluster.to_owned(),
            overrides: Overrides::default(),
            group,
            started_by: None,
            service: None,
            security_groups: network::security_groups(world, &network).into(),
            network,
            provider: None,
            execute_command: false,
            tags: BTreeMap::new(),
            prefix: Arn::new("ecs", &world.region, &world.account, &format!("task/{cluster}/")).to_string(),
        }
    }
}
