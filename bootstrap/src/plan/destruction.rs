//! What takes everything of the project away, in the opposite order of that in which it is made. What nobody asks for any more goes with
//! it.

use super::leftover::{held_by_others, ours, stop, take_away};
use super::{Draft, Plan, PlanOptions, finished, held};
use crate::desired::Desired;
use crate::desired::former::Former;
use crate::observe::Observed;
use crate::resource::cluster::Cluster;
use crate::resource::{Owner, ResourceId, Spec, State};

/// Says what takes everything of the project away, in the opposite order. What is somebody else's stays.
#[must_use]
pub fn plan_destruction(desired: &Desired, observed: &Observed, options: &PlanOptions) -> Plan {
    let mut draft = Draft::default();
    draft.empties_repositories = options.empties_repositories;
    let specs = desired.resources();
    let formers = ours(desired, observed, &PlanOptions::default());
    // What else the project has may have its policies, and uses nothing else that these are.
    let is_last = |spec: &&Spec| matches!(spec, Spec::ManagedPolicy(_));
    let (last, others): (Vec<&Spec>, Vec<&Spec>) = specs.iter().rev().partition(is_last);
    take_services_away(&formers, &mut draft);
    let first_group = others.iter().position(|spec| is_group(spec)).unwrap_or(others.len());
    let (users_of_groups, rest) = others.split_at(first_group);
    let services = formers.iter().filter(|(former, _)| is_service(former)).count();
    for spec in users_of_groups {
        let spec = &emptied(spec, services);
        take_wanted_away(spec, &specs, observed, options, &mut draft);
    }
    take_groups_away(&specs, &formers, observed, &mut draft);
    for spec in rest.iter().filter(|spec| !is_group(spec)) {
        take_wanted_away(spec, &specs, observed, options, &mut draft);
    }
    take_formers_away(&specs, &formers, observed, &mut draft);
    for spec in last {
        take_wanted_away(spec, &specs, observed, options, &mut draft);
    }
    finished(draft, desired, observed.identifiers(desired))
}

fn take_wanted_away(spec: &Spec, specs: &[Spec], observed: &Observed, options: &PlanOptions, draft: &mut Draft) {
    let Some(mut state) = observed.found.get(&spec.id()).cloned() else { return };
    let owner = state.owner().cloned().unwrap_or_else(|| held(spec, observed, options));
    draft.about(spec.id(), spec.id(), Owner::Ours);
    if owner == Owner::Ours {
        draft.after(users_of(spec, specs).collect());
        spec.take_away(&state, draft);
    } else {
        draft.stays(format!("it is {owner}"));
    }
}

fn users_of<'a>(spec: &Spec, specs: &'a [Spec]) -> impl Iterator<Item = ResourceId> + 'a {
    let id = spec.id();
    specs.iter().filter(move |other| other.needs().contains(&id)).map(Spec::id)
}

/// Adds what takes the services away that nobody asks for any more, and before them what is found through them alone: before all else,
/// which they may use.
fn take_services_away(formers: &[(Former, &State)], draft: &mut Draft) {
    for (former, state) in formers {
        if let (Spec::Service(service), State::Service(found)) = (&former.spec, state) {
            draft.about(former.spec.id(), former.spec.id(), Owner::Ours);
            stop(service, found, draft);
        }
    }
    draft.end_of_wanted();
    let mut gone: Vec<ResourceId> = Vec::new();
    for (former, state) in formers.iter().rev().filter(|(former, _)| is_of_service(former)) {
        let id = former.spec.id();
        draft.about(id.clone(), id.clone(), Owner::Ours);
        draft.after(gone.clone());
        take_away(former, state, draft);
        gone.push(id);
    }
    draft.end_of_wanted();
}

fn is_of_service(former: &Former) -> bool {
    is_service(former) || former.goes_before_its_service()
}

fn is_service(former: &Former) -> bool {
    matches!(former.spec, Spec::Service(_))
}

/// Of the cluster, as it is once so many services of it beside those that are wanted have gone.
fn emptied(spec: &Spec, services: usize) -> Spec {
    let Spec::Cluster(cluster) = spec else { return spec.clone() };
    let services = cluster.services.saturating_add(i32::try_from(services).unwrap_or(i32::MAX));
    Spec::Cluster(Cluster { services, ..cluster.clone() })
}

