//! What each of a project's services names: the one of `[service]` first, then the further ones in the order of their names.

use std::collections::BTreeSet;

use crate::config::name::{ContainerName, Family, RepositoryName, ServiceKey, ServiceName};
use crate::config::{Config, Further};
use crate::policy::TaskRolePolicy;
use crate::task_definition::TaskDefinition;
use crate::task_definition::reference::{RoleReference, SecretReference};

/// What one service names.
#[derive(Debug, Clone)]
pub(super) struct Part<'a> {
    /// The section that it has, unless it is `[service]`.
    pub(super) key: Option<&'a ServiceKey>,
    /// Its name.
    pub(super) name: &'a ServiceName,
    /// The container that has its image.
    pub(super) container: &'a ContainerName,
    /// The repository of that image.
    pub(super) repository: RepositoryName,
    /// Its task definition.
    pub(super) definition: &'a TaskDefinition,
    /// What its app may do, where greenroom.toml says it.
    pub(super) task_role_policy: Option<&'a TaskRolePolicy>,
}

/// The parts of all services.
pub(super) fn all(config: &Config) -> Vec<Part<'_>> {
    let first = Part {
        key: None,
        name: &config.service.name,
        container: &config.service.container,
        repository: config.repository.name_for(&config.project.name),
        definition: &config.task_definition,
        task_role_policy: config.task_role_policy.as_ref(),
    };
    let further = config.further.iter().map(|further| {
        let Further { key, name, container, repository, task_definition, task_role_policy, .. } = further;
        Part {
            key: Some(key),
            name,
            container,
            repository: repository.clone(),
            definition: task_definition,
            task_role_policy: task_role_policy.as_ref(),
        }
    });
    std::iter::once(first).chain(further).collect()
}

impl<'a> Part<'a> {
    /// The family of its task definition.
    pub(super) fn family(&self) -> &'a Family {
        &self.definition.facts().family
    }

    /// The role that starts its tasks.
    pub(super) fn execution_role(&self) -> Option<&'a RoleReference> {
        self.definition.facts().execution_role.as_ref()
    }

    /// The role that its tasks have.
    pub(super) fn task_role(&self) -> Option<&'a RoleReference> {
        self.definition.facts().task_role.as_ref()
    }
}

/// The names of the repositories, each once.
pub(super) fn repositories<'p>(parts: impl IntoIterator<Item = &'p Part<'p>>) -> Vec<&'p RepositoryName> {
    once_each(parts.into_iter().map(|part| &part.repository))
}

/// The names of the log groups that tasks write to, each once.
pub(super) fn log_groups<'p>(parts: impl IntoIterator<Item = &'p Part<'p>>) -> Vec<&'p str> {
    once_each(
        parts.into_iter().flat_map(|part| part.definition.facts().log_groups.iter().map(|group| group.name.as_str())),
    )
}

/// The secrets and parameters that containers name.
pub(super) fn secrets<'p>(parts: impl IntoIterator<Item = &'p Part<'p>>) -> BTreeSet<&'p SecretReference> {
    parts.into_iter().flat_map(|part| &part.definition.facts().secrets).collect()
}

/// The environment files that containers name.
pub(super) fn environment_files<'p>(parts: impl IntoIterator<Item = &'p Part<'p>>) -> BTreeSet<&'p str> {
    parts.into_iter().flat_map(|part| part.definition.facts().environment_files.iter().map(String::as_str)).collect()
}

/// The roles that start tasks, each with the services whose tasks it starts.
pub(super) fn execution_roles<'p>(parts: &'p [Part<'p>]) -> Vec<(&'p RoleReference, Vec<&'p Part<'p>>)> {
    let mut roles: Vec<(&RoleReference, Vec<&Part<'_>>)> = Vec::new();
    for part in parts {
        let Some(role) = part.execution_role() else { continue };
        match roles.iter_mut().find(|(other, _)| other.name == role.name) {
            Some((_, started)) => started.push(part),
            None => roles.push((role, vec![part])),
        }
    }
    roles
}

/// The roles that tasks have, each once, but for those that start tasks as well; each with what greenroom.toml says that the app may do.
pub(super) fn task_roles<'p>(parts: &'p [Part<'p>]) -> Vec<(&'p RoleReference, Option<&'p TaskRolePolicy>)> {
    let starting: Vec<&str> = parts.iter().filter_map(Part::execution_role).map(|role| role.name.as_str()).collect();
    let mut roles: Vec<(&RoleReference, Option<&TaskRolePolicy>)> = Vec::new();
    for part in parts {
        let Some(role) = part.task_role().filter(|role| !starting.contains(&role.name.as_str())) else { continue };
        match roles.iter_mut().find(|(other, _)| other.name == role.name) {
            Some((_, policy)) => *policy = policy.or(part.task_role_policy),
            None => roles.push((role, part.task_role_policy)),
        }
    }
    roles
}

/// Each item once, in the order of their first occurrence.
pub(super) fn once_each<T: PartialEq>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut kept = Vec::new();
    for item in items {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}
