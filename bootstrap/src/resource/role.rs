//! The roles: the one that starts tasks, the one that the app itself has, and those with which ECS shifts traffic.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::inline_policy::{InlinePolicy, compare, decode};
use super::managed::{Managed, Sight};
pub use super::role_change::Change;
use super::role_change::{ACTIONS, PASS};
use super::{Kind, Owner, ResourceId};
use crate::config::name::ProjectName;
use crate::connect::Account;
use crate::fault::{CallError, Called, unless_absent};
use crate::identifiers::Identifiers;
use crate::location::Location;
use crate::plan::{Blocker, Draft};
use crate::policy::{Condition, Statement, TrustPolicy};

/// For how long after its creation a role may be unknown to some part of AWS, in seconds.
const RECENT: i64 = 60;

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
    /// Its inline policies by name.
    pub policies: BTreeMap<String, Value>,
    /// The ARNs of its managed policies.
    pub managed: BTreeSet<String>,
    /// Whether it was made so lately that AWS may not know it everywhere.
    pub is_recent: bool,
}

impl Role {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::Role, &self.name)
    }

    /// Whether bootstrap says all that the role may do. What an app may do is its owner's business: bootstrap gives the
    /// app's role nothing, and takes nothing from it.
    fn is_closed(&self) -> bool {
        self.policy.is_some() || self.managed.is_some()
    }

    async fn get(&self, account: &Account) -> Result<Option<aws_sdk_iam::types::Role>, CallError> {
        let answer = account.iam.get_role().role_name(&self.name).send().await.called("iam:GetRole", &self.id());
        Ok(unless_absent(answer, &["NoSuchEntity"])?.and_then(|answer| answer.role))
    }

    async fn inline(&self, account: &Account) -> Result<BTreeMap<String, Value>, CallError> {
        let resource = ResourceId::new(Kind::RolePolicy, &self.name);
        let mut found = BTreeMap::new();
        let mut pages = account.iam.list_role_policies().role_name(&self.name).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = unless_absent(page.called("iam:ListRolePolicies", &resource), &["NoSuchEntity"])?;
            let Some(page) = page else { break };
            for name in page.policy_names {
                let answer = account.iam.get_role_policy().role_name(&self.name).policy_name(&name).send().await;
                let answer = unless_absent(answer.called("iam:GetRolePolicy", &resource), &["NoSuchEntity"])?;
                found.extend(answer.map(|answer| (name, decode(&answer.policy_document))));
            }
        }
        Ok(found)
    }

    async fn attached(&self, account: &Account) -> Result<BTreeSet<String>, CallError> {
        let resource = ResourceId::new(Kind::RoleAttachment, &self.name);
        let mut found = BTreeSet::new();
        let mut pages = account.iam.list_attached_role_policies().role_name(&self.name).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = unless_absent(page.called("iam:ListAttachedRolePolicies", &resource), &["NoSuchEntity"])?;
            let Some(page) = page else { break };
            found.extend(page.attached_policies().iter().filter_map(|policy| policy.policy_arn.clone()));
        }
        Ok(found)
    }

    fn compare_policies(&self, found: &RoleState, draft: &mut Draft) {
        let (role, purpose) = (self.name.clone(), self.purpose.of_policy());
        if let Some(wanted) = &self.managed
            && !found.managed.contains(wanted)
        {
            draft.missing(Change::Attach { role: role.clone(), policy: wanted.clone() }, purpose);
        }
        if let Some(wanted) = &self.policy {
            let put = Change::PutPolicy { role: role.clone(), policy: wanted.clone() };
            match found.policies.get(&wanted.name) {
                None => draft.missing(put, purpose),
                Some(other) => draft.policy_differs(put, &compare(&wanted.policy.to_json(), other)),
            }
        }
        if !self.is_closed() {
            return;
        }
        for name in found.policies.keys().filter(|name| self.policy.as_ref().is_none_or(|own| own.name != **name)) {
            let delete = Change::DeletePolicy { role: role.clone(), policy: name.clone() };
            draft.differs(delete, "policies", "nothing else", &format!("`{name}`"));
        }
        for arn in found.managed.iter().filter(|arn| self.managed.as_ref() != Some(arn)) {
            let detach = Change::Detach { role: role.clone(), policy: arn.clone() };
            draft.differs(detach, "managed policies", "nothing else", &format!("`{arn}`"));
        }
    }
}

