//! Managed policies of the account that the project has: its permissions boundary, and what deploys may do where that is too
//! long for a policy inside a user. A change makes a version; IAM keeps five, of which one counts (IAM user guide, "Versioning
//! IAM policies").

use std::collections::BTreeSet;
use std::fmt;

use aws_sdk_iam::types::PolicyVersion;
use aws_smithy_types::retry::RetryConfig;
use serde_json::Value;

use super::inline_policy::{compare, decode};
use super::managed::{Alteration, Hands, Managed, Sight};
use super::owner::iam_tag;
use super::{Kind, Owner, ResourceId};
use crate::config::name::ProjectName;
use crate::connect::Account;
use crate::fault::{CallError, Called, sent, unless_absent};
use crate::identifiers::{Identifiers, Made};
use crate::location::Location;
use crate::plan::{Blocker, Draft, Needs};
use crate::policy::{Action, Quota, Statement, quota};

/// How many versions of a policy IAM keeps.
const VERSIONS: usize = 5;

/// A managed policy that should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedPolicy {
    /// What it is for.
    pub purpose: Use,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// What it says.
    pub document: Value,
    /// Each action that it allows on `*`, with the reason that it cannot be narrower.
    pub wildcards: Vec<(String, &'static str)>,
    /// The names of the roles and users of the project that have it.
    pub holders: BTreeSet<String>,
}

/// What a managed policy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It bounds what the project's roles and user can be allowed.
    Boundary,
    /// It is what the deploy user may do.
    Deploys,
}

impl Use {
    fn why(self) -> &'static str {
        match self {
            Self::Boundary => "whoever has it as boundary can never be allowed more",
            Self::Deploys => {
                "it is all that the deploy user may do, and longer than the 2048 characters of a user's inline policies"
            }
        }
    }
}

/// A managed policy that a role or user has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyReference {
    /// Its ARN.
    pub arn: String,
    /// Whether it is the project's own, which is made before and deleted after whoever has it.
    pub is_own: bool,
}

impl PolicyReference {
    /// What must be there before anybody can have it.
    pub(crate) fn needs(&self) -> Option<ResourceId> {
        let name = self.arn.rsplit('/').next().unwrap_or_default();
        self.is_own.then(|| ResourceId::new(Kind::ManagedPolicy, name))
    }
}

/// A managed policy that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedPolicyState {
    /// Whom it belongs to.
    pub owner: Owner,
    /// What the version that counts says.
    pub document: Value,
    /// The ids of all other versions, the oldest first.
    pub others: Vec<String>,
    /// The roles, users and groups that have it and are not the project's, in words.
    pub used_by: BTreeSet<String>,
}

/// What can be done about a managed policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `iam:CreatePolicy`.
    Create(ManagedPolicy),
    /// `iam:CreatePolicyVersion`.
    AddVersion(ManagedPolicy),
    /// `iam:DeletePolicyVersion`.
    DeleteVersion {
        /// The policy.
        policy: ManagedPolicy,
        /// The version's id.
        version: String,
    },
    /// `iam:TagPolicy`.
    Tag(ManagedPolicy),
    /// `iam:DeletePolicy`.
    Delete(ManagedPolicy),
}

const POLICY: &[&str] = &["policy/"];
static ACTIONS: [Action; 9] = [
    Action::on("iam:CreatePolicy", POLICY),
    Action::on("iam:CreatePolicyVersion", POLICY),
    Action::on("iam:DeletePolicy", POLICY),
    Action::on("iam:DeletePolicyVersion", POLICY),
    Action::on("iam:GetPolicy", POLICY),
    Action::on("iam:GetPolicyVersion", POLICY),
    Action::on("iam:ListEntitiesForPolicy", POLICY),
    Action::on("iam:ListPolicyVersions", POLICY),
    Action::on("iam:TagPolicy", POLICY),
];

