//! The roles: the one that starts tasks, the one that the app itself has, and those with which ECS shifts traffic.

use std::collections::BTreeSet;

use serde_json::Value;

use super::inline_policy::{InlinePolicy, compare, decode};
use super::{Kind, OWNER_TAG, Owner, ResourceId};
use crate::config::name::ProjectName;
use crate::connect::Account;
use crate::fault::{CallError, Called, sent, unless_absent};
use crate::identifiers::Made;
use crate::plan::{Blocker, Change, Draft};
use crate::policy::TrustPolicy;

/// A role that should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// What it is for.
    pub purpose: Purpose,
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// Its ARN.
    pub arn: String,
    /// Who may take it.
    pub trust: TrustPolicy,
    /// What it may do; nothing, if there is none.
    pub policy: Option<InlinePolicy>,
    /// The ARN of the managed policy of AWS's that it has beside it, if any.
    pub managed: Option<String>,
}

/// What a role is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Tasks have it, or are started with it: the task definition names it.
    Tasks,
    /// ECS changes listener rules with it.
    Infrastructure,
    /// ECS calls the functions of lifecycle hooks with it.
    Hooks,
}

impl Purpose {
    fn of_role(self) -> &'static str {
        match self {
            Self::Tasks => "the task definition names it",
            Self::Infrastructure => "ECS moves requests with it",
            Self::Hooks => "ECS asks lifecycle hooks with it",
        }
    }

    fn of_policy(self) -> &'static str {
        match self {
            Self::Tasks => "ECS does what it allows to start a task",
            Self::Infrastructure => "it allows ECS to change listener rules",
            Self::Hooks => "it allows ECS to call the hooks' functions",
        }
    }

    fn of_trust(self) -> &'static str {
        match self {
            Self::Tasks => "one for ECS tasks of this account",
            Self::Infrastructure | Self::Hooks => "one for ECS",
        }
    }
}

/// A role that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleState {
    /// Its ARN.
    pub arn: String,
    /// Whom it belongs to.
    pub owner: Owner,
    /// Its trust policy.
    pub trust: Value,
    /// Its inline policy of the name that is wanted.
    pub policy: Option<Value>,
    /// The ARNs of its managed policies; not looked for where none is wanted.
    pub managed: BTreeSet<String>,
}