impl Managed for Role {
    type State = RoleState;
    type Change = Change;
    const OWNED_BY_CI: &'static [&'static str] = &[];

    fn id(&self) -> ResourceId {
        Self::id(self)
    }

    fn needs(&self) -> Vec<ResourceId> {
        Vec::new()
    }

    async fn observe(&self, sight: &Sight<'_>) -> Result<Option<RoleState>, CallError> {
        let account = sight.account;
        let (role, policies, managed) =
            futures_util::try_join!(self.get(account), self.inline(account), self.attached(account))?;
        let Some(role) = role else { return Ok(None) };
        Ok(Some(RoleState {
            owner: Owner::of(role.tags().iter().map(|tag| (Some(tag.key()), Some(tag.value()))), sight.project),
            trust: role.assume_role_policy_document().map(decode).unwrap_or_default(),
            is_recent: role.create_date.secs() > sight.now - RECENT,
            arn: role.arn,
            policies,
            managed,
        }))
    }

    fn owner(state: &mut RoleState) -> Option<&mut Owner> {
        Some(&mut state.owner)
    }

    fn identify(&self, state: &RoleState, known: &mut Identifiers) {
        known.names.insert(Self::id(self), state.arn.clone());
        if state.is_recent {
            known.recent.insert(Self::id(self));
        }
    }

    fn compare(&self, found: Option<&RoleState>, _: &Identifiers, draft: &mut Draft) {
        let Some(found) = found else {
            draft.missing(Change::Create(self.clone()), self.purpose.of_role());
            let (role, purpose) = (self.name.clone(), self.purpose.of_policy());
            if let Some(policy) = self.policy.clone() {
                draft.missing(Change::PutPolicy { role: role.clone(), policy }, purpose);
            }
            if let Some(policy) = self.managed.clone() {
                draft.missing(Change::Attach { role, policy }, purpose);
            }
            return;
        };
        self.compare_policies(found, draft);
        draft.policy_differs(Change::SetTrust(self.clone()), &compare(&self.trust.to_json(), &found.trust));
        if found.arn != self.arn && self.purpose == Purpose::Tasks {
            let why = format!("its ARN is `{}`, and the task definition names `{}`", found.arn, self.arn);
            draft.block(Blocker::Unusable { resource: Self::id(self), why });
        }
    }

    fn adopt(&self) -> Option<Change> {
        Some(Change::Tag { role: self.name.clone() })
    }

    fn take_away(&self, found: &RoleState, draft: &mut Draft) {
        let because = "it goes with its role";
        for policy in found.policies.keys() {
            draft.unwanted(Change::DeletePolicy { role: self.name.clone(), policy: policy.clone() }, because);
        }
        for policy in &found.managed {
            draft.unwanted(Change::Detach { role: self.name.clone(), policy: policy.clone() }, because);
        }
        draft.unwanted(Change::Delete { role: self.name.clone() }, "only this project's tasks and services have it");
    }

    fn grants(&self, _: &ProjectName, location: &Location) -> Vec<Statement> {
        // Of a role that is not there IAM knows the name alone, and no path.
        let mut arns = vec![self.arn.clone(), location.iam_arn(&format!("role/{}", self.name))];
        arns.dedup();
        // ECS takes the first kind for tasks, and the others for itself.
        let (sid, purpose, service) = match self.purpose {
            Purpose::Tasks => ("PassToTasks", "Hand the project's roles to its tasks.", "ecs-tasks.amazonaws.com"),
            Purpose::Infrastructure | Purpose::Hooks => {
                ("PassToEcs", "Hand ECS the roles with which it moves requests.", "ecs.amazonaws.com")
            }
        };
        vec![
            Statement {
                sid: "Roles",
                purposes: vec!["Make, compare, mend and delete the project's roles."],
                actions: ACTIONS.iter().collect(),
                resources: arns,
                conditions: vec![],
            },
            Statement {
                sid,
                purposes: vec![purpose],
                actions: vec![&PASS],
                resources: vec![self.arn.clone()],
                conditions: vec![Condition {
                    operator: "StringEquals",
                    key: "iam:PassedToService",
                    values: vec![service.to_owned()],
                }],
            },
        ]
    }
}
