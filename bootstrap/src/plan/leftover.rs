//! What becomes of that which nobody asks for any more: it is taken away after all that is asked for has been made. What would be lost with
//! something of value in it, or is still in use, stays and is named; it goes when a person says so.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use super::destruction::{in_order_of_deletion, lets_in};
use super::{Draft, PlanOptions, Remark, held};
use crate::desired::Desired;
use crate::desired::former::{Former, PERMISSIONS};
use crate::observe::Observed;
use crate::resource::deploy_user::{DeployUserState, Key};
use crate::resource::managed::Managed;
use crate::resource::role::Purpose;
use crate::resource::security_group::SecurityGroupState;
use crate::resource::service::{Service, ServiceState};
use crate::resource::target_group::TargetGroupState;
use crate::resource::traffic::TrafficState;
use crate::resource::{Change, Owner, ResourceId, Spec, State, deploy_user, role, service};

/// Adds what takes it away, and says what stays and why.
pub(super) fn plan(desired: &Desired, observed: &Observed, options: &PlanOptions, draft: &mut Draft) {
    let formers = ours(desired, observed, options);
    drop_boundaries(desired, observed, &formers, draft);
    draft.end_of_wanted();
    let is_told = |former: &Former| {
        options.remove.covers(&former.spec.id()) || former.part_of.as_ref().is_some_and(|id| options.remove.covers(id))
    };
    let mut gone: Vec<ResourceId> = Vec::new();
    let mut kept: Vec<ResourceId> = stop_services(&formers, is_told, draft);
    draft.end_of_wanted();
    for (former, state) in formers.iter().rev() {
        let id = former.spec.id();
        // Of what a service has that stays, nothing more is to be said.
        if kept.contains(&id) || former.part_of.as_ref().is_some_and(|service| kept.contains(service)) {
            kept.push(id);
            continue;
        }
        let is_told = is_told(former);
        let holder = kept
            .iter()
            .find(|other| formers.iter().any(|(it, _)| it.is(other) && it.spec.needs().contains(&id)))
            .map(|holder| format!("{holder} stays and needs it"));
        let other_service = former.part_of.as_ref().filter(|service| !formers.iter().any(|(it, _)| it.is(service)));
        let holder = holder.or_else(|| other_service.map(|service| format!("{service} is deployed with it")));
        let why = holder.or_else(|| held_by_others(former, state, observed, &gone, &kept, draft));
        let why = why.or_else(|| in_use(former, state, observed, &gone));
        let why = why.or_else(|| if is_told { None } else { of_value(former, state) });
        if let Some(why) = why {
            draft.remark(Remark::LeftOver { resource: id.clone(), setting: former.setting, why });
            kept.push(id);
            continue;
        }
        draft.about_former(id.clone(), former.setting);
        draft.empties_repositories = is_told;
        draft.after(gone.clone());
        take_away(former, state, draft);
        if draft.has(|change| change.resource() == id) { gone.push(id) } else { kept.push(id) }
    }
}

/// Adds what stops the tasks of the services that are to go, before anything that those use goes. Tells which services stay, and says why.
fn stop_services(
    formers: &[(Former, &State)],
    is_told: impl Fn(&Former) -> bool,
    draft: &mut Draft,
) -> Vec<ResourceId> {
    let mut kept = Vec::new();
    for (former, state) in formers {
        let (Spec::Service(service), State::Service(found)) = (&former.spec, state) else { continue };
        let id = former.spec.id();
        if !is_told(former) {
            let parts = formers.iter().filter(|(other, _)| other.part_of.as_ref() == Some(&id));
            let parts: Vec<String> = parts.map(|(part, _)| part.spec.id().to_string()).collect();
            let and_its = if parts.is_empty() { String::new() } else { format!(" with {}", parts.join(", ")) };
            let runs = match found.tasks {
                0 => former.risk.unwrap_or_default().to_owned(),
                tasks => format!("{tasks} of its tasks run or are to"),
            };
            let why = format!("{runs}; `--remove {}` takes it away{and_its}", id.name);
            draft.remark(Remark::LeftOver { resource: id.clone(), setting: former.setting, why });
            kept.push(id);
        } else {
            draft.about_former(id, former.setting);
            stop(service, found, draft);
        }
    }
    kept
}

/// Adds what stops the tasks of a service, and waits for that.
pub(super) fn stop(service: &Service, found: &ServiceState, draft: &mut Draft) {
    if found.status == "ACTIVE" && found.tasks > 0 {
        service.stop(draft);
        draft.unwanted(service::Change::AwaitIdle(service.clone()), "what its tasks use is free only then");
    }
}

