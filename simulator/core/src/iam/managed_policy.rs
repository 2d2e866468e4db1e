//! Managed policies that the account makes.

use std::collections::BTreeMap;

use super::credential::draw_id;
use super::decision::Named;
use super::entity::{Entity, PolicyText};
use super::policy::Document;
use super::tag::{Tagged, Tagging};
use super::user::creation;
use super::validate::{
    POLICY_NAME, bad_marker, check_document, check_path, conflict, exists, invalid, limit, no_such, page_size, weight,
};
use super::{State, aws_managed, tag};
use crate::arn::{AccountId, Arn};
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// Most characters of a version, white space not counted.
pub(super) const SIZE: usize = 6144;
pub(super) const PER_ACCOUNT: usize = 1500;

/// A managed policy of the account.
#[derive(Clone, Debug)]
pub struct ManagedPolicy {
    name: String,
    path: String,
    id: String,
    created: Timestamp,
    pub(super) updated: Timestamp,
    description: Option<String>,
    tags: BTreeMap<String, String>,
    pub(super) versions: BTreeMap<u32, PolicyVersion>,
    /// The version that counts.
    pub(super) default: u32,
    /// The highest number that a version ever had.
    pub(super) newest: u32,
}

/// A version of a managed policy.
#[derive(Clone, Debug)]
pub(super) struct PolicyVersion {
    pub(super) policy: PolicyText,
    pub(super) created: Timestamp,
}

impl ManagedPolicy {
    pub(super) fn tags(&self) -> &BTreeMap<String, String> {
        &self.tags
    }

    fn document(&self) -> &Document {
        &self.versions[&self.default].policy.document
    }
}

impl State {
    /// The managed policy with the ARN `arn`, the account's or one of AWS's.
    pub(super) fn managed<'s>(&'s self, arn: &'s str) -> Option<Named<'s>> {
        match self.policies.get(arn) {
            Some(policy) => Some(Named { name: arn, document: policy.document() }),
            None => aws_managed::get(arn).map(|policy| Named { name: arn, document: &policy.document }),
        }
    }

    /// The text of the managed policy with the ARN `arn` that counts.
    pub(super) fn managed_text(&self, arn: &str) -> Option<&str> {
        match self.policies.get(arn) {
            Some(policy) => policy.versions.get(&policy.default).map(|version| version.policy.text.as_str()),
            None => aws_managed::get(arn).map(|policy| policy.text),
        }
    }

    /// The document of the managed policy with the ARN `arn` that counts.
    pub(crate) fn managed_document<'s>(&'s self, arn: &'s str) -> Result<&'s Document, Refusal> {
        self.require_managed(arn)?;
        self.managed(arn).map(|policy| policy.document).ok_or_else(|| no_policy(arn))
    }

    /// Refuses an ARN that no managed policy has.
    pub(super) fn require_managed(&self, arn: &str) -> Result<(), Refusal> {
        if self.managed(arn).is_some() {
            return Ok(());
        }
        if arn.starts_with("arn:aws:iam::aws:policy/") {
            return Err(Refusal::NotSimulated { what: format!("AWS's managed policy `{arn}`") });
        }
        if !arn.starts_with("arn:") {
            return Err(invalid(format!("ARN {arn} is not valid.")));
        }
        Err(no_such(format!("Policy {arn} does not exist or is not attachable.")))
    }

    /// How many users and roles have the policy attached, and how many have it as their boundary.
    fn uses(&self, arn: &str) -> (usize, usize) {
        let users = self.users.iter().map(|(_, user)| user.profile());
        let roles = self.roles.iter().map(|(_, role)| role.profile());
        users.chain(roles).fold((0, 0), |(attached, bounding), profile| {
            let attached = attached + usize::from(profile.attached.contains(arn));
            (attached, bounding + usize::from(profile.boundary.as_deref() == Some(arn)))
        })
    }

    /// The account's own policy with the ARN `arn`.
    pub(super) fn own_policy_mut(&mut self, arn: &str) -> Result<&mut ManagedPolicy, Refusal> {
        self.policies.get_mut(arn).ok_or_else(|| no_policy(arn))
    }
}

