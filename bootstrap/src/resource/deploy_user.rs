//! The user that deploys: its policy and its access key.
//!
//! Which keys were handed over is a tag of the user, since AWS shows the secret half of a key only once: a key that was made by
//! an apply that was killed before it could hand it over is in nobody's hands, has never been used, and is replaced.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::StatusType;
use serde_json::Value;

pub use super::deploy_user_change::Change;
use super::deploy_user_change::{ACTIONS, ATTACH, DROP_BOUNDARY, RAISING, SET_BOUNDARY};
use super::inline_policy::{InlinePolicy, compare, decode};
use super::managed::{Managed, Sight};
use super::managed_policy::PolicyReference;
use super::role::within;
use super::{Kind, Owner, ResourceId};
use crate::config::name::ProjectName;
use crate::connect::Account;
use crate::fault::{CallError, Called, unless_absent};
use crate::identifiers::Identifiers;
use crate::location::Location;
use crate::plan::{Blocker, Draft};
use crate::policy::Statement;

/// How many access keys IAM lets a user have.
const KEYS_PER_USER: usize = 2;

/// The tag of a deploy user that names its access keys that were handed over: their ids, which are no secret, with spaces
/// between them.
pub const HANDED_OVER_TAG: &str = "greenroom:handed-over";

/// The user that should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployUser {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// What it may do, if that is short enough for a policy inside it.
    pub policy: Option<InlinePolicy>,
    /// The managed policy that says what it may do otherwise.
    pub managed: Option<PolicyReference>,
    /// The policy that bounds what it can be allowed, where one is wanted.
    pub boundary: Option<PolicyReference>,
}

/// The user that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployUserState {
    /// Its ARN.
    pub arn: String,
    /// Whom it belongs to.
    pub owner: Owner,
    /// Its inline policies by name.
    pub policies: BTreeMap<String, Value>,
    /// The ARNs of its managed policies.
    pub managed: BTreeSet<String>,
    /// The ARN of the policy that bounds it.
    pub boundary: Option<String>,
    /// Its access keys.
    pub keys: Vec<Key>,
}

/// An access key that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its id.
    pub id: String,
    /// Whether it is switched on.
    pub is_active: bool,
    /// Whether somebody has its secret half: it was handed over, or has been used.
    pub is_in_hands: bool,
    /// When it was used last, in seconds since 1970; none if it never was, and where it does not matter.
    pub used: Option<i64>,
}

/// Whether a change makes an access key.
pub(crate) fn makes_key(change: &crate::plan::Change) -> bool {
    matches!(change, crate::plan::Change::User(Change::CreateKey { .. }))
}

