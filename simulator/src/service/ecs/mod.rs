//! ECS on the wire: AWS JSON 1.1.
//!
//! One file for each kind of thing reads its requests and writes its answers: [`account_setting`]s, [`cluster`], [`capacity`] providers, [`definition`] with its [`container`]s,
//! [`service`] with its [`deployment`] configuration, what of it shifts traffic ([`lifecycle`]) and its [`history`], [`task`] with its [`protection`], [`execute_command`], [`task_set`]s, [`container_instance`]s, [`tag`]s;
//! [`shape`] has what they share.

mod account_setting;
mod capacity;
mod cluster;
mod container;
mod container_instance;
mod definition;
mod deployment;
mod execute_command;
mod history;
mod lifecycle;
mod protection;
mod service;
mod shape;
mod tag;
mod task;
mod task_set;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(crate) use container::read as read_container;

use super::{Protocol, Service};
use crate::data_channel::Sessions;
use crate::wire::{Document, document, row};

/// ECS and its operations, without sessions in containers.
#[must_use]
pub fn service() -> Service {
    service_reaching(None)
}

/// The same with `sessions` in containers.
#[must_use]
pub fn service_reaching(sessions: Option<Arc<Sessions>>) -> Service {
    let enterable = sessions.is_some();
    Service {
        signing_name: "ecs",
        protocol: Protocol::Json { target: "AmazonEC2ContainerServiceV20141113" },
        operations: vec![
            row("CreateCluster", cluster::create, |output, world| cluster::created(&output, world)),
            row("DescribeClusters", cluster::describe, |output, world| cluster::described(&output, world)),
            row("DeleteCluster", cluster::delete, |output, world| cluster::created(&output, world)),
            row("UpdateCluster", cluster::update, |output, world| cluster::created(&output, world)),
            row("UpdateClusterSettings", cluster::update_settings, |output, world| cluster::created(&output, world)),
            row("PutClusterCapacityProviders", capacity::put, |output, world| cluster::created(&output, world)),
            row("DescribeCapacityProviders", capacity::describe, |output, world| capacity::described(&output, world)),
            row("ListContainerInstances", container_instance::list, |output, world| {
                container_instance::listed(&output, world)
            }),
            row("DescribeContainerInstances", container_instance::describe, |output, world| {
                container_instance::described(&output, world)
            }),
            row("PutAccountSetting", account_setting::put, |output, world| account_setting::written(&output, world)),
            row("PutAccountSettingDefault", account_setting::put_default, |output, world| {
                account_setting::written(&output, world)
            }),
            row("DeleteAccountSetting", account_setting::delete, |output, world| {
                account_setting::written(&output, world)
            }),
            row("ListAccountSettings", account_setting::list, |output, world| account_setting::listed(&output, world)),
            row("ListClusters", cluster::list, |output, world| cluster::listed(&output, world)),
            row("RegisterTaskDefinition", definition::register, |output, world| definition::registered(&output, world)),
            row("DescribeTaskDefinition", definition::describe, |output, world| definition::described(&output, world)),
            row("ListTaskDefinitions", definition::list, |output, world| definition::listed(&output, world)),
            row("DeregisterTaskDefinition", definition::deregister, |output, world| {
                definition::deregistered(&output, world)
            }),
            row("DeleteTaskDefinitions", definition::delete, |output, world| definition::deleted(&output, world)),
            row("ListTaskDefinitionFamilies", definition::families, |output, world| {
                definition::families_listed(&output, world)
            }),
            row("CreateService", service::create, |output, world| service::written(&output, world)),
            row("UpdateService", service::update, |output, world| service::written(&output, world)),
            row("DeleteService", service::delete, |output, world| service::written(&output, world)),
            row("DescribeServices", service::describe, |output, world| service::described(&output, world)),
            row("ListServices", service::list, |output, world| service::listed(&output, world)),
            row("ListServicesByNamespace", service::by_namespace, |never, _| -> Document { match never {} }),
            row("CreateTaskSet", task_set::create, |never, _| -> Document { match never {} }),
            row("DescribeTaskSets", task_set::describe, |output, world| task_set::described(&output, world)),
            row("UpdateTaskSet", task_set::update, |never, _| -> Document { match never {} }),
            row("DeleteTaskSet", task_set::delete, |never, _| -> Document { match never {} }),
            row("UpdateServicePrimaryTaskSet", task_set::make_primary, |never, _| -> Document { match never {} }),
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
            row("GetTaskProtection", protection::get, |output, world| protection::shown(&output, world)),
            row("UpdateTaskProtection", protection::update, |output, world| protection::shown(&output, world)),
            row(
                "ExecuteCommand",
                move |input, _| execute_command::decode(input, enterable),
                move |execution, _| execute_command::answer(execution, sessions.as_deref()),
            ),
            row("TagResource", tag::tag, |(), _| document!({})),
            row("UntagResource", tag::untag, |(), _| document!({})),
            row("ListTagsForResource", tag::list, |output, _| document!({ "tags": shape::tag_list(&output) })),
        ],
    }
}