impl Tagged for ManagedPolicy {
    const TAGGING: Tagging = Tagging { tag: "iam:TagPolicy", untag: "iam:UntagPolicy", list: "iam:ListPolicyTags" };

    fn access(_: &World, action: &'static str, arn: &str) -> Access {
        Access::new(action, arn)
    }

    fn tags<'s>(state: &'s State, arn: &str) -> Result<&'s BTreeMap<String, String>, Refusal> {
        state.policies.get(arn).map(|policy| &policy.tags).ok_or_else(|| no_policy(arn))
    }

    fn tags_mut<'s>(state: &'s mut State, arn: &str) -> Result<&'s mut BTreeMap<String, String>, Refusal> {
        state.own_policy_mut(arn).map(|policy| &mut policy.tags)
    }
}

pub(super) fn no_policy(arn: &str) -> Refusal {
    no_such(format!("Policy {arn} was not found."))
}

/// A managed policy as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyDescription {
    /// Its name.
    pub name: String,
    /// Its unique id, `ANPA…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its path.
    pub path: String,
    /// The version that counts, such as `v1`.
    pub default_version: String,
    /// How many users and roles it is attached to.
    pub attachments: usize,
    /// How many users and roles it bounds.
    pub boundaries: usize,
    /// What it is for.
    pub description: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When a version was last made or chosen.
    pub updated: Timestamp,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

fn describe(state: &State, arn: &str, policy: &ManagedPolicy) -> PolicyDescription {
    let ManagedPolicy { name, path, id, created, updated, description, tags, versions: _, default, newest: _ } = policy;
    let (attachments, boundaries) = state.uses(arn);
    PolicyDescription {
        name: name.clone(),
        id: id.clone(),
        arn: arn.to_owned(),
        path: path.clone(),
        default_version: format!("v{default}"),
        attachments,
        boundaries,
        description: description.clone(),
        created: *created,
        updated: *updated,
        tags: tags.clone(),
    }
}

/// The same for one of AWS's own.
fn describe_aws(state: &State, arn: &str, policy: &aws_managed::AwsPolicy) -> PolicyDescription {
    let (attachments, boundaries) = state.uses(arn);
    let (path, name) = policy.path_and_name();
    PolicyDescription {
        name: name.to_owned(),
        id: policy.id.to_owned(),
        arn: arn.to_owned(),
        path: path.to_owned(),
        default_version: policy.version.to_owned(),
        attachments,
        boundaries,
        description: None,
        created: policy.created,
        updated: policy.created,
        tags: BTreeMap::new(),
    }
}

fn policy_arn(account: &AccountId, path: &str, name: &str) -> Arn {
    Arn::global("iam", account, &format!("policy{path}{name}"))
}

/// Reads a version's document and checks its size.
pub(super) fn checked(text: String) -> Result<PolicyText, Refusal> {
    check_document(&text)?;
    let document = Document::identity(&text)?;
    if weight(&text) > SIZE {
        return Err(limit(format!("Cannot exceed quota for PolicySize: {SIZE}")));
    }
    Ok(PolicyText { text, document })
}

/// Makes a managed policy.
#[derive(Clone, Debug, Default)]
pub struct CreatePolicy {
    /// Its name.
    pub name: String,
    /// Its path; none means `/`.
    pub path: Option<String>,
    /// The document of its first version.
    pub document: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

impl Operation for CreatePolicy {
    type Output = PolicyDescription;
    const NAME: &'static str = "iam:CreatePolicy";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let arn = policy_arn(&world.account, self.path.as_deref().unwrap_or("/"), &self.name);
        Ok(creation(Self::NAME, "iam:TagPolicy", arn.as_str(), None, &self.tags))
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { name, path, document, description, tags } = authorized.operation;
        POLICY_NAME.check(&name)?;
        let path = path.unwrap_or_else(|| "/".to_owned());
        check_path(&path)?;
        let tags = tag::checked(BTreeMap::new(), &tags)?;
        let policy = checked(document)?;
        let lower = name.to_lowercase();
        if world.iam.policies.values().any(|policy| policy.name.to_lowercase() == lower) {
            return Err(exists(format!("A policy called {name} already exists. Duplicate names are not allowed.")));
        }
        if world.iam.policies.len() >= PER_ACCOUNT {
            return Err(limit(format!("Cannot exceed quota for PoliciesPerAccount: {PER_ACCOUNT}")));
        }
        let now = world.now;
        let arn = policy_arn(&world.account, &path, &name).to_string();
        let policy = ManagedPolicy {
            name,
            path,
            id: draw_id(&mut world.ids, "ANPA"),
            created: now,
            updated: now,
            description,
            tags,
            versions: BTreeMap::from([(1, PolicyVersion { policy, created: now })]),
            default: 1,
            newest: 1,
        };
        let answer = describe(&world.iam, &arn, &policy);
        world.iam.policies.insert(arn, policy);
        Ok(answer)
    }
}

