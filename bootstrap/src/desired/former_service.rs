//! What a section `[services.NAME]` that has been taken out leaves: the service, and what it alone had. Most names of it are the user's
//! own, and are found through the service itself, so that it goes after them.

use std::collections::BTreeMap;
use std::num::NonZeroU16;

use super::Desired;
use super::former::{Former, LOG_EVENTS, former_group};
use crate::config::name::{Family, ServiceName};
use crate::resource::listener::{Listener, ListenerState};
use crate::resource::role::Purpose;
use crate::resource::service::{Rollout, Service, ServiceState};
use crate::resource::target_group::TargetGroup;
use crate::resource::task_definition::{FamilyState, FirstRevision};
use crate::resource::{Kind, ResourceId, Spec, State};
use crate::task_definition::reference::RoleReference;

pub(crate) const SERVICES: &str = "`[services]`";
const DEPLOYED: Option<&str> = Some("deploys may still go to it");

impl Desired {
    /// What a service that is found leads to and nobody asks for any more, the service among it.
    pub(crate) fn former_services(&self, found: &BTreeMap<ResourceId, State>) -> Vec<Former> {
        let wanted: Vec<ResourceId> = self.resources().iter().map(Spec::id).collect();
        let mut formers: Vec<Former> = Vec::new();
        for (id, state) in found {
            let State::Service(state) = state else { continue };
            if wanted.contains(id) {
                continue;
            }
            if let Some(service) = self.former_service(id, &state.family) {
                formers.push(service);
                formers.extend(self.parts(id, state, found));
            }
        }
        formers.retain(|former| !wanted.contains(&former.spec.id()));
        formers
    }

    /// The service called `id` where it is in the project's cluster.
    pub(crate) fn former_service(&self, id: &ResourceId, family: &str) -> Option<Former> {
        let (cluster, name) = id.name.split_once('/').filter(|_| id.kind == Kind::Service)?;
        let spec = Spec::Service(Service {
            cluster: self.cluster.name.clone(),
            name: ServiceName::parse(name).ok()?,
            family: Family::parse(family).ok()?,
            target: None,
            security_group: String::new(),
            rollout: Rollout { minimum_healthy_percent: Default::default(), maximum_percent: Default::default() },
            takes_cluster_capacity: false,
            traffic: None,
        });
        let is_here = cluster == self.cluster.name.as_str();
        is_here.then_some(Former { spec, setting: SERVICES, risk: DEPLOYED, part_of: None })
    }

    /// What the service has to itself, as far as it has been found or named.
    fn parts(&self, service: &ResourceId, state: &ServiceState, found: &BTreeMap<ResourceId, State>) -> Vec<Former> {
        let part = |spec: Spec, risk| Former { spec, setting: SERVICES, risk, part_of: Some(service.clone()) };
        let mut parts = Vec::new();
        for (id, other) in found {
            let spec = if let State::SecurityGroup(group) = other
                && state.security_groups.contains(&group.id)
            {
                Some(former_group(id.name.clone()))
            } else if let State::TargetGroup(group) = other
                && has_targets_in(state, &group.arn)
            {
                self.former_target_group(&id.name)
            } else if let State::Listener(listener) = other
                && leads_to(listener, state)
            {
                self.former_listener(id, listener, found)
            } else {
                None
            };
            parts.extend(spec.map(|spec| part(spec, None)));
        }
        let Ok(family) = Family::parse(&state.family) else { return parts };
        let revisions = ResourceId::new(Kind::TaskDefinition, family.as_str());
        let document = self.first_revision.document.clone();
        let first = FirstRevision { family, document, roles: Vec::new() };
        parts.push(part(Spec::TaskDefinition(first), Some("all its revisions would go with it")));
        let Some(State::TaskDefinition(FamilyState { roles, log_groups, .. })) = found.get(&revisions) else {
            return parts;
        };
        let roles = roles.iter().filter_map(|role| RoleReference::parse(role));
        let role = |reference: RoleReference| self.former_role(Purpose::Tasks, reference.name, reference.path);
        parts.extend(roles.map(|reference| part(role(reference), Some("other tasks may have it"))));
        let groups = log_groups.iter().map(|name| Spec::LogGroup(self.log_group(name.clone())));
        parts.extend(groups.map(|group| part(group, LOG_EVENTS)));
        parts
    }

    /// A target group of a service beside the first: it has the project's name and the section's.
    pub(crate) fn former_target_group(&self, name: &str) -> Option<Spec> {
        let of_project = name.strip_prefix(self.project.as_str())?;
        of_project.starts_with('-').then(|| {
            Spec::TargetGroup(TargetGroup {
                name: name.to_owned(),
                purpose: "the tasks of a service were registered in it",
                ..self.target_group.clone()
            })
        })
    }

    /// A listener of the project's load balancer.
    pub(crate) fn former_listener(
        &self,
        id: &ResourceId,
        state: &ListenerState,
        found: &BTreeMap<ResourceId, State>,
    ) -> Option<Spec> {
        let (balancer, port) = id.name.rsplit_once(':')?;
        let led_to = |(id, other): (&ResourceId, &State)| {
            let State::TargetGroup(group) = other else { return None };
            state.forwards_to.contains(&group.arn).then(|| id.name.clone())
        };
        let port: NonZeroU16 = port.parse().ok().filter(|_| balancer == self.project.as_str())?;
        let target_group = found.iter().find_map(led_to)?;
        Some(Spec::Listener(Listener { load_balancer: self.project.clone(), target_group, port }))
    }
}

fn has_targets_in(service: &ServiceState, target_group: &str) -> bool {
    service.targets.iter().any(|(arn, _, _)| arn == target_group)
}

fn leads_to(listener: &ListenerState, service: &ServiceState) -> bool {
    listener.forwards_to.iter().any(|arn| has_targets_in(service, arn))
}
