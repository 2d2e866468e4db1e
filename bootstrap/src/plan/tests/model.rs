//! What each change does to an account, as far as an observation shows it.

use std::collections::{BTreeMap, BTreeSet};

use crate::identifiers::Identifiers;
use crate::observe::Observed;
use crate::outcome::LoadBalancerIdentity;
use crate::plan::{Change, Plan};
use crate::resource::cluster::{self, ClusterState};
use crate::resource::deploy_user::{self, DeployUserState, Key};
use crate::resource::listener::{self, ListenerState};
use crate::resource::listener_rule::{self, ListenerRuleState};
use crate::resource::load_balancer::{self, LoadBalancerState};
use crate::resource::log_group::{self, LogGroup, LogGroupState};
use crate::resource::managed::Alteration as _;
use crate::resource::repository::{self, RepositoryState};
use crate::resource::role::{self, RoleState};
use crate::resource::security_group::{self, Permission, SecurityGroupState, Source};
use crate::resource::service::{self, Service, ServiceState};
use crate::resource::service_linked_role::{self, Present};
use crate::resource::target_group::{self, TargetGroup, TargetGroupState};
use crate::resource::task_definition::{self, FamilyState};
use crate::resource::traffic::TrafficState;
use crate::resource::{Kind, Owner, ResourceId, State};

/// The account after all steps of a plan, in their order.
pub(crate) fn apply(plan: &Plan, observed: &Observed) -> Observed {
    let mut after = observed.clone();
    for step in plan.steps() {
        make(&step.change, &mut after);
    }
    after
}

/// The state of a resource that is there.
macro_rules! of {
    ($account:expr, $kind:ident, $state:ident, $name:expr) => {
        match $account.found.get_mut(&ResourceId::new(Kind::$kind, $name)) {
            Some(State::$state(state)) => Some(state),
            _ => None,
        }
    };
}
pub(super) use of;

fn add(account: &mut Observed, id: ResourceId, state: State) {
    assert!(!account.found.contains_key(&id), "{id} was there");
    account.found.insert(id, state);
}

fn remove(account: &mut Observed, id: &ResourceId) {
    assert!(account.found.remove(id).is_some(), "{id} was not there");
}

/// What AWS calls a resource that is there.
fn named(id: &ResourceId) -> String {
    if id.kind == Kind::SecurityGroup { format!("sg-{}", id.name) } else { format!("arn:{}/{}", id.kind, id.name) }
}

