//! ECS: clusters, task definitions, services, deployments and tasks.
//!
//! In reading order: [`account_setting`]s, [`cluster`] with its [`cluster_configuration`] and [`capacity`] providers, [`definition`] (what tasks are made of), [`network`], [`task`] (how tasks live), [`service`] (what a
//! service is) and the scheduler (what it does about it); [`alarm`]s can fail a deployment from outside, [`tag`]s are for all of them, [`task_set`]s, [`container_instance`]s and [`namespace`]s there are none,
//! [`rules`] are the points that AWS leaves in doubt, [`view`] is how others read all this. [`access`] holds what several operations ask
//! IAM for alike.

mod access;
pub mod account_setting;
pub mod alarm;
pub mod capacity;
pub mod cluster;
pub mod cluster_configuration;
mod container_instance;
pub mod definition;
mod namespace;
pub mod network;
pub mod rules;
mod scheduler;
pub mod service;
pub mod tag;
pub mod task;
mod task_set;
pub mod view;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

pub use account_setting::{DeleteAccountSetting, ListAccountSettings, PutAccountSetting, PutAccountSettingDefault};
pub use alarm::AlarmState;
pub use capacity::{DescribeCapacityProviders, PutClusterCapacityProviders};
pub use cluster::{Cluster, CreateCluster, DeleteCluster, DescribeClusters, Failure, ListClusters};
pub use cluster_configuration::{UpdateCluster, UpdateClusterSettings};
pub use container_instance::{DescribeContainerInstances, ListContainerInstances};
pub use definition::{
    DeleteTaskDefinitions, DeregisterTaskDefinition, DescribeTaskDefinition, ListTaskDefinitionFamilies,
    ListTaskDefinitions, RegisterTaskDefinition, TaskDefinition,
};
pub use namespace::ListServicesByNamespace;
pub use network::Network;
pub use rules::Rules;
pub use service::{
    ContinueServiceDeployment, CreateService, DeleteService, DescribeServiceDeployments, DescribeServiceRevisions,
    DescribeServices, ListServiceDeployments, ListServices, Service, ServiceDeployment, ServiceDeploymentStatus,
    ServiceKey, ServiceRevision, StopServiceDeployment, UpdateService,
};
pub use tag::{ListTagsForResource, TagResource, UntagResource};
pub use task::{
    ContainerOverride, DescribeTasks, ExecuteCommand, Execution, GetTaskProtection, ListTasks, Overrides, RunTask,
    StopTask, Task, TaskStatus, UpdateTaskProtection,
};
pub use task_set::{
    CreateTaskSet, DeleteTaskSet, DescribeTaskSets, InService, UpdateServicePrimaryTaskSet, UpdateTaskSet,
};
pub use view::View;

use crate::agenda::{Agenda, Deadline};
use crate::ecr;
use crate::effect::TaskId;
use crate::elb;
use crate::observation::Observation;
use crate::sts::TemporaryCredentials;
use crate::time::Timestamp;
use crate::world::World;

/// Everything ECS knows of the account.
#[derive(Clone, Debug, Default)]
pub struct State {
    clusters: BTreeMap<String, Cluster>,
    /// Revisions by family; revision 1 comes first.
    definitions: BTreeMap<String, Vec<Arc<TaskDefinition>>>,
    services: BTreeMap<ServiceKey, Service>,
    tasks: task::Tasks,
    /// Which task has an address now.
    by_address: BTreeMap<IpAddr, TaskId>,
    /// What RunTask answered to a client token.
    client_tokens: BTreeMap<String, task::Earlier>,
    /// Until when tasks are protected from scale-in.
    protected: BTreeMap<TaskId, Timestamp>,
    account_settings: account_setting::Settings,
    /// The credentials that tasks have of their roles now.
    credentials: BTreeMap<TaskId, TemporaryCredentials>,
    /// The alarms that have been told of.
    alarms: BTreeMap<String, AlarmState>,
    agenda: Agenda<Timer>,
    rules: Rules,
}

/// What can be due.
#[derive(Clone, Debug)]
enum Timer {
    /// The scheduler looks at a service.
    Evaluate(Box<ServiceKey>),
    /// The next health check of a container, by its place in the task.
    Probe(TaskId, usize),
    /// The control plane learns of a container's health.
    Report(TaskId, usize),
    /// A start timeout ends the waiting of some container.
    Dependency(TaskId),
}

/// `launchType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaunchType {
    /// On container instances, of which the account has none.
    Ec2,
    /// On Fargate.
    Fargate,
}

impl LaunchType {
    /// AWS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ec2 => "EC2",
            Self::Fargate => "FARGATE",
        }
    }
}

impl State {
    /// The task called `id`, which exists.
    fn task_mut(&mut self, id: &TaskId) -> &mut Task {
        self.tasks.get_mut(id).expect("whoever names a task has found it")
    }

    /// The security groups of the task that has the address `address`; none where no task has it.
    pub(crate) fn groups_at(&self, address: IpAddr) -> Arc<[String]> {
        let task = self.by_address.get(&address).and_then(|id| self.tasks.get(id));
        task.map_or_else(Arc::default, |task| task.origin.security_groups.clone())
    }

    /// Has `timer`, which is for the task `id`, set off at `at`, and notes that in what `deadline` finds in the task.
    fn set(&mut self, id: &TaskId, deadline: impl FnOnce(&mut Task) -> &mut Deadline, timer: Timer, at: Timestamp) {
        if let Some(task) = self.tasks.get_mut(id) {
            self.agenda.set(deadline(task), timer, at);
        }
    }

