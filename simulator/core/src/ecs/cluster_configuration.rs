//! What a cluster is set to, and what changes it: UpdateCluster, UpdateClusterSettings.

use super::cluster::{self, ClusterDescription};
use super::{State, access};
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// `configuration.executeCommandConfiguration`. It is kept and shown; sessions are not simulated, so nothing is logged by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecuteConfiguration {
    /// `kmsKeyId`.
    pub kms_key: Option<String>,
    /// `logging`: NONE, DEFAULT or OVERRIDE.
    pub logging: Option<String>,
    /// `logConfiguration`.
    pub log: Option<ExecuteLog>,
}

/// `executeCommandConfiguration.logConfiguration`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecuteLog {
    /// `cloudWatchLogGroupName`.
    pub group: Option<String>,
    /// `cloudWatchEncryptionEnabled`.
    pub group_encrypted: bool,
    /// `s3BucketName`.
    pub bucket: Option<String>,
    /// `s3EncryptionEnabled`.
    pub bucket_encrypted: bool,
    /// `s3KeyPrefix`.
    pub prefix: Option<String>,
}

impl ExecuteConfiguration {
    /// OVERRIDE and a log configuration need one another (BOTO ExecuteCommandConfiguration). The texts are ours.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let invalid = |message: String| Err(Refusal::fault("InvalidParameterException", message));
        match (self.logging.as_deref(), &self.log) {
            (Some("OVERRIDE"), None) => {
                invalid("logConfiguration must be provided when logging is set to OVERRIDE.".to_owned())
            }
            (None | Some("NONE" | "DEFAULT"), Some(_)) => {
                invalid("logConfiguration can only be provided when logging is set to OVERRIDE.".to_owned())
            }
            (None | Some("NONE" | "DEFAULT" | "OVERRIDE"), _) => Ok(()),
            (Some(other), _) => invalid(format!("Invalid logging '{other}'. Valid values: NONE, DEFAULT, OVERRIDE.")),
        }
    }
}

/// One of `settings`, of which there is one kind: `containerInsights`. What it would collect is not simulated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterSetting {
    /// `name`.
    pub name: String,
    /// `value`: `enabled`, `disabled` or `enhanced`.
    pub value: String,
}

/// The value of `containerInsights` in `settings`, if they have one. The texts are ours.
pub(super) fn insights(settings: &[ClusterSetting]) -> Result<Option<String>, Refusal> {
    let invalid = |message: String| Err(Refusal::fault("InvalidParameterException", message));
    for ClusterSetting { name, value } in settings {
        if name != "containerInsights" {
            return invalid(format!("Invalid cluster setting '{name}'. Valid settings: containerInsights."));
        }
        if !["enabled", "disabled", "enhanced"].contains(&value.as_str()) {
            return invalid(format!(
                "Invalid value '{value}' for setting containerInsights. Valid values: enhanced, enabled, disabled."
            ));
        }
    }
    Ok(settings.last().map(|setting| setting.value.clone()))
}

/// Changes a cluster's settings and configuration; what is not named stays.
#[derive(Clone, Debug, Default)]
pub struct UpdateCluster {
    /// `cluster`: name or ARN.
    pub cluster: String,
    /// `settings`.
    pub settings: Vec<ClusterSetting>,
    /// `configuration.executeCommandConfiguration`.
    pub execute: Option<ExecuteConfiguration>,
}

/// Changes a cluster's settings.
#[derive(Clone, Debug, Default)]
pub struct UpdateClusterSettings {
    /// `cluster`: name or ARN.
    pub cluster: String,
    /// `settings`.
    pub settings: Vec<ClusterSetting>,
}

/// `action` on the cluster that `reference` names.
pub(super) fn on_cluster(world: &World, action: &'static str, reference: &str) -> Access {
    let name = cluster::cluster_name(Some(reference));
    let access = Access::new(action, cluster::cluster_arn(world, name).as_str());
    match world.ecs.clusters.get(name) {
        Some(cluster) => access::on_tagged(access, &cluster.tags),
        None => access,
    }
}

impl State {
    /// Changes the active cluster that `reference` names, and describes it.
    pub(super) fn change_cluster(
        &mut self,
        reference: &str,
        change: impl FnOnce(&mut cluster::Cluster),
    ) -> Result<ClusterDescription, Refusal> {
        let name = self.cluster(Some(reference))?.name.clone();
        let cluster = self.clusters.get_mut(&name).expect("the cluster was just found");
        change(cluster);
        let cluster = cluster.clone();
        Ok(self.describe_cluster(&cluster, cluster::Shown::everything()))
    }
}

impl Operation for UpdateCluster {
    type Output = ClusterDescription;
    const NAME: &'static str = "ecs:UpdateCluster";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![on_cluster(world, Self::NAME, &self.cluster)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<ClusterDescription, Refusal> {
        let Self { cluster, settings, execute } = authorized.operation;
        let insights = insights(&settings)?;
        execute.as_ref().map_or(Ok(()), ExecuteConfiguration::check)?;
        world.ecs.change_cluster(&cluster, |cluster| {
            cluster.insights = insights.unwrap_or_else(|| cluster.insights.clone());
            cluster.execute = execute.or_else(|| cluster.execute.take());
        })
    }
}

impl Operation for UpdateClusterSettings {
    type Output = ClusterDescription;
    const NAME: &'static str = "ecs:UpdateClusterSettings";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![on_cluster(world, Self::NAME, &self.cluster)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<ClusterDescription, Refusal> {
        let Self { cluster, settings } = authorized.operation;
        let Some(insights) = insights(&settings)? else {
            return Err(Refusal::fault("InvalidParameterException", "settings can not be empty."));
        };
        world.ecs.change_cluster(&cluster, |cluster| cluster.insights = insights)
    }
}
