//! The account as a whole, and who has a policy.

use super::entity::{Entity, entity_access};
use super::managed_policy::{self, no_policy};
use super::validate::{bad_marker, page_size};
use super::{Role, State, User, aws_managed, instance_profile};
use crate::operation::{Access, Authorized, Operation};
use crate::page::page;
use crate::refusal::Refusal;
use crate::world::World;

/// Counts what the account has, and what it may have (`GetAccountSummary`).
#[derive(Clone, Copy, Debug, Default)]
pub struct GetAccountSummary {}

impl Operation for GetAccountSummary {
    /// Names as in the botocore model (`summaryKeyType`), and numbers.
    type Output = Vec<(&'static str, usize)>;
    const NAME: &'static str = "iam:GetAccountSummary";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(_: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let state = &world.iam;
        let (user, role) = (User::RULES, Role::RULES);
        let root_keys = state.keys.values().any(|key| key.user.is_none());
        Ok(vec![
            ("Users", state.users.len()),
            ("UsersQuota", user.per_account.0),
            ("Groups", 0),
            ("GroupsQuota", 300),
            ("GroupsPerUserQuota", 10),
            ("GroupPolicySizeQuota", 5120),
            ("Roles", state.roles.len()),
            ("RolesQuota", role.per_account.0),
            ("Policies", state.policies.len()),
            ("PoliciesQuota", managed_policy::PER_ACCOUNT),
            ("PolicySizeQuota", managed_policy::SIZE),
            ("PolicyVersionsInUse", state.policies.values().map(|policy| policy.versions.len()).sum()),
            ("PolicyVersionsInUseQuota", 10_000),
            ("VersionsPerPolicyQuota", 5),
            ("UserPolicySizeQuota", user.inline_size),
            ("RolePolicySizeQuota", role.inline_size),
            ("AssumeRolePolicySizeQuota", super::role::TRUST_SIZE),
            ("AttachedPoliciesPerGroupQuota", 10),
            ("AttachedPoliciesPerUserQuota", user.attached.0),
            ("AttachedPoliciesPerRoleQuota", role.attached.0),
            ("AccessKeysPerUserQuota", super::access_key::PER_USER),
            ("InstanceProfiles", state.instance_profiles.len()),
            ("InstanceProfilesQuota", instance_profile::PER_ACCOUNT),
            ("Providers", state.oidc_providers.len()),
            ("ServerCertificates", 0),
            ("ServerCertificatesQuota", 20),
            ("SigningCertificatesPerUserQuota", 2),
            ("MFADevices", 0),
            ("MFADevicesInUse", 0),
            ("AccountMFAEnabled", 0),
            ("AccountPasswordPresent", 1),
            ("AccountAccessKeysPresent", usize::from(root_keys)),
            ("AccountSigningCertificatesPresent", 0),
            ("GlobalEndpointTokenVersion", 1),
        ])
    }
}

/// Which uses of a policy are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyUse {
    /// As a policy that gives permissions.
    Permissions,
    /// As a boundary.
    Boundary,
}

/// Which kind of entity is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntityKind {
    /// Users.
    User,
    /// Roles.
    Role,
    /// Groups, of which there are none.
    Group,
}

/// Lists who has a managed policy (`ListEntitiesForPolicy`).
#[derive(Clone, Debug, Default)]
pub struct ListEntitiesForPolicy {
    /// The policy's ARN.
    pub arn: String,
    /// Only these; none lists all.
    pub kind: Option<EntityKind>,
    /// Only those whose path begins so.
    pub path_prefix: Option<String>,
    /// Only those who use it so; none lists both.
    pub usage: Option<PolicyUse>,
    /// Where the page before ended.
    pub marker: Option<String>,
    /// Most entities of a page: 1 to 1000.
    pub max_items: Option<i64>,
}

/// A page of those who have a policy.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PolicyEntities {
    /// Names and unique ids of users.
    pub users: Vec<(String, String)>,
    /// Names and unique ids of roles.
    pub roles: Vec<(String, String)>,
    /// Where the next page begins.
    pub next: Option<String>,
}

impl Operation for ListEntitiesForPolicy {
    type Output = PolicyEntities;
    const NAME: &'static str = "iam:ListEntitiesForPolicy";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, &self.arn)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let asked = authorized.operation;
        let state = &world.iam;
        if !state.policies.contains_key(&asked.arn) && aws_managed::get(&asked.arn).is_none() {
            return Err(no_policy(&asked.arn));
        }
        let users = asked.having::<User>(state, EntityKind::User);
        let roles = asked.having::<Role>(state, EntityKind::Role);
        let listed = page(users.chain(roles), asked.marker.as_deref(), page_size(asked.max_items)?);
        let listed = listed.ok_or_else(bad_marker)?;
        let mut entities = PolicyEntities { next: listed.next, ..PolicyEntities::default() };
        for (kind, name, id) in listed.items {
            match kind {
                EntityKind::User => entities.users.push((name, id)),
                EntityKind::Role | EntityKind::Group => entities.roles.push((name, id)),
            }
        }
        Ok(entities)
    }
}

/// An entity's place in the listing, its kind, name and unique id.
type Listed = (String, (EntityKind, String, String));

impl ListEntitiesForPolicy {
    /// The entities of one kind that have the policy. Users come before roles.
    fn having<'a, E: Entity>(&'a self, state: &'a State, kind: EntityKind) -> impl Iterator<Item = Listed> + 'a {
        let wanted = self.kind.is_none_or(|only| only == kind);
        let prefix = self.path_prefix.as_deref().unwrap_or("/");
        let profiles = E::table(state).iter().map(|(key, entity)| (key, entity.profile()));
        let having = profiles.filter(move |(_, profile)| {
            let attached = self.usage != Some(PolicyUse::Boundary) && profile.attached.contains(&self.arn);
            let bound = self.usage != Some(PolicyUse::Permissions) && profile.boundary.as_ref() == Some(&self.arn);
            wanted && (attached || bound) && profile.path.starts_with(prefix)
        });
        having.map(move |(key, profile)| {
            let place = if kind == EntityKind::User { "0" } else { "1" };
            (format!("{place}{key}"), (kind, profile.name.clone(), profile.id.clone()))
        })
    }
}

/// Lists the groups of a user (`ListGroupsForUser`). There are none, since greenroom makes no groups; who deletes users asks first.
#[derive(Clone, Debug)]
pub struct ListGroupsForUser {
    /// The user's name.
    pub name: String,
}

impl Operation for ListGroupsForUser {
    type Output = ();
    const NAME: &'static str = "iam:ListGroupsForUser";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![entity_access::<User>(world, Self::NAME, &self.name)])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<(), Refusal> {
        world.iam.entity::<User>(&authorized.operation.name).map(drop)
    }
}