/// Adds what takes it away; of a service, after its tasks have been stopped.
pub(super) fn take_away(former: &Former, state: &State, draft: &mut Draft) {
    match (&former.spec, state) {
        (Spec::Service(service), State::Service(state)) => {
            service.take_away(&ServiceState { tasks: 0, ..state.clone() }, draft);
        }
        (spec, state) => spec.take_away(state, draft),
    }
}

/// What is this project's beyond doubt.
pub(super) fn ours<'a>(desired: &Desired, observed: &'a Observed, options: &PlanOptions) -> Vec<(Former, &'a State)> {
    let left = desired.left_over(&observed.found).into_iter();
    let with_state = left.filter_map(|former| Some((observed.found.get(&former.spec.id())?, former)));
    let own = with_state.filter(|(state, former)| {
        let owner = (*state).clone().owner().cloned();
        let owner = owner.unwrap_or_else(|| held(&former.spec, observed, options));
        owner == Owner::Ours && leads_between_ours(&former.spec, state, observed)
    });
    let mut own: Vec<(Former, &State)> = own.map(|(state, former)| (former, state)).collect();
    let is_group = |(former, _): &(Former, &State)| matches!(former.spec, Spec::SecurityGroup(_));
    let first = own.iter().position(is_group).unwrap_or_default();
    let count = own.iter().filter(|former| is_group(former)).count();
    let groups = in_order_of_deletion(own.drain(first..first + count).collect(), |(_, state)| state);
    own.splice(first..first, groups.into_iter().rev());
    own
}

/// Of a rule or listener, which has no tag that is looked at, whether it leads nowhere but to the project's target groups.
fn leads_between_ours(spec: &Spec, state: &State, observed: &Observed) -> bool {
    let (target_groups, forwards_to) = match (spec, state) {
        (Spec::ListenerRule(rule), State::ListenerRule(found)) => (rule.target_groups.to_vec(), &found.forwards_to),
        (Spec::Listener(listener), State::Listener(found)) => (vec![listener.target_group.clone()], &found.forwards_to),
        _ => return true,
    };
    let is_ours = |arn: &String| {
        observed.found.iter().any(|(id, state)| {
            let is_own = |group: &TargetGroupState| group.arn == *arn && group.owner == Owner::Ours;
            target_groups.contains(&id.name) && matches!(state, State::TargetGroup(group) if is_own(group))
        })
    };
    !forwards_to.is_empty() && forwards_to.iter().all(is_ours)
}

/// Takes the boundary that bootstrap made from what has it and should have none.
fn drop_boundaries(desired: &Desired, observed: &Observed, formers: &[(Former, &State)], draft: &mut Draft) {
    let boundary = desired.made_boundary();
    let Some(policy) = boundary.needs().filter(|id| formers.iter().any(|(former, _)| former.spec.id() == *id)) else {
        return;
    };
    for spec in desired.resources() {
        let change: Option<Change> = match (&spec, observed.found.get(&spec.id())) {
            (Spec::Role(role), Some(State::Role(found)))
                if role.boundary.is_none()
                    && found.owner == Owner::Ours
                    && found.boundary.as_ref() == Some(&boundary.arn) =>
            {
                Some(role::Change::DropBoundary { role: role.name.clone() }.into())
            }
            (Spec::User(user), Some(State::User(found)))
                if user.boundary.is_none()
                    && found.owner == Owner::Ours
                    && found.boundary.as_ref() == Some(&boundary.arn) =>
            {
                Some(deploy_user::Change::DropBoundary { user: user.name.clone() }.into())
            }
            _ => None,
        };
        if let Some(change) = change {
            draft.about_former(policy.clone(), PERMISSIONS);
            draft.unwanted(change, "nobody asks for a boundary");
        }
    }
}

/// What else names it and stays, so that AWS would refuse its deletion, or somebody else's would break.
pub(super) fn held_by_others(
    former: &Former,
    state: &State,
    observed: &Observed,
    gone: &[ResourceId],
    kept: &[ResourceId],
    draft: &Draft,
) -> Option<String> {
    // A rule of a group that is wanted and ours goes before.
    let stays = |id: &ResourceId, group: &SecurityGroupState| group.owner != Owner::Ours || kept.contains(id);

    let names = |id: &ResourceId, other: &State| match (&former.spec, state, other) {
        (Spec::OidcProvider(provider), _, State::Role(role)) => {
            id.name == provider.role && role.trust.to_string().contains(&provider.arn)
        }
        (Spec::Role(role), _, State::InstanceProfile(profile)) => profile.role.as_ref() == Some(&role.name),
        (_, State::TargetGroup(group), State::ListenerRule(rule)) => rule.forwards_to.contains(&group.arn),
        (_, State::SecurityGroup(_), State::SecurityGroup(group)) => stays(id, group) && lets_in(other, state),
        _ => false,
    };
    let holder = observed.found.iter().find(|(id, other)| !gone.contains(id) && names(id, other));
    holder.map(|(id, _)| format!("{id} has it")).or_else(|| policy_held(former, observed, gone, draft))
}

