//! Clusters on the wire.

use serde_json::{Value, json};
use simulator_core::ecs::cluster::{ClusterDescription, Failure};
use simulator_core::ecs::{CreateCluster, DeleteCluster, DescribeClusters, ListClusters};
use simulator_core::{Page, Refusal, World};

use super::shape;
use crate::wire::Input;

pub(super) fn create(input: &mut Input, _: &World) -> Result<CreateCluster, Refusal> {
    Ok(CreateCluster { name: input.text("clusterName")?, tags: shape::tags(input)? })
}

pub(super) fn created(cluster: &ClusterDescription, _: &World) -> Value {
    json!({ "cluster": json(cluster) })
}

pub(super) fn describe(input: &mut Input, _: &World) -> Result<DescribeClusters, Refusal> {
    Ok(DescribeClusters { clusters: input.texts("clusters")?, with_tags: shape::includes_tags(input)? })
}

pub(super) fn described((clusters, failures): &(Vec<ClusterDescription>, Vec<Failure>), _: &World) -> Value {
    json!({
        "clusters": clusters.iter().map(json).collect::<Vec<_>>(),
        "failures": shape::failures(failures),
    })
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
    let ClusterDescription { cluster, running, pending, services, with_tags } = description;
    json!({
        "clusterArn": cluster.arn.as_str(),
        "clusterName": cluster.name,
        "status": if cluster.active { "ACTIVE" } else { "INACTIVE" },
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": running,
        "pendingTasksCount": pending,
        "activeServicesCount": services,
        "statistics": [],
        "tags": if *with_tags { shape::tag_list(&cluster.tags) } else { json!([]) },
        "settings": [{ "name": "containerInsights", "value": "disabled" }],
        "capacityProviders": [],
        "defaultCapacityProviderStrategy": [],
    })
}
