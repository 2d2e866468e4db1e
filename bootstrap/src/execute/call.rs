//! The call that each change is.

use crate::config::name::ProjectName;
use crate::connect::Account;
use crate::fault::CallError;
use crate::identifiers::{Identifiers, Made};
use crate::plan::Change;
use crate::resource::{deploy_user, role, security_group};

/// Makes the call of a change, once.
pub(super) async fn make(
    account: &Account,
    change: &Change,
    project: &ProjectName,
    identifiers: &Identifiers,
) -> Result<Made, CallError> {
    let nothing = |()| Made::Nothing;
    match change {
        Change::CreateServiceLinkedRole(role) => role.create(account).await.map(nothing),
        Change::CreateRepository(repository) => repository.create(account, project).await,
        Change::PutLifecyclePolicy(repository) => repository.put_lifecycle(account).await.map(nothing),
        Change::CreateLogGroup(group) => group.create(account, project).await.map(nothing),
        Change::PutRetentionPolicy(group) => group.put_retention(account).await.map(nothing),
        Change::CreateRole(role) => role.create(account, project).await,
        Change::PutRolePolicy { role, policy } => role::put_policy(account, role, policy).await.map(nothing),
        Change::AttachRolePolicy { role, policy } => role::attach_policy(account, role, policy).await.map(nothing),
        Change::CreateSecurityGroup { group, vpc_id } => group.create(account, vpc_id, project).await,
        Change::AuthorizeIngress { group, rules } => {
            security_group::authorize(account, group, rules, identifiers).await.map(nothing)
        }
        Change::CreateLoadBalancer { load_balancer, subnet_ids } => {
            load_balancer.create(account, subnet_ids, identifiers, project).await
        }
        Change::CreateTargetGroup { target_group, vpc_id } => target_group.create(account, vpc_id, project).await,
        Change::CreateListener(listener) => listener.create(account, identifiers).await,
        Change::CreateRule(rule) => rule.create(account, identifiers).await,
        Change::CreateCluster(cluster) => cluster.create(account, project).await,
        Change::RegisterTaskDefinition(revision) => revision.register(account).await,
        Change::CreateService { service, subnet_ids } => {
            service.create(account, subnet_ids, identifiers, project).await
        }
        Change::CreateUser { user } => deploy_user::create(account, user, project).await,
        Change::PutUserPolicy { user, policy } => deploy_user::put_policy(account, user, policy).await.map(nothing),
        Change::CreateAccessKey { user } => deploy_user::create_key(account, user).await,
    }
}
