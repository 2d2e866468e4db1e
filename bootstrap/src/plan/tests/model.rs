//! What each change does to an account, as far as an observation shows it.

use std::collections::{BTreeMap, BTreeSet};

use crate::identifiers::Identifiers;
use crate::observe::Observed;
use crate::outcome::LoadBalancerIdentity;
use crate::plan::{Change, Plan};
use crate::policy::trust::GITHUB_ISSUER;
use crate::resource::cluster::{self, ClusterState};
use crate::resource::deploy_user::{self, DeployUserState, Key};
use crate::resource::instance_profile::{self, InstanceProfileState};
use crate::resource::listener::{self, ListenerState};
use crate::resource::listener_rule::{self, ListenerRuleState};
use crate::resource::load_balancer::{self, LoadBalancerState};
use crate::resource::log_group::{self, LogGroup, LogGroupState};
use crate::resource::managed::Alteration as _;
use crate::resource::managed_policy::{self, ManagedPolicyState};
use crate::resource::oidc_provider::{self, OidcProviderState};
use crate::resource::parameter::{self, ParameterState};
use crate::resource::repository::{self, RepositoryState};
use crate::resource::role::{self, RoleState};
use crate::resource::secret::{self, SecretState};
use crate::resource::security_group::{self, IngressRule, Permission, SecurityGroupState, Source};
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
        Change::InstanceProfile(change) => make_profile(change, account),
        Change::ManagedPolicy(change) => make_policy(change, account),
        Change::OidcProvider(change) => make_provider(change, account),
        Change::Role(change) => make_role(change, account),
        Change::Secret(change) => make_secret(change, account),
        Change::Parameter(change) => make_parameter(change, account),
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
                let strategy = cluster.strategy().unwrap_or_default();
                let providers = strategy.iter().map(|(provider, _, _)| provider.clone()).collect();
                let services = cluster.services;
                let state = ClusterState { arn, status, owner: Owner::Ours, services, providers, strategy };
                add(account, cluster.id(), State::Cluster(state));
            }
            cluster::Change::SetCapacity(cluster) => {
                let state = of!(account, Cluster, Cluster, cluster.name.as_str()).expect(THERE);
                state.strategy = cluster.strategy().expect("there is one to be set");
                state.providers = state.strategy.iter().map(|(provider, _, _)| provider.clone()).collect();
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
                let keys = revision.document.keys();
                let log_group = |container: &serde_json::Value| {
                    Some(container.pointer("/logConfiguration/options/awslogs-group")?.as_str()?.to_owned())
                };
                let containers = keys["containerDefinitions"].as_array().expect("every document has it");
                let state = FamilyState {
                    active,
                    inactive: Vec::new(),
                    owner: Owner::Ours,
                    roles: revision.roles.iter().cloned().collect(),
                    log_groups: containers.iter().filter_map(log_group).collect(),
                };
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
    let state = of!(account, Repository, Repository, change.resource().name);
    match (change, state) {
        (repository::Change::Create(repository), None) => {
            let state = RepositoryState {
                uri: format!("registry/{}", repository.name),
                owner: Owner::Ours,
                tag_mutability: "IMMUTABLE".to_owned(),
                scan_on_push: true,
                encryption: repository.encryption.as_ref().map_or_else(
                    || ("AES256".to_owned(), None),
                    |it| (it.kind().to_owned(), Some(it.key().unwrap_or("arn:of-ecr").to_owned())),
                ),
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

fn make_profile(change: &instance_profile::Change, account: &mut Observed) {
    let state = of!(account, InstanceProfile, InstanceProfile, change.profile());
    match (change, state) {
        (instance_profile::Change::Create(profile), None) => {
            let state = InstanceProfileState { arn: profile.arn.clone(), owner: Owner::Ours, role: None };
            add(account, profile.id(), State::InstanceProfile(state));
        }
        (instance_profile::Change::AddRole(profile), Some(state)) => {
            assert_eq!(state.role.replace(profile.role.clone()), None, "a profile holds one role");
            assert!(account.found.contains_key(&ResourceId::new(Kind::Role, &profile.role)));
        }
        (instance_profile::Change::RemoveRole { profile: _, role }, Some(state)) => {
            assert_eq!(state.role.take().as_ref(), Some(role));
        }
        (instance_profile::Change::Tag(_), Some(state)) => state.owner = Owner::Ours,
        (instance_profile::Change::Delete(profile), Some(state)) => {
            assert_eq!(state.role, None);
            remove(account, &profile.id());
        }
        (change, state) => panic!("{change}: {state:?}"),
    }
}

fn make_policy(change: &managed_policy::Change, account: &mut Observed) {
    let policy = change.policy();
    let held = |state: &State| {
        let holds = |boundary: &Option<String>, managed: &BTreeSet<String>| {
            boundary.as_ref() == Some(&policy.arn) || managed.contains(&policy.arn)
        };
        matches!(state, State::Role(role) if holds(&role.boundary, &role.managed))
            || matches!(state, State::User(user) if holds(&user.boundary, &user.managed))
    };
    let is_held = account.found.values().any(held);
    let state = of!(account, ManagedPolicy, ManagedPolicy, &policy.name);
    match (change, state) {
        (managed_policy::Change::Create(policy), None) => {
            let (document, others, used_by) = (policy.document.clone(), Vec::new(), BTreeSet::new());
            let state = ManagedPolicyState { owner: Owner::Ours, document, others, used_by };
            add(account, policy.id(), State::ManagedPolicy(state));
        }
        (managed_policy::Change::AddVersion(policy), Some(state)) => {
            assert!(state.others.len() < 4, "IAM keeps five versions");
            state.others.push("v9".to_owned());
            state.document = policy.document.clone();
        }
        (managed_policy::Change::DeleteVersion { policy: _, version }, Some(state)) => {
            state.others.retain(|other| other != version);
        }
        (managed_policy::Change::Tag(_), Some(state)) => state.owner = Owner::Ours,
        (managed_policy::Change::Delete(policy), Some(state)) => {
            assert!(state.others.is_empty() && !is_held, "{policy:?}");
            remove(account, &policy.id());
        }
        (change, state) => panic!("{change}: {state:?}"),
    }
}

fn make_provider(change: &oidc_provider::Change, account: &mut Observed) {
    let state = of!(account, OidcProvider, OidcProvider, GITHUB_ISSUER);
    match (change, state) {
        (oidc_provider::Change::Create(provider), None) => {
            let (audiences, trusted_by) = ([provider.audience.clone()].into(), BTreeSet::new());
            let state = OidcProviderState { owner: Owner::Ours, audiences, trusted_by };
            add(account, provider.id(), State::OidcProvider(state));
        }
        (oidc_provider::Change::AddAudience(provider), Some(state)) => {
            state.audiences.insert(provider.audience.clone());
        }
        (oidc_provider::Change::Tag(_), Some(state)) => state.owner = Owner::Ours,
        (oidc_provider::Change::Delete(provider), Some(_)) => {
            assert!(!account.found.contains_key(&ResourceId::new(Kind::Role, &provider.role)), "a role trusts it");
            remove(account, &provider.id());
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
            longest_session: role.longest_session.or(Some(3600)),
            boundary: role.boundary.as_ref().map(|boundary| boundary.arn.clone()),
            is_recent: false,
        };
        return add(account, role.id(), State::Role(state));
    }
    let state = of!(account, Role, Role, change.role()).expect("it was made before");
    match change {
        role::Change::Create(_) => {}
        role::Change::SetTrust(role) => state.trust = role.trust.to_json(),
        role::Change::SetBoundary(role) => state.boundary = role.boundary.as_ref().map(|boundary| boundary.arn.clone()),
        role::Change::DropBoundary { role: _ } => assert!(state.boundary.take().is_some()),
        role::Change::SetSession(role) => state.longest_session = role.longest_session,
        role::Change::PutPolicy { role: _, policy } => {
            state.policies.insert(policy.name.clone(), policy.document.clone());
        }
        role::Change::DeletePolicy { role: _, policy } => assert!(state.policies.remove(policy).is_some()),
        role::Change::Attach { role: _, policy } => assert!(state.managed.insert(policy.clone()), "twice: {policy}"),
        role::Change::Detach { role: _, policy } => assert!(state.managed.remove(policy)),
        role::Change::Tag { .. } => state.owner = Owner::Ours,
        role::Change::Delete { role } => {
            assert!(state.policies.is_empty() && state.managed.is_empty());
            let holds =
                |state: &State| matches!(state, State::InstanceProfile(profile) if profile.role.as_ref() == Some(role));
            assert!(!account.found.values().any(holds), "an instance profile has it");
            remove(account, &ResourceId::new(Kind::Role, role));
        }
    }
}

fn make_secret(change: &secret::Change, account: &mut Observed) {
    const THERE: &str = "it was made before";
    match change {
        secret::Change::Create(secret) => {
            let state = SecretState { arn: named(&secret.id()), owner: Some(Owner::Ours), is_going: false };
            add(account, secret.id(), State::Secret(state));
        }
        secret::Change::Restore(secret) => {
            of!(account, Secret, Secret, &secret.name).expect(THERE).is_going = false;
        }
        secret::Change::PutValue(secret) => {
            assert!(!of!(account, Secret, Secret, &secret.name).expect(THERE).is_going);
        }
        secret::Change::Tag(secret) => {
            of!(account, Secret, Secret, &secret.name).expect(THERE).owner = Some(Owner::Ours);
        }
        secret::Change::Delete(secret) => {
            of!(account, Secret, Secret, &secret.name).expect(THERE).is_going = true;
        }
    }
}

fn make_parameter(change: &parameter::Change, account: &mut Observed) {
    const THERE: &str = "it was made before";
    match change {
        parameter::Change::Create(parameter) => {
            let state = ParameterState { kind: "SecureString".to_owned(), owner: Owner::Ours };
            add(account, parameter.id(), State::Parameter(state));
        }
        parameter::Change::PutValue(parameter) => {
            of!(account, Parameter, Parameter, &parameter.name).expect(THERE).kind = "SecureString".to_owned();
        }
        parameter::Change::Tag(parameter) => {
            of!(account, Parameter, Parameter, &parameter.name).expect(THERE).owner = Owner::Ours;
        }
        parameter::Change::Delete(parameter) => remove(account, &parameter.id()),
    }
}

fn permission(rule: &IngressRule, account: &mut Observed) -> Permission {
    let source = match &rule.from {
        Source::Anywhere => "0.0.0.0/0".to_owned(),
        Source::Named(source) => source.from.to_string(),
        Source::Group(name) => of!(account, SecurityGroup, SecurityGroup, name).expect("it was made before").id.clone(),
    };
    rule.permission(source)
}

fn make_security_group(change: &security_group::Change, account: &mut Observed) {
    const THERE: &str = "it was made before";
    match change {
        security_group::Change::Create { group, vpc_id: _ } => {
            let state = SecurityGroupState {
                id: named(&group.id()),
                owner: Owner::Ours,
                ingress: BTreeSet::new(),
                descriptions: BTreeMap::new(),
                egress: [Permission::everything_to("0.0.0.0/0")].into(),
            };
            add(account, group.id(), State::SecurityGroup(state));
        }
        security_group::Change::Authorize { group, rules } => {
            for rule in rules {
                let permission = permission(rule, account);
                let state = of!(account, SecurityGroup, SecurityGroup, group).expect(THERE);
                state.descriptions.extend(rule.from.reason().map(|reason| (permission.clone(), reason.to_owned())));
                assert!(state.ingress.insert(permission), "twice: {rule}");
            }
        }
        security_group::Change::Describe { group, rule } => {
            let permission = permission(rule, account);
            let state = of!(account, SecurityGroup, SecurityGroup, group).expect(THERE);
            assert!(state.ingress.contains(&permission), "not there: {rule}");
            state.descriptions.insert(permission, rule.from.reason().expect("there is one").to_owned());
        }
        security_group::Change::LetOut { group } => {
            let state = of!(account, SecurityGroup, SecurityGroup, group).expect(THERE);
            assert!(state.egress.insert(Permission::everything_to("0.0.0.0/0")), "twice");
        }
        security_group::Change::KeepIn { group, permission } => {
            let state = of!(account, SecurityGroup, SecurityGroup, group).expect(THERE);
            assert!(state.egress.remove(permission));
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
        state.grace_period_seconds = service.target.as_ref().map_or(0, |target| target.grace_period.get());
    };
    let id = change.service().id();
    if let service::Change::Create { service, subnet_ids: _ } = change {
        let target = service.target.as_ref().map(|target| {
            assert!(account.found.contains_key(&target.listener.id()), "ECS refuses a target group without a listener");
            (named(&target.group()), target.container.to_string(), i32::from(target.port.get()))
        });
        let mut state = ServiceState {
            arn: named(&id),
            owner: Owner::Ours,
            status: "ACTIVE".to_owned(),
            family: service.family.to_string(),
            minimum_healthy_percent: None,
            maximum_percent: None,
            rolls_back: false,
            grace_period_seconds: 0,
            targets: target.into_iter().collect(),
            traffic: match &service.traffic {
                Some(traffic) => traffic.wanted(&known(account)),
                None => TrafficState::rolling(),
            },
            has_launch_type: !service.takes_cluster_capacity,
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
        service::Change::AwaitIdle(_) => assert_eq!(state.tasks, 0),
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
    if let deploy_user::Change::Create { user: _, boundary } = change {
        let boundary = boundary.as_ref().map(|boundary| boundary.arn.clone());
        let (policies, managed) = (BTreeMap::new(), BTreeSet::new());
        let state =
            DeployUserState { arn: named(&id), owner: Owner::Ours, policies, managed, boundary, keys: Vec::new() };
        return add(account, id, State::User(state));
    }
    let Some(State::User(state)) = account.found.get_mut(&id) else { panic!("{change}: it is not there") };
    match change {
        deploy_user::Change::Create { .. } => {}
        deploy_user::Change::SetBoundary { user: _, policy } => state.boundary = Some(policy.arn.clone()),
        deploy_user::Change::DropBoundary { user: _ } => assert!(state.boundary.take().is_some()),
        deploy_user::Change::Attach { user: _, policy } => assert!(state.managed.insert(policy.arn.clone())),
        deploy_user::Change::PutPolicy { user: _, policy } => {
            state.policies.insert(policy.name.clone(), policy.document.clone());
        }
        deploy_user::Change::DeletePolicy { user: _, policy } => assert!(state.policies.remove(policy).is_some()),
        deploy_user::Change::Detach { user: _, policy } => assert!(state.managed.remove(policy)),
        deploy_user::Change::CreateKey { .. } => {
            assert!(state.keys.len() < 2);
            state.keys.push(Key { id: "AKIANEW".to_owned(), is_active: true, is_in_hands: true, used: None });
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
