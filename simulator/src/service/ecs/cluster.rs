//! Clusters on the wire.

use serde_json::{Value, json};
use simulator_core::ecs::cluster::{ClusterDescription, CreateCluster, DescribeClusters, Failure, ListClusters};
use simulator_core::page::Page;
use simulator_core::{Refusal, World};

use super::{encode_failures, encode_tags, includes_tags, limit, object, tags};
use crate::wire::{Input, Row, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("CreateCluster", decode_create, |output, _| json!({"cluster": encode(&output)})),
        row("DescribeClusters", decode_describe, encode_described),
        row("ListClusters", decode_list, encode_list),
    ]
}

fn decode_create(input: &mut Input, _: &World) -> Result<CreateCluster, Refusal> {
    Ok(CreateCluster { name: input.text("clusterName")?, tags: tags(input)? })
}

fn decode_describe(input: &mut Input, _: &World) -> Result<DescribeClusters, Refusal> {
    Ok(DescribeClusters { clusters: input.texts("clusters")?, with_tags: includes_tags(input)? })
}

fn decode_list(input: &mut Input, _: &World) -> Result<ListClusters, Refusal> {
    Ok(ListClusters { limit: limit(input)?, token: input.text("nextToken")? })
}

fn encode_described((clusters, failures): (Vec<ClusterDescription>, Vec<Failure>), _: &World) -> Value {
    let clusters: Vec<Value> = clusters.iter().map(encode).collect();
    json!({"clusters": clusters, "failures": encode_failures(&failures)})
}

fn encode_list(page: Page<String>, _: &World) -> Value {
    object([("clusterArns", json!(page.items)), ("nextToken", json!(page.next))])
}

fn encode(described: &ClusterDescription) -> Value {
    let ClusterDescription { cluster, running, pending, services, with_tags } = described;
    json!({
        "clusterArn": cluster.arn.as_str(),
        "clusterName": cluster.name,
        "status": "ACTIVE",
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": running,
        "pendingTasksCount": pending,
        "activeServicesCount": services,
        "statistics": [],
        "tags": if *with_tags { encode_tags(&cluster.tags) } else { json!([]) },
        "settings": [],
        "capacityProviders": [],
        "defaultCapacityProviderStrategy": [],
    })
}