/// Of a policy, who else has it and keeps it.
fn policy_held(former: &Former, observed: &Observed, gone: &[ResourceId], draft: &Draft) -> Option<String> {
    let Spec::ManagedPolicy(policy) = &former.spec else { return None };
    let holder = observed.found.iter().find(|(id, state)| {
        let (boundary, managed) = match (state, id) {
            (State::Role(found), _) => (&found.boundary, &found.managed),
            (State::User(found), _) => (&found.boundary, &found.managed),
            _ => return false,
        };
        let bounds = boundary.as_ref() == Some(&policy.arn) && !draft.has(|change| unbounds(change, &id.name));
        let allows = managed.contains(&policy.arn) && !draft.has(|change| detaches(change, &id.name, &policy.arn));
        !gone.contains(id) && (bounds || allows)
    });
    holder.map(|(id, _)| format!("{id} has it"))
}

/// Whether a change gives the role or user another boundary, or none.
fn unbounds(change: &Change, name: &str) -> bool {
    use deploy_user::Change as OfUser;
    use role::Change as OfRole;
    matches!(change, Change::Role(change @ (OfRole::DropBoundary { .. } | OfRole::SetBoundary(_))) if change.role() == name)
        || matches!(change, Change::User(change @ (OfUser::DropBoundary { .. } | OfUser::SetBoundary { .. })) if change.user() == name)
}

/// Whether a change takes a managed policy from the role or user.
fn detaches(change: &Change, name: &str, arn: &str) -> bool {
    matches!(change, Change::Role(role::Change::Detach { role, policy }) if role == name && policy == arn)
        || matches!(change, Change::User(deploy_user::Change::Detach { user, policy }) if user == name && policy == arn)
}

/// What still uses it, so that something that is wanted would break without it.
fn in_use(former: &Former, state: &State, observed: &Observed, gone: &[ResourceId]) -> Option<String> {
    let used_by = |service: &ServiceState| {
        let TrafficState { steps: _, hooks, between } = &service.traffic;
        let leads = |arn: &String| between.as_ref().is_some_and(|between| between.contains(arn));
        match (&former.spec, state) {
            (Spec::Role(role), _) if role.purpose == Purpose::Infrastructure => between.is_some(),
            (Spec::Role(role), _) if role.purpose == Purpose::Hooks => *hooks != TrafficState::rolling().hooks,
            (Spec::ListenerRule(_), State::ListenerRule(rule)) => leads(&rule.arn),
            (Spec::TargetGroup(_), State::TargetGroup(group)) => {
                leads(&group.arn) || service.targets.iter().any(|(arn, _, _)| *arn == group.arn)
            }
            (Spec::SecurityGroup(_), State::SecurityGroup(group)) => service.security_groups.contains(&group.id),
            _ => false,
        }
    };
    let user = observed.found.iter().filter(|(id, _)| !gone.contains(id));
    let user = user.into_iter().find(|(_, state)| matches!(state, State::Service(service) if used_by(service)));
    user.map(|(id, _)| format!("{id} is deployed with it"))
}

/// Why only a person can say that it goes.
fn of_value(former: &Former, state: &State) -> Option<String> {
    let name = former.spec.id().name;
    let what = if let State::User(user) = state {
        keys(user)
    } else if matches!(state, State::Repository(repository) if repository.has_images) {
        Some("all images in it would go with it".to_owned())
    } else {
        former.risk.map(str::to_owned)
    };
    what.map(|what| format!("{what}; `--remove {name}` takes it away"))
}

/// Of a user, which keys somebody may be signing with, and when that was last seen. AWS tells some minutes late.
fn keys(user: &DeployUserState) -> Option<String> {
    let in_hands = user.keys.iter().filter(|key| key.is_active && (key.is_in_hands || key.used.is_some()));
    let words = in_hands.map(|Key { id, used, .. }| {
        let time = used.and_then(|used| DateTime::from_secs(used).fmt(Format::DateTime).ok());
        time.map_or_else(
            || format!("access key `{id}` was handed over and has never been used"),
            |time| format!("access key `{id}` was last used at {time}"),
        )
    });
    let words: Vec<String> = words.collect();
    (!words.is_empty()).then(|| format!("{}, and deploys may sign with it", words.join(", ")))
}
