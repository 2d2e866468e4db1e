//! What each change does to an account, as far as an observation shows it.

use crate::identifiers::Identifiers;
use crate::observe::Observed;
use crate::outcome::{AccessKey, LoadBalancerIdentity, SecretAccessKey};
use crate::plan::{Change, Plan};
use crate::resource::Owner;
use crate::resource::cluster::ClusterState;
use crate::resource::deploy_user::DeployUserState;
use crate::resource::listener::ListenerState;
use crate::resource::listener_rule::ListenerRuleState;
use crate::resource::load_balancer::LoadBalancerState;
use crate::resource::log_group::{LogGroup, LogGroupState};
use crate::resource::repository::RepositoryState;
use crate::resource::role::RoleState;
use crate::resource::security_group::{Permission, SecurityGroupState, Source};
use crate::resource::service::ServiceState;
use crate::resource::target_group::TargetGroupState;
use crate::resource::traffic::TrafficState;

/// The account after all steps of a plan, in their order.
pub(crate) fn apply(plan: &Plan, observed: &Observed) -> Observed {
    let mut after = observed.clone();
    for step in plan.steps() {
        make(&step.change, &mut after);
    }
    after
}

fn make(change: &Change, account: &mut Observed) {
    match change {
        Change::CreateServiceLinkedRole(role) => assert!(account.service_linked_roles.insert(*role)),
        Change::CreateRepository(repository) => {
            let state = RepositoryState {
                uri: format!("registry/{}", repository.name),
                owner: Owner::Ours,
                tag_mutability: "IMMUTABLE".to_owned(),
                scan_on_push: true,
                lifecycle: None,
            };
            assert_eq!(account.repository.replace(state), None);
        }
        Change::PutLifecyclePolicy(repository) => {
            account.repository.as_mut().expect("it was made before").lifecycle = Some(repository.lifecycle());
        }
        Change::CreateLogGroup(group) => {
            assert_eq!(account.log_groups.insert(group.name.clone(), LogGroupState { retention_days: None }), None);
        }
        Change::PutRetentionPolicy(group) => {
            let state = account.log_groups.get_mut(&group.name).expect("it was made before");
            state.retention_days = Some(LogGroup::retention_days());
        }
        Change::CreateRole(role) => {
            let arn = role.arn.clone();
            let (trust, managed) = (role.trust.to_json(), std::collections::BTreeSet::new());
            let state = RoleState { arn, owner: Owner::Ours, trust, policy: None, managed };
            assert_eq!(account.roles.insert(role.name.clone(), state), None);
        }
        Change::PutRolePolicy { role, policy } => {
            account.roles.get_mut(role).expect("it was made before").policy = Some(policy.policy.to_json());
        }
        Change::AttachRolePolicy { role, policy } => {
            let state = account.roles.get_mut(role).expect("it was made before");
            assert!(state.managed.insert(policy.clone()), "twice: {policy}");
        }
        Change::CreateSecurityGroup { group, vpc_id } => account.security_groups.push(SecurityGroupState {
            id: format!("sg-{}", group.name),
            name: group.name.clone(),
            vpc_id: vpc_id.clone(),
            owner: Owner::Ours,
            ingress: std::collections::BTreeSet::new(),
        }),
        Change::AuthorizeIngress { group, rules } => {
            for rule in rules {
                let port = Some(i32::from(rule.port.get()));
                let source = match &rule.from {
                    Source::Anywhere => "0.0.0.0/0".to_owned(),
                    Source::Group(name) => security_group(account, name).id.clone(),
                };
                let permission = Permission { protocol: "tcp".to_owned(), from_port: port, to_port: port, source };
                assert!(security_group(account, group).ingress.insert(permission), "twice: {rule}");
            }
        }
        Change::CreateLoadBalancer { load_balancer, subnet_ids } => {
            assert!(!subnet_ids.is_empty());
            let state = LoadBalancerState {
                identity: LoadBalancerIdentity { arn: "arn:load-balancer".to_owned(), dns_name: "host".to_owned() },
                owner: Owner::Ours,
                vpc_id: security_group(account, &load_balancer.security_group).vpc_id.clone(),
                kind: "application".to_owned(),
                scheme: "internet-facing".to_owned(),
                state: "provisioning".to_owned(),
                security_groups: vec![security_group(account, &load_balancer.security_group).id.clone()],
            };
            assert_eq!(account.load_balancer.replace(state), None);
        }
        Change::CreateTargetGroup { target_group, vpc_id } => {
            let is_alternate = target_group.name.ends_with("-alt");
            let state = TargetGroupState {
                arn: format!("arn:target-group/{}", target_group.name),
                owner: Owner::Ours,
                vpc_id: vpc_id.clone(),
                protocol: "HTTP".to_owned(),
                target_type: "ip".to_owned(),
                port: Some(i32::from(target_group.port.get())),
                health_check_path: target_group.health_check_path.to_string(),
            };
            let place = if is_alternate { &mut account.alternate_target_group } else { &mut account.target_group };
            assert_eq!(place.replace(state), None);
        }
        Change::CreateListener(_) => {
            assert!(account.load_balancer.is_some());
            let forwards_to = vec![account.target_group.as_ref().expect("it was made before").arn.clone()];
            let state = ListenerState { arn: "arn:listener".to_owned(), protocol: "HTTP".to_owned(), forwards_to };
            assert_eq!(account.listener.replace(state), None);
        }
        Change::CreateRule(rule) => {
            assert!(account.listener.is_some());
            let groups = [&account.target_group, &account.alternate_target_group];
            let forwards_to = groups.map(|group| group.as_ref().expect("it was made before").arn.clone()).to_vec();
            let name = rule.id().name;
            let state =
                ListenerRuleState { arn: format!("arn:rule/{name}"), takes: rule.requests.to_string(), forwards_to };
            assert_eq!(account.listener_rules.insert(name, state), None);
        }
        Change::CreateCluster(_) => {
            let state = ClusterState { arn: "arn:cluster".to_owned(), status: "ACTIVE".to_owned(), owner: Owner::Ours };
            assert_eq!(account.cluster.replace(state), None);
        }
        Change::RegisterTaskDefinition(revision) => {
            assert!(revision.roles.iter().all(|role| account.roles.contains_key(role)));
            assert_eq!(account.task_definition.replace("arn:task-definition:1".to_owned()), None);
        }
        Change::CreateService { service, subnet_ids: _ } => {
            assert!(account.cluster.is_some() && account.task_definition.is_some() && account.listener.is_some());
            let target = account.target_group.as_ref().expect("it was made before").arn.clone();
            let state = ServiceState {
                arn: "arn:service".to_owned(),
                owner: Owner::Ours,
                status: "ACTIVE".to_owned(),
                minimum_healthy_percent: Some(service.rollout.minimum_healthy_percent.get()),
                maximum_percent: Some(service.rollout.maximum_percent.get()),
                rolls_back: service.traffic.is_none(),
                grace_period_seconds: service.rollout.grace_period.get(),
                targets: vec![(target, service.container.to_string(), i32::from(service.port.get()))],
                traffic: match &service.traffic {
                    Some(traffic) => traffic.wanted(&known(account, &traffic.alternate)),
                    None => TrafficState::rolling(),
                },
            };
            assert_eq!(account.service.replace(state), None);
        }
        Change::CreateUser { user } => {
            let state = DeployUserState {
                arn: format!("arn:user/{user}"),
                owner: Owner::Ours,
                policy: None,
                active_keys: vec![],
                inactive_keys: 0,
            };
            assert_eq!(account.user.replace(state), None);
        }
        Change::PutUserPolicy { user: _, policy } => {
            account.user.as_mut().expect("it was made before").policy = Some(policy.policy.to_json());
        }
        Change::CreateAccessKey { user: _ } => {
            let key = AccessKey { id: "AKIANEW".to_owned(), secret: SecretAccessKey::new(String::new()) };
            account.user.as_mut().expect("it was made before").active_keys.push(key.id);
        }
    }
}

/// What a service refers to that moves requests to the target group called `alternate`.
fn known(account: &Observed, alternate: &str) -> Identifiers {
    let group = account.alternate_target_group.as_ref().expect("it was made before").arn.clone();
    let rules = account.listener_rules.iter().map(|(name, rule)| (name.clone(), rule.arn.clone()));
    Identifiers {
        target_groups: [(alternate.to_owned(), group)].into(),
        listener_rules: rules.collect(),
        ..Identifiers::default()
    }
}

fn security_group<'a>(account: &'a mut Observed, name: &str) -> &'a mut SecurityGroupState {
    account.security_groups.iter_mut().find(|group| group.name == name).expect("it was made before")
}