    /// The next health check of the container at `place` of the task `id` is due at `at`.
    fn probe_at(&mut self, id: &TaskId, place: usize, at: Timestamp) {
        self.set(id, |task| &mut task.containers[place].probe_due, Timer::Probe(*id, place), at);
    }

    /// The control plane learns at `at` of the health of the container at `place` of the task `id`.
    fn report_at(&mut self, id: &TaskId, place: usize, at: Timestamp) {
        self.set(id, |task| &mut task.containers[place].report_due, Timer::Report(*id, place), at);
    }

    /// There is no next health check of the container at `place` of the task `id`.
    fn probe_no_more(&mut self, id: &TaskId, place: usize) {
        if let Some(task) = self.tasks.get_mut(id) {
            self.agenda.cancel(&mut task.containers[place].probe_due);
        }
    }

    /// The tasks of `service` that are not STOPPED, in the order of creation.
    fn live<'a>(&'a self, service: &'a Service) -> impl Iterator<Item = &'a Task> + Clone {
        self.tasks.at(service.live.iter())
    }
}

/// Takes in a fact about a task, a container or a target. One about something that does not exist (any more) is let go.
pub(crate) fn observe(world: &mut World, observation: Observation) {
    use elb::Reach;
    use task::observe as task;
    match observation {
        Observation::TaskPrepared { task: id, address } => task::prepared(world, &id, address),
        Observation::TaskNotPrepared { task: id, message } => task::not_prepared(world, &id, &message),
        Observation::ImagePulled { task: id, container } => {
            if let Some(place) = task::place(world, &id, &container) {
                task::pulled(world, &id, place);
            }
        }
        Observation::ImageNotPulled { task: id, container, message } => {
            if let Some(place) = task::place(world, &id, &container) {
                task::not_pulled(world, &id, place, &message);
            }
        }
        Observation::ContainerStarted { task: id, container, runtime_id } => {
            if let Some(place) = task::place(world, &id, &container) {
                task::started(world, &id, place, runtime_id);
            }
        }
        Observation::ContainerNotStarted { task: id, container, message } => {
            if let Some(place) = task::place(world, &id, &container) {
                task::not_started(world, &id, place, &message);
            }
        }
        Observation::ContainerExited { task: id, container, exit_code, out_of_memory } => {
            if let Some(place) = task::place(world, &id, &container) {
                task::exited(world, &id, place, exit_code, out_of_memory);
            }
        }
        Observation::MemoryUsed { task: id, container, mebibytes } => {
            if let Some(place) = task::place(world, &id, &container) {
                task::uses(world, &id, place, mebibytes);
            }
        }
        Observation::HealthProbed { task: id, container, exit_code, output } => {
            if let Some(place) = task::place(world, &id, &container) {
                task::probed(world, &id, place, exit_code, output);
            }
        }
        Observation::Logged { task: id, container, line } => {
            if let Some(place) = task::place(world, &id, &container) {
                task::logged(world, &id, place, line);
            }
        }
        Observation::TaskCleared { task: id } => task::cleared(world, &id),
        Observation::TargetProbed { target_group, target, answer } => {
            elb::observe_probed(world, &target_group, &target, &answer);
        }
        Observation::TargetDrained { target_group, target } => elb::observe_drained(world, &target_group, &target),
        Observation::HookAnswered { execution, answer } => scheduler::hook_answered(world, &execution, answer),
        Observation::ImageScanned { repository, digest, outcome } => {
            ecr::observe_scan(world, &repository, &digest, outcome);
        }
        Observation::AlarmChanged { alarm, state } => alarm::changed(world, &alarm, state),
        Observation::Listening { listener, address } => elb::observe_listening(world, &listener, Reach::At(address)),
        Observation::NotListening { listener, message } => {
            elb::observe_listening(world, &listener, Reach::Nowhere(message));
        }
    }
}

/// The clusters that are not deleted.
pub(crate) fn active_clusters(world: &World) -> Vec<crate::arn::Arn> {
    let clusters = world.ecs.clusters.values().filter(|cluster| cluster.active);
    clusters.map(|cluster| cluster.arn.clone()).collect()
}

/// Takes every step that is due at the present time, until none is.
pub(crate) fn settle(world: &mut World) {
    loop {
        elb::settle(world);
        let changed = world.elb.take_changed();
        let quiet = changed.is_empty();
        for ((group, target), event) in changed {
            world.follow(Some(event));
            scheduler::target_changed(world, &group, &target);
        }
        match world.ecs.agenda.pop_due(world.now) {
            Some(Timer::Evaluate(key)) => scheduler::evaluate(world, &key),
            Some(Timer::Probe(id, place)) => task::observe::probe_due(world, &id, place),
            Some(Timer::Report(id, place)) => task::observe::report_due(world, &id, place),
            Some(Timer::Dependency(id)) => {
                world.follow(world.ecs.tasks.get(&id).and_then(|task| task.event));
                task::advance::advance(world, &id);
            }
            None if quiet => return,
            None => {}
        }
    }
}

/// When the next step is due without any observation.
pub(crate) fn next_deadline(world: &World) -> Option<Timestamp> {
    [world.ecs.agenda.next(), world.elb.next_deadline()].into_iter().flatten().min()
}
