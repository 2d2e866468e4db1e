//! The ECS cluster. Several projects may share one, so that one which is there already is as good as one of ours.

use aws_sdk_ecs::types::{ClusterField, Tag};

use super::{Kind, OWNER_TAG, Owner, ResourceId};
use crate::config::name::{ClusterName, ProjectName};
use crate::connect::Account;
use crate::fault::{CallError, Called, sent};
use crate::identifiers::Made;
use crate::plan::{Blocker, Change, Draft};

/// The cluster that should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Its name.
    pub name: ClusterName,
}

/// The cluster that is. A deleted one stays visible for a while as `INACTIVE` and counts as none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterState {
    /// Its ARN.
    pub arn: String,
    /// ECS's word for its state, for example `ACTIVE`.
    pub status: String,
    /// Whom it belongs to.
    pub owner: Owner,
}

impl Cluster {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::Cluster, self.name.as_str())
    }

    pub(crate) async fn observe(
        &self,
        account: &Account,
        project: &ProjectName,
    ) -> Result<Option<ClusterState>, CallError> {
        const OPERATION: &str = "ecs:DescribeClusters";
        let request = account.ecs.describe_clusters().clusters(self.name.as_str()).include(ClusterField::Tags);
        let answer = request.send().await.called(OPERATION, &self.id())?;
        let found = answer.clusters.unwrap_or_default().into_iter().find(|found| found.status() != Some("INACTIVE"));
        let Some(found) = found else { return Ok(None) };
        Ok(Some(ClusterState {
            owner: Owner::of(found.tags().iter().map(|tag| (tag.key(), tag.value())), project),
            arn: sent(found.cluster_arn, "clusterArn", OPERATION, &self.id())?,
            status: found.status.unwrap_or_default(),
        }))
    }

    pub(crate) fn plan(&self, found: Option<&ClusterState>, draft: &mut Draft) {
        match found {
            None => draft.create(Change::CreateCluster(self.clone()), "the service runs in it"),
            Some(found) if found.status == "ACTIVE" => {}
            Some(found) => {
                let why = format!("its status is `{}`", found.status);
                draft.block(Blocker::Unusable { resource: self.id(), why });
            }
        }
    }

    pub(crate) async fn create(&self, account: &Account, project: &ProjectName) -> Result<Made, CallError> {
        const OPERATION: &str = "ecs:CreateCluster";
        let request = account.ecs.create_cluster().cluster_name(self.name.as_str()).tags(tag(project));
        let answer = request.send().await.called(OPERATION, &self.id())?;
        let arn = answer.cluster.and_then(|cluster| cluster.cluster_arn);
        Ok(Made::Cluster { arn: sent(arn, "clusterArn", OPERATION, &self.id())? })
    }
}

/// The ownership tag as ECS takes it.
pub(super) fn tag(project: &ProjectName) -> Tag {
    Tag::builder().key(OWNER_TAG).value(project.as_str()).build()
}
