//! DescribeTasks and ListTasks.

use super::Task;
use crate::arn::Arn;
use crate::ecs::cluster::{self, Failure};
use crate::ecs::{LaunchType, access as ecs_access};
use crate::effect::TaskId;
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::world::World;

/// The id in a task's id or ARN, as it is written.
fn written(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or_default()
}

/// The task of the cluster called `cluster` that `reference`, an id or ARN, names.
pub(super) fn find<'a>(world: &'a World, cluster: &str, reference: &str) -> Option<&'a Task> {
    let id = written(reference).parse().ok()?;
    world.ecs.tasks.get(&id).filter(|task| task.origin.cluster == cluster)
}

/// The ARN of the task of the cluster called `cluster` that `reference` names, whether or not it exists.
pub(super) fn arn(world: &World, cluster: &str, reference: &str) -> Arn {
    Arn::new("ecs", &world.region, &world.account, &format!("task/{cluster}/{}", written(reference)))
}

/// `action` on the task that `reference` names in `cluster`.
pub(super) fn access(world: &World, action: &'static str, cluster: Option<&str>, reference: &str) -> Access {
    let cluster = cluster::cluster_name(cluster);
    let task = written(reference).parse().ok().and_then(|id| world.ecs.tasks.get(&id));
    let access = Access::new(action, arn(world, cluster, reference).as_str())
        .with("ecs:cluster", cluster::cluster_arn(world, cluster).as_str());
    match task {
        Some(task) => ecs_access::on_tagged(access, &task.origin.tags),
        None => access,
    }
}

/// Describes tasks, stopped ones included.
#[derive(Clone, Debug)]
pub struct DescribeTasks {
    /// `cluster`: name or ARN.
    pub cluster: Option<String>,
    /// `tasks`: ids or ARNs, at most 100.
    pub tasks: Vec<String>,
    /// Whether `include` asks for TAGS.
    pub with_tags: bool,
}

/// The answer to [`DescribeTasks`]: ids to look up in [`crate::ecs::View`], and what was not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedTasks {
    /// Those found.
    pub tasks: Vec<TaskId>,
    /// Those not found.
    pub failures: Vec<Failure>,
    /// Whether the answer shows tags.
    pub with_tags: bool,
}

impl Operation for DescribeTasks {
    type Output = DescribedTasks;
    const NAME: &'static str = "ecs:DescribeTasks";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let cluster = self.cluster.as_deref();
        Ok(self.tasks.iter().map(|task| access(world, Self::NAME, cluster, task)).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<DescribedTasks, Refusal> {
        let Self { cluster, tasks: asked, with_tags } = authorized.operation;
        let cluster = world.ecs.cluster(cluster.as_deref())?.name.clone();
        if asked.is_empty() {
            return Err(Refusal::fault("InvalidParameterException", "Tasks cannot be empty."));
        }
        if asked.len() > 100 {
            return Err(Refusal::fault("InvalidParameterException", "Tasks can contain at most 100 tasks."));
        }
        let (mut tasks, mut failures) = (Vec::new(), Vec::new());
        for reference in &asked {
            match find(world, &cluster, reference) {
                Some(task) => tasks.push(task.id),
                None => failures.push(Failure { arn: arn(world, &cluster, reference), reason: "MISSING" }),
            }
        }
        Ok(DescribedTasks { tasks, failures, with_tags })
    }
}

/// Lists the ARNs of tasks.
#[derive(Clone, Debug, Default)]
pub struct ListTasks {
    /// `cluster`: name or ARN.
    pub cluster: Option<String>,
    /// `serviceName`: name or ARN.
    pub service: Option<String>,
    /// `family`.
    pub family: Option<String>,
    /// `startedBy`.
    pub started_by: Option<String>,
    /// `desiredStatus`: RUNNING by default. PENDING is accepted, and matches nothing, as on AWS.
    pub desired_status: Option<String>,
    /// `launchType`.
    pub launch_type: Option<LaunchType>,
    /// `maxResults`, 100 by default.
    pub limit: usize,
    /// `nextToken`.
    pub token: Option<String>,
}

impl Operation for ListTasks {
    type Output = Page<String>;
    const NAME: &'static str = "ecs:ListTasks";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let cluster = cluster::cluster_arn(world, cluster::cluster_name(self.cluster.as_deref()));
        Ok(vec![Access::new(Self::NAME, "*").with("ecs:cluster", cluster.as_str())])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Page<String>, Refusal> {
        let asked = authorized.operation;
        let cluster = world.ecs.cluster(asked.cluster.as_deref())?.name.clone();
        let service = asked.service.as_ref().map(|service| service.rsplit('/').next().unwrap_or_default());
        if let Some(name) = service
            && !world.ecs.services.keys().any(|key| key.cluster == cluster && key.service == name)
        {
            return Err(Refusal::fault("ServiceNotFoundException", "Service not found."));
        }
        let desired = asked.desired_status.as_deref().unwrap_or("RUNNING");
        let wanted = |task: &&Task| {
            task.origin.cluster == cluster
                && task.desired_status() == desired
                && service.is_none_or(|name| task.origin.service.as_ref().is_some_and(|key| key.service == name))
                && asked.family.as_ref().is_none_or(|family| task.definition.family == *family)
                && asked.started_by.as_ref().is_none_or(|by| task.origin.started_by.as_deref() == Some(by))
                && asked.launch_type.is_none_or(|kind| kind == LaunchType::Fargate)
        };
        let tasks = world.ecs.tasks.by_id().filter(wanted).map(|task| (task.id.to_string(), task.arn().to_string()));
        page(tasks, asked.token.as_deref(), asked.limit)
            .ok_or_else(|| Refusal::fault("InvalidParameterException", "Invalid token."))
    }
}