impl Role {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::Role, &self.name)
    }

    /// What its policy is called in plans and errors.
    #[must_use]
    pub fn policy_id(&self) -> ResourceId {
        ResourceId::new(Kind::RolePolicy, &self.name)
    }

    /// What its managed policy is called in plans and errors.
    #[must_use]
    pub fn managed_id(&self) -> ResourceId {
        ResourceId::new(Kind::RoleAttachment, &self.name)
    }

    pub(crate) async fn observe(
        &self,
        account: &Account,
        project: &ProjectName,
    ) -> Result<Option<RoleState>, CallError> {
        let (role, policy, managed) =
            futures_util::try_join!(self.get(account), self.get_policy(account), self.get_managed(account))?;
        let Some(role) = role else { return Ok(None) };
        Ok(Some(RoleState {
            owner: Owner::of(role.tags().iter().map(|tag| (Some(tag.key()), Some(tag.value()))), project),
            trust: role.assume_role_policy_document().map(decode).unwrap_or_default(),
            arn: role.arn,
            policy,
            managed,
        }))
    }

    async fn get(&self, account: &Account) -> Result<Option<aws_sdk_iam::types::Role>, CallError> {
        let answer = account.iam.get_role().role_name(&self.name).send().await.called("iam:GetRole", &self.id());
        Ok(unless_absent(answer, &["NoSuchEntity"])?.and_then(|answer| answer.role))
    }

    async fn get_policy(&self, account: &Account) -> Result<Option<Value>, CallError> {
        let Some(wanted) = &self.policy else { return Ok(None) };
        let request = account.iam.get_role_policy().role_name(&self.name).policy_name(&wanted.name);
        let answer = request.send().await.called("iam:GetRolePolicy", &self.policy_id());
        Ok(unless_absent(answer, &["NoSuchEntity"])?.map(|answer| decode(&answer.policy_document)))
    }

    async fn get_managed(&self, account: &Account) -> Result<BTreeSet<String>, CallError> {
        let mut found = BTreeSet::new();
        if self.managed.is_none() {
            return Ok(found);
        }
        let mut pages = account.iam.list_attached_role_policies().role_name(&self.name).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.called("iam:ListAttachedRolePolicies", &self.managed_id());
            let Some(page) = unless_absent(page, &["NoSuchEntity"])? else { break };
            found.extend(page.attached_policies().iter().filter_map(|policy| policy.policy_arn.clone()));
        }
        Ok(found)
    }

    pub(crate) fn plan(&self, found: Option<&RoleState>, draft: &mut Draft) {
        let writing = self.policy.clone().map(|policy| Change::PutRolePolicy { role: self.name.clone(), policy });
        let attaching = self.managed.clone().map(|policy| Change::AttachRolePolicy { role: self.name.clone(), policy });
        let purpose = self.purpose.of_policy();
        let Some(found) = found else {
            draft.create(Change::CreateRole(self.clone()), self.purpose.of_role());
            for change in writing.into_iter().chain(attaching) {
                draft.create(change, purpose);
            }
            return;
        };
        if let (Some(change), Some(wanted)) = (attaching, &self.managed)
            && !found.managed.contains(wanted)
        {
            draft.add(&found.owner, self.id(), change, purpose);
        }
        if let (Some(change), Some(wanted)) = (writing, &self.policy) {
            match &found.policy {
                None => draft.add(&found.owner, self.id(), change, purpose),
                Some(other) => {
                    if let Some(what) = compare(&wanted.policy.to_json(), other).words() {
                        draft.mend(&found.owner, self.id(), change, what);
                    }
                }
            }
        }
        if let Some(what) = compare(&self.trust.to_json(), &found.trust).words() {
            draft.drift(self.id(), "trust policy", self.purpose.of_trust(), &format!("one that {what}"));
        }
        if found.arn != self.arn && self.purpose == Purpose::Tasks {
            let why = format!("its ARN is `{}`, and the task definition names `{}`", found.arn, self.arn);
            draft.block(Blocker::Unusable { resource: self.id(), why });
        }
    }

    pub(crate) async fn create(&self, account: &Account, project: &ProjectName) -> Result<Made, CallError> {
        const OPERATION: &str = "iam:CreateRole";
        let tag = aws_sdk_iam::types::Tag::builder().key(OWNER_TAG).value(project.as_str()).build();
        let answer = account
            .iam
            .create_role()
            .role_name(&self.name)
            .path(&self.path)
            .assume_role_policy_document(self.trust.to_text())
            .tags(tag.expect("a tag with key and value is complete"))
            .send()
            .await
            .called(OPERATION, &self.id())?;
        let role = sent(answer.role, "Role", OPERATION, &self.id())?;
        Ok(Made::Role { name: self.name.clone(), arn: role.arn })
    }
}

/// Writes the inline policy of a role.
pub(crate) async fn put_policy(account: &Account, role: &str, policy: &InlinePolicy) -> Result<(), CallError> {
    let request = account.iam.put_role_policy().role_name(role).policy_name(&policy.name);
    let answer = request.policy_document(policy.policy.to_text()).send().await;
    answer.called("iam:PutRolePolicy", &ResourceId::new(Kind::RolePolicy, role)).map(drop)
}

/// Gives a role one of AWS's managed policies.
pub(crate) async fn attach_policy(account: &Account, role: &str, policy: &str) -> Result<(), CallError> {
    let answer = account.iam.attach_role_policy().role_name(role).policy_arn(policy).send().await;
    answer.called("iam:AttachRolePolicy", &ResourceId::new(Kind::RoleAttachment, role)).map(drop)
}
