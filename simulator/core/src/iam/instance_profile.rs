//! Instance profiles: what hands a role to an EC2 instance. Each holds one role at most.

use std::collections::BTreeMap;

use super::credential::draw_id;
use super::entity::entity_access;
use super::service_linked_role::check_modifiable;
use super::tag::{self, Tagged, Tagging};
use super::user::creation;
use super::validate::{NameRule, bad_marker, check_path, conflict, exists, limit, no_such, page_size};
use super::{Role, RoleDescription, State};
use crate::arn::{AccountId, Arn};
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::world::World;

const NAME: NameRule = NameRule { member: "instanceProfileName", longest: 128 };
/// Most instance profiles of an account (IAM guide, quotas).
pub(super) const PER_ACCOUNT: usize = 1000;

/// An instance profile.
#[derive(Clone, Debug)]
pub struct InstanceProfile {
    name: String,
    path: String,
    id: String,
    arn: Arn,
    created: Timestamp,
    /// Its role's name.
    pub(super) role: Option<String>,
    tags: BTreeMap<String, String>,
}

/// An instance profile as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceProfileDescription {
    /// Its name.
    pub name: String,
    /// Its path, such as `/`.
    pub path: String,
    /// Its unique id, `AIPA…`.
    pub id: String,
    /// Its ARN.
    pub arn: Arn,
    /// When it was made.
    pub created: Timestamp,
    /// Its role, if it has one.
    pub role: Option<RoleDescription>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

fn profile_arn(account: &AccountId, path: &str, name: &str) -> Arn {
    Arn::global("iam", account, &format!("instance-profile{path}{name}"))
}

fn missing(name: &str) -> Refusal {
    no_such(format!("Instance Profile {name} cannot be found."))
}

impl State {
    fn instance_profile(&self, name: &str) -> Result<&InstanceProfile, Refusal> {
        self.instance_profiles.get(&name.to_lowercase()).filter(|it| it.name == name).ok_or_else(|| missing(name))
    }

    fn instance_profile_mut(&mut self, name: &str) -> Result<&mut InstanceProfile, Refusal> {
        let found = self.instance_profiles.get_mut(&name.to_lowercase()).filter(|it| it.name == name);
        found.ok_or_else(|| missing(name))
    }

    fn describe_profile(&self, profile: &InstanceProfile) -> InstanceProfileDescription {
        let InstanceProfile { name, path, id, arn, created, role, tags } = profile;
        InstanceProfileDescription {
            name: name.clone(),
            path: path.clone(),
            id: id.clone(),
            arn: arn.clone(),
            created: *created,
            role: role.as_deref().and_then(|role| self.roles.get(role)).map(Role::describe),
            tags: tags.clone(),
        }
    }

    /// Whether an instance profile holds the role called `role`.
    pub(super) fn in_instance_profile(&self, role: &str) -> bool {
        self.instance_profiles.values().any(|profile| profile.role.as_deref() == Some(role))
    }
}

impl Tagged for InstanceProfile {
    const TAGGING: Tagging = Tagging {
        tag: "iam:TagInstanceProfile",
        untag: "iam:UntagInstanceProfile",
        list: "iam:ListInstanceProfileTags",
    };

    fn access(world: &World, action: &'static str, name: &str) -> Access {
        let present = world.iam.instance_profile(name).map(|profile| profile.arn.clone());
        Access::new(action, present.unwrap_or_else(|_| profile_arn(&world.account, "/", name)).as_str())
    }

    fn tags<'s>(state: &'s State, name: &str) -> Result<&'s BTreeMap<String, String>, Refusal> {
        state.instance_profile(name).map(|profile| &profile.tags)
    }

    fn tags_mut<'s>(state: &'s mut State, name: &str) -> Result<&'s mut BTreeMap<String, String>, Refusal> {
        state.instance_profile_mut(name).map(|profile| &mut profile.tags)
    }
}

/// Makes an instance profile without a role.
#[derive(Clone, Debug, Default)]
pub struct CreateInstanceProfile {
    /// Its name.
    pub name: String,
    /// Its path; none means `/`.
    pub path: Option<String>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

impl Operation for CreateInstanceProfile {
    type Output = InstanceProfileDescription;
    const NAME: &'static str = "iam:CreateInstanceProfile";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let arn = profile_arn(&world.account, self.path.as_deref().unwrap_or("/"), &self.name);
        Ok(creation(Self::NAME, InstanceProfile::TAGGING.tag, arn.as_str(), None, &self.tags))
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { name, path, tags } = authorized.operation;
        NAME.check(&name)?;
        let path = path.unwrap_or_else(|| "/".to_owned());
        check_path(&path)?;
        let tags = tag::checked(BTreeMap::new(), &tags)?;
        if world.iam.instance_profiles.contains_key(&name.to_lowercase()) {
            return Err(exists(format!("Instance Profile {name} already exists.")));
        }
        if world.iam.instance_profiles.len() >= PER_ACCOUNT {
            return Err(limit(format!("Cannot exceed quota for InstanceProfilesPerAccount: {PER_ACCOUNT}")));
        }
        let arn = profile_arn(&world.account, &path, &name);
        let id = draw_id(&mut world.ids, "AIPA");
        let profile = InstanceProfile { name, path, id, arn, created: world.now, role: None, tags };
        let answer = world.iam.describe_profile(&profile);
        world.iam.instance_profiles.insert(profile.name.to_lowercase(), profile);
        Ok(answer)
    }
}

