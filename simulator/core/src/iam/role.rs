//! Roles.

use std::collections::BTreeMap;

use super::entity::{Actions, Entity, EntityDescription, PolicyText, Profile, Rules, Table, entity_access, entity_arn};
use super::policy::{Document, Malformed};
use super::tag::Tagging;
use super::user::{check_bare, creation, new_profile};
use super::validate::{ROLE_NAME, bad_marker, check_document, conflict, limit, page_size, validation, weight};
use super::{State, service_linked_role};
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

/// Most characters of a trust policy, white space not counted.
pub(super) const TRUST_SIZE: usize = 2048;

/// An IAM role.
#[derive(Clone, Debug)]
pub struct Role {
    profile: Profile,
    trust: PolicyText,
    description: Option<String>,
    max_session_seconds: u32,
    last_used: Option<Timestamp>,
}

impl Entity for Role {
    const NOUN: &'static str = "role";
    const ACTIONS: Actions = Actions {
        put_policy: "iam:PutRolePolicy",
        get_policy: "iam:GetRolePolicy",
        delete_policy: "iam:DeleteRolePolicy",
        list_policies: "iam:ListRolePolicies",
        attach_policy: "iam:AttachRolePolicy",
        detach_policy: "iam:DetachRolePolicy",
        list_attached_policies: "iam:ListAttachedRolePolicies",
        put_boundary: "iam:PutRolePermissionsBoundary",
        delete_boundary: "iam:DeleteRolePermissionsBoundary",
        tagging: Tagging { tag: "iam:TagRole", untag: "iam:UntagRole", list: "iam:ListRoleTags" },
    };
    const RULES: Rules = Rules {
        name: ROLE_NAME,
        inline_size: 10_240,
        attached: (10, "PoliciesPerRole"),
        per_account: (1000, "RolesPerAccount"),
    };

    fn table(state: &State) -> &Table<Self> {
        &state.roles
    }

    fn table_mut(state: &mut State) -> &mut Table<Self> {
        &mut state.roles
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn profile_mut(&mut self) -> &mut Profile {
        &mut self.profile
    }
}

impl Role {
    pub(super) fn new(
        profile: Profile,
        trust: PolicyText,
        description: Option<String>,
        max_session_seconds: u32,
    ) -> Self {
        Self { profile, trust, description, max_session_seconds, last_used: None }
    }

    /// Who may assume it.
    pub(super) fn trust(&self) -> &Document {
        &self.trust.document
    }

    /// The same as it was written, to be changed.
    pub(super) fn trust_mut(&mut self) -> &mut PolicyText {
        &mut self.trust
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.profile.name
    }

    /// The longest session it allows, in seconds.
    pub(crate) fn max_session_seconds(&self) -> u32 {
        self.max_session_seconds
    }

    /// Notes that somebody assumed it.
    pub(super) fn used(&mut self, at: Timestamp) {
        self.last_used = Some(at);
    }

    pub(super) fn describe(&self) -> RoleDescription {
        let Self { profile, trust, description, max_session_seconds, last_used } = self;
        RoleDescription {
            entity: profile.describe(),
            trust_policy: trust.text.clone(),
            description: description.clone(),
            max_session_seconds: *max_session_seconds,
            last_used: *last_used,
        }
    }
}

/// A role as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleDescription {
    /// What it has in common with users.
    pub entity: EntityDescription,
    /// Its trust policy as it was written.
    pub trust_policy: String,
    /// What it is for.
    pub description: Option<String>,
    /// The longest session it allows, in seconds.
    pub max_session_seconds: u32,
    /// When it was last assumed.
    pub last_used: Option<Timestamp>,
}

/// Makes a role.
#[derive(Clone, Debug, Default)]
pub struct CreateRole {
    /// Its name.
    pub name: String,
    /// Its path; none means `/`.
    pub path: Option<String>,
    /// Who may assume it, as a policy document.
    pub trust_policy: String,
    /// What it is for.
    pub description: Option<String>,
    /// The longest session it allows, in seconds: 3600 to 43,200, by default 3600.
    pub max_session_seconds: Option<i64>,
    /// ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

impl Operation for CreateRole {
    type Output = RoleDescription;
    const NAME: &'static str = "iam:CreateRole";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let arn = entity_arn::<Role>(&world.account, self.path.as_deref().unwrap_or("/"), &self.name);
        Ok(creation(Self::NAME, Role::ACTIONS.tagging.tag, arn.as_str(), self.boundary.as_deref(), &self.tags))
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { name, path, trust_policy, description, max_session_seconds, boundary, tags } = authorized.operation;
        ROLE_NAME.check(&name)?;
        check_description(description.as_deref())?;
        let max_session_seconds = check_session(max_session_seconds)?;
        let trust = checked_trust(world, trust_policy)?;
        let profile = new_profile::<Role>(world, "AROA", name, path, boundary, &tags)?;
        let role = Role::new(profile, trust, description, max_session_seconds);
        let answer = role.describe();
        world.iam.roles.insert(role);
        Ok(answer)
    }
}

/// Describes a role.
#[derive(Clone, Debug)]
pub struct GetRole {
    /// Its name.
    pub name: String,
}

impl Operation for GetRole {
    type Output = RoleDescription;
    const NAME: &'static str = "iam:GetRole";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![entity_access::<Role>(world, Self::NAME, &self.name)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        world.iam.entity::<Role>(&authorized.operation.name).map(Role::describe)
    }
}

