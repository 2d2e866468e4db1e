//! Starts the tasks that have been decided on.

use std::collections::BTreeMap;
use std::sync::Arc;

use smol_str::SmolStr;

use super::apply::unsettle;
use super::crowd::Crowd;
use super::view::{End, Ended};
use super::words;
use crate::ecs::capacity::{StrategyItem, next_provider};
use crate::ecs::service::{Propagate, ServiceKey, resolve_images};
use crate::ecs::task::{Launch, Origin, launch};
use crate::effect::TaskId;
use crate::id::IdKind;
use crate::refusal::Refusal;
use crate::world::World;

/// What tasks are started for.
pub(super) enum Why {
    /// So many are wanted, some of them in place of unhealthy ones.
    Wanted { replacing: u32 },
    /// This availability zone has too few.
    Zone(SmolStr),
}

/// Starts tasks of the deployment at `place`, and answers how many could be.
pub(super) fn start(world: &mut World, key: &ServiceKey, place: usize, count: u32, why: &Why) -> u32 {
    unsettle(world, key);
    resolve_images(world, key);
    let (mut started, mut refused) = (Vec::new(), None);
    let cause = world.cause();
    let mut crowd = Crowd::of(world, key, place);
    let wanted = wanted(world, key, place);
    let mut providers = Providers::of(world, key, place);
    for _ in 0..count {
        world.follow(cause);
        let subnet = match why {
            Why::Wanted { .. } => crowd.next(None),
            Why::Zone(zone) => crowd.next(Some(zone)),
        };
        let origin = providers.next(&wanted.origin);
        match launch(world, Launch { subnet, origin, ..wanted.clone() }) {
            Ok(task) => started.push(task),
            Err(refusal) => {
                refused = Some(refusal);
                break;
            }
        }
    }
    world.follow(cause);
    if !started.is_empty() {
        let separator = world.ecs.rules.task_separator;
        let said = match why {
            Why::Wanted { replacing } => words::started(&started, *replacing, separator),
            Why::Zone(zone) => words::started_in(&started, zone, separator),
        };
        words::say(world, key, &said);
    }
    if let Some(refusal) = refused {
        not_launched(world, key, place, &refusal);
    }
    u32::try_from(started.len()).expect("no more than were wanted")
}

/// Starts tasks in zones that have too few. As many go elsewhere once these are healthy.
pub(super) fn rebalance(
    world: &mut World,
    key: &ServiceKey,
    zones: &BTreeMap<SmolStr, u32>,
    starts: BTreeMap<SmolStr, u32>,
) {
    let Some(service) = world.ecs.services.get_mut(key) else { return };
    if !std::mem::replace(&mut service.unbalanced, true) {
        words::say(world, key, &words::unbalanced(zones));
    }
    for (zone, count) in starts {
        let started = start(world, key, 0, count, &Why::Zone(zone));
        if let Some(service) = world.ecs.services.get_mut(key) {
            service.rebalancing += started;
        }
    }
}

/// A task could not even be launched: that is a failure of the deployment like another, and is counted at the next look.
fn not_launched(world: &mut World, key: &ServiceKey, place: usize, refusal: &Refusal) {
    let error = match refusal {
        Refusal::Fault { message, .. } => message.trim_end_matches('.').to_owned(),
        Refusal::Denied(_) | Refusal::NotSimulated { .. } => refusal.to_string(),
    };
    words::say_once(world, key, &words::failed_to_launch(&error));
    let task = TaskId::new(world.ids.number(IdKind::Task));
    let Some(service) = world.ecs.services.get_mut(key) else { return };
    let deployment = service.deployments[place].id.as_str().into();
    service.unlaunched.push(Ended { task, deployment, how: End::NeverRan(error.into()) });
    super::poke(world, key);
}

/// The capacity providers of a deployment: how many tasks each has, and what the tasks on it have in common.
struct Providers {
    strategy: Vec<StrategyItem>,
    tasks: BTreeMap<SmolStr, u32>,
    origins: BTreeMap<SmolStr, Arc<Origin>>,
}

impl Providers {
    fn of(world: &World, key: &ServiceKey, place: usize) -> Self {
        let service = &world.ecs.services[key];
        let deployment = &service.deployments[place];
        let mut tasks = BTreeMap::new();
        let own = world.ecs.live(service).filter(|task| task.origin.started_by.as_deref() == Some(&deployment.id));
        for provider in own.filter(|task| !task.stopping).filter_map(|task| task.origin.provider.clone()) {
            *tasks.entry(provider).or_default() += 1;
        }
        Self { strategy: deployment.strategy.clone(), tasks, origins: BTreeMap::new() }
    }

    /// What the next task has in common with others like it: `common`, on the provider whose turn it is.
    fn next(&mut self, common: &Arc<Origin>) -> Arc<Origin> {
        let tasks = self.tasks.iter().map(|(provider, tasks)| (provider.as_str(), *tasks)).collect();
        let Some(provider) = next_provider(&self.strategy, &tasks).map(SmolStr::new) else { return Arc::clone(common) };
        *self.tasks.entry(provider.clone()).or_default() += 1;
        let on = || Arc::new(Origin { provider: Some(provider.clone()), ..Origin::clone(common) });
        Arc::clone(self.origins.entry(provider.clone()).or_insert_with(on))
    }
}

/// A task of the deployment at `place`, as they are launched now.
fn wanted(world: &World, key: &ServiceKey, place: usize) -> Launch {
    let service = &world.ecs.services[key];
    let deployment = &service.deployments[place];
    let mut tags = match service.propagate {
        Propagate::None => BTreeMap::new(),
        Propagate::Service => service.tags.clone(),
        Propagate::TaskDefinition => deployment.definition.tags.clone(),
    };
    if service.managed_tags {
        tags.insert("aws:ecs:clusterName".to_owned(), key.cluster.to_string());
        tags.insert("aws:ecs:serviceName".to_owned(), key.service.to_string());
    }
    let group = format!("service:{}", key.service);
    let origin = Origin {
        started_by: Some(deployment.id.as_str().into()),
        service: Some(key.clone()),
        execute_command: service.execute_command,
        tags,
        ..Origin::new(world, &key.cluster, group, deployment.network.clone())
    };
    Launch {
        definition: Arc::clone(&deployment.definition),
        origin: Arc::new(origin),
        subnet: None,
        digests: Arc::new(deployment.digests.clone()),
    }
}