impl ManagedPolicy {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::ManagedPolicy, &self.name)
    }

    /// As a role or user refers to it.
    #[must_use]
    pub fn reference(&self) -> PolicyReference {
        PolicyReference { arn: self.arn.clone(), is_own: true }
    }

    /// Whether there is a policy of the name.
    pub(crate) async fn is_there(&self, account: &Account) -> Result<bool, CallError> {
        let answer = account.iam.get_policy().policy_arn(&self.arn).send().await.called("iam:GetPolicy", &self.id());
        Ok(unless_absent(answer, &["NoSuchEntity"])?.is_some())
    }

    /// The versions, the oldest first: their numbers rise.
    async fn versions(&self, account: &Account) -> Result<Vec<PolicyVersion>, CallError> {
        let mut found = Vec::new();
        let mut pages = account.iam.list_policy_versions().policy_arn(&self.arn).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = unless_absent(page.called("iam:ListPolicyVersions", &self.id()), &["NoSuchEntity"])?;
            found.extend(page.and_then(|page| page.versions).unwrap_or_default());
        }
        found.sort_by_key(|version| {
            let number = version.version_id().and_then(|id| id.strip_prefix('v')?.parse::<u32>().ok());
            number.unwrap_or_default()
        });
        Ok(found)
    }

    async fn used_by(&self, account: &Account) -> Result<BTreeSet<String>, CallError> {
        let mut found = BTreeSet::new();
        let mut pages = account.iam.list_entities_for_policy().policy_arn(&self.arn).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = unless_absent(page.called("iam:ListEntitiesForPolicy", &self.id()), &["NoSuchEntity"])?;
            let Some(page) = page else { break };
            let roles = page.policy_roles().iter().map(|role| ("role", role.role_name()));
            let users = page.policy_users().iter().map(|user| ("user", user.user_name()));
            let groups = page.policy_groups().iter().map(|group| ("group", group.group_name()));
            let named = roles.chain(users).chain(groups).filter_map(|(kind, name)| Some((kind, name?)));
            let others = named.filter(|(_, name)| !self.holders.contains(*name));
            found.extend(others.map(|(kind, name)| format!("{kind} `{name}`")));
        }
        Ok(found)
    }

    async fn counting(&self, account: &Account, version: &str) -> Result<Option<Value>, CallError> {
        let request = account.iam.get_policy_version().policy_arn(&self.arn).version_id(version);
        let answer = request.send().await.called("iam:GetPolicyVersion", &self.id());
        let answer = unless_absent(answer, &["NoSuchEntity"])?;
        Ok(answer.and_then(|answer| answer.policy_version?.document).map(|document| decode(&document)))
    }
}

impl Managed for ManagedPolicy {
    type State = ManagedPolicyState;
    type Change = Change;
    const OWNED_BY_CI: &'static [&'static str] = &[];

    fn id(&self) -> ResourceId {
        Self::id(self)
    }

    async fn observe(&self, sight: &Sight<'_>) -> Result<Option<ManagedPolicyState>, CallError> {
        const OPERATION: &str = "iam:GetPolicy";
        let account = sight.account;
        let found = async {
            let answer = account.iam.get_policy().policy_arn(&self.arn).send().await;
            let answer = unless_absent(answer.called(OPERATION, &Self::id(self)), &["NoSuchEntity"])?;
            let Some(policy) = answer.and_then(|answer| answer.policy) else { return Ok(None) };
            let default = sent(policy.default_version_id.clone(), "DefaultVersionId", OPERATION, &Self::id(self))?;
            let document = self.counting(account, &default).await?;
            Ok(Some((policy, document)))
        };
        let (found, versions, used_by) = futures_util::try_join!(found, self.versions(account), self.used_by(account))?;
        let Some((policy, document)) = found else { return Ok(None) };
        let others = versions.into_iter().filter(|version| !version.is_default_version());
        Ok(Some(ManagedPolicyState {
            owner: Owner::of(policy.tags().iter().map(|tag| (Some(tag.key()), Some(tag.value()))), sight.project),
            document: document.unwrap_or_default(),
            others: others.filter_map(|version| version.version_id).collect(),
            used_by,
        }))
    }

    fn owner(state: &mut ManagedPolicyState) -> Option<&mut Owner> {
        Some(&mut state.owner)
    }

    fn identify(&self, _: &ManagedPolicyState, known: &mut Identifiers) {
        known.names.insert(Self::id(self), self.arn.clone());
    }

    fn compare(&self, found: Option<&ManagedPolicyState>, _: &Identifiers, draft: &mut Draft) {
        let Some(found) = found else {
            return draft.missing(Change::Create(self.clone()), self.purpose.why());
        };
        let comparison = compare(&self.document, &found.document);
        if comparison.words().is_none() {
            return;
        }
        if found.others.len() + 1 >= VERSIONS
            && let Some(oldest) = found.others.first()
        {
            let change = Change::DeleteVersion { policy: self.clone(), version: oldest.clone() };
            draft.unwanted(change, "IAM keeps five versions, and this is the oldest that does not count");
        }
        draft.policy_differs(Change::AddVersion(self.clone()), &comparison);
    }

    fn adopt(&self) -> Option<Change> {
        Some(Change::Tag(self.clone()))
    }

    fn take_away(&self, found: &ManagedPolicyState, draft: &mut Draft) {
        if !found.used_by.is_empty() {
            let users: Vec<&str> = found.used_by.iter().map(String::as_str).collect();
            let why = format!("{} has it, and is not the project's", users.join(", "));
            return draft.block(Blocker::Undeletable { resource: Self::id(self), why });
        }
        for version in &found.others {
            let change = Change::DeleteVersion { policy: self.clone(), version: version.clone() };
            draft.unwanted(change, "it goes with its policy");
        }
        draft.unwanted(Change::Delete(self.clone()), "only the project's roles and user have it");
    }

    fn grants(&self, _: &ProjectName, _: &Location) -> Vec<Statement> {
        vec![Statement {
            sid: "Policies",
            purposes: vec!["Make, compare, mend and delete the project's managed policies."],
            actions: ACTIONS.iter().collect(),
            resources: vec![self.arn.clone()],
            conditions: vec![],
        }]
    }
}