/// Describes a managed policy.
#[derive(Clone, Debug)]
pub struct GetPolicy {
    /// Its ARN.
    pub arn: String,
}

impl Operation for GetPolicy {
    type Output = PolicyDescription;
    const NAME: &'static str = "iam:GetPolicy";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, &self.arn)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { arn } = authorized.operation;
        match (world.iam.policies.get(&arn), aws_managed::get(&arn)) {
            (Some(policy), _) => Ok(describe(&world.iam, &arn, policy)),
            (None, Some(policy)) => Ok(describe_aws(&world.iam, &arn, policy)),
            (None, None) => Err(no_policy(&arn)),
        }
    }
}

/// Which managed policies a listing shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum PolicyScope {
    /// The account's and AWS's.
    #[default]
    All,
    /// AWS's alone.
    Aws,
    /// The account's alone.
    Local,
}

/// Lists managed policies by ARN. Of AWS's own, those that are simulated.
#[derive(Clone, Debug, Default)]
pub struct ListPolicies {
    /// Whose.
    pub scope: PolicyScope,
    /// Only those that a user or role has.
    pub only_attached: bool,
    /// Only those whose path begins so.
    pub path_prefix: Option<String>,
    /// Where the page before ended.
    pub marker: Option<String>,
    /// Most policies of a page: 1 to 1000.
    pub max_items: Option<i64>,
}

impl Operation for ListPolicies {
    type Output = Page<PolicyDescription>;
    const NAME: &'static str = "iam:ListPolicies";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let prefix = self.path_prefix.as_deref().unwrap_or("/");
        Ok(vec![Access::new(Self::NAME, policy_arn(&world.account, prefix, "").as_str())])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { scope, only_attached, path_prefix, marker, max_items } = authorized.operation;
        let state = &world.iam;
        let own = state.policies.iter().map(|(arn, policy)| describe(state, arn, policy));
        let aws = aws_managed::all().map(|(arn, policy)| describe_aws(state, arn, policy));
        let mut policies: Vec<PolicyDescription> = match scope {
            PolicyScope::All => own.chain(aws).collect(),
            PolicyScope::Aws => aws.collect(),
            PolicyScope::Local => own.collect(),
        };
        let prefix = path_prefix.as_deref().unwrap_or("/");
        policies.retain(|policy| policy.path.starts_with(prefix));
        policies.retain(|policy| !only_attached || policy.attachments > 0);
        policies.sort_by(|one, other| one.arn.cmp(&other.arn));
        let keyed = policies.into_iter().map(|policy| (policy.arn.clone(), policy));
        page(keyed, marker.as_deref(), page_size(max_items)?).ok_or_else(bad_marker)
    }
}

/// Deletes a managed policy that nobody has and that has one version.
#[derive(Clone, Debug)]
pub struct DeletePolicy {
    /// Its ARN.
    pub arn: String,
}

impl Operation for DeletePolicy {
    type Output = ();
    const NAME: &'static str = "iam:DeletePolicy";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, &self.arn)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { arn } = authorized.operation;
        let policy = world.iam.policies.get(&arn).ok_or_else(|| no_policy(&arn))?;
        if world.iam.uses(&arn) != (0, 0) {
            return Err(conflict("Cannot delete a policy attached to entities."));
        }
        if policy.versions.len() > 1 {
            return Err(conflict(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
            ));
        }
        world.iam.policies.remove(&arn);
        Ok(())
    }
}
