//! The account that is: one snapshot, all questions asked at once.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use futures_util::try_join;

use crate::connect::Account;
use crate::desired::Desired;
use crate::fault::CallError;
use crate::resource::cluster::ClusterState;
use crate::resource::deploy_user::DeployUserState;
use crate::resource::listener::ListenerState;
use crate::resource::listener_rule::ListenerRuleState;
use crate::resource::load_balancer::LoadBalancerState;
use crate::resource::log_group::LogGroupState;
use crate::resource::network;
use crate::resource::network::NetworkState;
use crate::resource::repository::RepositoryState;
use crate::resource::role::RoleState;
use crate::resource::security_group::{self, SecurityGroupState};
use crate::resource::service::ServiceState;
use crate::resource::service_linked_role::ServiceLinkedRole;
use crate::resource::target_group::TargetGroupState;

/// What an account has of what is desired.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// The service-linked roles that are there.
    pub service_linked_roles: BTreeSet<ServiceLinkedRole>,
    /// The default network.
    pub network: NetworkState,
    /// The repository.
    pub repository: Option<RepositoryState>,
    /// The log groups by name.
    pub log_groups: BTreeMap<String, LogGroupState>,
    /// The roles by name.
    pub roles: BTreeMap<String, RoleState>,
    /// The security groups that have one of the wanted names, in any VPC.
    pub security_groups: Vec<SecurityGroupState>,
    /// The load balancer.
    pub load_balancer: Option<LoadBalancerState>,
    /// The target group.
    pub target_group: Option<TargetGroupState>,
    /// The second target group, where traffic shifts.
    pub alternate_target_group: Option<TargetGroupState>,
    /// The listener on the wanted port of the load balancer.
    pub listener: Option<ListenerState>,
    /// Its rules of the wanted priorities, by name.
    pub listener_rules: BTreeMap<String, ListenerRuleState>,
    /// The cluster.
    pub cluster: Option<ClusterState>,
    /// The ARN of the newest revision of the task definition.
    pub task_definition: Option<String>,
    /// The service.
    pub service: Option<ServiceState>,
    /// The deploy user.
    pub user: Option<DeployUserState>,
}

/// Looks at everything that is desired, without changing anything. Three calls at most follow one another, and a call for each page.
///
/// # Errors
/// If a call is refused, or AWS does not answer.
pub async fn observe(account: &Account, desired: &Desired) -> Result<Observed, CallError> {
    let project = &desired.project;
    let service_linked_roles =
        try_join_all(ServiceLinkedRole::ALL.map(async |role| Ok((role, role.observe(account).await?))));
    let log_groups = try_join_all(
        desired.log_groups.iter().map(async |group| Ok((group.name.clone(), group.observe(account).await?))),
    );
    let roles =
        try_join_all(desired.roles().map(async |role| Ok((role.name.clone(), role.observe(account, project).await?))));
    let load_balancer = async {
        let found = desired.load_balancer.observe(account, project).await?;
        let listener = match &found {
            Some(found) => desired.listener.observe(account, &found.identity.arn).await?,
            None => None,
        };
        let rules = match &listener {
            Some(listener) => {
                let rules = desired.listener_rules();
                try_join_all(rules.map(async |rule| Ok((rule.id().name, rule.observe(account, &listener.arn).await?))))
                    .await?
            }
            None => Vec::new(),
        };
        Ok((found, listener, rules))
    };
    let alternate = async {
        match &desired.alternate_target_group {
            Some(group) => group.observe(account, project).await,
            None => Ok(None),
        }
    };
    let (
        service_linked_roles,
        network,
        repository,
        log_groups,
        roles,
        security_groups,
        (load_balancer, listener, listener_rules),
        target_group,
        alternate_target_group,
        cluster,
        task_definition,
        service,
        user,
    ) = try_join!(
        service_linked_roles,
        network::observe(account),
        desired.repository.observe(account, project),
        log_groups,
        roles,
        security_group::observe(account, &desired.security_groups, project),
        load_balancer,
        desired.target_group.observe(account, project),
        alternate,
        desired.cluster.observe(account, project),
        desired.first_revision.observe(account),
        desired.service.observe(account, project),
        desired.user.observe(account, project),
    )?;
    Ok(Observed {
        service_linked_roles: service_linked_roles
            .into_iter()
            .filter_map(|(role, there)| there.then_some(role))
            .collect(),
        network,
        repository,
        log_groups: present(log_groups),
        roles: present(roles),
        security_groups,
        load_balancer,
        target_group,
        alternate_target_group,
        listener,
        listener_rules: present(listener_rules),
        cluster,
        task_definition,
        service,
        user,
    })
}

fn present<T>(found: Vec<(String, Option<T>)>) -> BTreeMap<String, T> {
    found.into_iter().filter_map(|(name, state)| Some((name, state?))).collect()
}
