//! Keeps target groups in step with tasks: tasks that run are registered, tasks that stop are deregistered.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::words;
use crate::arn::Arn;
use crate::ecs::service::{Deployment, Service, ServiceKey};
use crate::ecs::task::{TargetStage, Task, TaskStatus, TaskTarget, drained};
use crate::effect::{Target, TaskId};
use crate::elb;
use crate::world::World;

/// Registers and deregisters what is due, and says so.
pub(super) fn keep_in_step(world: &mut World, key: &ServiceKey) {
    register(world, key);
    deregister(world, key);
}

fn register(world: &mut World, key: &ServiceKey) {
    let service = &world.ecs.services[key];
    let mut due: Vec<(TaskId, TaskTarget)> = Vec::new();
    for task in world.ecs.live(service) {
        let runs_since = task.started_at.filter(|_| task.last_status == TaskStatus::Running);
        let runs = runs_since.is_some_and(|since| world.now >= since + world.timing.target_registration);
        let due_now = (runs || task.last_status == TaskStatus::Activating) && !task.stopping;
        let Some(address) = task.address.filter(|_| due_now && task.targets.is_empty()) else { continue };
        let Some(deployment) = deployment_of(service, task) else { continue };
        for balancer in &deployment.load_balancers {
            let target = Target { address, port: balancer.port };
            let group = deployment.group_of(balancer).clone();
            let target = TaskTarget { group, target, stage: TargetStage::Registered };
            due.push((task.id, target));
        }
    }
    // What is done at one instant is done in the order of the ids.
    due.sort_by_key(|(task, _)| *task);
    let mut registered: BTreeMap<Arn, usize> = BTreeMap::new();
    let activated: BTreeSet<TaskId> = due.iter().map(|(task, _)| *task).collect();
    for (task, target) in due {
        let groups = world.ecs.tasks[&task].origin.security_groups.clone();
        elb::register(world, &target.group, &target.target, groups);
        *registered.entry(target.group.clone()).or_default() += 1;
        world.ecs.task_mut(&task).targets.push(target);
    }
    for (group, count) in registered {
        words::say(world, key, &words::registered(count, &group));
    }
    for task in activated {
        crate::ecs::task::activated(world, &task);
    }
}

fn deployment_of<'a>(service: &'a Service, task: &Task) -> Option<&'a Deployment> {
    let id = task.origin.started_by.as_deref()?;
    service.deployments.iter().find(|deployment| deployment.id == id)
}

/// Whether the targets of the task called `id` are registered before it is RUNNING: where its service has several target groups.
pub(in crate::ecs) fn registers_first(world: &World, id: &TaskId) -> bool {
    let task = &world.ecs.tasks[id];
    let service = task.origin.service.as_ref().and_then(|key| world.ecs.services.get(key));
    let deployment = service.and_then(|service| deployment_of(service, task));
    deployment.is_some_and(|deployment| deployment.load_balancers.len() > 1)
}

fn deregister(world: &mut World, key: &ServiceKey) {
    let service = &world.ecs.services[key];
    let mut stopping: Vec<&Task> = world.ecs.live(service).filter(|task| task.stopping).collect();
    stopping.sort_by_key(|task| task.id);
    let gone = service.ended.iter().filter_map(|ended| world.ecs.tasks.get(&ended.task)).filter(|task| task.stopping);
    let mut due: BTreeMap<(SmolStr, Arn), Vec<(TaskId, Target)>> = BTreeMap::new();
    for task in stopping.into_iter().chain(gone) {
        for target in task.targets.iter().filter(|target| target.stage == TargetStage::Registered) {
            let deployment = task.origin.started_by.clone().unwrap_or_default();
            let batch = due.entry((deployment, target.group.clone())).or_default();
            batch.push((task.id, target.target.clone()));
        }
    }
    let several = service.deployments.len() > 1;
    for ((deployment, group), batch) in due {
        words::say(world, key, &words::deregistered(batch.len(), &group));
        let said = words::say(world, key, &words::draining(batch.len(), several.then_some(deployment.as_str())));
        for (task, target) in &batch {
            for held in &mut world.ecs.task_mut(task).targets {
                if held.group == group && held.target == *target {
                    held.stage = TargetStage::Draining;
                }
            }
        }
        world.follow(Some(said));
        let targets: Vec<Target> = batch.into_iter().map(|(_, target)| target).collect();
        elb::deregister(world, &group, &targets);
    }
}

/// The state of a target has changed: its task may go on, or its service may look different.
pub(in crate::ecs) fn changed(world: &mut World, group: &Arn, target: &Target) {
    let Some(id) = world.ecs.by_address.get(&target.address).cloned() else { return };
    let registered = world.elb.target_group(group).is_some_and(|group| group.target(target).is_some());
    let task = world.ecs.task_mut(&id);
    for held in &mut task.targets {
        if held.group == *group && held.target == *target && held.stage == TargetStage::Draining && !registered {
            held.stage = TargetStage::Gone;
        }
    }
    let all_gone = task.targets.iter().all(|held| held.stage == TargetStage::Gone);
    if let Some(key) = task.origin.service.clone() {
        super::poke(world, &key);
    }
    if all_gone {
        drained(world, &id);
    }
}
