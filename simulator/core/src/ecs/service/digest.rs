//! Version consistency: the tags of a deployment's images are resolved once (`facts/aws.md` 1.9), so that a task which is started later
//! runs the same image although the tag may mean another by then.
//!
//! Only this account's ECR is known to the World. What a tag means elsewhere is left to whoever pulls.

use smol_str::SmolStr;

use super::ServiceKey;
use crate::ecr;
use crate::world::World;

/// Resolves what is not yet resolved of the primary deployment's images. A tag that does not exist yet is tried again with the next task.
pub(in crate::ecs) fn resolve(world: &mut World, key: &ServiceKey) {
    let Some(service) = world.ecs.services.get(key) else { return };
    let primary = service.primary();
    let unresolved = primary
        .definition
        .containers
        .iter()
        .filter(|container| container.version_consistency && !primary.digests.contains_key(&container.name));
    let found = unresolved.filter_map(|container| {
        ecr::digest_of(world, &container.image).map(|digest| (container.name.clone(), digest.into()))
    });
    let found: Vec<(String, SmolStr)> = found.collect();
    let Some(service) = world.ecs.services.get_mut(key).filter(|_| !found.is_empty()) else { return };
    let primary = service.primary_mut();
    primary.digests.extend(found);
    let (id, digests) = (primary.id.clone(), primary.digests.clone());
    if let Some(revision) = service.revisions.iter_mut().rev().find(|revision| revision.deployment == id) {
        revision.digests = digests;
    }
}
