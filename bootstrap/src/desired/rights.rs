//! Whether what greenroom.toml says that the apps may do can be given to them.

use std::collections::BTreeMap;

use super::contradiction::{Contradiction, Section};
use super::part;
use crate::config::Config;
use crate::policy::TaskRolePolicy;
use crate::policy::task_role::allowed_services;
use crate::resource::managed_policy::ManagedPolicy;

/// Holds the policies of the apps' roles against the task definitions, one another, and the boundary that bootstrap makes. What is in a
/// boundary that an organisation demands is not known here.
pub(super) fn check(config: &Config, boundary: Option<&ManagedPolicy>, contradictions: &mut Vec<Contradiction>) {
    let parts = part::all(config);
    let roles: BTreeMap<&str, Option<&TaskRolePolicy>> =
        part::task_roles(&parts).into_iter().map(|(role, policy)| (role.name.as_str(), policy)).collect();
    let bounds = boundary.map(|boundary| allowed_services(&boundary.document));
    for (part, policy) in parts.iter().filter_map(|part| Some((part, part.task_role_policy?))) {
        let section = || Section(part.key.cloned());
        match part.task_role().and_then(|role| Some((role, *roles.get(role.name.as_str())?))) {
            None => contradictions.push(Contradiction::NoTaskRole { section: section() }),
            Some((role, given)) if given != Some(policy) => {
                contradictions.push(Contradiction::TwoTaskRolePolicies { section: section(), role: role.name.clone() });
            }
            Some(_) => {}
        }
        let beyond = |service: &&str| bounds.as_ref().is_some_and(|bounds| !bounds.contains(*service));
        let beyond: Vec<String> = policy.services().into_iter().filter(beyond).map(str::to_owned).collect();
        if !beyond.is_empty() {
            contradictions.push(Contradiction::BeyondBoundary { section: section(), services: beyond });
        }
    }
}
