//! What a service beside the first has to itself.

use super::part::Part;
use super::{groups, revision};
use crate::config::{Balanced, Config, Further};
use crate::location::Location;
use crate::resource::listener::Listener;
use crate::resource::service::{Rollout, Service, Target};
use crate::resource::target_group::TargetGroup;
use crate::resource::task_definition::FirstRevision;

/// What a service beside the first has to itself. Its repository, its roles and its log groups it may share with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FurtherService {
    /// The target group, where requests come to it.
    pub target_group: Option<TargetGroup>,
    /// The task definition's first revision.
    pub first_revision: FirstRevision,
    /// The service.
    pub service: Service,
}

/// The service that `further` describes; `part` is what it names.
pub(super) fn of(config: &Config, further: &Further, part: &Part<'_>, location: &Location) -> FurtherService {
    let project = &config.project.name;
    let balanced = further.balanced.as_ref().map(|balanced| {
        let Balanced { listener_port, port, health_check_path, grace_period } = balanced;
        let group = TargetGroup {
            name: further.key.full(project),
            port: *port,
            health_check_path: health_check_path.clone(),
            purpose: "the service's tasks are registered in it",
        };
        let listener =
            Listener { load_balancer: project.clone(), target_group: group.name.clone(), port: *listener_port };
        let container = further.container.clone();
        (group, Target { listener, container, port: *port, grace_period: *grace_period })
    });
    let (target_group, target) = balanced.unzip();
    FurtherService {
        target_group,
        first_revision: revision(part, location),
        service: Service {
            cluster: config.service.cluster.clone(),
            name: further.name.clone(),
            family: part.family().clone(),
            target,
            security_group: groups::of_further(project, further),
            rollout: Rollout {
                minimum_healthy_percent: further.minimum_healthy_percent,
                maximum_percent: further.maximum_percent,
            },
            takes_cluster_capacity: config.capacity.is_some(),
            traffic: None,
        },
    }
}
