//! The roles that tasks have: the one that starts them and the one that the app itself has.

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
    /// Its name, as the task definition has it.
    pub name: String,
    /// Its path, as the task definition has it.
    pub path: String,
    /// Its ARN.
    pub arn: String,
    /// Who may take it.
    pub trust: TrustPolicy,
    /// What it may do; nothing, if there is none.
    pub policy: Option<InlinePolicy>,
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

    pub(crate) async fn observe(
        &self,
        account: &Account,
        project: &ProjectName,
    ) -> Result<Option<RoleState>, CallError> {
        let (role, policy) = futures_util::try_join!(self.get(account), self.get_policy(account))?;
        let Some(role) = role else { return Ok(None) };
        Ok(Some(RoleState {
            owner: Owner::of(role.tags().iter().map(|tag| (Some(tag.key()), Some(tag.value()))), project),
            trust: role.assume_role_policy_document().map(decode).unwrap_or_default(),
            arn: role.arn,
            policy,
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

    pub(crate) fn plan(&self, found: Option<&RoleState>, draft: &mut Draft) {
        let writing = self.policy.clone().map(|policy| Change::PutRolePolicy { role: self.name.clone(), policy });
        let purpose = "ECS does what it allows to start a task";
        let Some(found) = found else {
            draft.create(Change::CreateRole(self.clone()), "the task definition names it");
            if let Some(change) = writing {
                draft.create(change, purpose);
            }
            return;
        };
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
            draft.drift(self.id(), "trust policy", "one for ECS tasks of this account", &format!("one that {what}"));
        }
        if found.arn != self.arn {
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
