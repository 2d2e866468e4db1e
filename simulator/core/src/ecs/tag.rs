//! Tags of clusters, services, tasks and task definitions: TagResource, UntagResource, ListTagsForResource.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::access::on_tagged;
use super::service::{ServiceKey, ServiceStatus};
use super::{State, TaskDefinition};
use crate::arn::Arn;
use crate::effect::TaskId;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// Most tags that a resource may have (BOTO Tag).
const MOST_TAGS: usize = 50;

/// Adds tags to a resource, or changes their values.
#[derive(Clone, Debug)]
pub struct TagResource {
    /// `resourceArn`.
    pub resource: String,
    /// `tags`.
    pub tags: BTreeMap<String, String>,
}

/// Removes tags from a resource.
#[derive(Clone, Debug)]
pub struct UntagResource {
    /// `resourceArn`.
    pub resource: String,
    /// `tagKeys`.
    pub keys: Vec<String>,
}

/// Lists the tags of a resource.
#[derive(Clone, Debug)]
pub struct ListTagsForResource {
    /// `resourceArn`.
    pub resource: String,
}

/// What an ARN names, by the part after the fifth colon.
enum Named<'a> {
    Cluster(&'a str),
    Service(ServiceKey),
    /// None for what is no id of a task.
    Task(Option<TaskId>),
    /// A family and a revision.
    Definition(&'a str, usize),
}

fn named(arn: &Arn) -> Option<Named<'_>> {
    let (kind, rest) = arn.resource().split_once('/')?;
    match kind {
        "cluster" => Some(Named::Cluster(rest)),
        "service" => {
            let (cluster, service) = rest.split_once('/')?;
            Some(Named::Service(ServiceKey { cluster: cluster.into(), service: service.into() }))
        }
        "task" => rest.split_once('/').map(|(_, id)| Named::Task(id.parse().ok())),
        "task-definition" => {
            let (family, revision) = rest.rsplit_once(':')?;
            Some(Named::Definition(family, revision.parse::<usize>().ok()?.checked_sub(1)?))
        }
        _ => None,
    }
}

impl State {
    /// The tags of the resource called `arn`, if it exists and can be tagged.
    fn tags_mut(&mut self, arn: &Arn) -> Option<&mut BTreeMap<String, String>> {
        match named(arn)? {
            Named::Cluster(name) => {
                let cluster = self.clusters.get_mut(name).filter(|cluster| cluster.active && cluster.arn == *arn);
                cluster.map(|cluster| &mut cluster.tags)
            }
            Named::Service(key) => {
                let service = self.services.get_mut(&key);
                let there = service.filter(|of| of.status != ServiceStatus::Inactive && of.arn == *arn);
                there.map(|service| &mut service.tags)
            }
            Named::Task(id) => self
                .tasks
                .get_mut(&id?)
                .filter(|task| task.arn() == *arn)
                .map(|task| &mut Arc::make_mut(&mut task.origin).tags),
            Named::Definition(family, place) => {
                let definition = self.definitions.get_mut(family)?.get_mut(place)?;
                // Deployments under way hold on to the revision as it was when they were made.
                (definition.arn == *arn).then(|| &mut Arc::<TaskDefinition>::make_mut(definition).tags)
            }
        }
    }

    fn tags(&self, arn: &Arn) -> Option<&BTreeMap<String, String>> {
        match named(arn)? {
            Named::Cluster(name) => {
                let cluster = self.clusters.get(name).filter(|cluster| cluster.active && cluster.arn == *arn);
                cluster.map(|cluster| &cluster.tags)
            }
            Named::Service(key) => {
                let service = self.services.get(&key);
                let there = service.filter(|of| of.status != ServiceStatus::Inactive && of.arn == *arn);
                there.map(|service| &service.tags)
            }
            Named::Task(id) => self.tasks.get(&id?).filter(|task| task.arn() == *arn).map(|task| &task.origin.tags),
            Named::Definition(family, place) => {
                let definition = self.definitions.get(family)?.get(place)?;
                (definition.arn == *arn).then_some(&definition.tags)
            }
        }
    }
}

fn parsed(resource: &str) -> Result<Arn, Refusal> {
    let invalid = |_| Refusal::fault("InvalidParameterException", format!("Invalid ARN: {resource}"));
    resource.parse().map_err(invalid)
}

/// The refusal for what `arn` does not find.
fn not_found(arn: &Arn) -> Refusal {
    match named(arn) {
        Some(Named::Cluster(_)) => Refusal::fault("ClusterNotFoundException", "Cluster not found."),
        Some(Named::Service(_) | Named::Task(_) | Named::Definition(..)) => {
            Refusal::fault("ResourceNotFoundException", "The specified resource wasn't found.")
        }
        None => Refusal::NotSimulated { what: format!("tags of `{arn}`") },
    }
}

/// `action` on `resource`, with the condition keys of the tags that it has.
fn access(world: &World, action: &'static str, resource: &str) -> Result<Access, Refusal> {
    let tags = world.ecs.tags(&parsed(resource)?).cloned().unwrap_or_default();
    Ok(on_tagged(Access::new(action, resource), &tags))
}

/// Keys and values within AWS's bounds, none with the prefix that AWS keeps to itself. The texts are ours.
pub(super) fn check(tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
    let invalid = |message: String| Err(Refusal::fault("InvalidParameterException", message));
    if tags.len() > MOST_TAGS {
        return invalid(format!("A resource can have at most {MOST_TAGS} tags."));
    }
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
            return invalid(format!("The tag {key} is not valid: keys have 1 to 128 characters, values at most 256."));
        }
        if key.to_lowercase().starts_with("aws:") {
            return invalid(format!("The tag {key} is not valid: the prefix aws: is reserved."));
        }
    }
    Ok(())
}

impl Operation for TagResource {
    type Output = ();
    const NAME: &'static str = "ecs:TagResource";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![access(world, Self::NAME, &self.resource)?.tagging(&self.tags)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { resource, tags } = authorized.operation;
        check(&tags)?;
        let arn = parsed(&resource)?;
        let present = world.ecs.tags_mut(&arn).ok_or_else(|| not_found(&arn))?;
        let new = tags.keys().filter(|key| !present.contains_key(*key)).count();
        if present.len() + new > MOST_TAGS {
            let message = format!("A resource can have at most {MOST_TAGS} tags.");
            return Err(Refusal::fault("LimitExceededException", message));
        }
        present.extend(tags);
        Ok(())
    }
}

impl Operation for UntagResource {
    type Output = ();
    const NAME: &'static str = "ecs:UntagResource";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![access(world, Self::NAME, &self.resource)?.tag_keys(&self.keys)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { resource, keys } = authorized.operation;
        let arn = parsed(&resource)?;
        let present = world.ecs.tags_mut(&arn).ok_or_else(|| not_found(&arn))?;
        present.retain(|key, _| !keys.contains(key));
        Ok(())
    }
}

impl Operation for ListTagsForResource {
    type Output = BTreeMap<String, String>;
    const NAME: &'static str = "ecs:ListTagsForResource";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![access(world, Self::NAME, &self.resource)?])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<BTreeMap<String, String>, Refusal> {
        let arn = parsed(&authorized.operation.resource)?;
        world.ecs.tags(&arn).cloned().ok_or_else(|| not_found(&arn))
    }
}
