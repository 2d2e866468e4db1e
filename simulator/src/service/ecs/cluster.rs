//! Clusters on the wire.

use simulator_core::ecs::cluster::{ClusterDescription, Failure, Shown};
use simulator_core::ecs::cluster_configuration::{ClusterSetting, ExecuteConfiguration, ExecuteLog};
use simulator_core::ecs::{
    CreateCluster, DeleteCluster, DescribeClusters, ListClusters, UpdateCluster, UpdateClusterSettings,
};
use simulator_core::{Home, Page, Refusal};

use super::capacity::{self, strategy_json};
use super::shape::{self, object};
use crate::wire::{Document, Input, document};

pub(super) fn create(input: &mut Input, _: &Home) -> Result<CreateCluster, Refusal> {
    Ok(CreateCluster {
        name: input.text("clusterName")?,
        tags: shape::tags(input)?,
        settings: settings(input)?,
        execute: execute(input)?,
        providers: input.texts("capacityProviders")?,
        strategy: capacity::strategy(input, "defaultCapacityProviderStrategy")?,
    })
}

pub(super) fn created(cluster: &ClusterDescription, _: &Home) -> Document {
    object([("cluster", json(cluster))])
}

pub(super) fn update(input: &mut Input, _: &Home) -> Result<UpdateCluster, Refusal> {
    Ok(UpdateCluster {
        cluster: input.required("cluster", shape::INVALID)?,
        settings: settings(input)?,
        execute: execute(input)?,
    })
}

pub(super) fn update_settings(input: &mut Input, _: &Home) -> Result<UpdateClusterSettings, Refusal> {
    Ok(UpdateClusterSettings { cluster: input.required("cluster", shape::INVALID)?, settings: settings(input)? })
}

fn settings(input: &mut Input) -> Result<Vec<ClusterSetting>, Refusal> {
    let pairs = shape::pairs(input, "settings")?;
    Ok(pairs.into_iter().map(|(name, value)| ClusterSetting { name, value }).collect())
}

fn execute(input: &mut Input) -> Result<Option<ExecuteConfiguration>, Refusal> {
    let Some(mut configuration) = input.structure("configuration")? else { return Ok(None) };
    let execute = configuration.structure("executeCommandConfiguration")?;
    configuration.finish()?;
    let Some(mut execute) = execute else { return Ok(None) };
    let log = execute.structure("logConfiguration")?;
    let log_of = |mut log: Input| -> Result<ExecuteLog, Refusal> {
        let read = ExecuteLog {
            group: log.text("cloudWatchLogGroupName")?,
            group_encrypted: log.boolean("cloudWatchEncryptionEnabled")?.unwrap_or(false),
            bucket: log.text("s3BucketName")?,
            bucket_encrypted: log.boolean("s3EncryptionEnabled")?.unwrap_or(false),
            prefix: log.text("s3KeyPrefix")?,
        };
        log.finish()?;
        Ok(read)
    };
    let read = ExecuteConfiguration {
        kms_key: execute.text("kmsKeyId")?,
        logging: execute.text("logging")?,
        log: log.map(log_of).transpose()?,
    };
    execute.finish()?;
    Ok(Some(read))
}

pub(super) fn describe(input: &mut Input, _: &Home) -> Result<DescribeClusters, Refusal> {
    let clusters = input.texts("clusters")?;
    let mut shown = Shown::default();
    for field in input.texts("include")? {
        match field.as_str() {
            "TAGS" => shown.tags = true,
            "SETTINGS" => shown.settings = true,
            "CONFIGURATIONS" => shown.configurations = true,
            "STATISTICS" => shown.statistics = true,
            // Capacity providers that need resources of their own would have some; there are none.
            "ATTACHMENTS" => {}
            other => return Err(Refusal::fault(shape::INVALID, format!("Invalid include '{other}'."))),
        }
    }
    Ok(DescribeClusters { clusters, shown })
}

pub(super) fn described((clusters, failures): &(Vec<ClusterDescription>, Vec<Failure>), _: &Home) -> Document {
    object([("clusters", clusters.iter().map(json).collect()), ("failures", shape::failures(failures))])
}

pub(super) fn delete(input: &mut Input, _: &Home) -> Result<DeleteCluster, Refusal> {
    Ok(DeleteCluster { cluster: input.required("cluster", shape::INVALID)? })
}

pub(super) fn list(input: &mut Input, _: &Home) -> Result<ListClusters, Refusal> {
    Ok(ListClusters { limit: shape::limit(input, 100)?, token: input.text("nextToken")? })
}

pub(super) fn listed(page: &Page<String>, _: &Home) -> Document {
    shape::page("clusterArns", page)
}

fn json(description: &ClusterDescription) -> Document {
    let ClusterDescription { cluster, running, pending, services, draining, shown } = description;
    let settings = document!([{ "name": "containerInsights", "value": &cluster.insights }]);
    object([
        ("clusterArn", document!(cluster.arn.as_str())),
        ("clusterName", document!(&cluster.name)),
        ("status", document!(if cluster.active { "ACTIVE" } else { "INACTIVE" })),
        ("registeredContainerInstancesCount", document!(0)),
        ("runningTasksCount", document!(running)),
        ("pendingTasksCount", document!(pending)),
        ("activeServicesCount", document!(services)),
        (
            "statistics",
            if shown.statistics { statistics(*running, *pending, *services, *draining) } else { document!([]) },
        ),
        ("tags", if shown.tags { shape::tag_list(&cluster.tags) } else { document!([]) }),
        ("settings", if shown.settings { settings } else { document!([]) }),
        (
            "configuration",
            cluster.execute.as_ref().filter(|_| shown.configurations).map_or(Document::Null, execute_json),
        ),
        ("capacityProviders", document!(&cluster.providers)),
        ("defaultCapacityProviderStrategy", strategy_json(&cluster.default_strategy)),
    ])
}

/// The counts by launch type, of which Fargate is the only one that has any (BOTO Cluster `statistics`).
fn statistics(running: usize, pending: usize, services: usize, draining: usize) -> Document {
    let counts = [
        ("runningEC2TasksCount", 0),
        ("runningFargateTasksCount", running),
        ("pendingEC2TasksCount", 0),
        ("pendingFargateTasksCount", pending),
        ("activeEC2ServiceCount", 0),
        ("activeFargateServiceCount", services),
        ("drainingEC2ServiceCount", 0),
        ("drainingFargateServiceCount", draining),
    ];
    counts.into_iter().map(|(name, count)| document!({ "name": name, "value": count.to_string() })).collect()
}

fn execute_json(execute: &ExecuteConfiguration) -> Document {
    let ExecuteConfiguration { kms_key, logging, log } = execute;
    let log = log.as_ref().map(|log| {
        let ExecuteLog { group, group_encrypted, bucket, bucket_encrypted, prefix } = log;
        object([
            ("cloudWatchLogGroupName", document!(group)),
            ("cloudWatchEncryptionEnabled", document!(group_encrypted)),
            ("s3BucketName", document!(bucket)),
            ("s3EncryptionEnabled", document!(bucket_encrypted)),
            ("s3KeyPrefix", document!(prefix)),
        ])
    });
    let execute = object([
        ("kmsKeyId", document!(kms_key)),
        ("logging", document!(logging)),
        ("logConfiguration", document!(log)),
    ]);
    document!({ "executeCommandConfiguration": execute })
}
