//! DescribeServices and ListServices.

use super::create::service_arn;
use super::update::{on_service, service_key};
use super::{ServiceKey, ServiceStatus};
use crate::ecs::LaunchType;
use crate::ecs::cluster::{self, Failure};
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::world::World;

/// Describes services.
#[derive(Clone, Debug)]
pub struct DescribeServices {
    /// `cluster`: name or ARN.
    pub cluster: Option<String>,
    /// `services`: names or ARNs, at most 10.
    pub services: Vec<String>,
    /// Whether `include` asks for TAGS.
    pub with_tags: bool,
}

/// The answer to [`DescribeServices`]: keys to look up in [`crate::ecs::View`], and what was not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedServices {
    /// Those found.
    pub services: Vec<ServiceKey>,
    /// Those not found.
    pub failures: Vec<Failure>,
    /// Whether the answer shows tags.
    pub with_tags: bool,
}

impl Operation for DescribeServices {
    type Output = DescribedServices;
    const NAME: &'static str = "ecs:DescribeServices";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let access =
            |reference: &String| on_service(world, Self::NAME, &service_key(self.cluster.as_deref(), reference));
        Ok(self.services.iter().map(access).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<DescribedServices, Refusal> {
        let Self { cluster, services: asked, with_tags } = authorized.operation;
        world.ecs.cluster(cluster.as_deref())?;
        if asked.is_empty() {
            return Err(Refusal::fault("InvalidParameterException", "Services cannot be empty."));
        }
        if asked.len() > 10 {
            return Err(Refusal::fault("InvalidParameterException", "Services can contain at most 10 services."));
        }
        let (mut services, mut failures) = (Vec::new(), Vec::new());
        for key in asked.iter().map(|reference| service_key(cluster.as_deref(), reference)) {
            if world.ecs.services.contains_key(&key) {
                services.push(key);
            } else {
                failures.push(Failure { arn: service_arn(world, &key), reason: "MISSING" });
            }
        }
        Ok(DescribedServices { services, failures, with_tags })
    }
}

/// Lists the ARNs of a cluster's services.
#[derive(Clone, Debug, Default)]
pub struct ListServices {
    /// `cluster`: name or ARN.
    pub cluster: Option<String>,
    /// `launchType`.
    pub launch_type: Option<LaunchType>,
    /// `maxResults`, 10 by default.
    pub limit: usize,
    /// `nextToken`.
    pub token: Option<String>,
}

impl Operation for ListServices {
    type Output = Page<String>;
    const NAME: &'static str = "ecs:ListServices";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let cluster = cluster::cluster_arn(world, cluster::cluster_name(self.cluster.as_deref()));
        Ok(vec![Access::new(Self::NAME, "*").with("ecs:cluster", cluster.as_str())])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Page<String>, Refusal> {
        let asked = authorized.operation;
        let cluster = world.ecs.cluster(asked.cluster.as_deref())?.name.clone();
        let wanted = |key: &&ServiceKey| {
            key.cluster == cluster && asked.launch_type.is_none_or(|kind| kind == LaunchType::Fargate)
        };
        // Services that are DRAINING or INACTIVE can only be described.
        let active = world.ecs.services.iter().filter(|(_, service)| service.status == ServiceStatus::Active);
        let arns = active.filter(|(key, _)| wanted(key));
        let arns = arns.map(|(key, service)| (key.service.as_str(), service.arn.to_string()));
        page(arns, asked.token.as_deref(), asked.limit)
            .ok_or_else(|| Refusal::fault("InvalidParameterException", "Invalid token."))
    }
}
