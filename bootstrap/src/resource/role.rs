//! The roles: the one that starts tasks, the one that the app itself has, and those with which ECS shifts traffic.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::inline_policy::{InlinePolicy, TASK_ROLE_POLICY, compare, decode};
use super::managed::{Managed, Sight};
use super::managed_policy::PolicyReference;
pub use super::role_change::Change;
use super::role_change::{ACTIONS, DROP_BOUNDARY, PASS, RAISING, SET_BOUNDARY, UPDATE};
use super::{Kind, Owner, ResourceId};
use crate::config::name::ProjectName;
use crate::connect::Account;
use crate::fault::{CallError, Called, unless_absent};
use crate::identifiers::Identifiers;
use crate::location::Location;
use crate::plan::{Blocker, Draft};
use crate::policy::trust::GITHUB_ISSUER;
use crate::policy::{Action, Condition, Statement, TrustPolicy};

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
    /// For how many seconds it can be taken, where that matters.
    pub longest_session: Option<i32>,
    /// The policy that bounds what it can be allowed, where one is wanted. One that is not wanted is left to whoever set it.
    pub boundary: Option<PolicyReference>,
}

/// What a role is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Tasks are started with it: the task definition names it.
    Tasks,
    /// The app in the tasks has it: the task definition names it.
    App,
    /// ECS changes listener rules with it.
    Infrastructure,
    /// ECS calls the functions of lifecycle hooks with it.
    Hooks,
    /// Deploys are made with it.
    Deploys,
    /// An EC2 instance has it.
    Instance,
}

impl Purpose {
    fn of_role(self) -> &'static str {
        match self {
            Self::Tasks | Self::App => "the task definition names it",
            Self::Infrastructure => "ECS moves requests with it",
            Self::Hooks => "ECS asks lifecycle hooks with it",
            Self::Instance => "the EC2 instance that the project runs on has it",
            Self::Deploys => "workflows take it with their identity token, and deploy",
        }
    }

    fn of_policy(self) -> &'static str {
        match self {
            Self::Tasks => "ECS does what it allows to start a task",
            Self::App => "`task-role-policy` in greenroom.toml says that the app may do it",
            Self::Infrastructure => "it allows ECS to change listener rules",
            Self::Hooks => "it allows ECS to call the hooks' functions",
            Self::Instance => "it is all that the EC2 instance may do",
            Self::Deploys => "it is all that a deploy may do",
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
    /// For how many seconds it can be taken.
    pub longest_session: Option<i32>,
    /// The ARN of the policy that bounds it.
    pub boundary: Option<String>,
    /// Whether it was made so lately that AWS may not know it everywhere.
    pub is_recent: bool,
}