fn make(change: &Change, account: &mut Observed) {
    const THERE: &str = "it was made before";
    match change {
        Change::ServiceLinkedRole(service_linked_role::Change::Create(role)) => {
            add(account, role.id(), State::ServiceLinkedRole(Present));
        }
        Change::Network(never) => match *never {},
        Change::Repository(change) => make_repository(change, account),
        Change::LogGroup(change) => {
            let name = change.resource().name;
            let state = of!(account, LogGroup, LogGroup, &name);
            match (change, state) {
                (log_group::Change::Create(group), None) => {
                    let state = LogGroupState { retention_days: None, is_old: false, owner: Owner::Ours };
                    add(account, group.id(), State::LogGroup(state));
                }
                (log_group::Change::PutRetention(_), Some(state)) => {
                    state.retention_days = Some(LogGroup::retention_days());
                }
                (log_group::Change::Tag(_), Some(state)) => state.owner = Owner::Ours,
                (log_group::Change::Delete(group), Some(_)) => remove(account, &group.id()),
                (change, state) => panic!("{change}: {state:?}"),
            }
        }
        Change::Role(change) => make_role(change, account),
        Change::SecurityGroup(change) => make_security_group(change, account),
        Change::LoadBalancer(change) => make_load_balancer(change, account),
        Change::TargetGroup(change) => {
            let name = change.target_group().name.clone();
            match change {
                target_group::Change::Create { target_group, vpc_id } => {
                    add(account, target_group.id(), State::TargetGroup(new_target_group(target_group, vpc_id)));
                }
                target_group::Change::SetHealthCheck(group) => {
                    of!(account, TargetGroup, TargetGroup, name).expect(THERE).health_check = group.health_check();
                }
                target_group::Change::Tag(_) => {
                    of!(account, TargetGroup, TargetGroup, name).expect(THERE).owner = Owner::Ours;
                }
                target_group::Change::Delete(group) => remove(account, &group.id()),
            }
        }
        Change::Listener(change) => match change {
            listener::Change::Create(listener) | listener::Change::Forward(listener) => {
                let group = ResourceId::new(Kind::TargetGroup, &listener.target_group);
                assert!(account.found.contains_key(&group));
                let state = ListenerState {
                    arn: named(&listener.id()),
                    protocol: "HTTP".to_owned(),
                    forwards_to: vec![named(&group)],
                };
                account.found.insert(listener.id(), State::Listener(state));
            }
            listener::Change::Delete(listener) => remove(account, &listener.id()),
        },
        Change::ListenerRule(change) => match change {
            listener_rule::Change::Create(rule) => {
                assert!(account.found.contains_key(&rule.listener.id()));
                let groups = rule.target_groups.iter().map(|group| named(&ResourceId::new(Kind::TargetGroup, group)));
                let state = ListenerRuleState {
                    arn: named(&rule.id()),
                    takes: rule.requests.to_string(),
                    forwards_to: groups.collect(),
                };
                add(account, rule.id(), State::ListenerRule(state));
            }
            listener_rule::Change::SetCondition(rule) => {
                let state = of!(account, ListenerRule, ListenerRule, rule.id().name).expect(THERE);
                state.takes = rule.requests.to_string();
            }
            listener_rule::Change::Delete(rule) => remove(account, &rule.id()),
        },
        Change::Cluster(change) => match change {
            cluster::Change::Create(cluster) => {
                let (arn, status) = (named(&cluster.id()), "ACTIVE".to_owned());
                let state = ClusterState { arn, status, owner: Owner::Ours, services: 1 };
                add(account, cluster.id(), State::Cluster(state));
            }
            cluster::Change::Tag(cluster) => {
                of!(account, Cluster, Cluster, cluster.name.as_str()).expect(THERE).owner = Owner::Ours;
            }
            cluster::Change::Delete(cluster) => remove(account, &cluster.id()),
        },
        Change::TaskDefinition(change) => match change {
            task_definition::Change::Register(revision) => {
                for role in &revision.roles {
                    assert!(account.found.contains_key(&ResourceId::new(Kind::Role, role)));
                }
                let active = vec![named(&revision.id())];
                let state = FamilyState { active, inactive: Vec::new(), owner: Owner::Ours };
                account.found.insert(revision.id(), State::TaskDefinition(state));
            }
            task_definition::Change::Deregister { family, revision } => {
                let state = of!(account, TaskDefinition, TaskDefinition, family).expect(THERE);
                state.active.retain(|other| other != revision);
                state.inactive.push(revision.clone());
            }
            task_definition::Change::Delete { family, revisions } => {
                let state = of!(account, TaskDefinition, TaskDefinition, family).expect(THERE);
                assert!(revisions.iter().all(|revision| state.inactive.contains(revision)), "{revisions:?}");
                state.inactive.retain(|other| !revisions.contains(other));
                if state.inactive.is_empty() {
                    remove(account, &ResourceId::new(Kind::TaskDefinition, family));
                }
            }
        },
        Change::Service(change) => make_service(change, account),
        Change::User(change) => make_user(change, account),
    }
}

fn make_repository(change: &repository::Change, account: &mut Observed) {
    let state = of!(account, Repository, Repository, "news-api");
    match (change, state) {
        (repository::Change::Create(repository), None) => {
            let state = RepositoryState {
                uri: format!("registry/{}", repository.name),
                owner: Owner::Ours,
                tag_mutability: "IMMUTABLE".to_owned(),
                scan_on_push: true,
                lifecycle: None,
                has_images: false,
            };
            add(account, repository.id(), State::Repository(state));
        }
        (repository::Change::PutLifecycle(repository), Some(state)) => state.lifecycle = Some(repository.lifecycle()),
        (repository::Change::FixTags(_), Some(state)) => state.tag_mutability = "IMMUTABLE".to_owned(),
        (repository::Change::ScanOnPush(_), Some(state)) => state.scan_on_push = true,
        (repository::Change::Tag(_), Some(state)) => state.owner = Owner::Ours,
        (repository::Change::Delete { repository, with_images }, Some(state)) => {
            assert!(*with_images || !state.has_images);
            remove(account, &repository.id());
        }
        (change, state) => panic!("{change}: {state:?}"),
    }
}