/// Adds what takes the security groups away, those that nobody asks for any more among them: each after those whose rules name it.
fn take_groups_away(specs: &[Spec], formers: &[(Former, &State)], observed: &Observed, draft: &mut Draft) {
    let found = |spec: &Spec| observed.found.get(&spec.id());
    let wanted = specs.iter().filter_map(|spec| Some((spec, found(spec)?)));
    let former = formers.iter().map(|(former, state)| (&former.spec, *state));
    let mut groups: Vec<(&Spec, &State)> = former.chain(wanted).filter(|(spec, _)| is_group(spec)).collect();
    groups.retain(|(spec, state)| {
        let owner = (*state).clone().owner().cloned().unwrap_or(Owner::Ours);
        if owner != Owner::Ours {
            draft.about(spec.id(), spec.id(), Owner::Ours);
            draft.stays(format!("it is {owner}"));
        }
        owner == Owner::Ours
    });
    let mut gone: Vec<ResourceId> = Vec::new();
    for (spec, state) in in_order_of_deletion(groups, |(_, state)| state) {
        let id = spec.id();
        draft.about(id.clone(), id.clone(), Owner::Ours);
        let namers = observed.found.iter().filter(|(_, other)| lets_in(other, state)).map(|(id, _)| id);
        let (before, staying): (Vec<ResourceId>, Vec<ResourceId>) = namers.cloned().partition(|id| gone.contains(id));
        if let Some(holder) = staying.first() {
            draft.stays(format!("a rule of {holder} names it"));
            continue;
        }
        draft.after(users_of(spec, specs).chain(before).collect());
        spec.take_away(state, draft);
        gone.push(id);
    }
}

/// Adds what takes all else away that nobody asks for any more: after what is wanted, and before the policies that both may have.
fn take_formers_away(specs: &[Spec], formers: &[(Former, &State)], observed: &Observed, draft: &mut Draft) {
    if formers.is_empty() {
        return;
    }
    draft.end_of_wanted();
    let is_ours = |id: &ResourceId| {
        let owner = observed.found.get(id).cloned().and_then(|mut state| state.owner().cloned());
        owner.is_none_or(|owner| owner == Owner::Ours)
    };
    let is_rule = |former: &Former| matches!(former.spec, Spec::ListenerRule(_) | Spec::Listener(_));
    // Rules go with their listener, and that with its load balancer.
    let rules = formers.iter().filter(|(former, _)| is_rule(former)).map(|(former, _)| former.spec.id());
    let wanted = specs.iter().map(Spec::id).filter(is_ours);
    let mut gone: Vec<ResourceId> = wanted.chain(rules).collect();
    let is_gone = |former: &Former| is_group(&former.spec) || is_rule(former) || is_of_service(former);
    let rest = formers.iter().rev().filter(|(former, _)| !is_gone(former));
    for (former, state) in rest {
        let id = former.spec.id();
        draft.about(id.clone(), id.clone(), Owner::Ours);
        if let Some(holder) = held_by_others(former, state, observed, &gone, &[], draft) {
            draft.stays(holder);
            continue;
        }
        draft.after(gone.clone());
        former.spec.take_away(state, draft);
        gone.push(id);
    }
    draft.end_of_wanted();
}

fn is_group(spec: &Spec) -> bool {
    matches!(spec, Spec::SecurityGroup(_))
}

/// Of things that are security groups, each after all whose rules name it: EC2 deletes none that a rule of another names.
pub(super) fn in_order_of_deletion<T>(mut groups: Vec<T>, state: impl Fn(&T) -> &State) -> Vec<T> {
    let mut ordered = Vec::new();
    while !groups.is_empty() {
        let is_unnamed = |group: &T| !groups.iter().any(|other| lets_in(state(other), state(group)));
        let next = groups.iter().position(is_unnamed).unwrap_or_default();
        ordered.push(groups.remove(next));
    }
    ordered
}

/// Whether a rule of a security group names another one.
pub(super) fn lets_in(group: &State, other: &State) -> bool {
    let (State::SecurityGroup(group), State::SecurityGroup(other)) = (group, other) else { return false };
    group.id != other.id && group.ingress.iter().any(|rule| rule.source == other.id)
}
