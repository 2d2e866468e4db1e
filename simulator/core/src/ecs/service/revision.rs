//! Service revisions: the record of what a deployment was made of. One is written for each new deployment and never changes, but that the
//! digests of its images are settled when its first task is started.

use std::collections::BTreeMap;
use std::sync::Arc;

use smol_str::SmolStr;

use super::ServiceKey;
use super::config::LoadBalancer;
use super::deployment::Deployment;
use super::strategy::Percent;
use crate::arn::Arn;
use crate::ecs::definition::TaskDefinition;
use crate::ecs::network::Network;
use crate::time::Timestamp;
use crate::world::World;

/// What the tasks of one deployment are made of (BOTO `ServiceRevision`). It stays readable after the deployment has left the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceRevision {
    /// `service-revision/CLUSTER/SERVICE/ID`.
    pub arn: Arn,
    /// The id of the deployment it was recorded for, `ecs-svc/ID`.
    pub deployment: String,
    /// `taskDefinition`.
    pub definition: Arc<TaskDefinition>,
    /// `networkConfiguration`.
    pub network: Network,
    /// `loadBalancers`.
    pub load_balancers: Vec<LoadBalancer>,
    /// `createdAt`.
    pub created_at: Timestamp,
    /// `containerImages[].imageDigest`: what the tags of its images stand for, by container, as far as that is settled.
    pub digests: BTreeMap<String, SmolStr>,
}

impl ServiceRevision {
    /// The record of `deployment` of the service called `key`.
    pub(super) fn of(world: &World, key: &ServiceKey, deployment: &Deployment) -> Self {
        Self {
            arn: revision_arn(world, key, &deployment.id),
            deployment: deployment.id.to_string(),
            definition: Arc::clone(&deployment.definition),
            network: deployment.network.clone(),
            load_balancers: deployment.load_balancers.clone(),
            created_at: deployment.created_at,
            digests: deployment.digests.clone(),
        }
    }
}

/// The ARN of the revision that `deployment` (`ecs-svc/ID`) brings in.
///
/// That both carry the same number is inferred: a rollback goes back to a revision (BOTO `Rollback.serviceRevisionArn`) and shows the old
/// deployment's id again (`facts/aws.md` 2.1).
fn revision_arn(world: &World, key: &ServiceKey, deployment: &str) -> Arn {
    let number = deployment.rsplit('/').next().unwrap_or_default();
    let resource = format!("service-revision/{}/{}/{number}", key.cluster, key.service);
    Arn::new("ecs", &world.region, &world.account, &resource)
}

/// How many tasks of a revision are wanted, run, and are on their way (BOTO `ServiceRevisionSummary`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionSummary {
    /// The revision's ARN.
    pub arn: Arn,
    /// `requestedTaskCount`.
    pub requested: usize,
    /// `runningTaskCount`.
    pub running: usize,
    /// `pendingTaskCount`.
    pub pending: usize,
    /// `requestedTestTrafficWeight` and `requestedProductionTrafficWeight`, where deployments shift traffic.
    pub weights: Option<(Percent, Percent)>,
}