fn make_role(change: &role::Change, account: &mut Observed) {
    if let role::Change::Create(role) = change {
        let state = RoleState {
            arn: role.arn.clone(),
            owner: Owner::Ours,
            trust: role.trust.to_json(),
            policies: BTreeMap::new(),
            managed: BTreeSet::new(),
            is_recent: false,
        };
        return add(account, role.id(), State::Role(state));
    }
    let state = of!(account, Role, Role, change.role()).expect("it was made before");
    match change {
        role::Change::Create(_) => {}
        role::Change::SetTrust(role) => state.trust = role.trust.to_json(),
        role::Change::PutPolicy { role: _, policy } => {
            state.policies.insert(policy.name.clone(), policy.policy.to_json());
        }
        role::Change::DeletePolicy { role: _, policy } => assert!(state.policies.remove(policy).is_some()),
        role::Change::Attach { role: _, policy } => assert!(state.managed.insert(policy.clone()), "twice: {policy}"),
        role::Change::Detach { role: _, policy } => assert!(state.managed.remove(policy)),
        role::Change::Tag { .. } => state.owner = Owner::Ours,
        role::Change::Delete { role } => {
            assert!(state.policies.is_empty() && state.managed.is_empty());
            remove(account, &ResourceId::new(Kind::Role, role));
        }
    }
}

fn make_security_group(change: &security_group::Change, account: &mut Observed) {
    const THERE: &str = "it was made before";
    match change {
        security_group::Change::Create { group, vpc_id: _ } => {
            let state = SecurityGroupState { id: named(&group.id()), owner: Owner::Ours, ingress: BTreeSet::new() };
            add(account, group.id(), State::SecurityGroup(state));
        }
        security_group::Change::Authorize { group, rules } => {
            for rule in rules {
                let port = Some(i32::from(rule.port.get()));
                let source = match &rule.from {
                    Source::Anywhere => "0.0.0.0/0".to_owned(),
                    Source::Group(name) => of!(account, SecurityGroup, SecurityGroup, name).expect(THERE).id.clone(),
                };
                let permission = Permission { protocol: "tcp".to_owned(), from_port: port, to_port: port, source };
                let state = of!(account, SecurityGroup, SecurityGroup, group).expect(THERE);
                assert!(state.ingress.insert(permission), "twice: {rule}");
            }
        }
        security_group::Change::Revoke { group, permission } => {
            let state = of!(account, SecurityGroup, SecurityGroup, group).expect(THERE);
            assert!(state.ingress.remove(permission));
        }
        security_group::Change::Tag { group } => {
            of!(account, SecurityGroup, SecurityGroup, &group.name).expect(THERE).owner = Owner::Ours;
        }
        security_group::Change::Delete { group } => {
            remove(account, &group.id());
            let id = named(&group.id());
            for state in account.found.values() {
                if let State::SecurityGroup(other) = state {
                    assert!(other.ingress.iter().all(|rule| rule.source != id), "a rule names {}", group.name);
                }
            }
        }
    }
}

fn make_load_balancer(change: &load_balancer::Change, account: &mut Observed) {
    const THERE: &str = "it was made before";
    let group =
        |balancer: &load_balancer::LoadBalancer| named(&ResourceId::new(Kind::SecurityGroup, &balancer.security_group));
    match change {
        load_balancer::Change::Create { load_balancer, subnet_ids } => {
            assert!(!subnet_ids.is_empty());
            let state = LoadBalancerState {
                identity: LoadBalancerIdentity { arn: named(&load_balancer.id()), dns_name: "host".to_owned() },
                owner: Owner::Ours,
                vpc_id: "vpc-1".to_owned(),
                kind: "application".to_owned(),
                scheme: "internet-facing".to_owned(),
                state: "provisioning".to_owned(),
                security_groups: vec![group(load_balancer)],
            };
            add(account, load_balancer.id(), State::LoadBalancer(state));
        }
        load_balancer::Change::SetGroups(balancer) => {
            let state = of!(account, LoadBalancer, LoadBalancer, balancer.name.as_str()).expect(THERE);
            state.security_groups = vec![group(balancer)];
        }
        load_balancer::Change::Tag(balancer) => {
            of!(account, LoadBalancer, LoadBalancer, balancer.name.as_str()).expect(THERE).owner = Owner::Ours;
        }
        load_balancer::Change::Delete(balancer) => remove(account, &balancer.id()),
    }
}

