//! ECS on the wire: AWS JSON 1.1.
//!
//! One file for each kind of thing reads its requests and writes its answers: [`cluster`], [`definition`] with its [`container`]s,
//! [`service`] with its [`deployment`] configuration, what of it shifts traffic ([`lifecycle`]) and its [`history`], [`task`], [`tag`]s;
//! [`shape`] has what they share.

mod cluster;
mod container;
mod definition;
mod deployment;
mod history;
mod lifecycle;
mod service;
mod shape;
mod tag;
mod task;

#[cfg(test)]
mod tests;

use serde_json::json;

use super::{Protocol, Service};
use crate::wire::row;

/// ECS and its operations.
#[must_use]
pub fn service() -> Service {
    Service {
        signing_name: "ecs",
        protocol: Protocol::Json { target: "AmazonEC2ContainerServiceV20141113" },
        operations: vec![
            row("CreateCluster", cluster::create, |output, world| cluster::created(&output, world)),
            row("DescribeClusters", cluster::describe, |output, world| cluster::described(&output, world)),
            row("DeleteCluster", cluster::delete, |output, world| cluster::created(&output, world)),
            row("ListClusters", cluster::list, |output, world| cluster::listed(&output, world)),
            row("RegisterTaskDefinition", definition::register, |output, world| definition::registered(&output, world)),
            row("DescribeTaskDefinition", definition::describe, |output, world| definition::described(&output, world)),
            row("ListTaskDefinitions", definition::list, |output, world| definition::listed(&output, world)),
            row("DeregisterTaskDefinition", definition::deregister, |output, world| {
                definition::deregistered(&output, world)
            }),
            row("CreateService", service::create, |output, world| service::written(&output, world)),
            row("UpdateService", service::update, |output, world| service::written(&output, world)),
            row("DeleteService", service::delete, |output, world| service::written(&output, world)),
            row("DescribeServices", service::describe, |output, world| service::described(&output, world)),
            row("ListServices", service::list, |output, world| service::listed(&output, world)),
            row("ListServiceDeployments", history::list, |output, world| history::listed(&output, world)),
            row("DescribeServiceDeployments", history::describe_deployments, |output, world| {
                history::described_deployments(&output, world)
            }),
            row("DescribeServiceRevisions", history::describe_revisions, |output, world| {
                history::described_revisions(&output, world)
            }),
            row("StopServiceDeployment", history::stop, |output, world| history::stopped(&output, world)),
            row("ContinueServiceDeployment", lifecycle::resume, |output, world| lifecycle::resumed(&output, world)),
            row("RunTask", task::run, |output, world| task::ran(&output, world)),
            row("DescribeTasks", task::describe, |output, world| task::described(&output, world)),
            row("ListTasks", task::list, |output, world| task::listed(&output, world)),
            row("StopTask", task::stop, |output, world| task::stopped(&output, world)),
            row("TagResource", tag::tag, |(), _| json!({})),
            row("UntagResource", tag::untag, |(), _| json!({})),
            row("ListTagsForResource", tag::list, |output, _| json!({ "tags": shape::tag_list(&output) })),
        ],
    }
}
