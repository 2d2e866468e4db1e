//! ECS on the wire: AWS JSON 1.1.
//!
//! One file for each kind of thing reads its requests and writes its answers: [`cluster`], [`definition`] with its [`container`]s,
//! [`service`] with its [`deployment`] configuration, [`task`]; [`shape`] has what they share.

mod cluster;
mod container;
mod definition;
mod deployment;
mod service;
mod shape;
mod task;

#[cfg(test)]
mod tests;

use super::{Protocol, Service};
use crate::wire::row;

/// ECS and its operations.
#[must_use]
pub fn service() -> Service {
    Service {
        signing_name: "ecs",
        protocol: Protocol::Json { target: "AmazonEC2ContainerServiceV20141113" },
        operations: vec![
            row("CreateCluster", cluster::create, cluster::created),
            row("DescribeClusters", cluster::describe, cluster::described),
            row("ListClusters", cluster::list, cluster::listed),
            row("RegisterTaskDefinition", definition::register, definition::registered),
            row("DescribeTaskDefinition", definition::describe, definition::described),
            row("ListTaskDefinitions", definition::list, definition::listed),
            row("DeregisterTaskDefinition", definition::deregister, definition::deregistered),
            row("CreateService", service::create, service::written),
            row("UpdateService", service::update, service::written),
            row("DescribeServices", service::describe, service::described),
            row("ListServices", service::list, service::listed),
            row("RunTask", task::run, task::ran),
            row("DescribeTasks", task::describe, task::described),
            row("ListTasks", task::list, task::listed),
            row("StopTask", task::stop, task::stopped),
        ],
    }
}
