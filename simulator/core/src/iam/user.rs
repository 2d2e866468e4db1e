//! Users.

use std::collections::{BTreeMap, BTreeSet};

use super::credential::draw_id;
use super::entity::{Actions, Entity, EntityDescription, Profile, Rules, Table, entity_access, entity_arn};
use super::gate::CALLER;
use super::tag::Tagging;
use super::validate::{USER_NAME, bad_marker, check_path, conflict, exists, limit, page_size, validation};
use super::{State, tag};
use crate::arn::AccountId;
use crate::operation::{Access, Authorized, Caller, Operation, Principal};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::world::World;

/// An IAM user.
#[derive(Clone, Debug)]
pub struct User {
    profile: Profile,
}

impl Entity for User {
    const NOUN: &'static str = "user";
    const ACTIONS: Actions = Actions {
        put_policy: "iam:PutUserPolicy",
        get_policy: "iam:GetUserPolicy",
        delete_policy: "iam:DeleteUserPolicy",
        list_policies: "iam:ListUserPolicies",
        attach_policy: "iam:AttachUserPolicy",
        detach_policy: "iam:DetachUserPolicy",
        list_attached_policies: "iam:ListAttachedUserPolicies",
        put_boundary: "iam:PutUserPermissionsBoundary",
        delete_boundary: "iam:DeleteUserPermissionsBoundary",
        tagging: Tagging { tag: "iam:TagUser", untag: "iam:UntagUser", list: "iam:ListUserTags" },
    };
    const RULES: Rules = Rules {
        name: USER_NAME,
        inline_size: 2048,
        attached: (10, "PoliciesPerUser"),
        per_account: (5000, "UsersPerAccount"),
    };

    fn table(state: &State) -> &Table<Self> {
        &state.users
    }

    fn table_mut(state: &mut State) -> &mut Table<Self> {
        &mut state.users
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn profile_mut(&mut self) -> &mut Profile {
        &mut self.profile
    }
}

impl User {
    /// The user as a caller.
    pub(super) fn caller(&self, account: &AccountId) -> Caller {
        Caller {
            account: account.clone(),
            arn: self.profile.arn.clone(),
            principal: Principal::User { name: self.profile.name.clone() },
            access_key: None,
        }
    }
}

/// Makes a user.
#[derive(Clone, Debug, Default)]
pub struct CreateUser {
    /// Its name.
    pub name: String,
    /// Its path; none means `/`.
    pub path: Option<String>,
    /// ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

impl Operation for CreateUser {
    type Output = EntityDescription;
    const NAME: &'static str = "iam:CreateUser";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let arn = entity_arn::<User>(&world.account, self.path.as_deref().unwrap_or("/"), &self.name);
        Ok(creation(Self::NAME, User::ACTIONS.tagging.tag, arn.as_str(), self.boundary.as_deref(), &self.tags))
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { name, path, boundary, tags } = authorized.operation;
        let profile = new_profile::<User>(world, "AIDA", name, path, boundary, &tags)?;
        let description = profile.describe();
        world.iam.users.insert(User { profile });
        Ok(description)
    }
}

/// Describes a user, or the one who calls.
#[derive(Clone, Debug, Default)]
pub struct GetUser {
    /// Its name; none means the caller.
    pub name: Option<String>,
}

impl Operation for GetUser {
    type Output = EntityDescription;
    const NAME: &'static str = "iam:GetUser";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![user_access(world, Self::NAME, self.name.as_deref())])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Authorized { operation: Self { name }, caller, .. } = authorized;
        match user_name(name, &caller)? {
            Some(name) => world.iam.entity::<User>(&name).map(|user| user.profile.describe()),
            None => Ok(EntityDescription {
                name: String::new(),
                path: "/".to_owned(),
                id: world.account.to_string(),
                arn: caller.arn,
                created: world.created,
                boundary: None,
                tags: BTreeMap::new(),
            }),
        }
    }
}

/// Lists users by name.
#[derive(Clone, Debug, Default)]
pub struct ListUsers {
    /// Only those whose path begins so.
    pub path_prefix: Option<String>,
    /// Where the page before ended.
    pub marker: Option<String>,
    /// Most users of a page: 1 to 1000.
    pub max_items: Option<i64>,
}