impl DeployUser {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::User, &self.name)
    }

    async fn get(&self, account: &Account) -> Result<Option<aws_sdk_iam::types::User>, CallError> {
        let answer = account.iam.get_user().user_name(&self.name).send().await.called("iam:GetUser", &self.id());
        Ok(unless_absent(answer, &["NoSuchEntity"])?.and_then(|answer| answer.user))
    }

    /// Whether there is a user of the name.
    pub(crate) async fn is_there(&self, account: &Account) -> Result<bool, CallError> {
        Ok(self.get(account).await?.is_some())
    }

    async fn inline(&self, account: &Account) -> Result<BTreeMap<String, Value>, CallError> {
        let resource = ResourceId::new(Kind::UserPolicy, &self.name);
        let mut found = BTreeMap::new();
        let mut pages = account.iam.list_user_policies().user_name(&self.name).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = unless_absent(page.called("iam:ListUserPolicies", &resource), &["NoSuchEntity"])?;
            let Some(page) = page else { break };
            for name in page.policy_names {
                let answer = account.iam.get_user_policy().user_name(&self.name).policy_name(&name).send().await;
                let answer = unless_absent(answer.called("iam:GetUserPolicy", &resource), &["NoSuchEntity"])?;
                found.extend(answer.map(|answer| (name, decode(&answer.policy_document))));
            }
        }
        Ok(found)
    }

    async fn attached(&self, account: &Account) -> Result<BTreeSet<String>, CallError> {
        let resource = ResourceId::new(Kind::UserPolicy, &self.name);
        let mut found = BTreeSet::new();
        let mut pages = account.iam.list_attached_user_policies().user_name(&self.name).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = unless_absent(page.called("iam:ListAttachedUserPolicies", &resource), &["NoSuchEntity"])?;
            let Some(page) = page else { break };
            found.extend(page.attached_policies().iter().filter_map(|policy| policy.policy_arn.clone()));
        }
        Ok(found)
    }

    async fn keys(&self, account: &Account) -> Result<Vec<(String, bool)>, CallError> {
        let answer = account.iam.list_access_keys().user_name(&self.name).send().await;
        let answer = answer.called("iam:ListAccessKeys", &ResourceId::new(Kind::AccessKey, &self.name));
        let keys = unless_absent(answer, &["NoSuchEntity"])?.map(|answer| answer.access_key_metadata);
        let keys = keys.unwrap_or_default().into_iter();
        Ok(keys.filter_map(|key| Some((key.access_key_id?, key.status == Some(StatusType::Active)))).collect())
    }

    /// Whether a key has ever been used.
    pub(crate) async fn is_used(&self, account: &Account, key: &str) -> Result<bool, CallError> {
        let resource = ResourceId::new(Kind::AccessKey, &self.name);
        let answer = account.iam.get_access_key_last_used().access_key_id(key).send().await;
        let answer = answer.called("iam:GetAccessKeyLastUsed", &resource)?;
        Ok(answer.access_key_last_used.is_some_and(|used| used.last_used_date.is_some()))
    }

    fn compare_keys(&self, found: &DeployUserState, draft: &mut Draft) {
        let in_hand = draft.key_in_hand().map(str::to_owned);
        let usable = |key: &&Key| key.is_active && (key.is_in_hands || in_hand.as_ref() == Some(&key.id));
        if found.keys.iter().any(|key| usable(&key)) {
            return;
        }
        let (lost, off): (Vec<&Key>, Vec<&Key>) = found.keys.iter().partition(|key| key.is_active);
        for key in &lost {
            let change = Change::DeleteKey { user: self.name.clone(), key: key.id.clone() };
            draft.unwanted(change, "it was never handed over, and nobody has its secret half");
        }
        if off.len() >= KEYS_PER_USER {
            let why = format!("it has {KEYS_PER_USER} access keys, all switched off, and IAM allows no more");
            draft.block(Blocker::Unusable { resource: Self::id(self), why });
            return;
        }
        draft.missing(Change::CreateKey { user: self.name.clone() }, "deploys sign their requests with it");
    }
}

