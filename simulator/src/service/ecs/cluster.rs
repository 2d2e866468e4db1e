//! Clusters on the wire.

use serde_json::{Value, json};
use simulator_core::ecs::cluster::{ClusterDescription, Failure, Shown};
use simulator_core::ecs::cluster_configuration::{ClusterSetting, ExecuteConfiguration, ExecuteLog};
use simulator_core::ecs::{
    CreateCluster, DeleteCluster, DescribeClusters, ListClusters, UpdateCluster, UpdateClusterSettings,
};
use simulator_core::{Page, Refusal, World};

use super::capacity::{self, strategy_json};
use super::shape::{self, object};
use crate::wire::Input;

pub(super) fn create(input: &mut Input, _: &World) -> Result<CreateCluster, Refusal> {
    Ok(CreateCluster {
        name: input.text("clusterName")?,
        tags: shape::tags(input)?,
        settings: settings(input)?,
        execute: execute(input)?,
        providers: input.texts("capacityProviders")?,
        strategy: capacity::strategy(input, "defaultCapacityProviderStrategy")?,
    })
}

pub(super) fn created(cluster: &ClusterDescription, _: &World) -> Value {
    object([("cluster", json(cluster))])
}

pub(super) fn update(input: &mut Input, _: &World) -> Result<UpdateCluster, Refusal> {
    Ok(UpdateCluster {
        cluster: input.required("cluster", shape::INVALID)?,
        settings: settings(input)?,
        execute: execute(input)?,
    })
}

pub(super) fn update_settings(input: &mut Input, _: &World) -> Result<UpdateClusterSettings, Refusal> {
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

pub(super) fn describe(input: &mut Input, _: &World) -> Result<DescribeClusters, Refusal> {
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

pub(super) fn described((clusters, failures): &(Vec<ClusterDescription>, Vec<Failure>), _: &World) -> Value {
    object([("clusters", clusters.iter().map(json).collect()), ("failures", shape::failures(failures))])
}

pub(super) fn delete(input: &mut Input, _: &World) -> Result<DeleteCluster, Refusal> {
    Ok(DeleteCluster { cluster: input.required("cluster", shape::INVALID)? })
}

pub(super) fn list(input: &mut Input, _: &World) -> Result<ListClusters, Refusal> {
    Ok(ListClusters { limit: shape::limit(input, 100)?, token: input.text("nextToken")? })
}

pub(super) fn listed(page: &Page<String>, _: &World) -> Value {
    shape::page("clusterArns", page)
}

fn json(description: &ClusterDescription) -> Value {
    let ClusterDescription { cluster, running, pending, services, draining, shown } = description;
    let settings = json!([{ "name": "containerInsights", "value": cluster.insights }]);
    object([
        ("clusterArn", json!(cluster.arn.as_str())),
        ("clusterName", json!(cluster.name)),
        ("status", json!(if cluster.active { "ACTIVE" } else { "INACTIVE" })),
        ("registeredContainerInstancesCount", json!(0)),
        ("runningTasksCount", json!(running)),
        ("pendingTasksCount", json!(pending)),
        ("activeServicesCount", json!(services)),
        ("statistics", if shown.statistics { statistics(*running, *pending, *services, *draining) } else { json!([]) }),
        ("tags", if shown.tags { shape::tag_list(&cluster.tags) } else { json!([]) }),
        ("settings", if shown.settings { settings } else { json!([]) }),
        ("configuration", cluster.execute.as_ref().filter(|_| shown.configurations).map_or(Value::Null, execute_json)),
        ("capacityProviders", json!(cluster.providers)),
        ("defaultCapacityProviderStrategy", strategy_json(&cluster.default_strategy)),
    ])
}

/// The counts by launch type, of which Fargate is the only one that has any (BOTO Cluster `statistics`).
fn statistics(running: usize, pending: usize, services: usize, draining: usize) -> Value {
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
    counts.into_iter().map(|(name, count)| json!({ "name": name, "value": count.to_string() })).collect()
}

fn execute_json(execute: &ExecuteConfiguration) -> Value {
    let ExecuteConfiguration { kms_key, logging, log } = execute;
    let log = log.as_ref().map(|log| {
        let ExecuteLog { group, group_encrypted, bucket, bucket_encrypted, prefix } = log;
        object([
            ("cloudWatchLogGroupName", json!(group)),
            ("cloudWatchEncryptionEnabled", json!(group_encrypted)),
            ("s3BucketName", json!(bucket)),
            ("s3EncryptionEnabled", json!(bucket_encrypted)),
            ("s3KeyPrefix", json!(prefix)),
        ])
    });
    let execute = object([("kmsKeyId", json!(kms_key)), ("logging", json!(logging)), ("logConfiguration", json!(log))]);
    json!({ "executeCommandConfiguration": execute })
}