impl Change {
    pub(crate) fn policy(&self) -> &ManagedPolicy {
        match self {
            Self::Create(policy) | Self::AddVersion(policy) | Self::Tag(policy) | Self::Delete(policy) => policy,
            Self::DeleteVersion { policy, version: _ } => policy,
        }
    }
}

impl Alteration for Change {
    fn resource(&self) -> ResourceId {
        let kind = match self {
            Self::Create(_) | Self::Tag(_) | Self::Delete(_) => Kind::ManagedPolicy,
            Self::AddVersion(_) | Self::DeleteVersion { .. } => Kind::PolicyVersion,
        };
        ResourceId::new(kind, &self.policy().name)
    }

    fn needs(&self) -> Needs {
        let version = || ResourceId::new(Kind::PolicyVersion, &self.policy().name);
        Needs::These(match self {
            Self::Create(_) | Self::Tag(_) => Vec::new(),
            Self::DeleteVersion { .. } => vec![self.policy().id()],
            // The oldest goes first.
            Self::AddVersion(_) => vec![self.policy().id(), version()],
            Self::Delete(_) => vec![version()],
        })
    }

    fn loses(&self) -> Option<&'static str> {
        None
    }

    async fn make(&self, hands: &Hands<'_>) -> Result<Made, CallError> {
        let (iam, resource, policy) = (&hands.account.iam, self.resource(), self.policy());
        let tag = || iam_tag(hands.project);
        match self {
            Self::Create(_) => {
                const OPERATION: &str = "iam:CreatePolicy";
                let request = iam.create_policy().policy_name(&policy.name).tags(tag());
                let answer = request.policy_document(policy.document.to_string()).send().await;
                let made = sent(answer.called(OPERATION, &resource)?.policy, "Policy", OPERATION, &resource)?;
                let arn = sent(made.arn, "Arn", OPERATION, &resource)?;
                return Ok(Made::Named(resource, arn));
            }
            Self::AddVersion(_) => {
                // Asked again after an answer that was lost, IAM would make another.
                let once = aws_sdk_iam::config::Config::builder().retry_config(RetryConfig::disabled());
                let request = iam.create_policy_version().policy_arn(&policy.arn).set_as_default(true);
                let request = request.policy_document(policy.document.to_string());
                let answer = request.customize().config_override(once).send().await;
                answer.called("iam:CreatePolicyVersion", &resource)?;
            }
            Self::DeleteVersion { policy: _, version } => {
                let request = iam.delete_policy_version().policy_arn(&policy.arn).version_id(version);
                let answer = request.send().await.called("iam:DeletePolicyVersion", &resource);
                unless_absent(answer, &["NoSuchEntity"])?;
            }
            Self::Tag(_) => {
                let answer = iam.tag_policy().policy_arn(&policy.arn).tags(tag()).send().await;
                answer.called("iam:TagPolicy", &resource)?;
            }
            Self::Delete(_) => {
                let answer = iam.delete_policy().policy_arn(&policy.arn).send().await;
                unless_absent(answer.called("iam:DeletePolicy", &resource), &["NoSuchEntity"])?;
            }
        }
        Ok(Made::Nothing)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (resource, policy) = (self.resource(), self.policy());
        let size =
            || format!("({} of {} characters)", quota::size(&policy.document.to_string()), Quota::Managed.limit());
        match self {
            Self::Create(_) => write!(f, "create {resource} {}", size()),
            Self::AddVersion(_) => write!(f, "add a version {}, which counts, to {}", size(), policy.id()),
            Self::DeleteVersion { policy: _, version } => write!(f, "delete version {version} of {}", policy.id()),
            Self::Tag(_) => write!(f, "tag {resource} as the project's"),
            Self::Delete(_) => write!(f, "delete {resource}"),
        }
    }
}