/// Lists roles by name.
#[derive(Clone, Debug, Default)]
pub struct ListRoles {
    /// Only those whose path begins so.
    pub path_prefix: Option<String>,
    /// Where the page before ended.
    pub marker: Option<String>,
    /// Most roles of a page: 1 to 1000.
    pub max_items: Option<i64>,
}

impl Operation for ListRoles {
    type Output = Page<RoleDescription>;
    const NAME: &'static str = "iam:ListRoles";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let prefix = self.path_prefix.as_deref().unwrap_or("/");
        Ok(vec![Access::new(Self::NAME, entity_arn::<Role>(&world.account, prefix, "").as_str())])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { path_prefix, marker, max_items } = authorized.operation;
        let prefix = path_prefix.as_deref().unwrap_or("/");
        let roles = world.iam.roles.iter().filter(|(_, role)| role.profile.path.starts_with(prefix));
        let described = roles.map(|(key, role)| {
            let mut description = role.describe();
            // A listing does not carry tags, boundary or last use (botocore, `ListRoles`).
            description.entity.tags = BTreeMap::new();
            description.entity.boundary = None;
            description.last_used = None;
            (key, description)
        });
        page(described, marker.as_deref(), page_size(max_items)?).ok_or_else(bad_marker)
    }
}

/// Changes a role's description or its longest session.
#[derive(Clone, Debug)]
pub struct UpdateRole {
    /// Its name.
    pub name: String,
    /// What it is for; none leaves it.
    pub description: Option<String>,
    /// The longest session it allows, in seconds; none leaves it.
    pub max_session_seconds: Option<i64>,
}

impl Operation for UpdateRole {
    type Output = ();
    const NAME: &'static str = "iam:UpdateRole";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![entity_access::<Role>(world, Self::NAME, &self.name)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { name, description, max_session_seconds } = authorized.operation;
        check_description(description.as_deref())?;
        let checked = max_session_seconds.map(|seconds| check_session(Some(seconds))).transpose()?;
        let role = world.iam.entity_mut::<Role>(&name)?;
        if description.is_some() {
            role.description = description;
        }
        role.max_session_seconds = checked.unwrap_or(role.max_session_seconds);
        Ok(())
    }
}

/// Changes a role's description (`UpdateRoleDescription`, which `UpdateRole` supersedes).
#[derive(Clone, Debug)]
pub struct UpdateRoleDescription {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
}

impl Operation for UpdateRoleDescription {
    type Output = RoleDescription;
    const NAME: &'static str = "iam:UpdateRoleDescription";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![entity_access::<Role>(world, Self::NAME, &self.name)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { name, description } = authorized.operation;
        check_description(Some(&description))?;
        let role = world.iam.entity_mut::<Role>(&name)?;
        role.description = Some(description);
        Ok(role.describe())
    }
}

/// Changes who may assume a role.
#[derive(Clone, Debug)]
pub struct UpdateAssumeRolePolicy {
    /// The role's name.
    pub name: String,
    /// The new trust policy.
    pub trust_policy: String,
}

impl Operation for UpdateAssumeRolePolicy {
    type Output = ();
    const NAME: &'static str = "iam:UpdateAssumeRolePolicy";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![entity_access::<Role>(world, Self::NAME, &self.name)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { name, trust_policy } = authorized.operation;
        service_linked_role::check_modifiable(&world.iam, &name)?;
        let trust = checked_trust(world, trust_policy)?;
        world.iam.entity_mut::<Role>(&name)?.trust = trust;
        Ok(())
    }
}

/// Deletes a role that has no policies any more.
#[derive(Clone, Debug)]
pub struct DeleteRole {
    /// Its name.
    pub name: String,
}

impl Operation for DeleteRole {
    type Output = ();
    const NAME: &'static str = "iam:DeleteRole";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![entity_access::<Role>(world, Self::NAME, &self.name)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { name } = authorized.operation;
        service_linked_role::check_modifiable(&world.iam, &name)?;
        check_bare(&world.iam.entity::<Role>(&name)?.profile)?;
        if world.iam.in_instance_profile(&name) {
            return Err(conflict("Cannot delete entity, must remove roles from instance profile first."));
        }
        world.iam.roles.remove(&name);
        Ok(())
    }
}

/// Reads a trust policy and checks its size and that the principals of this account that it names exist.
fn checked_trust(world: &World, text: String) -> Result<PolicyText, Refusal> {
    check_document(&text)?;
    let document = Document::trust(&text)?;
    if weight(&text) > TRUST_SIZE {
        return Err(limit(format!("Cannot exceed quota for ACLSizePerRole: {TRUST_SIZE}")));
    }
    if let Some(arn) = world.iam.missing_principal(&world.account, &document) {
        return Err(Malformed(format!("Invalid principal in policy: \"AWS\":\"{arn}\"")).into());
    }
    Ok(PolicyText { text, document })
}

fn check_session(seconds: Option<i64>) -> Result<u32, Refusal> {
    let seconds = seconds.unwrap_or(3600);
    match u32::try_from(seconds) {
        Ok(seconds @ 3600..=43_200) => Ok(seconds),
        Ok(_) | Err(_) => Err(validation(format!(
            "1 validation error detected: Value '{seconds}' at 'maxSessionDuration' failed to satisfy constraint: Member must have value between 3600 and 43200"
        ))),
    }
}

fn check_description(description: Option<&str>) -> Result<(), Refusal> {
    const LONGEST: usize = 1000;
    if description.is_none_or(|text| text.chars().count() <= LONGEST) {
        return Ok(());
    }
    Err(validation(format!(
        "1 validation error detected: Value at 'description' failed to satisfy constraint: Member must have length less than or equal to {LONGEST}"
    )))
}
