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
use crate::wire::{Document, document, row, viewing_row};

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
            row("CreateCluster", cluster::create, |output, home| cluster::created(&output, home)),
            row("DescribeClusters", cluster::describe, |output, home| cluster::described(&output, home)),
            row("DeleteCluster", cluster::delete, |output, home| cluster::created(&output, home)),
            row("UpdateCluster", cluster::update, |output, home| cluster::created(&output, home)),
            row("UpdateClusterSettings", cluster::update_settings, |output, home| cluster::created(&output, home)),
            row("PutClusterCapacityProviders", capacity::put, |output, home| cluster::created(&output, home)),
            row("DescribeCapacityProviders", capacity::describe, |output, home| capacity::described(&output, home)),
            row("ListContainerInstances", container_instance::list, |output, home| {
                container_instance::listed(&output, home)
            }),
            row("DescribeContainerInstances", container_instance::describe, |output, home| {
                container_instance::described(&output, home)
            }),
            row("PutAccountSetting", account_setting::put, |output, home| account_setting::written(&output, home)),
            row("PutAccountSettingDefault", account_setting::put_default, |output, home| {
                account_setting::written(&output, home)
            }),
            row("DeleteAccountSetting", account_setting::delete, |output, home| {
                account_setting::written(&output, home)
            }),
            row("ListAccountSettings", account_setting::list, |output, home| account_setting::listed(&output, home)),
            row("ListClusters", cluster::list, |output, home| cluster::listed(&output, home)),
            row("RegisterTaskDefinition", definition::register, |output, home| definition::registered(&output, home)),
            row("DescribeTaskDefinition", definition::describe, |output, home| definition::described(&output, home)),
            row("ListTaskDefinitions", definition::list, |output, home| definition::listed(&output, home)),
            row("DeregisterTaskDefinition", definition::deregister, |output, home| {
                definition::deregistered(&output, home)
            }),
            row("DeleteTaskDefinitions", definition::delete, |output, home| definition::deleted(&output, home)),
            row("ListTaskDefinitionFamilies", definition::families, |output, home| {
                definition::families_listed(&output, home)
            }),
            viewing_row("CreateService", service::create, |output, world| service::written(&output, world)),
            viewing_row("UpdateService", service::update, |output, world| service::written(&output, world)),
            viewing_row("DeleteService", service::delete, |output, world| service::written(&output, world)),
            viewing_row("DescribeServices", service::describe, |output, world| service::described(&output, world)),
            row("ListServices", service::list, |output, home| service::listed(&output, home)),
            row("ListServicesByNamespace", service::by_namespace, |never, _| -> Document { match never {} }),
            row("CreateTaskSet", task_set::create, |never, _| -> Document { match never {} }),
            viewing_row("DescribeTaskSets", task_set::describe, |output, world| task_set::described(&output, world)),
            row("UpdateTaskSet", task_set::update, |never, _| -> Document { match never {} }),
            row("DeleteTaskSet", task_set::delete, |never, _| -> Document { match never {} }),
            row("UpdateServicePrimaryTaskSet", task_set::make_primary, |never, _| -> Document { match never {} }),
            viewing_row("ListServiceDeployments", history::list, |output, world| history::listed(&output, world)),
            viewing_row("DescribeServiceDeployments", history::describe_deployments, |output, world| {
                history::described_deployments(&output, world)
            }),
            viewing_row("DescribeServiceRevisions", history::describe_revisions, |output, world| {
                history::described_revisions(&output, world)
            }),
            row("StopServiceDeployment", history::stop, |output, home| history::stopped(&output, home)),
            row("ContinueServiceDeployment", lifecycle::resume, |output, home| lifecycle::resumed(&output, home)),
            viewing_row("RunTask", task::run, |output, world| task::ran(&output, world)),
            viewing_row("DescribeTasks", task::describe, |output, world| task::described(&output, world)),
            row("ListTasks", task::list, |output, home| task::listed(&output, home)),
            viewing_row("StopTask", task::stop, |output, world| task::stopped(&output, world)),
            row("GetTaskProtection", protection::get, |output, home| protection::shown(&output, home)),
            row("UpdateTaskProtection", protection::update, |output, home| protection::shown(&output, home)),
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
