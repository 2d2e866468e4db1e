//! The user that deploys: its policy and its access key.

use aws_sdk_iam::types::StatusType;
use serde_json::Value;

use super::inline_policy::{InlinePolicy, compare, decode};
use super::{Kind, OWNER_TAG, Owner, ResourceId};
use crate::config::name::ProjectName;
use crate::connect::Account;
use crate::fault::{CallError, Called, sent, unless_absent};
use crate::identifiers::Made;
use crate::outcome::{AccessKey, SecretAccessKey};
use crate::plan::{Blocker, Change, Draft};

/// How many access keys IAM lets a user have.
const KEYS_PER_USER: usize = 2;

/// The user that should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployUser {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub policy: InlinePolicy,
}

/// The user that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployUserState {
    /// Its ARN.
    pub arn: String,
    /// Whom it belongs to.
    pub owner: Owner,
    /// Its inline policy of the name that is wanted.
    pub policy: Option<Value>,
    /// The ids of its active access keys.
    pub active_keys: Vec<String>,
    /// How many of its access keys are switched off.
    pub inactive_keys: usize,
}

impl DeployUser {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::User, &self.name)
    }

    pub(crate) async fn observe(
        &self,
        account: &Account,
        project: &ProjectName,
    ) -> Result<Option<DeployUserState>, CallError> {
        let (user, policy, keys) =
            futures_util::try_join!(self.get(account), self.get_policy(account), self.list_keys(account))?;
        let Some(user) = user else { return Ok(None) };
        let (active, inactive): (Vec<_>, Vec<_>) =
            keys.into_iter().partition(|key| key.status == Some(StatusType::Active));
        Ok(Some(DeployUserState {
            owner: Owner::of(user.tags().iter().map(|tag| (Some(tag.key()), Some(tag.value()))), project),
            arn: user.arn,
            policy,
            active_keys: active.into_iter().filter_map(|key| key.access_key_id).collect(),
            inactive_keys: inactive.len(),
        }))
    }

    async fn get(&self, account: &Account) -> Result<Option<aws_sdk_iam::types::User>, CallError> {
        let answer = account.iam.get_user().user_name(&self.name).send().await.called("iam:GetUser", &self.id());
        Ok(unless_absent(answer, &["NoSuchEntity"])?.and_then(|answer| answer.user))
    }

    async fn get_policy(&self, account: &Account) -> Result<Option<Value>, CallError> {
        let request = account.iam.get_user_policy().user_name(&self.name).policy_name(&self.policy.name);
        let answer = request.send().await.called("iam:GetUserPolicy", &ResourceId::new(Kind::UserPolicy, &self.name));
        Ok(unless_absent(answer, &["NoSuchEntity"])?.map(|answer| decode(&answer.policy_document)))
    }

    async fn list_keys(&self, account: &Account) -> Result<Vec<aws_sdk_iam::types::AccessKeyMetadata>, CallError> {
        let answer = account.iam.list_access_keys().user_name(&self.name).send().await;
        let answer = answer.called("iam:ListAccessKeys", &ResourceId::new(Kind::AccessKey, &self.name));
        Ok(unless_absent(answer, &["NoSuchEntity"])?.map(|answer| answer.access_key_metadata).unwrap_or_default())
    }

    pub(crate) fn plan(&self, found: Option<&DeployUserState>, draft: &mut Draft) {
        let writing = Change::PutUserPolicy { user: self.name.clone(), policy: self.policy.clone() };
        let writing_for = "it is all that the user may do";
        let key = Change::CreateAccessKey { user: self.name.clone() };
        let key_for = "deploys sign their requests with it";
        let Some(found) = found else {
            draft.create(Change::CreateUser { user: self.name.clone() }, "deploys are made as this user");
            draft.create(writing, writing_for);
            draft.create(key, key_for);
            return;
        };
        match &found.policy {
            None => draft.add(&found.owner, self.id(), writing, writing_for),
            Some(other) => {
                if let Some(what) = compare(&self.policy.policy.to_json(), other).words() {
                    draft.mend(&found.owner, self.id(), writing, what);
                }
            }
        }
        if found.active_keys.is_empty() {
            if found.inactive_keys < KEYS_PER_USER {
                draft.add(&found.owner, self.id(), key, key_for);
            } else {
                let why = format!("it has {KEYS_PER_USER} access keys, all switched off, and IAM allows no more");
                draft.block(Blocker::Unusable { resource: self.id(), why });
            }
        }
    }
}

/// Makes the user.
pub(crate) async fn create(account: &Account, user: &str, project: &ProjectName) -> Result<Made, CallError> {
    const OPERATION: &str = "iam:CreateUser";
    let id = ResourceId::new(Kind::User, user);
    let tag = aws_sdk_iam::types::Tag::builder().key(OWNER_TAG).value(project.as_str()).build();
    let tag = tag.expect("a tag with key and value is complete");
    let answer = account.iam.create_user().user_name(user).tags(tag).send().await.called(OPERATION, &id)?;
    Ok(Made::User { arn: sent(answer.user, "User", OPERATION, &id)?.arn })
}

/// Writes the user's policy.
pub(crate) async fn put_policy(account: &Account, user: &str, policy: &InlinePolicy) -> Result<(), CallError> {
    let request = account.iam.put_user_policy().user_name(user).policy_name(&policy.name);
    let answer = request.policy_document(policy.policy.to_text()).send().await;
    answer.called("iam:PutUserPolicy", &ResourceId::new(Kind::UserPolicy, user)).map(drop)
}

/// Makes an access key. This is the only time that AWS shows its secret half.
pub(crate) async fn create_key(account: &Account, user: &str) -> Result<Made, CallError> {
    const OPERATION: &str = "iam:CreateAccessKey";
    let id = ResourceId::new(Kind::AccessKey, user);
    let answer = account.iam.create_access_key().user_name(user).send().await.called(OPERATION, &id)?;
    let key = sent(answer.access_key, "AccessKey", OPERATION, &id)?;
    Ok(Made::AccessKey(AccessKey { id: key.access_key_id, secret: SecretAccessKey::new(key.secret_access_key) }))
}