/// Describes an instance profile.
#[derive(Clone, Debug)]
pub struct GetInstanceProfile {
    /// Its name.
    pub name: String,
}

impl Operation for GetInstanceProfile {
    type Output = InstanceProfileDescription;
    const NAME: &'static str = "iam:GetInstanceProfile";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![InstanceProfile::access(world, Self::NAME, &self.name)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let profile = world.iam.instance_profile(&authorized.operation.name)?;
        Ok(world.iam.describe_profile(profile))
    }
}

/// Lists instance profiles by name.
#[derive(Clone, Debug, Default)]
pub struct ListInstanceProfiles {
    /// Only those whose path begins so.
    pub path_prefix: Option<String>,
    /// Where the page before ended.
    pub marker: Option<String>,
    /// Most profiles of a page: 1 to 1000.
    pub max_items: Option<i64>,
}

impl Operation for ListInstanceProfiles {
    type Output = Page<InstanceProfileDescription>;
    const NAME: &'static str = "iam:ListInstanceProfiles";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let prefix = self.path_prefix.as_deref().unwrap_or("/");
        Ok(vec![Access::new(Self::NAME, profile_arn(&world.account, prefix, "").as_str())])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { path_prefix, marker, max_items } = authorized.operation;
        let prefix = path_prefix.unwrap_or_else(|| "/".to_owned());
        list(&world.iam, |profile| profile.path.starts_with(&prefix), marker.as_deref(), max_items)
    }
}

/// Lists the instance profiles that hold a role.
#[derive(Clone, Debug)]
pub struct ListInstanceProfilesForRole {
    /// The role's name.
    pub role: String,
    /// Where the page before ended.
    pub marker: Option<String>,
    /// Most profiles of a page: 1 to 1000.
    pub max_items: Option<i64>,
}

impl Operation for ListInstanceProfilesForRole {
    type Output = Page<InstanceProfileDescription>;
    const NAME: &'static str = "iam:ListInstanceProfilesForRole";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![entity_access::<Role>(world, Self::NAME, &self.role)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { role, marker, max_items } = authorized.operation;
        world.iam.entity::<Role>(&role)?;
        list(&world.iam, |profile| profile.role.as_ref() == Some(&role), marker.as_deref(), max_items)
    }
}

/// A page of the profiles that `which` picks. A listing does not carry tags (botocore, `ListInstanceProfiles`).
fn list(
    state: &State,
    which: impl Fn(&InstanceProfile) -> bool,
    marker: Option<&str>,
    max_items: Option<i64>,
) -> Result<Page<InstanceProfileDescription>, Refusal> {
    let profiles = state.instance_profiles.iter().filter(|(_, profile)| which(profile));
    let described = profiles.map(|(key, profile)| {
        (key, InstanceProfileDescription { tags: BTreeMap::new(), ..state.describe_profile(profile) })
    });
    page(described, marker, page_size(max_items)?).ok_or_else(bad_marker)
}

/// Deletes an instance profile without a role.
#[derive(Clone, Debug)]
pub struct DeleteInstanceProfile {
    /// Its name.
    pub name: String,
}

impl Operation for DeleteInstanceProfile {
    type Output = ();
    const NAME: &'static str = "iam:DeleteInstanceProfile";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![InstanceProfile::access(world, Self::NAME, &self.name)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { name } = authorized.operation;
        if world.iam.instance_profile(&name)?.role.is_some() {
            return Err(conflict("Cannot delete entity, must remove roles from instance profile first."));
        }
        world.iam.instance_profiles.remove(&name.to_lowercase());
        Ok(())
    }
}

/// Puts a role into an instance profile. The caller must be allowed to pass the role to EC2.
#[derive(Clone, Debug)]
pub struct AddRoleToInstanceProfile {
    /// The profile's name.
    pub profile: String,
    /// The role's name.
    pub role: String,
}

impl Operation for AddRoleToInstanceProfile {
    type Output = ();
    const NAME: &'static str = "iam:AddRoleToInstanceProfile";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        // Which instances it will be is not known yet (botocore, `AddRoleToInstanceProfile`).
        let instances = format!("arn:aws:ec2:*:{}:instance/*", world.account);
        Ok(vec![
            InstanceProfile::access(world, Self::NAME, &self.profile),
            entity_access::<Role>(world, "iam:PassRole", &self.role)
                .with("iam:PassedToService", "ec2.amazonaws.com")
                .with("iam:AssociatedResourceArn", instances),
        ])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { profile, role } = authorized.operation;
        let state = &mut world.iam;
        state.instance_profile(&profile)?;
        state.entity::<Role>(&role)?;
        check_modifiable(state, &role)?;
        let profile = state.instance_profile_mut(&profile)?;
        if profile.role.is_some() {
            return Err(limit("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"));
        }
        profile.role = Some(role);
        Ok(())
    }
}

/// Takes a role out of an instance profile.
#[derive(Clone, Debug)]
pub struct RemoveRoleFromInstanceProfile {
    /// The profile's name.
    pub profile: String,
    /// The role's name.
    pub role: String,
}

impl Operation for RemoveRoleFromInstanceProfile {
    type Output = ();
    const NAME: &'static str = "iam:RemoveRoleFromInstanceProfile";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![InstanceProfile::access(world, Self::NAME, &self.profile)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { profile, role } = authorized.operation;
        let held = &mut world.iam.instance_profile_mut(&profile)?.role;
        if held.as_ref() != Some(&role) {
            return Err(no_such(format!("The role with name {role} cannot be found.")));
        }
        *held = None;
        Ok(())
    }
}