impl Operation for ListUsers {
    type Output = Page<EntityDescription>;
    const NAME: &'static str = "iam:ListUsers";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let prefix = self.path_prefix.as_deref().unwrap_or("/");
        Ok(vec![Access::new(Self::NAME, entity_arn::<User>(&world.account, prefix, "").as_str())])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { path_prefix, marker, max_items } = authorized.operation;
        let prefix = path_prefix.as_deref().unwrap_or("/");
        let users = world.iam.users.iter().filter(|(_, user)| user.profile.path.starts_with(prefix));
        let described = users.map(|(key, user)| {
            // A listing does not carry tags or the boundary (botocore, `ListUsers`).
            (key, EntityDescription { tags: BTreeMap::new(), boundary: None, ..user.profile.describe() })
        });
        page(described, marker.as_deref(), page_size(max_items)?).ok_or_else(bad_marker)
    }
}

/// Deletes a user who has nothing any more.
#[derive(Clone, Debug)]
pub struct DeleteUser {
    /// Its name.
    pub name: String,
}

impl Operation for DeleteUser {
    type Output = ();
    const NAME: &'static str = "iam:DeleteUser";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![entity_access::<User>(world, Self::NAME, &self.name)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        let Self { name } = authorized.operation;
        let state = &mut world.iam;
        check_bare(&state.entity::<User>(&name)?.profile)?;
        if state.keys.values().any(|key| key.user.as_ref() == Some(&name)) {
            return Err(conflict("Cannot delete entity, must delete access keys first."));
        }
        state.users.remove(&name);
        Ok(())
    }
}

/// `action` on the user `name`, or on the caller.
pub(super) fn user_access(world: &World, action: &'static str, name: Option<&str>) -> Access {
    match name {
        Some(name) => entity_access::<User>(world, action, name),
        None => Access::new(action, CALLER),
    }
}

/// The user that a request without a name means; none for the root user.
pub(super) fn user_name(name: Option<String>, caller: &Caller) -> Result<Option<String>, Refusal> {
    match (name, &caller.principal) {
        (Some(name), _) => Ok(Some(name)),
        (None, Principal::User { name }) => Ok(Some(name.clone())),
        (None, Principal::Root) => Ok(None),
        (None, Principal::Role { .. } | Principal::Anonymous) => {
            Err(validation("Must specify userName when calling with non-User credentials"))
        }
    }
}

/// What making an entity asks for: the making itself, and tagging where it comes with tags.
pub(super) fn creation(
    action: &'static str,
    tag_action: &'static str,
    arn: &str,
    boundary: Option<&str>,
    tags: &[(String, String)],
) -> Vec<Access> {
    let tags: BTreeMap<String, String> = tags.iter().cloned().collect();
    let mut create = Access::new(action, arn).tagging(&tags);
    if let Some(boundary) = boundary {
        create = create.with("iam:PermissionsBoundary", boundary);
    }
    let tagging = (!tags.is_empty()).then(|| Access::new(tag_action, arn).tagging(&tags));
    std::iter::once(create).chain(tagging).collect()
}

/// The common part of a new user or role, checked.
pub(super) fn new_profile<E: Entity>(
    world: &mut World,
    id_prefix: &str,
    name: String,
    path: Option<String>,
    boundary: Option<String>,
    tags: &[(String, String)],
) -> Result<Profile, Refusal> {
    E::RULES.name.check(&name)?;
    let path = path.unwrap_or_else(|| "/".to_owned());
    check_path(&path)?;
    let tags = tag::checked(BTreeMap::new(), tags)?;
    let table = E::table(&world.iam);
    if table.taken(&name) {
        let noun = E::NOUN[..1].to_uppercase() + &E::NOUN[1..];
        return Err(exists(format!("{noun} with name {name} already exists.")));
    }
    let (most, quota) = E::RULES.per_account;
    if table.len() >= most {
        return Err(limit(format!("Cannot exceed quota for {quota}: {most}")));
    }
    if let Some(boundary) = &boundary {
        world.iam.require_managed(boundary)?;
    }
    Ok(Profile {
        arn: entity_arn::<E>(&world.account, &path, &name),
        id: draw_id(&mut world.ids, id_prefix),
        name,
        path,
        created: world.now,
        tags,
        inline: BTreeMap::new(),
        attached: BTreeSet::new(),
        boundary,
    })
}

/// Refuses the deletion of an entity that still has policies.
pub(super) fn check_bare(profile: &Profile) -> Result<(), Refusal> {
    if !profile.attached.is_empty() {
        return Err(conflict("Cannot delete entity, must detach all policies first."));
    }
    if !profile.inline.is_empty() {
        return Err(conflict("Cannot delete entity, must delete policies first."));
    }
    Ok(())
}