impl Role {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::Role, &self.name)
    }

    /// Whether bootstrap says all that the role may do. Where greenroom.toml does not say what an app may do, that is its owner's business:
    /// bootstrap gives the app's role nothing, and takes nothing from it.
    fn is_closed(&self) -> bool {
        self.policy.is_some() || self.managed.is_some()
    }

    /// What must be there before it is made.
    pub(super) fn after(&self) -> Vec<ResourceId> {
        let provider = self.trust.provider().map(|_| ResourceId::new(Kind::OidcProvider, GITHUB_ISSUER));
        provider.into_iter().chain(self.boundary.as_ref().and_then(PolicyReference::needs)).collect()
    }

    /// What changes the role, in one statement. Where it has a boundary in two: whatever gives it rights is only allowed as long
    /// as it has that boundary.
    fn bounded(
        &self,
        [whole, rest, raised]: [&'static str; 3],
        purpose: &'static str,
        actions: impl Iterator<Item = &'static Action>,
        arns: &[String],
    ) -> Vec<Statement> {
        let statement = |sid, purpose, actions, conditions| Statement {
            sid,
            purposes: vec![purpose],
            actions,
            resources: arns.to_vec(),
            conditions,
        };
        let Some(boundary) = &self.boundary else {
            return vec![statement(whole, purpose, actions.chain([&DROP_BOUNDARY]).collect(), vec![])];
        };
        let (mut raising, others): (Vec<_>, Vec<_>) = actions.partition(|action| RAISING.contains(&action.name));
        raising.push(&SET_BOUNDARY);
        vec![
            statement(rest, purpose, others, vec![]),
            statement(raised, "Give roles rights, as long as they have the boundary.", raising, within(boundary)),
        ]
    }

    async fn get(&self, account: &Account) -> Result<Option<aws_sdk_iam::types::Role>, CallError> {
        let answer = account.iam.get_role().role_name(&self.name).send().await.called("iam:GetRole", &self.id());
        Ok(unless_absent(answer, &["NoSuchEntity"])?.and_then(|answer| answer.role))
    }

    /// Whether there is a role of the name.
    pub(crate) async fn is_there(&self, account: &Account) -> Result<bool, CallError> {
        Ok(self.get(account).await?.is_some())
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
                Some(other) => draft.policy_differs(put, &compare(&wanted.document, other)),
            }
        }
        if !self.is_closed() {
            // But for what it had from greenroom.toml, which does not say it any more.
            if self.purpose == Purpose::App && found.policies.contains_key(TASK_ROLE_POLICY) {
                let delete = Change::DeletePolicy { role, policy: TASK_ROLE_POLICY.to_owned() };
                draft.unwanted(delete, "greenroom.toml has no `task-role-policy` for it any more");
            }
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
        self.after()
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
            longest_session: role.max_session_duration,
            boundary: role.permissions_boundary.and_then(|boundary| boundary.permissions_boundary_arn),
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
        // First, since a person may be allowed the rest on roles that have it alone.
        if let Some(wanted) = &self.boundary
            && found.boundary.as_ref() != Some(&wanted.arn)
        {
            let shown = found.boundary.clone().unwrap_or_else(|| "none".to_owned());
            draft.differs(Change::SetBoundary(self.clone()), "permissions boundary", &wanted.arn, &shown);
        }
        self.compare_policies(found, draft);
        draft.policy_differs(Change::SetTrust(self.clone()), &compare(&self.trust.to_json(), &found.trust));
        if let Some(wanted) = self.longest_session
            && found.longest_session != Some(wanted)
        {
            let shown = |seconds: Option<i32>| seconds.map_or_else(|| "none".to_owned(), |s| format!("{s} s"));
            let (wanted, found) = (shown(Some(wanted)), shown(found.longest_session));
            draft.differs(Change::SetSession(self.clone()), "longest session", &wanted, &found);
        }
        if found.arn != self.arn && matches!(self.purpose, Purpose::Tasks | Purpose::App) {
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
        let because = match self.purpose {
            Purpose::Tasks | Purpose::App | Purpose::Infrastructure | Purpose::Hooks => {
                "only this project's tasks and services have it"
            }
            Purpose::Deploys => "deploys were made with it",
            Purpose::Instance => "the project's EC2 instance had it",
        };
        draft.unwanted(Change::Delete { role: self.name.clone() }, because);
    }

    fn grants(&self, _: &ProjectName, location: &Location) -> Vec<Statement> {
        // Of a role that is not there IAM knows the name alone, and no path.
        let mut arns = vec![self.arn.clone(), location.iam_arn(&format!("role/{}", self.name))];
        arns.dedup();
        // ECS takes the first kind for tasks, and the others for itself. Putting a role into an instance profile passes it to EC2 by this
        // name in China too, where only the start of an instance has the other one (terraform-aws-eks pull request 3422).
        let (sid, purpose, service) = match self.purpose {
            Purpose::Deploys => {
                let purpose = "Make, compare, mend and delete the role of deploys.";
                let sids = ["DeployRole", "BoundedDeployRole", "RaisedDeployRole"];
                return self.bounded(sids, purpose, ACTIONS.iter().chain([&UPDATE]), &arns);
            }
            Purpose::Tasks | Purpose::App => {
                ("PassToTasks", "Hand the project's roles to its tasks.", "ecs-tasks.amazonaws.com")
            }
            Purpose::Instance => ("PassToEc2", "Put the role into its instance profile.", "ec2.amazonaws.com"),
            Purpose::Infrastructure | Purpose::Hooks => {
                ("PassToEcs", "Hand ECS the roles with which it moves requests.", "ecs.amazonaws.com")
            }
        };
        let sids = ["Roles", "BoundedRoles", "RaisedRoles"];
        let all = "Make, compare, mend and delete the project's roles.";
        let mut statements = self.bounded(sids, all, ACTIONS.iter(), &arns);
        statements.push(Statement {
            sid,
            purposes: vec![purpose],
            actions: vec![&PASS],
            resources: vec![self.arn.clone()],
            conditions: vec![Condition {
                operator: "StringEquals",
                key: "iam:PassedToService",
                values: vec![service.to_owned()],
            }],
        });
        statements
    }
}

/// That whoever is given rights has this boundary.
pub(super) fn within(boundary: &PolicyReference) -> Vec<Condition> {
    vec![Condition { operator: "ArnEquals", key: "iam:PermissionsBoundary", values: vec![boundary.arn.clone()] }]
}