impl Managed for DeployUser {
    type State = DeployUserState;
    type Change = Change;
    const OWNED_BY_CI: &'static [&'static str] = &[];

    fn id(&self) -> ResourceId {
        Self::id(self)
    }

    fn needs(&self) -> Vec<ResourceId> {
        self.boundary.iter().chain(&self.managed).filter_map(PolicyReference::needs).collect()
    }

    async fn observe(&self, sight: &Sight<'_>) -> Result<Option<DeployUserState>, CallError> {
        let account = sight.account;
        let (user, policies, managed, keys) = futures_util::try_join!(
            self.get(account),
            self.inline(account),
            self.attached(account),
            self.keys(account)
        )?;
        let Some(user) = user else { return Ok(None) };
        let handed_over: BTreeSet<&str> = user
            .tags()
            .iter()
            .filter(|tag| tag.key() == HANDED_OVER_TAG)
            .flat_map(|tag| tag.value().split_whitespace())
            .collect();
        let keys = keys.into_iter().map(async |(id, is_active)| {
            let is_in_hands = handed_over.contains(id.as_str()) || self.is_used(account, &id).await?;
            Ok(Key { id, is_active, is_in_hands, used: None })
        });
        Ok(Some(DeployUserState {
            keys: futures_util::future::try_join_all(keys).await?,
            owner: Owner::of(user.tags().iter().map(|tag| (Some(tag.key()), Some(tag.value()))), sight.project),
            boundary: user.permissions_boundary.and_then(|boundary| boundary.permissions_boundary_arn),
            arn: user.arn,
            policies,
            managed,
        }))
    }

    fn owner(state: &mut DeployUserState) -> Option<&mut Owner> {
        Some(&mut state.owner)
    }

    fn identify(&self, state: &DeployUserState, known: &mut Identifiers) {
        known.names.insert(Self::id(self), state.arn.clone());
        known.access_keys = state.keys.iter().filter(|key| key.is_active).map(|key| key.id.clone()).collect();
    }

    fn compare(&self, found: Option<&DeployUserState>, _: &Identifiers, draft: &mut Draft) {
        let user = || self.name.clone();
        let put = |policy: &InlinePolicy| Change::PutPolicy { user: user(), policy: policy.clone() };
        let attach = |policy: &PolicyReference| Change::Attach { user: user(), policy: policy.clone() };
        let put_for = "it is all that the user may do";
        let Some(found) = found else {
            let create = Change::Create { user: user(), boundary: self.boundary.clone() };
            draft.missing(create, "deploys are made as this user");
            self.policy.iter().for_each(|policy| draft.missing(put(policy), put_for));
            self.managed.iter().for_each(|policy| draft.missing(attach(policy), put_for));
            draft.missing(Change::CreateKey { user: user() }, "deploys sign their requests with it");
            return;
        };
        if let Some(wanted) = &self.boundary
            && found.boundary.as_ref() != Some(&wanted.arn)
        {
            let shown = found.boundary.clone().unwrap_or_else(|| "none".to_owned());
            let set = Change::SetBoundary { user: user(), policy: wanted.clone() };
            draft.differs(set, "permissions boundary", &wanted.arn, &shown);
        }
        if let Some(policy) = &self.policy {
            match found.policies.get(&policy.name) {
                None => draft.missing(put(policy), put_for),
                Some(other) => draft.policy_differs(put(policy), &compare(&policy.document, other)),
            }
        }
        if let Some(wanted) = self.managed.as_ref().filter(|wanted| !found.managed.contains(&wanted.arn)) {
            draft.missing(attach(wanted), put_for);
        }
        let own = self.policy.as_ref().map(|policy| &policy.name);
        for policy in found.policies.keys().filter(|name| Some(*name) != own) {
            let delete = Change::DeletePolicy { user: user(), policy: policy.clone() };
            draft.differs(delete, "policies", "nothing else", &format!("`{policy}`"));
        }
        let (own, wanted) = match &self.managed {
            Some(own) => (Some(&own.arn), "nothing else"),
            None => (None, "none"),
        };
        for policy in found.managed.iter().filter(|arn| Some(*arn) != own) {
            let detach = Change::Detach { user: user(), policy: policy.clone() };
            draft.differs(detach, "managed policies", wanted, &format!("`{policy}`"));
        }
        self.compare_keys(found, draft);
    }

    fn adopt(&self) -> Option<Change> {
        Some(Change::Tag { user: self.name.clone() })
    }

    fn take_away(&self, found: &DeployUserState, draft: &mut Draft) {
        let (user, because) = (|| self.name.clone(), "it goes with its user");
        for key in &found.keys {
            draft.unwanted(Change::DeleteKey { user: user(), key: key.id.clone() }, because);
        }
        for policy in found.policies.keys() {
            draft.unwanted(Change::DeletePolicy { user: user(), policy: policy.clone() }, because);
        }
        for policy in &found.managed {
            draft.unwanted(Change::Detach { user: user(), policy: policy.clone() }, because);
        }
        draft.unwanted(Change::Delete { user: user() }, "deploys were made as this user");
    }

    fn grants(&self, _: &ProjectName, _: &Location) -> Vec<Statement> {
        let statement = |sid, purpose, actions, conditions| Statement {
            sid,
            purposes: vec![purpose],
            actions,
            resources: vec![self.arn.clone()],
            conditions,
        };
        let purpose = "Make, compare, mend and delete the deploy user and its access keys.";
        let actions = ACTIONS.iter().chain(self.managed.is_some().then_some(&ATTACH));
        let Some(boundary) = &self.boundary else {
            return vec![statement("DeployUser", purpose, actions.chain([&DROP_BOUNDARY]).collect(), vec![])];
        };
        let (mut raising, others): (Vec<_>, Vec<_>) = actions.partition(|action| RAISING.contains(&action.name));
        raising.push(&SET_BOUNDARY);
        let raise = "Give the deploy user rights, as long as it has the boundary.";
        vec![
            statement("BoundedDeployUser", purpose, others, vec![]),
            statement("RaisedDeployUser", raise, raising, within(boundary)),
        ]
    }
}
