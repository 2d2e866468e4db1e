//! Which of the files' parts are the app's.

use super::Subject;
use crate::rehearsal::files::compose::Service;
use crate::rehearsal::files::task_definition::Container;

/// The container behind the load balancer. None if the task definition has none of that name, which whoever reads `greenroom.toml`
/// has refused before.
pub(super) fn container<'files>(subject: &Subject<'files>) -> Option<&'files Container> {
    subject.files.task_definition.containers.iter().find(|container| container.name.value == subject.container)
}

/// The compose file's service that is the app: the one of the container's name, else the only one that is built from the project's
/// Dockerfile and publishes a port, else the only one that is built. None if that is not clear.
pub(super) fn service<'files>(subject: &Subject<'files>) -> Option<&'files Service> {
    let services = &subject.files.compose.as_ref()?.services;
    if let Some(named) = services.iter().find(|service| service.name.value == subject.container) {
        return Some(named);
    }
    let built: Vec<&Service> = services.iter().filter(|service| service.build.is_some()).collect();
    let published: Vec<&Service> = built.iter().copied().filter(|service| !service.ports.is_empty()).collect();
    match (published.as_slice(), built.as_slice()) {
        ([only], _) | (_, [only]) => Some(*only),
        _ => None,
    }
}