fn new_target_group(target_group: &TargetGroup, vpc_id: &str) -> TargetGroupState {
    TargetGroupState {
        arn: named(&target_group.id()),
        owner: Owner::Ours,
        vpc_id: vpc_id.to_owned(),
        protocol: "HTTP".to_owned(),
        target_type: "ip".to_owned(),
        port: Some(i32::from(target_group.port.get())),
        health_check: target_group.health_check(),
    }
}

fn make_service(change: &service::Change, account: &mut Observed) {
    let configure = |service: &Service, state: &mut ServiceState| {
        state.minimum_healthy_percent = Some(service.rollout.minimum_healthy_percent.get());
        state.maximum_percent = Some(service.rollout.maximum_percent.get());
        state.rolls_back = service.traffic.is_none();
        state.grace_period_seconds = service.rollout.grace_period.get();
    };
    let id = change.service().id();
    if let service::Change::Create { service, subnet_ids: _ } = change {
        let target = named(&ResourceId::new(Kind::TargetGroup, &service.target_group));
        let mut state = ServiceState {
            arn: named(&id),
            owner: Owner::Ours,
            status: "ACTIVE".to_owned(),
            minimum_healthy_percent: None,
            maximum_percent: None,
            rolls_back: false,
            grace_period_seconds: 0,
            targets: vec![(target, service.container.to_string(), i32::from(service.port.get()))],
            traffic: match &service.traffic {
                Some(traffic) => traffic.wanted(&known(account)),
                None => TrafficState::rolling(),
            },
            security_groups: vec![named(&ResourceId::new(Kind::SecurityGroup, &service.security_group))],
            tasks: 0,
        };
        configure(service, &mut state);
        return add(account, id, State::Service(state));
    }
    let Some(State::Service(state)) = account.found.get_mut(&id) else { panic!("{change}: it is not there") };
    match change {
        service::Change::Create { .. } => {}
        service::Change::Configure(service) => configure(service, state),
        service::Change::Tag(_) => state.owner = Owner::Ours,
        service::Change::ScaleToZero(_) => state.tasks = 0,
        service::Change::Delete(_) => {
            assert_eq!(state.tasks, 0);
            state.status = "DRAINING".to_owned();
        }
        service::Change::AwaitGone(_) => {
            assert_eq!(state.status, "DRAINING");
            remove(account, &id);
        }
    }
}

fn make_user(change: &deploy_user::Change, account: &mut Observed) {
    let id = ResourceId::new(Kind::User, change.user());
    if let deploy_user::Change::Create { .. } = change {
        let (policies, managed) = (BTreeMap::new(), BTreeSet::new());
        let state = DeployUserState { arn: named(&id), owner: Owner::Ours, policies, managed, keys: Vec::new() };
        return add(account, id, State::User(state));
    }
    let Some(State::User(state)) = account.found.get_mut(&id) else { panic!("{change}: it is not there") };
    match change {
        deploy_user::Change::Create { .. } => {}
        deploy_user::Change::PutPolicy { user: _, policy } => {
            state.policies.insert(policy.name.clone(), policy.policy.to_json());
        }
        deploy_user::Change::DeletePolicy { user: _, policy } => assert!(state.policies.remove(policy).is_some()),
        deploy_user::Change::Detach { user: _, policy } => assert!(state.managed.remove(policy)),
        deploy_user::Change::CreateKey { .. } => {
            assert!(state.keys.len() < 2);
            state.keys.push(Key { id: "AKIANEW".to_owned(), is_active: true, is_in_hands: true });
        }
        deploy_user::Change::DeleteKey { user: _, key } => state.keys.retain(|other| other.id != *key),
        deploy_user::Change::Tag { .. } => state.owner = Owner::Ours,
        deploy_user::Change::Delete { .. } => {
            assert!(state.policies.is_empty() && state.managed.is_empty() && state.keys.is_empty());
            remove(account, &id);
        }
    }
}

/// What AWS calls everything that is there.
fn known(account: &Observed) -> Identifiers {
    let names = account.found.keys().map(|id| (id.clone(), named(id)));
    Identifiers { names: names.collect(), ..Identifiers::default() }
}
